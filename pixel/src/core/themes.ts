/** Theme packs: what shops' markup looks like, as data. A new theme is a new pack (or, on one shop,
 * `footfall('theme', {nav: '.my-menu'})`), never code. Keys are zones, in the order of their precedence, then two
 * named selectors; src/watch/lines.ts adds two more, src/watch/packs.ts is one more pack. */

export type Pack = Record<string, string>;

/** What all packs say. It begins with plain semantic HTML, and what Shopify's platform asks of every theme. */
export const rules: Pack = {
  add_to_cart: '[name=add],[href*="/cart/add"],[action*="/cart/add"] [type=submit],[action*="/cart/add"] button:not([type])',
  checkout: '[name=checkout],[href*="/checkout"],[action*="/checkout"],[data-footfall-page-type=checkout] form',
  search: '[role=search],[action*="/search"],[type=search]',
  pdp_option: '[data-option-name],[action*="/cart/add"] select,[action*="/cart/add"] fieldset',
  cart: '[href$="/cart"],[action$="/cart"],[href*="/cart/"],.cart',
  account: '[href*="/account"],[action*="/account"],[href*="/log"],[action*="/log"],[href*="/register"],[action*="/register"]',
  collection_card: '.product-card,.product-item,[itemtype$="/Product"]',
  pdp_media: '[itemprop=image],.product-media,.product-gallery',
  form: 'form',
  footer: 'footer,[role=contentinfo]',
  nav: 'nav,[role=navigation],header',
  other: '*',
  link: '[href*="/products/"],[href*="/product/"]',
  option: '[type=radio],[type=checkbox],select,[data-value],[data-option-value],[role=radio],[aria-pressed],[data-option-name] button',
};

/** Dawn and the themes built on it (Craft, Sense, Refresh, Studio, Ride, Taste, Crave, Origin). */
const dawn: Pack = {
  checkout: '.shopify-payment-button',
  search: '.header__search',
  pdp_option: 'variant-selects,variant-radios,.product-form__input:not(.product-form__quantity)',
  collection_card: '.card-wrapper',
  pdp_media: 'media-gallery',
};

export const addPack = (pack: Pack): void => {
  for (const key in pack) rules[key] = (rules[key] ? rules[key] + ',' : '') + pack[key];
};

addPack(dawn);
