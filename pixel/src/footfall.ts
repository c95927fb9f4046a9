/** The core: one tag on every page. Order at start: consent, identity, page view, what the page called before we
 * came, what the page is. */
import { addClicked, onSubmit, patchRequests, removed } from './core/cart';
import { onChange, onClick, target } from './core/clicks';
import { keepConsent, personal, setConsent, watchConsent } from './core/consent';
import { D, here, L, option, read, script, W } from './core/env';
import { describe } from './core/element';
import { formSubmitted, watchForms } from './core/forms';
import { closeIdentity, guest, openIdentity } from './core/identity';
import { leave } from './core/leave';
import { ONCE, run, track, trackOnce, VERSION } from './core/message';
import { readPerson, signIn, signOut } from './core/person';
import { product } from './core/product';
import { adopt, beacon, empty, flush, resume, setLog } from './core/queue';
import { addPack, rules } from './core/themes';
import type { Pack } from './core/themes';
import type { Consent, Core, Extra, FootfallApi, Item, Log, Props, RecommendOptions } from './core/types';
import { tell, view, viewedProducts, watchViews } from './core/views';
import { zoneOf } from './core/zones';

type Command = (...args: never[]) => unknown;

let running = false;
let started = false;
/** Calls that wait for consent. */
let waiting: unknown[][] = [];

let extra: Promise<Extra> | undefined;
const loadExtra = (): Promise<Extra> =>
  (extra ??= new Promise((ready, failed) => {
    core.ready = ready;
    const tag = D.createElement('script');
    tag.src = here('footfall-extra.js');
    tag.nonce = script?.nonce || '';
    tag.onerror = failed;
    D.head.append(tag);
  }));

const core: Core = {
  send: track,
  describe,
  zone: zoneOf,
  option,
  guest: () => (running && personal() ? guest() : undefined),
  viewed: viewedProducts,
  cart: () => (personal() ? read('cart') : ''),
  product,
  leave,
  ready() {},
};

const commands: Record<string, Command> = {
  track: (event: string, properties?: Props) => (ONCE.test(event) ? trackOnce : track)(event, properties),
  page: view,
  identify: signIn,
  reset: signOut,
  flush,
  guest: () => core.guest(),
  recommend: (options: RecommendOptions = {}, done?: (items: Item[]) => void) => {
    const items = loadExtra().then((x) => x.recommend(options)).catch((): Item[] => []);
    if (done) items.then(done);
    return items;
  },
};

/** Commands that need no consent. */
const always: Record<string, Command> = {
  consent: (value: unknown) => changed(value, true),
  theme: (pack: Pack) => addPack(pack),
};

const api = ((command: string, ...args: never[]): unknown => {
  if (always[command]) return always[command](...args);
  if (running && started) return commands[command]?.(...args);
  waiting.push([command, ...args]);
}) as FootfallApi;

const onFormSubmit = (e: Event): void => {
  const form = target(e);
  if (!form) return;
  onSubmit(e, form);
  formSubmitted(form);
  if (form.matches(rules.logout!)) signOut();
};

const clicked = (e: MouseEvent): void => {
  onClick(e);
  const el = e.isTrusted && target(e);
  if (!el) return;
  const button = el.closest('a,button,input,cart-remove-button') || el;
  if (button.closest(rules.remove!)) removed(button);
  else if (button != D.body && button.matches('a,button,input') && zoneOf(button) == 'add_to_cart') addClicked(button);
  if (el.closest('a' + rules.logout!.split(',').join(',a'))) signOut();
};

const away = (final: boolean): void => {
  leave.forEach((f) => f(final));
  if (final) beacon();
  else flush();
};

const listen = (): void => {
  D.addEventListener('click', clicked, true);
  D.addEventListener('auxclick', clicked, true);
  D.addEventListener('change', onChange, true);
  D.addEventListener('submit', onFormSubmit, true);
  D.addEventListener('visibilitychange', () => D.visibilityState == 'hidden' && away(false));
  W.addEventListener('pagehide', () => away(true));
  W.addEventListener('pageshow', (e) => e.persisted && resume());
  patchRequests();
  watchForms();
  watchViews();
};

const begin = (): void => {
  if (!running || started) return;
  started = true;
  listen();
  readPerson();
  view();
  const calls = waiting;
  waiting = [];
  calls.forEach(([command, ...args]) => api(command as string, ...args));
  tell();
  if (D.querySelector('[data-footfall]')) loadExtra().then((x) => x.blocks(), () => 0);
  else if (D.readyState == 'complete') setTimeout(loadExtra, 1000);
  else W.addEventListener('load', () => setTimeout(loadExtra, 1000));
};

const changed = (value: unknown, keep?: boolean): void => {
  const yes = setConsent(value);
  if (yes && !running) {
    openIdentity();
    adopt();
  } else if (!yes && running) {
    empty();
    closeIdentity();
  }
  running = yes;
  run(yes);
  if (yes && keep) keepConsent();
  if (D.readyState == 'loading') D.addEventListener('DOMContentLoaded', begin);
  else begin();
};

if (!W.footfall?.v) {
  if (/[?&]ff_debug=1/.test(L.search)) {
    setLog((core.log = [] as Log));
    loadExtra();
  }
  const early = W.footfall?.q;
  W.footfall = api;
  api.v = VERSION;
  api.$ = core;
  for (const call of Array.from(early || [])) api(...(Array.from(call) as [string]));
  watchConsent(changed as (value: Consent) => void);
}
