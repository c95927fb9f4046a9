/** Where in the shop an element stands. All knowledge of markup is in themes.ts. */
import { D } from './env';
import { allText, attr } from './element';
import { rules } from './themes';

const has = (el: Element, selector: string): boolean => el.matches(selector) || !!el.querySelector(selector);

/** The catalog card around an element: something that links to a product and is not the product page itself. */
export const cardOf = (el: Element): Element | null => {
  const link = rules.product_link!;
  const card =
    el.closest(rules.collection_card!) ||
    (el.closest(`${rules.nav},${rules.footer}`) ? null : el.closest('li,article') || el.closest(link));
  return card && has(card, link) && !card.querySelector('h1') ? card : null;
};

export const zoneOf = (el: Element): string => {
  const named = attr(el.closest('[data-ff-zone]'), 'data-ff-zone');
  if (named) return named;
  for (const zone in rules) {
    if (zone == 'product_link') break;
    if (zone == 'collection_card' ? cardOf(el) : el.closest(rules[zone]!)) return zone;
  }
  return 'other';
};

/** Labels from the menu's root to the link. */
export const navPath = (el: Element): string[] => {
  const path = [allText(el)];
  const root = el.closest(rules.nav!);
  for (let n = el.parentElement; n && n != root; n = n.parentElement) {
    if (!n.matches('li,details')) continue;
    const label = allText(n.querySelector('summary,a,button,span'));
    if (label && label != path[0]) path.unshift(label);
  }
  return path.filter(Boolean);
};

/** The card's place among its neighbours that link to products too, from 1. */
export const position = (card: Element): number => {
  const link = rules.product_link!;
  for (let n = card; n.parentElement; n = n.parentElement) {
    const cards = [...n.parentElement.children].filter((c) => has(c, link));
    if (cards.length > 1) return cards.indexOf(n) + 1;
  }
  return 1;
};

export const fieldset = (el: Element): Element | null => el.closest('[data-option-name],fieldset,[role=radiogroup],.selector-wrapper');

export const results = (): number => {
  const said = D.querySelector('[data-results-count]');
  return said ? +attr(said, 'data-results-count')! : new Set([...D.querySelectorAll('main ' + rules.product_link!.split(',').join(',main '))].map((a) => cardOf(a))).size;
};
