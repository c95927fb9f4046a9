/** What must never leave the page, and the cutting of texts to the wire's limits. */
import { L } from './env';

/** Set by src/watch/uncard.ts: tells cards from other long numbers. Until it has come all are taken for cards. */
export const numbers: { uncard_?: (run: string) => string } = {};

/** Texts as they go on the wire: one line, without e-mail addresses and without card and SSN shapes. */
export const clean = (text: unknown): string =>
  `${text ?? ''}`
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/\S+@\S+|\b\d{3}-\d\d-\d{4}\b/g, '***')
    .replace(/\d([ -]?\d){13,}/g, (run) => numbers.uncard_?.(run) || '***')
    .slice(0, 255);

/** Query parameters whose values are kept. A GET form writes what was typed into the address, so all others go out
 * as a name without a value. */
const KEPT = /^(utm_.*|q|query|s|search|variant|page|sort.*|filter.*|..?clid)$/;

/** Secrets and people in an address: long runs of hex digits (a password's reset, an account's activation, the page of an
 * order), JSON tokens, which begin as all JSON does in base64, and e-mail addresses. */
const SECRET = /[\da-f]{32,}|(\beyJ|[^/?&=#]+(@|%40))[^/?&#]+/g;

/** The part of a hash that a router uses as a path, or nothing. */
export const route = (hash: string): string => /^#!?\/[^?&=]*/.exec(hash)?.[0] || '';

/** An address without what it may carry about a person; anything but http is cut to its scheme. */
export const address = (url: string): string | undefined => {
  try {
    const a = new URL(url, L.href);
    if (a.protocol[0] != 'h') return a.protocol;
    for (const [key, value] of new Map(a.searchParams)) a.searchParams.set(key, KEPT.test(key) ? (/^v/.test(key) && +value < 1e14 ? value : clean(value)) : '');
    if (/[=@]/.test(a.hash)) a.hash = route(a.hash);
    return a.href.slice(0, 4096).replace(SECRET, '***');
  } catch {
    // no address
  }
};
