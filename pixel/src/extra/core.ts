/** What the core lends us. */
import type { Core, FootfallWindow, ShopifyMeta } from '../types';

export const W = window as unknown as FootfallWindow;
export const D = document;
export const core = W.footfall!.$ as Core;

export const { attr_: attr } = core;

export const meta = (): ShopifyMeta => W.ShopifyAnalytics?.meta || {};

export const parse = <T>(text: unknown): T | undefined => {
  try {
    return JSON.parse(text as string) as T;
  } catch {
    // no JSON: nothing is known
  }
};
