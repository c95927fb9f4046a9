/** The core: one tag on every page. Order at start: consent, identity, page view, what the page called before we
 * came. The other files then say what the page and the visitor's
 * clicks mean. */
// (in this order the file is 14 bytes smaller than in that of the alphabet: gzip finds more in what stands close by)
import { D, keys, on, option, read, run, script, W, write } from './core/env';
import { cardOf, handle, pageType, pick, zoneOf } from './core/zones';
import { message, newView, once, track, VERSION } from './core/message';
import { addPack, rules } from './core/themes';
import { address, clean, numbers } from './core/scrub';
import { click, target } from './core/clicks';
import { allText, attr, describe, within } from './core/element';
import { adopt, beacon, empty, flush, own, settle } from './core/queue';
import { guest, newGuest, openIdentity, shutIdentity } from './core/identity';
import { consent, personal, watchConsent } from './core/consent';
import type { Commands, Core, FootfallApi, Hand, Props } from './types';

const view = (properties?: Props): void => {
  newView();
  message('page', undefined, { page_type: pageType(), ...properties });
  // it opens the session, which the other files ask for
  settle();
};

/** Loads another file of the pixel: a module, of which the browser has one however often it is asked for. */
const load = (name: string): Promise<unknown> =>
  // without it the page is known by the other files alone, and whoever looks is told why
  import(new URL(`footfall-${name}.js`, script.src) as unknown as string).catch(console.warn);

const commands: Commands = {
  track,
  page: view,
  flush,
  guest,
  consent: (value: unknown) => changed(value, true),
  theme: addPack,
};

let started = false;
/** Calls that wait for consent, or for the file that brings their command. */
const waiting: Array<() => void> = [];
const retry = (): void => run(waiting);

const api = ((command: string, ...args: never[]): unknown => {
  settle();
  if (commands[command] && (started || /consent|theme|flush/.test(command))) {
    const answer = commands[command](...args);
    settle();
    return answer;
  }
  return new Promise((done) => waiting.push(() => done(api(command, ...args))));
}) as FootfallApi;

const takers: Array<(...args: Hand) => void> = [];
const early: Hand[] = [];

const core: Core = (api.$ = {
  option_: option,
  track_: track,
  once_: once,
  describe_: describe,
  attr_: attr,
  within_: within,
  text_: allText,
  clean_: clean,
  address_: address,
  rules_: rules,
  handle_: handle,
  pick_: pick,
  zone_: zoneOf,
  card_: cardOf,
  pageType_: pageType,
  read_: read,
  write_: write,
  personal_: personal,
  add_: (more) => {
    Object.assign(commands, more);
    retry();
  },
  load_: load,
  message_: message,
  view_: view,
  newGuest_: newGuest,
  keys_: keys,
  settle_: settle,
  own_: () => own,
  adopt_: adopt,
  numbers_: numbers,
  viewed_: [],
  leave_: [],
  take_: (taker) => {
    early.forEach((args) => taker(...args));
    takers.push(taker);
  },
});

/** Hands a DOM event to the other files, and keeps it until all have come: the first has three takers. */
const hand = (...args: Hand): void => {
  // (a blocker may keep them out: what was hit must not be held for good)
  if (!takers[3] && !early[99]) early.push(args);
  takers.forEach((f) => f(...args));
};

let listening = false;

const begin = (): void => {
  // (what the browser prerenders nobody has seen yet, and perhaps nobody will)
  if ((D as { prerendering?: boolean }).prerendering || D.readyState == 'loading') return;
  if (!listening) {
    listening = true;
    on(D, 'click auxclick', (e) => started && click(e as MouseEvent, hand, core.click_));
    on(D, 'input change submit', (e) => {
      const el = started && target(e);
      if (el) hand(e, el);
    });
    on(W, 'pagehide', () => {
      core.leave_.forEach((f) => f(true));
      beacon();
    });
    // not before the page is there: Shopify's answer may stand below us
    watchConsent(changed);
  }
  if (started || !consent.analytics) return;
  started = true;
  view();
  retry();
  ['extra', 'watch'].forEach(load);
  if (D.querySelector('[data-footfall]')) load('blocks');
};

/** `true`, `false` or `{analytics, marketing}`; marketing follows analytics where it is not named, and Global Privacy
 * Control overrides a yes to it. Only `true` is a yes: not "denied". */
const changed = (value: unknown, keep?: boolean, { analytics = value, marketing = analytics } = Object(value) as { analytics?: unknown; marketing?: unknown }): void => {
  consent.marketing = (consent.analytics = analytics === true) && marketing === true && !consent.gpc;
  if (consent.analytics) {
    openIdentity();
    // a grant outlives the page; a refusal leaves nothing behind, not even itself
    if (keep) write('consent', consent.marketing ? 'am' : 'a');
    begin();
  } else {
    // (also what is left of a visit before, whose consent was withdrawn where we were not)
    started = false;
    empty();
    shutIdentity();
  }
};

const stub = W.footfall;
if (!stub?.v) {
  W.footfall = api;
  api.v = VERSION;
  // as a task of its own, small on the stack: the browser notes where cookies are touched, and would parse all of this
  // file once more to tell the line
  queueMicrotask(() => {
    on(D, 'DOMContentLoaded prerenderingchange', begin);
    for (const call of stub?.q || []) api(...(call as unknown as [string]));
    begin();
  });
}
