/** The handle in a product's address. */
export const handle = (url: string): string | undefined => /\/products?\/([^/?#]+)/.exec(url)?.[1];
