/** What must never leave the page, and the cutting of texts to the wire's limits. */
import { L } from './env';

const MASK = '***';

/** Texts as they go on the wire: one line, without e-mail addresses and without card and SSN shapes.
 * 14 to 19 digits is a card; 13 are left alone, they are the EAN and ISBN numbers that shops print. */
export const clean = (text: unknown, limit = 255): string =>
  String(text ?? '')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/\S+@\S+\.\w+|\b\d{3}-\d\d-\d{4}\b|\b\d(?:[ -]?\d){13,18}\b/g, MASK)
    .slice(0, limit);

/** Query parameters whose values are kept. A GET form writes what was typed into the address, so all others go out
 * as a name without a value. */
const KEPT = /^(utm_\w+|q|query|s|search|variant|page|view|sort\w*|filter.*|(g|fb|ms|tt)clid)$/;

/** The part of a hash that a router uses as a path, or nothing. */
export const route = (hash: string): string => /^#!?\/[^?&=]*/.exec(hash)?.[0] || '';

/** An address without what it may carry about a person; anything but http is cut to its scheme. */
export const address = (url: string, limit = 4096): string | undefined => {
  if (!url) return undefined;
  try {
    const a = new URL(url, L.href);
    if (!/^http/.test(a.protocol)) return a.protocol;
    a.username = a.password = '';
    new Set(a.searchParams.keys()).forEach((key) =>
      a.searchParams.set(key, KEPT.test(key) ? clean(a.searchParams.get(key)) : ''),
    );
    a.hash = /[=]/.test(a.hash) ? route(a.hash) : a.hash;
    return a.href.slice(0, limit);
  } catch {
    return undefined;
  }
};
