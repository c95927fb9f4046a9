/** Which product the page is about. Sources in this order: JSON-LD, ShopifyAnalytics.meta, [data-product-id], Open
 * Graph. A sku from JSON-LD comes last as an id: it is not what the catalog calls the product. */
import { cardProduct, fromData } from './cards';
import { attr, core, D, meta, parse } from './core';
import type { Product } from '../types';

type Json = Record<string, unknown>;

const list = (value: unknown): Json[] => [value || []].flat() as Json[];
const text = (value: unknown): string | undefined => core.clean_(value) || undefined;
/** A price as shops write it into their markup. schema.org wants a point before the cents and nothing between thousands; "1,299.50",
 * "1.299,50" and "12,50" can mean one thing only, too. "1,299" can mean two: it is left out. */
const money = (value: unknown): number | undefined =>
  +core.clean_(value).replace(/([.,])(?=\d{3}.*(?!\1)[.,])/g, '').replace(/,(?!\d{3}$)/, '.') || undefined;

/** The variant chosen now: in the address, or what the add form would post. */
export const variantId = (): string | undefined =>
  new URLSearchParams(location.search).get('variant') ||
  D.querySelector<HTMLInputElement>('[action*="/cart/add"] [name=id]')?.value;

/** The first source that knows a property wins. */
const merge = (...sources: Product[]): Product => {
  const product: Product = {};
  for (const source of sources) for (const key in source) product[key] ??= source[key];
  return product;
};

/** The page's JSON-LD node of a product, graphs unfolded. */
const node = (): Json =>
  [...D.querySelectorAll('[type*="ld+"]')]
    .flatMap((s) => list(parse(s.textContent)))
    .flatMap((n) => [n, ...list(n?.['@graph'])])
    .find((n) => /^Product(Group)?$/.test(n?.['@type'] as string)) || {};

/** Is the page a product's? JSON-LD is enough where neither markup nor address says what it is. */
export const isProduct = (type = core.pageType_()): boolean => type == 'product' || (type == 'other' && '@type' in node());

export const product = (): Product => {
  const id = variantId();
  const og = (name: string): string | undefined =>
    attr(D.querySelector(`[property$=":${name}"]`), 'content');
  /** What speaks of the chosen variant, else the first. */
  const chosen = (found: unknown): Json =>
    list(found).find((x) => id && JSON.stringify(x).includes(id)) || list(found)[0] || {};
  const ld = node();
  const variant = chosen(ld.hasVariant);
  const offer = chosen(variant.offers || ld.offers);
  const image = list(ld.image || variant.image)[0] as Json | string | undefined;
  const { product: sold, currency, selectedVariantId } = meta();
  const v = sold?.variants?.find((x) => x.id == (id || selectedVariantId)) || sold?.variants?.[0];
  const marked = [...D.querySelectorAll('[data-product-id]:not([data-footfall],[data-footfall] *)')].find((x) => !core.card_(x));
  return merge(
    {
      product_id: text(ld.productID || ld.productGroupID),
      name: text(ld.name),
      price: money(offer.price || offer.lowPrice),
      currency: text(offer.priceCurrency),
      category: text(ld.category),
      image_url: text(typeof image == 'object' ? image.url : image),
      variant_id: text(id),
    },
    {
      product_id: text(sold?.id),
      variant_id: text(v?.id),
      variant: text(v?.public_title),
      name: v?.name,
      price: money(v?.price! / 100),
      currency,
      category: text(sold?.type),
    },
    fromData(marked),
    {
      product_id: og('retailer_item_id') || core.handle_(location.href) || text(ld.sku),
      name: og('title') || text(core.text_(D.querySelector('h1'))),
      price: money(og('price:amount')),
      currency: og('price:currency'),
      image_url: og('image'),
      url: core.address_(location.href),
    },
  );
};

/** The product an element belongs to: its card's, else the one that its section is marked with, where that is another than the
 * page's (a set of two, a quick-add window), else the page's. */
export const productAt = (el: Element): Product => {
  const card = core.card_(el);
  if (card) return cardProduct(card);
  const near = fromData(core.within_(el, '[data-product-id]'));
  const page = product();
  return near.product_id && near.product_id != page.product_id ? near : page;
};
