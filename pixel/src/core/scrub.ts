/** What must never leave the page, and the cutting of texts to the wire's limits. */
import { L } from './env';

/** Texts as they go on the wire: one line, without e-mail addresses and without card and SSN shapes.
 * 14 to 19 digits are a card; 13 are left alone, they are the EAN and ISBN numbers that shops print. */
export const clean = (text: unknown): string =>
  `${text ?? ''}`
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/\S+@\S+|\b\d{3}-\d\d-\d{4}\b|\b\d([ -]?\d){13,18}\b/g, '***')
    .slice(0, 255);

/** Query parameters whose values are kept. A GET form writes what was typed into the address, so all others go out
 * as a name without a value. */
const KEPT = /^(utm_.*|q|query|s|search|variant|page|sort.*|filter.*|..?clid)$/;

/** The part of a hash that a router uses as a path, or nothing. */
export const route = (hash: string): string => /^#!?\/[^?&=]*/.exec(hash)?.[0] || '';

/** An address without what it may carry about a person; anything but http is cut to its scheme. */
export const address = (url: string): string | undefined => {
  try {
    const a = new URL(url, L.href);
    if (a.protocol[0] != 'h') return a.protocol;
    for (const [key, value] of new Map(a.searchParams)) a.searchParams.set(key, KEPT.test(key) ? clean(value) : '');
    if (/[=@]/.test(a.hash)) a.hash = route(a.hash);
    return a.href.slice(0, 4096);
  } catch {
    return undefined;
  }
};
