/** Where in the shop an element stands. All knowledge of markup is in themes.ts. */
import { D, L, W } from './env';
import { within } from './element';
import { route } from './scrub';
import { rules } from './themes';

/** The element itself or the first one inside that the selector matches. */
export const pick = (el: Element, selector: string): Element | null => (el.matches(selector) ? el : el.querySelector(selector));

/** The handle in a product's address, as the catalog writes it. */
export const handle = (url: string): string | undefined => {
  const found = RegExp(rules.handle!).exec(url)?.[1];
  try {
    return found && decodeURIComponent(found);
  } catch {
    return found;
  }
};

/** The catalog card around an element: something that links to a product, and neither is the product's own
 * page nor leads to another variant of it. */
export const cardOf = (el: Element): Element | null => {
  const card =
    el.closest(rules.collection_card!) ||
    (within(el, rules.nav + ',' + rules.footer) ? null : el.closest('li,article') || el.closest(rules.link!));
  const link = card && (pick(card, rules.link!) as HTMLAnchorElement | null);
  return link && (handle(link.href) || 0) != handle(L.href) && !card.querySelector('h1') ? card : null;
};

export const zoneOf = (el: Element, card = cardOf(el)): string => {
  const named = within(el, '[data-ff-zone]')?.dataset.ffZone;
  return named || Object.keys(rules).find((zone) => (zone == 'collection_card' ? card : within(el, rules[zone]!)))!;
};

/** Paths behind a language, and the page types of Shopify and JSON-LD written like one. One pattern: each costs some 50 µs
 * at load. */
const TYPE = /^#?!?(\/[a-z]{2}(-[a-z]{2})?)?(.*\/(product)s?\/.|\/(product$|collection|search|cart|checkout|account)|(\/(home)?)?$)/i;

/** The page's type: said by the markup, by a theme, by Shopify, by the address (a hash router's path counts), by JSON-LD. */
export const pageType = (): string => {
  const find = (text: string): string | undefined | null => {
    const found = TYPE.exec(text);
    return found && (found[4] || found[5] || 'home').toLowerCase();
  };
  return (
    D.querySelector<HTMLElement>('[data-footfall-page-type]')?.dataset.footfallPageType ||
    Object.keys(rules).find((key) => /^page_/.test(key) && D.querySelector(rules[key]!))?.slice(5) ||
    find('/' + W.ShopifyAnalytics?.meta?.page?.pageType) ||
    find((route(L.hash) || L.pathname).replace(/login|register/, 'account').replace('/categor', '/collection')) ||
    find('/' + /"@type":\s*"(\w+)/.exec(D.querySelector('[type*="ld+"]')?.textContent!)?.[1]) ||
    'other'
  );
};
