import type { Pack } from '../core/themes';

/** Dawn and the themes built on it (Craft, Sense, Refresh, Studio, Ride, Taste, Crave, Origin); Debut and its generation
 * (Brooklyn, Minimal, Supply, Venture); and of any theme what stands where its pack does not look: products that a search in
 * the header suggests, pickers told by ARIA alone, ways out of the cart and of the account. */
export const packs: Pack = {
  checkout: '.shopify-payment-button',
  search: '.header__search,predictive-search,search-form,.site-header__search-toggle,.search-form',
  pdp_option: '.product-form__input:not(.product-form__quantity),.selector-wrapper,.swatch,[action*="/cart/add"] [role=radiogroup]',
  cart: '.cart,cart-drawer,cart-notification,cart-items',
  collection_card: '.product-card,.product-item,.card-wrapper,.grid-view-item,predictive-search a,[role=search] a',
  pdp_media: '.product-media,.product-gallery,media-gallery,product-modal,[class*=product-single__photo],[class*=product-single__thumb],[class*=product-single__media]',
  nav: '.mobile-nav',
  option: '[data-option-name] button',
  remove: '[href*="/cart/change"][href*="quantity=0"],[data-ff-remove],cart-remove-button,.cart__remove',
  logout: '[href*=logout],[action*=logout],[href*=sign-out],[action*=sign-out],[href*=signout],[action*=signout]',
};
