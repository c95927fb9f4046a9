/** The events of the tracking plan. Made by packages/generate.py: don't edit. */

/** What an event may say; each says some of them. */
export interface Properties {
  /** Their arm in it. */
  arm?: string;
  /** The product's category. */
  category?: string;
  /** Ties the steps of one checkout together. */
  checkout_token?: string;
  /** Cumulative layout shift. */
  cls?: number;
  /** ISO 4217: `EUR`. */
  currency?: string;
  /** Taken off the order's value. */
  discount?: number;
  /** What was clicked: `tag`, `id`, `classes`, `text`, `href`. */
  element?: Record<string, unknown>;
  /** Milliseconds of attention. */
  engaged_ms?: number;
  /** The visitor's experiment. */
  experiment?: string;
  /** First contentful paint, in milliseconds. */
  fcp?: number;
  /** The field's name, never its value. */
  field?: string;
  /** The field's place in the form, from 1. */
  field_order?: number;
  /** How many fields were filled in. */
  fields_completed?: number;
  /** The form's name. */
  form?: string;
  /** Its picture. */
  image_url?: string;
  /** Interaction to next paint, in milliseconds. */
  inp?: number;
  /** `recommended`, `similar`, `bought-together`, `recently-viewed`. */
  kind?: string;
  /** Largest contentful paint, in milliseconds. */
  lcp?: number;
  /** The line of the order, where a message tells of one alone. */
  line_number?: number;
  /** The list it stands in: a collection, `search`, a block's placement. */
  list?: string;
  /** How: of a login `password`, of a search `typed`. */
  method?: string;
  /** Milliseconds. */
  ms_spent?: number;
  /** The product's name. */
  name?: string;
  /** Labels from the menu's root to the link. */
  nav_path?: string[];
  /** What is chosen: `Size`. */
  option_name?: string;
  /** What was chosen: `M`. */
  option_value?: string;
  /** The shop's id of the order. */
  order_id?: string;
  /** Where the recommendations stand. */
  placement?: string;
  /** Place in the list, from 1. */
  position?: number;
  /** Of one piece, in `currency`. */
  price?: number;
  /** The catalogue's id. */
  product_id?: string;
  /** The products shown, in order. */
  product_ids?: string[];
  /** The lines: of each `product_id`, `variant_id`, `name`, `price`, `quantity`. */
  products?: Record<string, unknown>[];
  /** Pieces. */
  quantity?: number;
  /** What was searched for. */
  query?: string;
  /** The sentence that was shown with it. */
  reason?: string;
  /** The shop's id of the refund: one order may have several. */
  refund_id?: string;
  /** How many products were found or are shown. */
  results_count?: number;
  /** Percent of the page that was scrolled into view. */
  scroll_depth?: number;
  /** Part of the order's value. */
  shipping?: number;
  /** The source of the recommendation. */
  source?: string;
  /** The step of the checkout: `contact`, `address`, `shipping`. */
  step?: string;
  /** Part of the order's value. */
  tax?: number;
  /** Time to first byte, in milliseconds. */
  ttfb?: number;
  /** Its page. */
  url?: string;
  /** What the order or the cart is worth, in `currency`. */
  value?: number;
  /** The variant's name: `M / Navy`. */
  variant?: string;
  /** The variant's id in the catalogue. */
  variant_id?: string;
  /** The snapshot that they come from. */
  version?: string;
  /** Part of the shop: `nav`, `search`, `collection_card`, `pdp_option`, `cart`, ... */
  zone?: string;
}

/** Events by name. */
export interface Events {
  'Page Left': Pick<Properties, 'engaged_ms' | 'scroll_depth'>;
  'Element Clicked': Pick<Properties, 'zone' | 'element' | 'nav_path' | 'product_id' | 'list' | 'position'>;
  'Product Clicked': Pick<Properties, 'zone' | 'element' | 'nav_path' | 'product_id' | 'list' | 'position' | 'name' | 'url'>;
  'Product Viewed': Pick<Properties, 'product_id' | 'variant_id' | 'variant' | 'name' | 'price' | 'currency' | 'category' | 'url' | 'image_url'>;
  'Product Option Selected': Pick<Properties, 'product_id' | 'variant_id' | 'variant' | 'name' | 'price' | 'currency' | 'category' | 'url' | 'image_url' | 'option_name' | 'option_value' | 'zone' | 'element'>;
  'Product Added': Pick<Properties, 'product_id' | 'variant_id' | 'variant' | 'name' | 'price' | 'currency' | 'category' | 'url' | 'image_url' | 'quantity'>;
  'Product Removed': Pick<Properties, 'product_id' | 'variant_id' | 'variant' | 'name' | 'price' | 'currency' | 'category' | 'url' | 'image_url' | 'quantity'>;
  'Cart Viewed': Pick<Properties, 'value' | 'currency' | 'products'>;
  'Checkout Started': Pick<Properties, 'order_id' | 'value' | 'currency' | 'products' | 'checkout_token'>;
  'Checkout Step Completed': Pick<Properties, 'order_id' | 'value' | 'currency' | 'products' | 'checkout_token' | 'step'>;
  'Payment Info Entered': Pick<Properties, 'order_id' | 'value' | 'currency' | 'products' | 'checkout_token' | 'step'>;
  'Order Completed': Pick<Properties, 'order_id' | 'value' | 'currency' | 'products' | 'checkout_token' | 'shipping' | 'tax' | 'discount' | 'line_number'>;
  'Order Refunded': Pick<Properties, 'order_id' | 'value' | 'currency' | 'products' | 'checkout_token' | 'refund_id' | 'line_number'>;
  'Products Searched': Pick<Properties, 'query' | 'results_count' | 'method'>;
  'Product List Viewed': Pick<Properties, 'list' | 'results_count'>;
  'Signed In': Pick<Properties, 'method'>;
  'Signed Out': Record<string, never>;
  'Form Started': Pick<Properties, 'form'>;
  'Form Field Completed': Pick<Properties, 'form' | 'field' | 'field_order' | 'ms_spent'>;
  'Form Submitted': Pick<Properties, 'form' | 'field' | 'fields_completed' | 'ms_spent'>;
  'Form Abandoned': Pick<Properties, 'form' | 'field' | 'fields_completed' | 'ms_spent'>;
  'Recommendation Viewed': Pick<Properties, 'placement' | 'kind' | 'version' | 'experiment' | 'arm' | 'product_ids'>;
  'Recommendation Clicked': Pick<Properties, 'placement' | 'kind' | 'version' | 'experiment' | 'arm' | 'product_id' | 'position' | 'source' | 'reason'>;
  'Rage Click': Pick<Properties, 'zone' | 'element'>;
  'Dead Click': Pick<Properties, 'zone' | 'element'>;
  'Web Vitals': Pick<Properties, 'ttfb' | 'fcp' | 'lcp' | 'inp' | 'cls'>;
}
