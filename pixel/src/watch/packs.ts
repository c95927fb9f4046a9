import type { Pack } from '../core/themes';

/** Horizon and Dawn and the themes built on them (Craft, Sense, Refresh, Studio, Ride, Taste, Crave, Origin); Debut and its
 * generation (Brooklyn, Minimal, Supply, Venture); and of any theme what stands where its pack does not look: products that a
 * search in the header suggests, pickers told by ARIA or radios alone, ways out of the cart and of the account; and of any shop
 * software the forms that put a product into a cart (src/extra/cart.ts asks for a product beside them). */
export const packs: Pack = {
  logout: '[href*=logout],[action*=logout],[href*="/sign-out"],[action*="/sign-out"],[href*="/signout"],[action*="/signout"]',
  pdp_option: '.swatch,variant-picker,[action*="/cart/add"] [role=radiogroup],[action*="/cart/add"] [type=radio]',
  cart: 'cart-drawer,[class*=mini-cart],[class*=mini_cart],[class^=cart],.cart',
  account: '[href$="/register"],shopify-account,[href*=customer_auth],[href*=logout],[action*=logout]',
  collection_card: '.product-item,.grid-view-item,.card-wrapper,.product-card,[role=search] a',
  pdp_media: '.product-media,product-modal,media-gallery,body [class*=gallery],[class*=product-single__media],[class*=product-single__thumb],[class*=product-single__photo]',
  remove: '[href*="/cart/change"][href*="quantity=0"],cart-remove-button,[data-ff-remove],[class*=cart][class*=remove]',
  nav: '.mobile-nav,[class*=menu-drawer]',
  option: '[data-option-name] button',
  search: '.header__search,[class*=search-toggle],[class*=predictive],search-button,[href$="/search"]',
  checkout: '.shopify-payment-button',
  cart_form:
    '[method=post]:is([action*=cart i],[action*=basket i],[action$="/bag"],[action*="/bag/"],[action*=korb],[action*=panier],[action*=carrito]):not([action*=update],[action*=remove])',
};
