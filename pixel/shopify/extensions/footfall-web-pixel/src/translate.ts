/** Shopify's standard events in the tracking plan's words. Ids are the bare numbers that the catalog knows. */
import type { CartLine, Checkout, LineItem, StandardEvent, Variant } from './payloads';

export interface Translated {
  type: 'track' | 'page';
  event?: string;
  properties: Record<string, unknown>;
}

/** `gid://shopify/ProductVariant/42` and `42` are both `42`. */
export const bare = (id?: string | null): string | undefined => id?.split('?')[0]!.split('/').pop() || undefined;

const productOf = (v?: Variant | null): Record<string, unknown> => ({
  product_id: bare(v?.product?.id),
  variant_id: bare(v?.id),
  variant: v?.title || undefined,
  name: v?.product?.title,
  price: v?.price?.amount,
  currency: v?.price?.currencyCode,
  category: v?.product?.type || undefined,
  url: v?.product?.url || undefined,
  image_url: v?.image?.src || undefined,
});

const bought = (item: LineItem): Record<string, unknown> => ({
  product_id: bare(item.variant?.product?.id),
  variant_id: bare(item.variant?.id),
  name: item.title || item.variant?.product?.title,
  price: item.variant?.price?.amount,
  quantity: item.quantity,
});

const inCart = (line: CartLine): Record<string, unknown> => ({ ...productOf(line.merchandise), quantity: line.quantity });

const checkoutOf = (c: Checkout): Record<string, unknown> => ({
  checkout_token: c.token || undefined,
  value: c.totalPrice?.amount,
  currency: c.currencyCode || c.totalPrice?.currencyCode,
  products: c.lineItems.map(bought),
});

const TYPES: Array<[RegExp, string]> = [
  [/^\/checkouts?\//, 'checkout'],
  [/\/products\/./, 'product'],
  [/^\/collections/, 'collection'],
  [/^\/search/, 'search'],
  [/^\/cart/, 'cart'],
  [/^\/account/, 'account'],
  [/^\/$/, 'home'],
];

const pageType = (path: string): string => {
  const bareOfLocale = path.replace(/^\/[a-z]{2}(-[a-z]{2})?(?=\/|$)/i, '') || '/';
  return TYPES.find(([rule]) => rule.test(bareOfLocale))?.[1] || 'other';
};

const track = (event: string, properties: Record<string, unknown> = {}): Translated => ({ type: 'track', event, properties });

/** What a visitor typed, as src/core/scrub.ts has it go out (which needs a page, and the sandbox has none): without
 * e-mail addresses and without card and SSN shapes. */
const typed = (text?: string): string | undefined =>
  text
    ?.replace(/\s+/g, ' ')
    .trim()
    .replace(/\S+@\S+|\b\d{3}-\d\d-\d{4}\b|\d([ -]?\d){13,}/g, '***')
    .slice(0, 255);

/** What the theme's pixel sees itself; told only where the shop has no app embed. */
const STOREFRONT: Record<string, (e: StandardEvent) => Translated> = {
  product_viewed: ({ data }) => track('Product Viewed', productOf(data.productVariant)),
  collection_viewed: ({ data: { collection } }) =>
    track('Product List Viewed', { list: collection?.title, list_id: bare(collection?.id), results_count: collection?.productVariants?.length }),
  search_submitted: ({ data: { searchResult } }) =>
    track('Products Searched', { query: typed(searchResult?.query), results_count: searchResult?.productVariants?.length }),
  cart_viewed: ({ data: { cart } }) => track('Cart Viewed', { value: cart?.cost?.totalAmount?.amount, products: cart?.lines?.map(inCart) }),
  product_added_to_cart: ({ data }) => track('Product Added', data.cartLine ? inCart(data.cartLine) : {}),
  product_removed_from_cart: ({ data }) => track('Product Removed', data.cartLine ? inCart(data.cartLine) : {}),
};

/** What only this extension sees. */
const CHECKOUT: Record<string, (e: StandardEvent, c: Checkout) => Translated> = {
  checkout_started: (_, c) => track('Checkout Started', checkoutOf(c)),
  checkout_contact_info_submitted: (_, c) => track('Checkout Step Completed', { step: 'contact', ...checkoutOf(c) }),
  checkout_address_info_submitted: (_, c) => track('Checkout Step Completed', { step: 'address', ...checkoutOf(c) }),
  checkout_shipping_info_submitted: (_, c) => track('Checkout Step Completed', { step: 'shipping', ...checkoutOf(c) }),
  payment_info_submitted: (_, c) => track('Payment Info Entered', checkoutOf(c)),
  checkout_completed: (_, c) => track('Order Completed', { order_id: bare(c.order?.id), ...checkoutOf(c) }),
};

/** The message's body, or undefined where the event is none of ours (alerts, extension errors) or out of scope. */
export const translate = (e: StandardEvent, scope: string): Translated | undefined => {
  const type = pageType(e.context.document.location.pathname);
  if (e.name == 'page_viewed') return scope == 'all' || type == 'checkout' ? { type: 'page', properties: { page_type: type } } : undefined;
  if (CHECKOUT[e.name]) return e.data.checkout && CHECKOUT[e.name]!(e, e.data.checkout);
  return scope == 'all' ? STOREFRONT[e.name]?.(e) : undefined;
};
