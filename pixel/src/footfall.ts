/** The core: one tag on every page. Order at start: consent, identity, page view, what the page called before we
 * came. The other files then say what the page and the visitor's
 * clicks mean. */
// (in this order the file is 14 bytes smaller than in that of the alphabet: gzip finds more in what stands close by)
import { cardOf, handle, pageType, pick, zoneOf } from './core/zones';
import { address, clean, numbers } from './core/scrub';
import { message, newView, once, track, VERSION } from './core/message';
import { consent, personal, watchConsent } from './core/consent';
import { addPack, rules } from './core/themes';
import { guest, openIdentity, setGuest, shutIdentity } from './core/identity';
import { adopt, beacon, empty, flush, own, settle } from './core/queue';
import { allText, attr, describe, within } from './core/element';
import { click, target } from './core/clicks';
import { D, keys, on, option, read, run, script, W, write } from './core/env';
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
  flush,
  page: view,
  track,
  guest,
  theme: addPack,
  consent: (value: unknown) => changed(value, true),
};

let started = false;
/** Calls that wait for consent, or for the file that brings their command. */
const waiting: Array<() => void> = [];

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
  on_: on,
  option_: option,
  once_: once,
  attr_: attr,
  track_: track,
  clean_: clean,
  within_: within,
  personal_: personal,
  describe_: describe,
  text_: allText,
  address_: address,
  rules_: rules,
  pick_: pick,
  card_: cardOf,
  zone_: zoneOf,
  write_: write,
  handle_: handle,
  pageType_: pageType,
  read_: read,
  add_: (more) => {
    Object.assign(commands, more);
    run(waiting);
  },
  load_: load,
  settle_: settle,
  keys_: keys,
  view_: view,
  setGuest_: setGuest,
  message_: message,
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
  takers[3] || early[99] || early.push(args);
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
  run(waiting);
  ['extra', 'watch'].forEach(load);
  if (D.querySelector('[data-footfall]')) load('blocks');
};

/** `true`, `false` or `{analytics, marketing}`; marketing follows analytics where it is not named, and Global Privacy
 * Control overrides a yes to it. Only `true` is a yes: not "denied". */
const changed = (value: unknown, keep?: boolean, { analytics = value, marketing = analytics } = Object(value) as { analytics?: unknown; marketing?: unknown }): void => {
  consent.analytics = analytics === true;
  consent.marketing = consent.analytics && marketing === true && !consent.gpc;
  if (consent.analytics) {
    openIdentity();
    // a grant outlives the page; a refusal leaves nothing behind, not even itself
    if (keep) write('consent', consent.marketing ? 'am' : 'a');
    begin();
  } else {
    // (also what is left of a visit before, whose consent was withdrawn where we were not)
    started = false;
    shutIdentity();
    empty();
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
    [...(stub?.q || [])].forEach((call) => api(...(call as unknown as [string])));
    begin();
  });
}
