/** One message: the envelope that every event goes out in. */
import { consent } from './consent';
import { cookieless, D, hex, L, now, read } from './env';
import { cookie, guest, session, user } from './identity';
import { drop, dropped, push } from './queue';
import { address, clean, route } from './scrub';
import type { Props } from '../types';

export const VERSION = '0.1.0';

/** The limiter: messages a second, and how many at once. */
const PER_MS = 10 / 1000;
const BURST = 100;
let tokens = BURST;
let refilled = 0;

let view: string;
let before: string;
let current = D.referrer;
let said: Set<unknown>;

/** A new page view; the page before it becomes the referrer (a browser's own referrer knows nothing of SPA views). */
export const newView = (): void => {
  view = hex();
  before = current;
  current = L.href;
  said = new Set();
};

export const message = (type: string, event?: string, properties?: Props, traits?: Props): void => {
  const t = now();
  if (!consent.analytics) return;
  tokens = Math.min(BURST, tokens + (t - refilled) * PER_MS);
  refilled = t;
  if (tokens < 1) return drop();
  tokens--;
  said.add(event! + properties?.product_id);
  const page = new URL(address(L.href)!);
  const campaign: Props = {};
  page.searchParams.forEach((value, key) => {
    if (/^utm_/.test(key)) campaign[key.slice(4).replace('campaign', 'name')] = value;
  });
  push(
    {
      anonymousId: guest(),
      userId: user() || undefined,
      context: {
        sessionId: session(/utm_[^#]+/.exec(page.search)?.[0]),
        pageViewId: view,
        page: {
          url: page.href,
          path: page.pathname + route(page.hash),
          search: page.search,
          title: clean(D.title),
          referrer: before && address(before),
        },
        campaign,
        locale: navigator.language,
        // left there by src/watch/timezone.ts: asking the browser takes ten times as long as all the rest
        timezone: read('timezone') || undefined,
        screen: { width: screen.width, height: screen.height, innerWidth, innerHeight },
        consent,
        library: { name: 'footfall.js', version: VERSION, dropped },
        cart: { token: cookie('cart') },
        cookieless,
      },
    },
    { messageId: hex(), type, event, originalTimestamp: new Date(t).toISOString(), properties, traits },
  );
};

export const track = (event: string, properties?: Props): void => message('track', event, properties);

export const once = (event: string, properties?: Props): void => {
  if (!said.has(event! + properties?.product_id)) track(event, properties);
};
