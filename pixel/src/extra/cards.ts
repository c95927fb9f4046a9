/** Catalog cards and menus: which product a click is about, from which list and place, and the way through a menu. */
import { core, meta } from './core';
import type { Product, Props } from '../types';

const { rules_: rules, text_: text, within_: within } = core;

/** The link to a product that an element is or holds. */
const linkOf = (el: Element): HTMLAnchorElement | null => core.pick_(el, rules.link!) as HTMLAnchorElement | null;

/** The card's place among its neighbours that link to products, from 1. Several links to one product (its picture, its
 * name) are one place; a card that is no link, but is named as one, is itself. One that is alone in a web component has the
 * component's place among its like. */
const position = (card: Element): number => {
  const kind = linkOf(card) ? rules.link! : card.localName;
  const sold = (el: Element): unknown => {
    const link = core.pick_(el, kind) as HTMLAnchorElement | null;
    return link?.pathname || link || 0;
  };
  const own = sold(card);
  for (let up: ParentNode | null = card; (up = up.parentNode); ) {
    const seen = new Set<unknown>([0]);
    for (const c of up.children) {
      seen.add(sold(c));
      // the rest of a long list need not be looked at
      if (seen.size > 2 && seen.has(own)) return [...seen].indexOf(own);
    }
  }
  const host = (card.getRootNode() as ShadowRoot).host;
  return host ? position(host) : 1;
};

export const listOf = (card?: Element, zone?: string): string | undefined => {
  const d = within(card, '[data-footfall],[data-ff-list]')?.dataset;
  return d?.ffList || d?.placement || d?.footfall || (zone == 'search' && zone) || /collections\/([^/?#]+)/.exec(location.href)?.[1] || core.pageType_();
};

/** What `data-...` attributes on an element say; ids of products are texts everywhere. */
export const fromData = (el?: Element | null): Product => {
  const d: DOMStringMap = (el as HTMLElement)?.dataset || {};
  return { product_id: d.productId, variant_id: d.variantId, name: d.productName, price: +d.price! || undefined, currency: d.currency };
};

/** The product that a catalog card shows. Dawn writes the id only at the end of element ids. */
export const cardProduct = (card: Element): Product => {
  const link = linkOf(card)!;
  const slug = core.handle_(link.href);
  const data = fromData(within(card, 'li[data-product-id]') || core.pick_(card, '[data-product-id]:not([data-product-id=""])'));
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
  if (zone == 'nav') {
    // labels from the menu's root to the link
    const path = [text(el)];
    for (let n: Element | null = el; (n = n.parentElement) && !n.matches(rules.nav!); ) {
      const label = n.matches('li,details') && text(n.querySelector('summary,a,button,span'));
      if (label && label != path[0]) path.unshift(label);
    }
    props.nav_path = path;
  }
  if (card) Object.assign(props, cardProduct(card), { list: listOf(card, zone), position: position(card) });
};
