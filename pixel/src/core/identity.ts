/** Who: guest token, session id, user id. The warehouse recomputes sessions; the id here is a hint. */
import { cookieless, D, hex, keys, L, now, option, read, write } from './env';

const YEAR_S = 365 * 24 * 3600;
const IDLE_MS = 30 * 60 * 1000;
const LONGEST_MS = 24 * 3600 * 1000;

/** Values that client code passes when it has no id; one of them would glue strangers into one person. */
const PLACEHOLDER = /^(nul+|nil|none|un(defined|known)|na?n?|n.a|anon.*|guest|user|true|false|-1|[-0]*|[[(].*)$/i;

export const cookie = (name: string): string | undefined => RegExp(`(^|; )${name}=([^;]+)`).exec(D.cookie)?.[2];

/** Sets the guest token: first-party cookie with a mirror in storage. Without one both go. */
const setGuest = (token?: string): void => {
  const domain = option('cookieDomain');
  write('guest', token);
  if (!cookieless)
    D.cookie = `_ff_guest=${token};path=/;samesite=lax;max-age=${token ? YEAR_S : 0}${domain ? ';domain=' + domain : ''}${L.protocol[4] == 's' ? ';secure' : ''}`;
};

/** Restores or makes the guest token. The cookie wins: the server may have set it. */
export const openIdentity = (): void => setGuest((!cookieless && cookie('_ff_guest')) || read('guest') || hex());

/** Consent withdrawn: everything of ours goes. */
export const shutIdentity = (): void => {
  keys().forEach((key) => write(key));
  setGuest();
};

/** Read anew each time, so that a logout in another tab counts here too. */
export const guest = (): string => read('guest');
export const user = (): string => read('user');

/** Logout: no user, and (unless `data-keep-guest`) a new guest in a new session. */
export const forget = (): void => {
  write('user');
  if (option('keepGuest') != null) return;
  ['session', 'viewed', 'cart'].forEach((key) => write(key));
  setGuest(hex());
};

/** Remembers the user; false where the id is none or the same as before. A second user on this device starts as a
 * new guest: two users are never joined through one token. */
export const setUser = (id: unknown): boolean => {
  const text = `${id ?? ''}`.trim();
  if (PLACEHOLDER.test(text) || text == user()) return false;
  if (user()) forget();
  write('user', text);
  return true;
};

/** The session's id, extended to this moment. Storage is read and written in one go, without waiting in between, so
 * a second tab finds the session that the first one opened. */
export const session = (): string => {
  const t = now();
  let [id, start, last] = read('session').split(' ');
  if (!id || t - +last! > IDLE_MS || t - +start! > LONGEST_MS) {
    id = hex();
    start = `${t}`;
  }
  write('session', `${id} ${start} ${t}`);
  return id;
};
