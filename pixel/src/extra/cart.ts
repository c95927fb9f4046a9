/** Cart: added by a form, by a button, by a script's request, counted once.
 *
 * Requests are seen through the browser's own resource timing: nothing of the page's is wrapped, and what a request
 * carries is never looked at. */
import { core, D } from './core';
import { isProduct, productAt } from './product';
import type { Product } from '../types';

/** How long an intent waits for the request that carries it out, before it counts by itself. */
const PATIENCE_MS = 1500;

let pending: Product | undefined;
let timer: ReturnType<typeof setTimeout>;
/** What was clicked last: the intent behind a request that no form and no add button announced. */
let touched: Element = D.body;
/** Until then a request belongs to an intent that has been counted. */
let counted = 0;

/** Whoever had the intent has gone on, or has waited long enough. */
const settle = (): void => {
  clearTimeout(timer);
  if (pending) {
    core.track_('Product Added', pending);
    // the ids in the cart, for the recommendations; only where this visitor may be followed
    if (core.personal_()) core.write_('cart', `${[pending.product_id, ...core.read_('cart').split(',').slice(0, 19)]}`);
  }
  pending = undefined;
};
core.leave_.push(settle);

/** Somebody pressed the button: by a native form post, or by a script that sends a request in a moment. */
const intent = (el: Element): void => {
  settle();
  const form = el.closest('form');
  const field = (name: string): string | undefined => form?.querySelector<HTMLInputElement>(`[name=${name}]`)?.value;
  const p = productAt(el);
  pending = { ...p, variant_id: field('id') || p.variant_id, quantity: +field('quantity],[name=qty')! || 1 };
  timer = setTimeout(() => {
    counted = performance.now();
    settle();
  }, PATIENCE_MS);
};

/** From the first click or submit on: before it nobody can have put anything in. */
let watchRequests = (): void => {
  watchRequests = () => {};
  new PerformanceObserver((list) =>
    list.getEntries().forEach((entry) => {
      const { name, startTime, responseStatus } = entry as PerformanceResourceTiming;
      if (!/\/cart\/add(\.js)?(\?|$)/.test(name) || startTime < counted) return;
      if (!pending) intent(touched);
      if (responseStatus > 399) pending = undefined;
      settle();
    }),
  ).observe({ type: 'resource' });
};

/** A click: the intent behind what a script may send next; on an add button an intent itself, unless the submit of Shopify's
 * form tells it, or a field that is wrong keeps it back. */
export const clicked = (_: Event, el: Element, _shown?: Element, zone?: string): void => {
  if (!zone) return;
  touched = el;
  watchRequests();
  if (zone == 'add_to_cart' && !(el as HTMLButtonElement).form?.matches('[action*="/cart/add"],:invalid')) intent(el);
};

/** A form that posts to the cart: Shopify's wherever it stands, any other beside a product that is known, unless its button has
 * just told. (What a card or a page sells is known; the lines of a cart in a drawer are not.) */
export const submitted = (e: Event, form: Element): void => {
  if (
    e.type != 'submit' ||
    !(form.matches('[action*="/cart/add"]') || (!pending && form.matches(core.rules_.cart_form!) && !core.pick_(form, '[name^=update],[name=checkout]') && (core.card_(form) || isProduct())))
  )
    return;
  watchRequests();
  intent(form);
  // a native post: no script took it over
  setTimeout(() => e.defaultPrevented || settle());
};

