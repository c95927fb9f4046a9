/** The parts of Shopify's standard event payloads that we read. */

export interface Money {
  amount: number;
  currencyCode: string;
}

export interface Variant {
  id?: string | null;
  title?: string | null;
  sku?: string | null;
  price?: Money;
  image?: { src?: string | null } | null;
  product?: { id?: string | null; title?: string; type?: string | null; url?: string | null };
}

export interface CartLine {
  quantity: number;
  merchandise: Variant;
}

export interface LineItem {
  id?: string | null;
  title?: string | null;
  quantity: number;
  variant?: Variant | null;
}

/** What the shop's scripts wrote beside the cart; it goes along into the checkout. */
export interface Attribute {
  key: string;
  value: string;
}

export interface Checkout {
  token?: string | null;
  attributes?: Attribute[];
  currencyCode?: string | null;
  totalPrice?: Money | null;
  order?: { id?: string | null; customer?: { id?: string | null } | null } | null;
  lineItems: LineItem[];
}

export interface StandardEvent {
  id: string;
  clientId: string;
  name: string;
  timestamp: string;
  context: {
    document: { location: { href: string; pathname: string; search: string }; referrer: string; title: string };
    navigator: { language: string; userAgent: string };
    window: { innerWidth: number; innerHeight: number; screen: { width: number; height: number } };
  };
  data: {
    productVariant?: Variant;
    collection?: { id?: string; title?: string; productVariants?: Variant[] };
    searchResult?: { query?: string; productVariants?: Variant[] };
    cart?: { id?: string | null; attributes?: Attribute[]; lines?: CartLine[]; cost?: { totalAmount?: Money } } | null;
    cartLine?: CartLine | null;
    checkout?: Checkout;
  };
}
