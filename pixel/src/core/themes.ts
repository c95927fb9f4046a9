/** Theme packs: what shops' markup looks like, as data. A new theme is a new pack (or, on one shop,
 * `footfall('theme', {nav: '.my-menu'})`), never code. Keys are zones and a few named selectors; the order of the
 * zones in the first pack is their precedence. */

export type Pack = Record<string, string>;

/** Plain semantic HTML, and what all Shopify themes share because the platform asks for it. */
const semantic: Pack = {
  add_to_cart: '[name=add],form[action*="/cart/add"] [type=submit],form[action*="/cart/add"] button:not([type])',
  checkout: '[name=checkout],[href*="/checkout"],form[action*="/checkout"],[data-footfall-page-type=checkout] form',
  search: '[role=search],form[action*="/search"],[type=search]',
  pdp_option: '[data-option-name],form[action*="/cart/add"] select,form[action*="/cart/add"] fieldset',
  cart: '[href$="/cart"],form[action$="/cart"],[action*="/cart/"]:not([action*="/cart/add"]),[href*="/cart/change"],.cart',
  account: '[href*="/account"],[href*="/login"],[href*="/logout"],[action*="/account"],[action*="/login"],[action*="/register"]',
  collection_card: '.product-card,.product-item,[itemtype$="/Product"]',
  pdp_media: '[itemprop=image],.product-media,.product-gallery',
  form: 'form',
  footer: 'footer,[role=contentinfo]',
  nav: 'nav,[role=navigation],[role=menubar],header',
  // named selectors
  product_link: '[href*="/products/"],[href*="/product/"]',
  option: '[data-value],[data-option-value],[role=radio],[aria-pressed],[data-option-name] button',
  logout: '[href*="logout"],[href*="sign-out"],[action*="logout"],[action*="sign-out"]',
  remove: '[href*="/cart/change"][href*="quantity=0"],[data-ff-remove]',
};

/** Dawn and the themes built on it (Craft, Sense, Refresh, Studio, Ride, Taste, Crave, Origin). */
const dawn: Pack = {
  add_to_cart: '.product-form__submit,.quick-add__submit',
  checkout: '.shopify-payment-button',
  search: 'predictive-search,search-form,.search-modal,.header__search',
  pdp_option: 'variant-selects,variant-radios,.product-form__input:not(.product-form__quantity)',
  cart: 'cart-drawer,cart-notification,cart-items,.header__icon--cart',
  account: '.customer,.header__icon--account',
  collection_card: '.card-wrapper',
  pdp_media: 'media-gallery,product-modal,.product__media-wrapper',
  remove: 'cart-remove-button',
};

/** Debut and its generation (Brooklyn, Minimal, Supply, Venture). */
const debut: Pack = {
  add_to_cart: '.product-form__cart-submit,.btn--add-to-cart',
  search: '.site-header__search,.search-bar,.search-form',
  pdp_option: '.selector-wrapper,.product-form__item:not(.product-form__item--submit):not(.product-form__item--quantity),.swatch',
  cart: '.site-header__cart,.cart-popup,.cart-drawer',
  account: '.site-header__account',
  collection_card: '.grid-view-item,.grid-product',
  pdp_media: '.product-single__media-group,.product-single__photos,.product-single__thumbnails',
  footer: '.site-footer',
  nav: '.site-nav,.site-header,.mobile-nav',
  remove: '.cart__remove',
};

export const rules: Pack = {};

export const addPack = (pack: Pack): void => {
  for (const key in pack) rules[key] = (rules[key] ? rules[key] + ',' : '') + pack[key];
};

[semantic, dawn, debut].forEach(addPack);
