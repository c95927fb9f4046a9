/** Buttons that seem to put something into the cart, and of which no Product Added came. */
import { core, W } from '../extra/core';
import { calledAdd, saysAdd } from './adds';
import { watchers, type Sent } from './messages';
import { advise } from './panel';

/** The event is told 1.5 s after the click at the latest. */
const PATIENCE_MS = 2500;

const selector = (el: Element): string => (el.id ? '#' + CSS.escape(el.id) : el.localName + [...el.classList].slice(0, 2).map((name) => '.' + CSS.escape(name)).join(''));

const looksLikeAdd = (el: Element): boolean => {
  const named = ['aria-label', 'title', 'value', 'alt'].map((name) => el.getAttribute(name)).join(' ');
  const called = ['id', 'class', 'name'].map((name) => el.getAttribute(name)).join(' ');
  return saysAdd(`${core.text_(el).slice(0, 80)} ${named}`) || calledAdd(called);
};

let added = 0;
const sent = ({ event, properties }: Sent): void => {
  if (event != 'Product Added') return;
  added = Date.now();
  if (!properties?.product_id)
    advise("Product Added says no product: put data-product-id on the form or the section of the product, or productID or sku into the page's JSON-LD", true);
};

export const watchCarts = (): void => {
  watchers.push(sent);
  // told at once, sent later: a click on the next page must not be taken for one that failed
  const { track_: track } = core;
  core.track_ = (event, properties) => {
    if (event == 'Product Added') added = Date.now();
    track(event, properties);
  };
  let due: (() => void) | undefined;
  core.leave_.push((final) => final && due?.());
  core.take_((_event, el, shown, zone) => {
    if (!zone || zone == 'add_to_cart' || !looksLikeAdd(el)) return;
    const at = Date.now();
    const text = core.text_(shown || el).slice(0, 40) || el.getAttribute('aria-label') || '';
    const mine = (): void => {
      if (due != mine) return;
      due = undefined;
      if (added < at) advise(`"${text}" (${selector(el)}) looks like a button that adds to the cart, and no Product Added came of it: give it data-ff-zone="add_to_cart"`, true);
    };
    due = mine;
    setTimeout(() => {
      // (what the shop tracks by itself is seen as it leaves)
      W.footfall!('flush');
      mine();
    }, PATIENCE_MS);
  });
};
