/** Who: guest token, session id, user id. The warehouse recomputes sessions; the id here is a hint. */
import { D, hex, keys, L, now, option, read, shut, write } from './env';

const YEAR_S = 365 * 24 * 3600;
const IDLE_MS = 30 * 60 * 1000;
const LONGEST_MS = 24 * 3600 * 1000;

let jar: string;
let opened = 0;

/** A cookie's value, at most nine seconds old: asking the browser again takes one or two milliseconds. */
export const cookie = (name: string): string | undefined => {
  if (!shut && now() - opened > 9e3) {
    jar = ' ' + D.cookie;
    opened = now();
  }
  return RegExp(`.* ${name}=([^;]+)`).exec(jar)?.[1];
};

/** (A cookie of the host's own, from before the shop named a domain, would stand beside the domain's, and before it.) */
const setCookie = (token: string, domain = ''): void => {
  if (domain) setCookie('');
  D.cookie = `_ff_guest=${token};path=/;samesite=lax;max-age=${token ? YEAR_S : 0};domain=${domain}${L.protocol[4] == 's' ? ';secure' : ''}`;
};

/** Sets the guest token, by itself another one: first-party cookie with a mirror in storage. An empty one erases both. (An empty
 * domain is the host's own.) */
export const setGuest = (token = hex()): void => {
  write('guest', token);
  write('asked');
  if (shut) return;
  // (what the jar holds is another's)
  opened = 0;
  setCookie(token, option('cookieDomain'));
};

/** Restores or makes the guest token. The cookie wins: the server may have set it. A visit renews it. */
export const openIdentity = (): void => {
  const known = cookie('_ff_guest');
  if (known && now() - +read('session').split(' ')[2]! < IDLE_MS) write('guest', known);
  else setGuest(known || read('guest') || undefined);
};

/** Consent withdrawn: everything of ours goes. */
export const shutIdentity = (): void => {
  keys().forEach((key) => write(key));
  setGuest('');
};

/** Read again each time, so that a logout in another tab counts here too. A shop may empty the storage in the middle of a visit,
 * as some do when people log out: a visitor without a token would be nobody, and all messages refused. */
export const guest = (): string => {
  if (!read('guest')) openIdentity();
  return read('guest');
};
export const user = (): string => read('user');

/** The session's id, extended to this second; a campaign (one word) other than the session's own opens a new one.
 * Storage is read and written in one go, without waiting in between, so a second tab finds the session that the first
 * one opened. */
export const session = (campaign?: string): string => {
  const t = now();
  let [id, start, last, from] = read('session').split(' ');
  if (!id || t - +last! > IDLE_MS || t - +start! > LONGEST_MS || (campaign && campaign != from)) {
    id = hex();
    start = `${t}`;
    last = '';
    from = campaign;
  }
  if (t - +last! > 1000) write('session', [id, start, t, from].join(' '));
  return id;
};
