/** Views that come without a load, and the attention that a view gets. */
import { core, D, W } from '../extra/core';

const SETTLE_MS = 300;
const ENGAGED_MS = 3000;

export const now = (): number => performance.now();

/** When something was scrolled last. */
export let moved = 0;
let engaged = 0;
let since = 0;
let depth = 0;
let toldEngaged = 0;
let toldDepth = 0;

/** Counts time while the page is visible and has the focus. */
const tick = (): void => {
  const t = now();
  if (since) engaged += t - since;
  since = !D.hidden && D.hasFocus() ? t : 0;
};

const scrolled = (): void => {
  moved = now();
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

/** What makes a page another page: no anchor, and on a product's page of the query only the handle, since the rest says the variant
 * that was picked. A hash router's path does. */
const key = (): string =>
  location.pathname + (core.pageType_() == 'product' ? core.handle_(location.href) : location.search) + /^#!?\/.*/.exec(location.hash);

let last = key();
let timer: ReturnType<typeof setTimeout>;
const begin = (): void => {
  last = key();
  // (what is still to be said is of the view before)
  core.settle_();
  core.view_();
  core.viewed_.forEach((f) => f());
};
/** What is told of the view that ends is told at once: where a script has pushed the next one, the title is still its own. */
const went = (): void => {
  clearTimeout(timer);
  if (key() != last) core.leave_.forEach((f) => f(true));
  timer = setTimeout(() => key() != last && begin(), SETTLE_MS);
};

/** Where the token has gone, consent has been withdrawn, in another tab or on a later page that the visitor came back from. */
const withdrawn = (): void => {
  if (!core.read_('guest')) W.footfall!('consent', false);
};

for (const name of ['pushState', 'replaceState'] as const) {
  const native = history[name];
  history[name] = (...args) => {
    native.apply(history, args);
    went();
  };
}
// (fired for a new hash, too)
core.on_(W, 'storage', (e) => (e as StorageEvent).key == 'ff_guest' && withdrawn());
core.on_(W, 'popstate', went);
// the window's own: one that captures would be called for each field and button too
for (const type of ['focus', 'blur', 'visibilitychange']) W.addEventListener(type, tick);
core.on_(W, 'scroll', scrolled);
// the browser kept the page as it was left, and shows it again
core.on_(W, 'pageshow', (e) => (e as PageTransitionEvent).persisted && (withdrawn(), begin()));
core.viewed_.unshift(started);
core.leave_.push(left);
started();
