/** One message: the envelope that every event goes out in. */
import { consent } from './consent';
import { D, L, now, option, parse, uuid } from './env';
import { guest, session, user } from './identity';
import { drop, dropped, push } from './queue';
import { address, clean, route } from './scrub';
import type { Props } from './types';

export const VERSION = '0.1.0';

const PER_SECOND = 10;
const BURST = 100;
let tokens = BURST;
let refilled = now();

let running = false;
/** Nothing leaves while this is off. */
export const run = (yes: boolean): void => void (running = yes);

let view = '';
let before = '';
let current = '';
/** A new page view; the page before it becomes the referrer (a browser's own referrer knows nothing of SPA views). */
export const newView = (): void => {
  view = uuid();
  before = current || D.referrer;
  current = L.href;
  seen = new Set();
};

let seen = new Set<string>();

const campaign = (): Props | undefined => {
  const found: Props = {};
  new URLSearchParams(L.search).forEach((value, key) => {
    if (/^utm_/.test(key)) found[key == 'utm_campaign' ? 'name' : key.slice(4)] = clean(value);
  });
  return Object.keys(found).length ? found : undefined;
};

const cookie = (name: string): string | undefined => new RegExp(`(?:^|; )${name}=([^;]+)`).exec(D.cookie)?.[1];

export const message = (type: string, event?: string, properties?: Props, traits?: Props): void => {
  if (!running) return;
  const t = now();
  tokens = Math.min(BURST, tokens + ((t - refilled) / 1000) * PER_SECOND);
  refilled = t;
  if (tokens < 1) return drop(1);
  tokens--;
  const page = new URL(address(L.href)!);
  const token = cookie('cart');
  push({
    messageId: uuid(),
    type,
    event,
    anonymousId: guest(),
    userId: user() || undefined,
    originalTimestamp: new Date(t).toISOString(),
    context: {
      sessionId: session(),
      pageViewId: view,
      page: {
        url: page.href,
        path: page.pathname + route(page.hash),
        search: page.search,
        title: clean(D.title, 2000),
        referrer: address(before),
      },
      campaign: campaign(),
      locale: navigator.language,
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      screen: { width: screen.width, height: screen.height, innerWidth, innerHeight },
      userAgent: navigator.userAgent.slice(0, 1000),
      consent: consent(),
      library: { name: 'footfall.js', version: VERSION, dropped: dropped || undefined },
      cart: token && { token },
      cookieless: option('cookieless') != null || undefined,
    },
    properties,
    traits,
  });
};

export const track = (event: string, properties?: Props): void => message('track', event, properties);

/** For what a page is (a product seen, a search made): once in a page view, whoever says it first. */
export const trackOnce = (event: string, properties: Props = {}): void => {
  const key = event + (properties.product_id || properties.order_id || '');
  if (seen.has(key)) return;
  seen.add(key);
  track(event, properties);
};

/** The page-level events that a shop may also send by itself. */
export const ONCE = /^(Product Viewed|Cart Viewed|Checkout Started|Order Completed|Products Searched|Product List Viewed)$/;

/** Events that the shop's markup declares: data-footfall-event="Order Completed" data-footfall-props='{...}'. */
export const declared = (): void =>
  D.querySelectorAll<HTMLElement>('[data-footfall-event]').forEach((el) =>
    trackOnce(el.dataset.footfallEvent!, parse<Props>(el.dataset.footfallProps)),
  );
