import type { Pack } from '../core/themes';

/** Debut and its generation (Brooklyn, Minimal, Supply, Venture); and of any theme what stands where its pack does not
 * look: products that a search in the header suggests, pickers told by ARIA alone. */
export const packs: Pack = {
  search: '.site-header__search-toggle,.search-form',
  pdp_option: '.selector-wrapper,.swatch,[action*="/cart/add"] [role=radiogroup]',
  collection_card: '.grid-view-item,predictive-search a,[role=search] a',
  pdp_media: '[class*=product-single__photo],[class*=product-single__thumb],[class*=product-single__media]',
  nav: '.mobile-nav',
};
