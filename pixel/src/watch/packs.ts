import type { Pack } from '../core/themes';

/** Horizon and Dawn and the themes built on them (Craft, Sense, Refresh, Studio, Ride, Taste, Crave, Origin); Debut and its
 * generation (Brooklyn, Minimal, Supply, Venture); and of any theme what stands where its pack does not look: products that a
 * search in the header suggests, pickers told by ARIA or radios alone, ways out of the cart and of the account. */
export const packs: Pack = {
  checkout: '.shopify-payment-button',
  search: '.header__search,[class*=search-toggle],[class*=predictive],search-button,[href$="/search"]',
  pdp_option: '.swatch,variant-picker,[action*="/cart/add"] [role=radiogroup],[action*="/cart/add"] [type=radio]',
  cart: '.cart,[class^=cart],cart-drawer',
  collection_card: '.product-card,.product-item,.card-wrapper,.grid-view-item,[role=search] a',
  pdp_media: '.product-media,body [class*=gallery],media-gallery,product-modal,[class*=product-single__photo],[class*=product-single__thumb],[class*=product-single__media]',
  nav: '.mobile-nav',
  account: 'shopify-account,[href*=customer_auth],[href*=logout],[action*=logout]',
  option: '[data-option-name] button',
  remove: '[href*="/cart/change"][href*="quantity=0"],[data-ff-remove],cart-remove-button,[class*=cart][class*=remove]',
  logout: '[href*=logout],[action*=logout],[href*="/sign-out"],[action*="/sign-out"],[href*="/signout"],[action*="/signout"]',
};
