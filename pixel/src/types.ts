/** Shapes shared by the files of the pixel. Names on the wire follow docs/reference/tracking-plan.md.
 *
 * Properties that end in `_` are the pixel's own; the build shortens them, alike in all files. */

/** Properties of an event; `undefined` values vanish when the message is serialised. */
export type Props = Record<string, unknown>;

/** What is known about one product, in the tracking plan's property names. */
export interface Product extends Props {
  product_id?: string;
  variant_id?: string;
  variant?: string;
  name?: string;
  price?: number;
  currency?: string;
  category?: string;
  url?: unknown;
  image_url?: string;
}

/** A recommended product as the API answers it. */
export interface Item {
  product_id: string;
  title?: string;
  url?: string;
  image_url?: string;
  price?: number | string;
  currency?: string;
  source?: string;
  reason?: string;
}

/** What the API says about a list, besides its products. */
export interface Answer {
  version?: string;
  experiment?: string | null;
  arm?: string | null;
  items: Item[];
}

export interface RecommendOptions {
  kind?: string;
  product?: string;
  cart?: string;
  limit?: number | string;
  placement?: string;
}

/** A DOM event handed to the other files: what was hit, and for clicks what stands for it and its zone. */
export type Hand = [event: Event, element: Element, shown?: Element, zone?: string];

export type Commands = Record<string, (...args: never[]) => unknown>;

/** What the core lends to the other files, as `window.footfall.$`. */
export interface Core {
  /** Listens before the page's own listeners do; types are divided by spaces. */
  on_(target: EventTarget, types: string, listener: (e: Event) => unknown): void;
  option_(name: string): string | undefined;
  track_(event: string, properties?: Props): void;
  /** Sends an event of the page unless this page view has sent it already (with the same product). */
  once_(event: string, properties?: Props): void;
  describe_(element: Element, event?: MouseEvent): Props;
  /** An attribute that says something. */
  attr_(element: Element | null | undefined, name: string): string | undefined;
  /** `closest`, through the roots of web components. */
  within_(element: Element | null | undefined, selector: string): HTMLElement | null | undefined;
  /** All text inside an element, except of fields. */
  text_(element: Element | null | undefined): string;
  clean_(text: unknown): string;
  address_(url: string): string | undefined;
  rules_: Record<string, string>;
  /** The handle in a product's address. */
  handle_(url: string): string | undefined;
  /** The element itself or the first one inside that the selector matches. */
  pick_(element: Element, selector: string): Element | null;
  zone_(element: Element): string;
  card_(element: Element): Element | null;
  pageType_(): string;
  read_(key: string): string;
  write_(key: string, value?: string): void;
  /** May this visitor be followed from page to page for recommendations? */
  personal_(): boolean;
  /** Functions run before the queue is flushed: with `true` when the view ends, with `false` when it is hidden. */
  leave_: Array<(final: boolean) => void>;
  /** Another file asks for DOM events: it gets those from before it came, and all that follow. */
  take_(taker: (...hand: Hand) => void): void;
  /** Functions run when a page view has begun without a load. */
  viewed_: Array<() => void>;
  /** Set by the lazy file: adds to a click what else is known. */
  click_?(element: Element, zone: string, props: Props, card: Element | null): void;
  /** Commands that another file brings; calls that came before it are made now. */
  add_(commands: Commands): void;
  load_(name: string): Promise<unknown>;
  message_(type: string, event?: string, properties?: Props, traits?: Props): void;
  /** A page view without a load: nothing where there is no consent. */
  view_(): void;
  /** Sets the guest token in cookie and storage: another one by itself, an empty one erases both. */
  setGuest_(token?: string): void;
  keys_(start: string): string[];
  /** Says what was to be said later: before the visitor is another one. */
  settle_(): void;
  /** This page's own record in storage. */
  own_(): string;
  /** What another page left: how many it had dropped, and its messages with what they share. */
  adopt_(lost: number, entries: Array<[shared: string, rest: string, handed: unknown]>): void;
  numbers_: { uncard_?: (run: string) => string };
  /** Set by the lazy file: the product of this page. */
  product_?(): Product;
  /** Set by the block file, both. */
  blocks_?(): void;
  recommend_?(options?: RecommendOptions, done?: (items: Item[], answer: Answer) => void): Promise<Item[]>;
  /** What the block file did not fill, and why: a refusal, an error, or the products that other blocks show already. */
  kept_?: Array<[what: HTMLElement | RecommendOptions, why: unknown]>;
}

export interface ShopifyMeta {
  product?: ShopifyProduct;
  products?: ShopifyProduct[];
  page?: { pageType?: string; customerId?: number | string };
  selectedVariantId?: string | number;
  currency?: string;
}

export interface ShopifyProduct {
  id?: number | string;
  type?: string;
  handle?: string;
  variants?: Array<{ id: number | string; name?: string; price?: number; public_title?: string | null }>;
}

export interface FootfallApi {
  (command: string, ...args: unknown[]): unknown;
  /** Calls made before the script arrived. */
  q?: ArrayLike<unknown>[];
  /** Version; its presence means that an instance runs on this page. */
  v?: string;
  $?: Core;
}

export interface FootfallWindow extends Window {
  footfall?: FootfallApi;
  ShopifyAnalytics?: { meta?: ShopifyMeta };
  Shopify?: {
    customerPrivacy?: { analyticsProcessingAllowed(): boolean; marketingAllowed(): boolean };
    loadFeatures?(features: Array<{ name: string; version: string }>, done: (error?: unknown) => void): void;
  };
  navigation?: EventTarget;
  Temporal?: { Now: { timeZoneId(): string } };
  fetch: typeof fetch;
  XMLHttpRequest: typeof XMLHttpRequest;
}
