/** Who: guest token, session id, user id. The warehouse recomputes sessions; the id here is a hint. */
import { D, hex, L, now, openStorage, option, read, write } from './env';

const COOKIE = '_ff_guest';
const YEAR_S = 365 * 24 * 3600;
const IDLE_MS = 30 * 60 * 1000;
const LONGEST_MS = 24 * 3600 * 1000;

/** Values that client code passes when it has no id; one of them would glue strangers into one person. */
const PLACEHOLDER =
  /^\s*(nul+|nil|none|undefined|nan|n\/?a|anon(ymous)?|guest|user|unknown|true|false|0|-1|\[object object\]|[0-]+)?\s*$/i;

const bake = (value: string, age: number): void => {
  const domain = option('cookieDomain');
  D.cookie =
    `${COOKIE}=${value};path=/;max-age=${age};samesite=lax` +
    (domain ? `;domain=${domain}` : '') +
    (L.protocol == 'https:' ? ';secure' : '');
};

const keep = (token: string): void => {
  write('guest', token);
  if (option('cookieless') == null) bake(token, YEAR_S);
};

/** Opens storage and restores or makes the guest token. The cookie wins: the server may have set it. */
export const openIdentity = (): void => {
  const cookieless = option('cookieless') != null;
  openStorage(!cookieless);
  const cookie = new RegExp(`(?:^|; )${COOKIE}=([\\w-]{16,64})`).exec(D.cookie);
  keep((!cookieless && cookie?.[1]) || read('guest') || hex());
};

/** Consent withdrawn: everything of ours goes. */
export const closeIdentity = (): void => {
  openStorage(false);
  bake('', 0);
};

/** Read anew each time, so that a logout in another tab counts here too. */
export const guest = (): string => {
  if (!read('guest')) keep(hex());
  return read('guest');
};

export const user = (): string => read('user');

/** Remembers the user; false where the id is none or the same as before. A second user on this device starts a new
 * guest: two users are never joined through one token. */
export const setUser = (id: unknown): boolean => {
  const text = String(id ?? '').trim();
  if (PLACEHOLDER.test(text) || text == user()) return false;
  if (user()) forget();
  write('user', text);
  return true;
};

/** Logout: no user, and (unless `data-keep-guest`) a new guest in a new session. */
export const forget = (): void => {
  write('user', '');
  if (option('keepGuest') != null) return;
  ['session', 'viewed', 'cart'].forEach((key) => write(key, ''));
  keep(hex());
};

const campaign = (): string =>
  option('campaignSession') == null ? '' : (L.search.match(/utm_\w+=[^&#]*/g) || []).join().replace(/\s/g, '');

/** The session's id, extended to this moment. Storage is read and written in one go, without waiting in between, so
 * a second tab finds the session that the first one opened. */
export const session = (): string => {
  const t = now();
  const [id, start, last, from] = read('session').split(' ');
  const label = campaign();
  const fresh = !id || t - +last! > IDLE_MS || t - +start! > LONGEST_MS || (label && label != from);
  const next = fresh ? hex() : id;
  write('session', [next, fresh ? t : start, t, label || from || ''].join(' '));
  return next;
};
