/** The core: one tag on every page. Order at start: consent, identity, page view, what the page called before we
 * came. The other files then say what the page and the visitor's
 * clicks mean. */
import { click, target } from './core/clicks';
import { consent, personal, setConsent, watchConsent } from './core/consent';
import { D, L, on, option, parse, read, script, W, write } from './core/env';
import { allText, describe } from './core/element';
import { forget, guest, openIdentity, setUser, shutIdentity, user } from './core/identity';
import { message, newView, once, track, VERSION } from './core/message';
import { adopt, beacon, empty, flush } from './core/queue';
import { address, clean } from './core/scrub';
import { addPack, rules } from './core/themes';
import { cardOf, pageType, zoneOf } from './core/zones';
import type { Core, FootfallApi, Hand, Item, Props } from './types';

const view = (properties?: Props): void => {
  newView();
  message('page', undefined, { page_type: pageType(), ...properties });
};

const files: Record<string, Promise<unknown>> = {};
/** Loads another file of the pixel, once. */
const load = (name: string): Promise<unknown> =>
  (files[name] ||= new Promise((done) => {
    const tag = D.createElement('script');
    tag.src = `${new URL(`footfall-${name}.js`, script.src)}`;
    tag.nonce = script.nonce;
    // in the order asked for: blocks need what the lazy file knows of the page
    tag.async = false;
    tag.onload = tag.onerror = done;
    D.head.append(tag);
  }));

const signIn = (id: unknown, traits?: Props): void => {
  const fresh = setUser(id);
  if (fresh || (traits && user())) message('identify', undefined, undefined, traits || {});
  if (fresh) track('Signed In', { method: traits?.method });
};

/** Its message is the last one of the guest token that the user had. */
const signOut = (): void => {
  if (user()) track('Signed Out');
  forget();
};

const recommend = (...args: Parameters<NonNullable<Core['recommend_']>>): Promise<Item[]> =>
  load('blocks').then(() => core.recommend_?.(...args) || []);

const commands: Record<string, (...args: never[]) => unknown> = {
  track,
  page: view,
  identify: signIn,
  reset: signOut,
  flush,
  guest,
  recommend,
  consent: (value: unknown) => changed(value, true),
  theme: addPack,
};

let started = false;
/** Calls that wait for consent. */
const waiting: Array<[string, ...never[]]> = [];

const api = ((...call: [string, ...never[]]): unknown => {
  const [command, ...args] = call;
  if ((started && consent.analytics) || /consent|theme/.test(command)) return commands[command]?.(...args);
  waiting.push(call);
}) as FootfallApi;

const takers: Array<(...args: Hand) => void> = [];
const early: Hand[] = [];

const core: Core = (api.$ = {
  option_: option,
  track_: track,
  once_: once,
  describe_: describe,
  text_: allText,
  clean_: clean,
  address_: address,
  rules_: rules,
  pack_: addPack,
  zone_: zoneOf,
  card_: cardOf,
  pageType_: pageType,
  read_: read,
  write_: write,
  parse_: parse,
  personal_: personal,
  view_: view,
  viewed_: [],
  leave_: [],
  take_: (taker) => {
    early.forEach((args) => taker(...args));
    takers.push(taker);
  },
});

/** Hands a DOM event to the other files, and keeps it until both have come. */
const hand = (...args: Hand): void => {
  if (!takers[1]) early.push(args);
  takers.forEach((f) => f(...args));
};

const away = (final: boolean): void => core.leave_.forEach((f) => f(final));

const begin = (): void => {
  if (started || !consent.analytics) return;
  started = true;
  view();
  waiting.forEach((call) => api(...call));
  on(D, 'click auxclick', (e) => click(e as MouseEvent, hand, core.click_));
  on(D, 'focusin input change submit', (e) => {
    const el = target(e);
    if (el) hand(e, el);
  });
  on(D, 'visibilitychange', () => {
    if (!D.hidden) return;
    away(false);
    flush();
  });
  on(W, 'pagehide', () => {
    away(true);
    beacon();
  });
  load('extra');
  load('watch');
  if (D.querySelector('[data-footfall]')) load('blocks');
};

const changed = (value: unknown, keep?: boolean): void => {
  const before = consent.analytics;
  if (setConsent(value)) {
    if (!before) {
      openIdentity();
      adopt();
    }
    // a grant outlives the page; a refusal leaves nothing behind, not even itself
    if (keep) write('consent', consent.marketing ? 'am' : 'a');
    if (D.readyState == 'loading') on(D, 'DOMContentLoaded', begin);
    else begin();
  } else if (before) {
    empty();
    shutIdentity();
  }
};

const stub = W.footfall;
if (!stub?.v) {
  W.footfall = api;
  api.v = VERSION;
  if (/ff_debug=1/.test(L.search)) load('debug');
  for (const call of stub?.q || []) api(...(call as unknown as [string]));
  watchConsent(changed);
}
