/** Catalog cards and menus: which product a click is about, from which list and place, and the way through a menu. */
import { core, meta } from './core';
import { handle } from '../handle';
import type { Product, Props } from '../types';

const { rules_: rules, text_: text, within_: within } = core;

/** Labels from the menu's root to the link. */
const navPath = (el: Element): string[] => {
  const path = [text(el)];
  for (let n: Element | null = el; (n = n.parentElement) && !n.matches(rules.nav!); ) {
    const label = n.matches('li,details') && text(n.querySelector('summary,a,button,span'));
    if (label && label != path[0]) path.unshift(label);
  }
  return path;
};

/** The link to a product that an element is or holds. */
const linkOf = (el: Element): HTMLAnchorElement | null => (el.matches(rules.link!) ? el : el.querySelector(rules.link!)) as HTMLAnchorElement | null;

/** What a product's links have in common; a card that is no link, but is named as one, is itself. */
const sold = (el: Element): string | Element | null => linkOf(el)?.pathname || linkOf(el);

/** The card's place among its neighbours that link to products, from 1. Several links to one product (its picture, its
 * name) are one place. */
const position = (card: Element): number => {
  for (let up: Element | null = card; (up = up.parentElement); ) {
    const places = [...new Set([...up.children].flatMap((c) => sold(c) || []))];
    if (places[1]) return places.indexOf(sold(card)!) + 1;
  }
  return 1;
};

export const listOf = (card?: Element, zone?: string): string | undefined => {
  const d = within(card, '[data-ff-list],[data-footfall]')?.dataset;
  return d?.ffList || d?.placement || d?.footfall || (zone == 'search' ? zone : /collections\/([^/?#]+)/.exec(location.href)?.[1] || core.pageType_());
};

/** What `data-...` attributes on an element say; ids of products are texts everywhere. */
export const fromData = (el?: Element | null): Product => {
  const d: DOMStringMap = (el as HTMLElement)?.dataset || {};
  return { product_id: d.productId, variant_id: d.variantId, name: d.productName, price: +d.price! || undefined, currency: d.currency };
};

/** The product that a catalog card shows. Dawn writes the id only at the end of element ids. */
export const cardProduct = (card: Element): Product => {
  const link = linkOf(card)!;
  const slug = handle(link.href);
  const data = fromData(within(card, 'li[data-product-id]') || [card, ...card.querySelectorAll('[data-product-id]')].find((x) => (x as HTMLElement).dataset.productId));
  const known = meta().products?.find((p) => p.handle == slug)?.id;
  return {
    ...data,
    product_id: data.product_id || (known && `${known}`) || / id="[^"]*-(\d{6,})"/.exec(card.outerHTML)?.[1] || slug,
    name: data.name || text(card.querySelector('h2,h3,h4,[class*=title]') || link),
    url: core.address_(link.href),
  };
};

/** Adds to a click what it means. */
core.click_ = (el, zone, props: Props, card): void => {
  if (zone == 'nav') props.nav_path = navPath(el);
  if (card) Object.assign(props, cardProduct(card), { list: listOf(card, zone), position: position(card) });
};
