/** What kind of page this is. */
import { D, L } from './env';
import { attr } from './element';
import { linked, meta } from './product';
import { route } from './scrub';

/** Path rules; a locale in front (`/en-gb`) is allowed. */
const PATHS: Array<[RegExp, string]> = [
  [/^\/?$/, 'home'],
  [/\/products?\//, 'product'],
  [/^\/(collections|categor|shop)/, 'collection'],
  [/^\/search/, 'search'],
  [/^\/cart/, 'cart'],
  [/^\/(checkout|orders)/, 'checkout'],
  [/^\/(account|login|register)/, 'account'],
];

/** Shopify's names for page types that differ from ours. */
const SHOPIFY: Record<string, string> = { searchresults: 'search', index: 'home', 'list-collections': 'collection' };
const KNOWN = /^(home|collection|product|search|cart|account|checkout)$/;

/** Where a hash router is used its path counts, not the document's. */
export const path = (): string => (route(L.hash).replace(/^#!?/, '') || L.pathname).replace(/^\/[a-z]{2}(-[a-z]{2})?(?=\/|$)/i, '');

export const pageType = (): string => {
  const said = attr(D.querySelector('[data-footfall-page-type]'), 'data-footfall-page-type');
  if (said) return said;
  const shopify = meta().page?.pageType || '';
  const type = SHOPIFY[shopify] || shopify;
  if (KNOWN.test(type)) return type;
  const byPath = PATHS.find(([rule]) => rule.test(path()))?.[1];
  if (byPath) return byPath;
  const node = linked(/^(Product(Group)?|CollectionPage|SearchResultsPage|CheckoutPage)$/);
  const kind = node ? String(node['@type']) : '';
  return /^Product/.test(kind) ? 'product' : /^(Coll|Sea|Che)/.test(kind) ? kind.replace(/(Results)?Page/, '').toLowerCase() : 'other';
};
