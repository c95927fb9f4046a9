/** One message: the envelope that every event goes out in. */
import { consent } from './consent';
import { cookieless, D, hex, L, now, read } from './env';
import { cookie, guest, session, user } from './identity';
import { drop, dropped, later, push } from './queue';
import { address, clean, route } from './scrub';
import type { Props } from '../types';

export const VERSION = '0.2.0';

/** The limiter: each message takes the time of one in ten a second, up to a hundred at once in advance. */
const EACH_MS = 100;
const BURST_MS = 100 * EACH_MS;
let taken = 0;

let view: string;
let referrer: string | undefined;
let current = D.referrer;
let href: string;
let page: URL;
let campaign: Props;
let said: Set<unknown>;

/** A new page view; the page before it becomes the referrer (a browser's own referrer knows nothing of SPA views). */
export const newView = (): void => {
  view = hex();
  referrer = current && address(current);
  current = L.href;
  said = new Set();
};

/** Takes down when something happens in the view that stands, and has it put into words with the next batch: half of a click's cost. */
export const message = (type: string, event?: string, properties?: Props, traits?: Props): void => {
  if (!consent.analytics) return;
  said.add(event! + properties?.product_id);
  const t = now();
  const title = D.title;
  later(() => {
    // (never ahead of now: a clock that was set back must not silence us)
    taken = Math.min(t, Math.max(taken, t - BURST_MS));
    if (taken + EACH_MS > t) return drop();
    taken += EACH_MS;
    if (href != current) {
      page = new URL(address((href = current))!);
      campaign = {};
      page.searchParams.forEach((value, key) => {
        if (/^utm_/.test(key)) campaign[key.slice(4).replace('campaign', 'name')] = value;
      });
    }
    push([
      JSON.stringify({
        anonymousId: guest(),
        userId: user() || undefined,
        context: {
          sessionId: session(/utm_.*/.exec(page.search)?.[0]),
          pageViewId: view,
          page: {
            url: page.href,
            referrer,
            title: clean(title),
            search: page.search,
            path: page.pathname + route(page.hash),
          },
          campaign,
          // left there by src/watch/timezone.ts: asking the browser takes ten times as long as all the rest
          timezone: read('timezone') || undefined,
          consent,
          screen: { width: screen.width, height: screen.height, innerWidth, innerHeight },
          locale: navigator.language,
          library: { name: 'footfall.js', version: VERSION, dropped },
          cart: { token: cookie('cart') },
          cookieless,
        },
      }),
      JSON.stringify({ messageId: hex(), type, event, originalTimestamp: new Date(t).toISOString(), properties, traits }),
    ]);
  });
};

export const track = (event: string, properties?: Props): void => message('track', event, properties);

export const once = (event: string, properties?: Props): void => {
  if (!said.has(event! + properties?.product_id)) track(event, properties);
};
