/** Which product a page or a card is about. Sources in this order: JSON-LD, ShopifyAnalytics.meta, [data-product-id],
 * Open Graph. A sku from JSON-LD comes last as an id: it is not what the catalog calls the product. */
import { D, L, parse, W } from './env';
import { allText, attr } from './element';
import { address, clean } from './scrub';
import { rules } from './themes';
import type { Product, ShopifyMeta } from './types';

type Json = Record<string, unknown>;

const first = <T>(value: T | T[] | undefined): T | undefined => (Array.isArray(value) ? value[0] : value);
const number = (value: unknown): number | undefined => (value == null || value === '' || isNaN(+value) ? undefined : +value);
const text = (value: unknown): string | undefined => clean(value) || undefined;

export const meta = (): ShopifyMeta => W.ShopifyAnalytics?.meta || {};

/** All JSON-LD nodes of the page, graphs unfolded. */
export const linked = (type: RegExp): Json | undefined => {
  const nodes: Json[] = [];
  D.querySelectorAll('script[type="application/ld+json"]').forEach((s) =>
    [parse<Json | Json[]>(s.textContent)].flat().forEach((n) => n && nodes.push(n, ...([n['@graph'] || []].flat() as Json[]))),
  );
  return nodes.find((n) => [n['@type']].flat().some((t) => type.test(String(t))));
};

const og = (name: string): string | undefined =>
  attr(D.querySelector(`meta[property="og:${name}"],meta[property="product:${name}"]`), 'content');

/** The variant chosen now: in the address, or what the add form would post. */
export const variantId = (): string | undefined =>
  new URLSearchParams(L.search).get('variant') ||
  D.querySelector<HTMLInputElement>('form[action*="/cart/add"] [name=id]')?.value ||
  undefined;

const merge = (...sources: Product[]): Product => {
  const product: Product = {};
  for (const source of sources) for (const key in source) product[key] ??= source[key];
  return product;
};

const fromLinkedData = (variant?: string): [Product, string | undefined] => {
  const node = linked(/^Product(Group)?$/);
  if (!node) return [{}, undefined];
  const chosen = (found: unknown): Json | undefined => {
    const all = [found || []].flat() as Json[];
    return all.find((o) => variant && JSON.stringify(o).includes(variant)) || all[0];
  };
  const one = chosen(node.hasVariant);
  const offer = chosen(one?.offers || node.offers);
  const price = first(offer?.priceSpecification as Json | Json[]) || offer;
  const image = first((node.image || one?.image) as string | Json) as Json | string | undefined;
  return [
    {
      product_id: text(node.productID || node.productGroupID),
      name: text(node.name),
      price: number(price?.price ?? offer?.lowPrice),
      currency: text(price?.priceCurrency || offer?.priceCurrency),
      category: text(node.category),
      image_url: address(typeof image == 'object' ? String(image.url) : image || ''),
    },
    text(node.sku),
  ];
};

const fromShopify = (variant?: string): Product => {
  const { product, currency, selectedVariantId } = meta();
  if (!product) return {};
  const id = variant || selectedVariantId;
  const v = product.variants?.find((x) => x.id == id) || product.variants?.[0];
  return {
    product_id: text(product.id),
    variant_id: text(v?.id),
    variant: text(v?.public_title),
    name: text(v?.name?.split(' - ')[0]),
    price: v?.price && v.price / 100,
    currency,
    category: text(product.type),
  };
};

/** What `data-product-...` attributes on an element say. */
export const fromData = (el: Element | null | undefined): Product => {
  const d = (el as HTMLElement | null)?.dataset || {};
  return {
    product_id: text(d.productId),
    variant_id: text(d.variantId),
    variant: text(d.variant),
    name: text(d.productName || d.productTitle),
    price: number(d.productPrice || d.price),
    currency: d.currency,
    category: text(d.productCategory || d.productType),
  };
};

/** The product of this page. */
export const product = (): Product => {
  const variant = variantId();
  const [data, sku] = fromLinkedData(variant);
  const marked = [...D.querySelectorAll('[data-product-id]')].find((el) => !el.matches('[data-footfall],li,article,a') && !el.closest('[data-footfall]'));
  return merge(
    data,
    { variant_id: variant },
    fromShopify(variant),
    fromData(marked),
    {
      product_id: text(og('retailer_item_id')) || sku,
      name: text(og('title')) || allText(D.querySelector('h1')) || undefined,
      price: number(og('price:amount')),
      currency: og('price:currency'),
      image_url: address(og('image') || ''),
      url: address(attr(D.querySelector('link[rel=canonical]'), 'href') || L.href),
    },
    { product_id: handle(L.href) },
  );
};

/** The handle in a product's address. */
export const handle = (url: string): string | undefined => /\/products?\/([^/?#]+)/.exec(url)?.[1];

/** The product that a catalog card shows. Dawn writes the id only at the end of element ids. */
export const cardProduct = (card: Element): Product => {
  const link = (card.matches(rules.product_link!) ? card : card.querySelector(rules.product_link!)) as HTMLAnchorElement;
  const slug = handle(link.href);
  const numbered = [card, ...card.querySelectorAll('[id]')].map((el) => /-(\d{6,})$/.exec(attr(el, 'id') || '')?.[1]).find(Boolean);
  return merge(
    fromData(card.closest('[data-product-id]:not([data-footfall])') || card.querySelector('[data-product-id]')),
    {
      product_id: text(meta().products?.find((p) => p.handle && p.handle == slug)?.id) || numbered || slug,
      name: allText(card.querySelector('h2,h3,h4,[class*=title]')) || allText(link) || undefined,
      url: address(link.href),
    },
  );
};
