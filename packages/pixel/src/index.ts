/** Footfall's tag as a module: `init` puts the tag into the page, the rest are its calls, typed.
 *
 * The tag's own files stay where the collector serves them: collector and pixel are of one version, and a page that is built
 * today works with the collector of tomorrow. On a server nothing here does anything. */
import type { NamedProduct, ProductItem } from './answer.js';
import type { Events as PlannedEvents } from './events.js';

export type { NamedProduct, ProductItem };

/** The events of the tracking plan. A shop adds its own:
 *
 *     declare module '@footfall/pixel' { interface Events { 'Gift Wrapped': { paper?: string } } } */
export interface Events extends PlannedEvents {}

export type EventName = keyof Events;
/** Any other event takes any property. */
export type PropertiesOf<Name extends string> = Name extends EventName ? Events[Name] : Record<string, unknown>;

export interface InitOptions {
  /** The collector's address: `https://events.example-shop.com`. */
  collector: string;
  writeKey: string;
  /** The API's address and its public key, for recommendations. */
  api?: string;
  apiKey?: string;
  /** The market whose links are recommended, if the page's origin is not its own: one of the API's setting `markets`. */
  market?: string;
  /** Where the first file is, if not at the collector's `/footfall.js`. */
  src?: string;
  /** The collector's path for messages, if not `/v1/b`. */
  path?: string;
  /** `required`: nothing before `consent(true)`; `granted`: never ask. */
  consent?: 'required' | 'granted';
  /** No cookie, no storage. */
  cookieless?: boolean;
  /** A logout keeps the guest token. */
  keepGuest?: boolean;
  /** For one guest over subdomains: `.example-shop.com`. */
  cookieDomain?: string;
  /** The nonce of the page's Content-Security-Policy. */
  nonce?: string;
}

export type Kind = 'recommended' | 'similar' | 'bought-together' | 'recently-viewed';

export interface RecommendOptions {
  kind?: Kind;
  /** Of `similar` and `bought-together`; the page's product unless said. */
  product?: string;
  /** Ids in the cart, comma-separated; those that the pixel saw unless said. */
  cart?: string;
  limit?: number;
  placement?: string;
}

/** A recommended product. What was recently viewed comes from the browser, which knows less of it than the API. */
export type Item = Pick<ProductItem, 'product_id'> & Partial<ProductItem>;

/** `version`, `experiment` and `arm` belong into the events that tell of the list. */
export interface Recommended {
  items: Item[];
  version?: string;
  experiment?: string | null;
  arm?: string | null;
}

type Call = ((command: string, ...args: unknown[]) => unknown) & { q?: unknown[][]; v?: string };

const here = typeof document != 'undefined';
let failed: () => void;
let loaded: () => void;
const loads = new Promise<boolean>((done) => {
  loaded = () => done(true);
  failed = () => done(false);
});

/** The tag's function, or what keeps calls until it has come. */
const call = (command: string, ...args: unknown[]): unknown => {
  if (!here) return undefined;
  const page = window as unknown as { footfall?: Call };
  const stub: Call = (...given) => void (stub.q ||= []).push(given);
  page.footfall ||= stub;
  return page.footfall(command, ...args);
};

/** Puts the tag into the page, once: where it stands already, in the page's HTML or by an earlier call, that one is it. */
export const init = ({ collector, src, nonce, cookieless, keepGuest, ...named }: InitOptions): void => {
  if (!here) return;
  let tag = document.querySelector<HTMLScriptElement>('script[data-write-key]');
  if (!tag) {
    tag = document.createElement('script');
    const address = collector.replace(/\/$/, '');
    const options: Record<string, string | undefined> = { ...named, collector: address, ...(cookieless && { cookieless: '' }), ...(keepGuest && { keepGuest: '' }) };
    for (const name in options) if (options[name] != null) tag.dataset[name] = options[name];
    if (nonce) tag.nonce = nonce;
    tag.async = true;
    tag.src = src ?? address + '/footfall.js';
    document.head.append(tag);
  }
  if ((window as unknown as { footfall?: Call }).footfall?.v) return loaded();
  tag.addEventListener('load', loaded);
  tag.addEventListener('error', failed);
};

/** One event. Those of the tracking plan take their own properties, any other name takes any. */
export const track = <Name extends string>(event: Name, properties?: PropertiesOf<Name>): void => void call('track', event, properties);

/** A page view by hand: loads, and views of a router that uses the address, are seen without. */
export const page = (properties?: Record<string, unknown>): void => void call('page', properties);

/** A login. `userSignature`, made by the shop's server, proves it. */
export const identify = (userId: string, traits: { method?: string; userSignature?: string } & Record<string, unknown> = {}): void => void call('identify', userId, traits);

/** A logout. */
export const reset = (): void => void call('reset');

/** Consent given, refused or withdrawn; only `true` is a yes. */
export const consent = (value: boolean | { analytics: boolean; marketing: boolean }): void => void call('consent', value);

/** Adds selectors to the zones. */
export const theme = (selectors: Record<string, string>, instead?: boolean): void => void call('theme', selectors, instead);

/** Fills the blocks in the page's markup that are not filled yet. */
export const blocks = (): void => void call('blocks');

/** Sends now what waits. */
export const flush = (): void => void call('flush');

/** The guest token, once there is consent; nothing where the tag can't be loaded. */
export const guest = async (): Promise<string | undefined> => ((await loads) ? ((await call('guest')) as string) : undefined);

/** What to show this visitor, once there is consent. An empty list where the API is slow or down or the tag can't be loaded:
 * never rejects. */
export const recommend = (options: RecommendOptions = {}): Promise<Recommended> =>
  new Promise((done) => {
    void loads.then((there) => there || done({ items: [] }));
    call('recommend', options, (items: Item[], answer: Partial<Recommended> = {}) => done({ ...answer, items }));
  });
