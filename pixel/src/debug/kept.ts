/** Why a block kept the shop's own content. */
import { core } from '../extra/core';
import type { Item, RecommendOptions } from '../types';
import { advise } from './panel';
import { apiSays } from './words';

const empty = (kind: string, product: string | undefined, found: Item[]): string => {
  if (found.length) return 'what the API recommends stands in the blocks above it already';
  if (kind == 'recently-viewed') return 'this visitor has looked at no other product yet, or may not be followed (consent, Global Privacy Control)';
  if (kind == 'recommended') return 'the API answered an empty list: no product of the catalogue can be sold, or none is in it';
  if (!product) return 'no product is known on this page: give the block data-product-id (recommend() takes product)';
  return `the API knows product "${product}", and nothing that goes with it yet`;
};

const tell = async (what: HTMLElement | RecommendOptions, why: unknown): Promise<void> => {
  const { kind, product, placement }: RecommendOptions =
    what instanceof HTMLElement ? { kind: what.dataset.footfall, product: what.dataset.productId, placement: what.dataset.placement } : what;
  const name = kind || 'recommended';
  const here = product || core.product_?.().product_id;
  const reason = Array.isArray(why) ? empty(name, here, why as Item[]) : await apiSays(why);
  const called = [...new Set([name, placement])].filter(Boolean).join(' · ');
  advise(what instanceof HTMLElement ? `Block ${called} kept the shop's own content: ${reason}` : `recommend() ${called} got nothing: ${reason}`);
};

/** What was kept before this file came, and what will be. */
export const watchKept = (): void => {
  const before = core.kept_ || [];
  const list: typeof before = (core.kept_ = []);
  list.push = (...more) => {
    more.forEach((each) => void tell(...each));
    return 0;
  };
  list.push(...before);
};
