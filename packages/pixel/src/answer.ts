/** What the API answers for a product that it recommends. Made by packages/generate.py: don't edit. */

export interface NamedProduct {
  product_id: string;
  title: string;
}

export interface ProductItem {
  product_id: string;
  title: string;
  url: string | null;
  image_url: string | null;
  price: number | null;
  currency: string | null;
  category: string | null;
  score: number;
  /** The source's name; docs/reference/recommendation-sources.md lists them. */
  source: string;
  /** The product that led to it, if the source has one. */
  seed: NamedProduct | null;
  /** The source as a sentence for the shop's page, in the requested language. */
  reason: string;
}
