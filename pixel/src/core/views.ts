/** Page views, SPA views, engagement. */
import { personal } from './consent';
import { D, L, parse, read, W, write } from './env';
import { abandon } from './forms';
import { leave } from './leave';
import { declared, message, newView, track, trackOnce } from './message';
import { pageType } from './page';
import { product } from './product';
import { clean, route } from './scrub';
import type { Item, Props } from './types';
import { session } from './identity';
import { results } from './zones';

const SETTLE_MS = 300;
const ENGAGED_MS = 3000;

let engaged = 0;
let told = 0;
let since = 0;
let depth = 0;
let toldDepth = 0;

/** Counts time while the page is visible and has the focus. */
const tick = (): void => {
  const t = performance.now();
  if (since) engaged += t - since;
  since = D.visibilityState == 'visible' && D.hasFocus() ? t : 0;
};

const scrolled = (): void => {
  const height = D.documentElement.scrollHeight || 1;
  depth = Math.min(100, Math.max(depth, Math.round(((scrollY + innerHeight) / height) * 100)));
};

/** Tells what was added since the last time: from 3 s of attention, or when more of the page was seen. */
const left = (): void => {
  tick();
  if (engaged - told < ENGAGED_MS && depth <= toldDepth) return;
  told = engaged;
  toldDepth = depth;
  track('Page Left', { engaged_ms: Math.round(engaged), scroll_depth: depth });
};

const key = (): string => L.pathname + L.search.replace(/([?&])variant=[^&]*&?/, '$1').replace(/[?&]$/, '') + route(L.hash);
let last = '';

export const view = (properties?: Props): void => {
  newView();
  last = key();
  engaged = told = depth = since = 0;
  tick();
  scrolled();
  toldDepth = depth;
  message('page', undefined, { page_type: pageType(), ...properties });
};

export const viewedProducts = (): Item[] => parse<Item[]>(read('viewed')) || [];

/** What this page is, said once: a product, a cart, a search, a list, a checkout. */
export const tell = (): void => {
  declared();
  const type = pageType();
  const query = new URLSearchParams(L.search || L.hash.split('?')[1]);
  if (type == 'product') {
    const p = product();
    if (!p.product_id) return;
    trackOnce('Product Viewed', p);
    if (personal()) {
      const item = { product_id: p.product_id, title: p.name, url: p.url, image_url: p.image_url, price: p.price, currency: p.currency };
      write('viewed', JSON.stringify([item, ...viewedProducts().filter((v) => v.product_id != p.product_id)].slice(0, 20)));
    }
  } else if (type == 'cart') trackOnce('Cart Viewed');
  else if (type == 'search') {
    const q = ['q', 'query', 's', 'search'].map((name) => query.get(name)).find(Boolean);
    if (q) trackOnce('Products Searched', { query: clean(q), results_count: results() });
  } else if (type == 'collection') trackOnce('Product List Viewed', { list: /\/collections\/([^/?#]+)/.exec(L.href)?.[1], results_count: results() });
  else if (type == 'checkout' && read('checkout') != session()) {
    write('checkout', session());
    trackOnce('Checkout Started');
  }
};

let timer: ReturnType<typeof setTimeout>;
const moved = (): void => {
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (key() == last) return;
    abandon();
    left();
    view();
    tell();
  }, SETTLE_MS);
};

export const watchViews = (): void => {
  for (const name of ['pushState', 'replaceState'] as const) {
    const native = history[name];
    history[name] = function (this: History, ...args) {
      native.apply(this, args);
      moved();
    };
  }
  W.addEventListener('popstate', moved);
  W.addEventListener('hashchange', moved);
  W.addEventListener('focus', tick);
  W.addEventListener('blur', tick);
  D.addEventListener('visibilitychange', tick);
  D.addEventListener('scroll', scrolled, { passive: true, capture: true });
  leave.push(left);
};
