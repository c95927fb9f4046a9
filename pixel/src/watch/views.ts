/** Views that come without a load, and the attention that a view gets. */
import { core, D, W } from '../extra/core';

const SETTLE_MS = 300;
const ENGAGED_MS = 3000;

let engaged = 0;
let since = 0;
let depth = 0;
let toldEngaged = 0;
let toldDepth = 0;

/** Counts time while the page is visible and has the focus. */
const tick = (): void => {
  const t = performance.now();
  if (since) engaged += t - since;
  since = !D.hidden && D.hasFocus() ? t : 0;
};

const scrolled = (): void => {
  depth = Math.max(depth, Math.min(100, Math.round(((scrollY + innerHeight) / D.documentElement.scrollHeight) * 100)) || 0);
};

/** Tells what was added since the last time: from 3 s of attention, or when more of the page was seen. */
const left = (): void => {
  tick();
  if (engaged - toldEngaged < ENGAGED_MS && depth <= toldDepth) return;
  toldEngaged = engaged;
  toldDepth = depth;
  core.track_('Page Left', { engaged_ms: Math.round(engaged), scroll_depth: depth });
};

const started = (): void => {
  engaged = toldEngaged = depth = since = 0;
  tick();
  scrolled();
  toldDepth = depth;
};

/** What makes a page another page: no anchor, and on a product's page no query, which says the variant that was picked. A
 * hash router's path does. */
const key = (): string =>
  location.pathname + (core.pageType_() == 'product' || location.search) + (/^#!?\/.*/.exec(location.hash) || '');

let last = key();
let timer: ReturnType<typeof setTimeout>;
const begin = (): void => {
  last = key();
  W.footfall!('page');
  core.viewed_.forEach((f) => f());
};
const moved = (): void => {
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (key() == last) return;
    core.leave_.forEach((f) => f(true));
    begin();
  }, SETTLE_MS);
};

export const watchViews = (): void => {
  for (const name of ['pushState', 'replaceState'] as const) {
    const native = history[name];
    history[name] = (...args) => {
      native.apply(history, args);
      moved();
    };
  }
  for (const type of ['popstate', 'hashchange']) W.addEventListener(type, moved);
  // the window's own: one that captures would be called for each field and button too
  for (const type of ['focus', 'blur', 'visibilitychange']) W.addEventListener(type, tick);
  W.addEventListener('scroll', scrolled, { capture: true, passive: true });
  // the browser kept the page as it was left, and shows it again
  W.addEventListener('pageshow', (e) => e.persisted && begin());
  core.viewed_.unshift(started);
  core.leave_.push(left);
  started();
};
