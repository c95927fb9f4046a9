import type { Pack } from '../core/themes';

/** Debut and its generation (Brooklyn, Minimal, Supply, Venture). */
export const debut: Pack = {
  search: '.site-header__search-toggle,.search-form',
  pdp_option: '.selector-wrapper,.swatch',
  collection_card: '.grid-view-item',
  pdp_media: '[class*=product-single__photo],[class*=product-single__thumb],[class*=product-single__media]',
  nav: '.mobile-nav',
};
