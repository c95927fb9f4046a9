/** Theme packs: what shops' markup looks like, as data. A new theme is a new pack (or, on one shop,
 * `footfall('theme', {nav: '.my-menu'})`), never code. Keys are zones, in the order of their precedence, then selectors
 * with names of their own, and `handle`, the pattern of a product's address; a theme may say what only a page of some type
 * has, too (`page_cart`). src/watch/packs.ts holds the packs, docs/developer/platforms.md those of other shop software. */

export type Pack = Record<string, string>;

/** What all packs say. It begins with plain semantic HTML, what Shopify's platform asks of every theme, and its own name for
 * pickers. */
export const rules: Pack = {
  add_to_cart: '[name=add],[href*="/cart/add"],[action*="/cart/add"] [type=submit],[action*="/cart/add"] button:not([type])',
  checkout: '[name=checkout],[data-footfall-page-type=checkout] form,[href*="/checkout"],[action*="/checkout"]',
  search: '[role=search],[action*="/search"],[type=search]',
  pdp_option: 'variant-selects,variant-radios,[data-option-name],[action*="/cart/add"] select,[action*="/cart/add"] fieldset',
  cart: '[href$="/cart"],[action$="/cart"],[href*="/cart/"]',
  account: '[href*="/login"],[href*="/account"],[action*="/account"],[action*="/login"]',
  collection_card: '[itemtype$="/Product"]',
  pdp_media: '[itemprop=image]',
  form: 'form',
  footer: '[role=contentinfo],footer',
  nav: '[role=navigation],nav,header',
  other: '*',
  link: '[href*="/products/"],[href*="/product/"]',
  option: 'select,[aria-pressed],[type=radio],[data-value],[data-option-value],[role=radio],[type=checkbox]',
  handle: '/products?/([^/?#]+)',
};

/** Adds to what stands, or takes its place. */
export const addPack = (pack: Pack, instead?: unknown): void => {
  for (const key in pack) rules[key] = (rules[key] && !instead ? rules[key] + ',' : '') + pack[key];
};
