/** Shapes shared by the core and the lazy file. Names on the wire follow docs/reference/tracking-plan.md. */

/** Properties of an event; `undefined` values vanish when the message is serialised. */
export type Props = Record<string, unknown>;

export interface Consent {
  analytics?: boolean;
  marketing?: boolean;
}

/** What is known about one product, in the tracking plan's property names. */
export interface Product extends Props {
  product_id?: string;
  variant_id?: string;
  variant?: string;
  name?: string;
  price?: number;
  currency?: string;
  category?: string;
  url?: string;
  image_url?: string;
}

/** A recommended product as the API answers it. */
export interface Item {
  product_id: string;
  title: string;
  url?: string;
  image_url?: string;
  price?: number | string;
  currency?: string;
  source?: string;
  reason?: string;
}

export interface RecommendOptions {
  kind?: string;
  product?: string;
  cart?: string;
  limit?: number | string;
  placement?: string;
}

/** What the lazy file hands back to the core. */
export interface Extra {
  recommend(options: RecommendOptions): Promise<Item[]>;
  blocks(): void;
}

/** What the core lends to the lazy file, as `window.footfall.$`. */
export interface Core {
  send(event: string, properties?: Props): void;
  describe(element: Element, event?: MouseEvent): Props;
  zone(element: Element): string;
  option(name: string): string | undefined;
  /** Guest token, or undefined where this visitor may not be followed from page to page. */
  guest(): string | undefined;
  /** Products this visitor looked at, newest first. */
  viewed(): Item[];
  /** Ids of the products put into the cart on this device, newest first, joined by commas. */
  cart(): string;
  /** The product of the current page, if it is a product page. */
  product(): Product;
  /** Functions run when the page is left or hidden, before the queue is flushed. */
  leave: Array<(final: boolean) => void>;
  /** With ?ff_debug=1: what happened so far. The overlay replaces its `push`. */
  log?: Log;
  ready(extra: Extra): void;
}

export type Log = Array<[what: string, detail: unknown]>;

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
  vendor?: string;
  handle?: string;
  variants?: Array<{ id: number | string; name?: string; price?: number; public_title?: string | null }>;
}

export interface CustomerPrivacy {
  analyticsProcessingAllowed(): boolean;
  marketingAllowed(): boolean;
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
    customerPrivacy?: CustomerPrivacy;
    loadFeatures?(features: Array<{ name: string; version: string }>, done: (error?: unknown) => void): void;
  };
  fetch: typeof fetch;
  XMLHttpRequest: typeof XMLHttpRequest;
}
