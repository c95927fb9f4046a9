/** What a page is, said once a view: a product, a cart, a search, a list, a checkout. */
import { listOf } from './cards';
import { core, D, parse } from './core';
import { isProduct, product } from './product';
import type { Item, Product } from '../types';

/** How many products a list shows: said by the markup, or counted. */
const count = (): number => {
  const said = D.querySelector<HTMLElement>('[data-results-count]')?.dataset.resultsCount;
  const cards = [...D.querySelectorAll(core.rules_.link!)].flatMap((a) => (!a.closest('[data-footfall]') && core.card_(a)) || []);
  return said ? +said : new Set(cards).size;
};

export const tell = (): void => {
  const type = core.pageType_();
  const p = (isProduct(type) && product()) as Product;
  if (p.product_id) {
    core.once_('Product Viewed', p);
    // the latest products this visitor looked at, for recommendations; only where they may be followed
    const before = parse<Item[]>(core.read_('viewed')) || [];
    const all = [{ ...p, title: p.name }, ...before.filter((v) => v.product_id != p.product_id)];
    if (core.personal_()) core.write_('viewed', JSON.stringify(all.slice(0, 20)));
  } else if (type == 'cart') core.once_('Cart Viewed');
  else if (type == 'search') {
    const query = /[?&](q|query|s|search)=([^&#]+)/.exec(location.href)?.[2];
    if (query) core.once_('Products Searched', { query: core.clean_(new URLSearchParams('q=' + query).get('q')), results_count: count() });
  } else if (type == 'collection')
    core.once_('Product List Viewed', { list: listOf(), results_count: count() });
  else if (type == 'checkout') {
    // once in a session, however many steps it has
    const session = core.read_('session').slice(0, 32);
    if (core.read_('checkout') != session) core.once_('Checkout Started');
    core.write_('checkout', session);
  }
};
