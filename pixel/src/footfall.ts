/** The core: one tag on every page. Order at start: consent, identity, page view, what the page called before we
 * came. The other files then say what the page and the visitor's
 * clicks mean. */
import { click, target } from './core/clicks';
import { consent, personal, setConsent, watchConsent } from './core/consent';
import { D, keys, on, option, read, run, script, W, write } from './core/env';
import { allText, attr, describe, within } from './core/element';
import { guest, newGuest, openIdentity, shutIdentity } from './core/identity';
import { message, newView, once, track, VERSION } from './core/message';
import { adopt, beacon, empty, flush, own, settle } from './core/queue';
import { address, clean, numbers } from './core/scrub';
import { addPack, rules } from './core/themes';
import { cardOf, handle, pageType, pick, zoneOf } from './core/zones';
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
  import(new URL(`footfall-${name}.js`, script.src).href).catch(console.warn);

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

const api = ((...call: [string, ...never[]]): unknown => {
  const [command, ...args] = call;
  settle();
  if (commands[command] && ((started && consent.analytics) || /consent|theme/.test(command))) {
    const answer = commands[command](...args);
    settle();
    return answer;
  }
  return new Promise((done) => waiting.push(() => done(api(...call))));
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

/** Hands a DOM event to the other files, and keeps it until all have come. */
const hand = (...args: Hand): void => {
  if (!takers[1]) early.push(args);
  takers.forEach((f) => f(...args));
};

const begin = (): void => {
  // (what the browser prerenders nobody has seen yet, and perhaps nobody will)
  if (started || !consent.analytics || (D as { prerendering?: boolean }).prerendering || D.readyState == 'loading') return;
  started = true;
  view();
  retry();
  on(D, 'click auxclick', (e) => click(e as MouseEvent, hand, core.click_));
  on(D, 'input change submit', (e) => {
    const el = target(e);
    if (el) hand(e, el);
  });
  on(W, 'pagehide', () => {
    core.leave_.forEach((f) => f(true));
    beacon();
  });
  ['extra', 'watch'].forEach(load);
  if (D.querySelector('[data-footfall]')) load('blocks');
};

const changed = (value: unknown, keep?: boolean): void => {
  const before = consent.analytics;
  if (setConsent(value)) {
    if (!before) openIdentity();
    // a grant outlives the page; a refusal leaves nothing behind, not even itself
    if (keep) write('consent', consent.marketing ? 'am' : 'a');
    begin();
  } else if (before) {
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
    watchConsent(changed);
  });
}
