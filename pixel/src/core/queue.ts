/** The queue: messages wait in memory and in storage until the collector has said that they are on disk.
 *
 * Nothing that a dying page sends can be confirmed, so what it had not confirmed stays in storage and the next page
 * sends it again; the message id makes that harmless. Numbers: docs/reference/tracking-plan.md. */
import { hex, now, option, script, write } from './env';

const WAIT_MS = 3000;
const BATCH = 20;
const BATCH_BYTES = 48e3;
const MESSAGE_BYTES = 32e3;
const KEPT = 500;
const KEPT_CHARS = 256e3;
const LONGEST_WAIT_MS = 600e3;

/** One message in two JSON texts: what it shares with its neighbours (mostly all of a page), and the rest. */
type Entry = [shared: string, rest: string];

let own = 'q.' + hex();
const url = (option('collector') ?? new URL(script.src).origin) + (option('path') || '/v1/b');

let queue: Entry[] = [];
let flying = 0;
let tries = 0;
let most = BATCH;
let timer: ReturnType<typeof setTimeout> | undefined | 0;
let notBefore = 0;

/** Messages given up so far (limiter, overflow, age, refusals); every message reports it. */
export let dropped = 0;
export const drop = (n = 1): void => {
  dropped += n;
};

/** (A Blob would say it too, but costs half a millisecond.) */
const bytes = (text: string): number => new TextEncoder().encode(text).length;

/** Writes down what is left of the queue, within its limits (the oldest go first): when, how many were dropped, then
 * the messages, and before them what they share, once. */
const keep = (at = now()): void => {
  let text: string;
  const pack = (before?: string): number =>
    (text = `[${[at, dropped, ...queue.flatMap(([shared, rest]) => (shared == before ? rest : [(before = shared), rest]))]}]`).length;
  while (queue.length > KEPT || pack() > KEPT_CHARS) drop(queue.splice(flying, 1).length);
  write(own, queue[0] && text!);
};

/** A full batch goes at once, any other within three seconds. It is written down as it goes, not message by message:
 * a write costs half a millisecond, as much as all the rest of a click. */
const soon = (): void => {
  if (queue.length - flying >= BATCH) flush();
  else timer ||= setTimeout(flush, WAIT_MS);
};

/** The batch that starts at a place of the queue: its body and how many messages it holds. */
const batch = (from: number): [string, number] => {
  const texts: string[] = [];
  let size = 0;
  for (const [shared, rest] of queue.slice(from, from + most)) {
    const text = `${shared.slice(0, -1)},${rest.slice(1)}`;
    size += bytes(text);
    if (texts[0] && size > BATCH_BYTES) break;
    texts.push(text);
  }
  return [`{"writeKey":"${option('writeKey')}","sentAt":"${new Date().toISOString()}","batch":[${texts}]}`, texts.length];
};

const answered = (of: string, status: number, retryAfter?: string | null): void => {
  const n = flying;
  // the page had gone, and came back: others have taken over what it left
  if (of != own) return;
  flying = 0;
  if (status == 413 && n > 1) most = n >> 1;
  else if (/^(2|40[013]|41[03]|422)/.test(`${status}`)) {
    if (status > 299) drop(n);
    tries = 0;
    queue.splice(0, n);
  } else if (++tries > (status ? 10 : 3)) return void (tries = 0);
  // (enough for this page: the messages stay, and the next event or the next page tries again)
  else notBefore = now() + Math.min(LONGEST_WAIT_MS, +retryAfter! * 1e3 || WAIT_MS * 2 ** (tries - 1) * (0.5 + Math.random()));
  flush();
};

/** Writes down what waits and sends the next batch, unless one is on its way or patience was asked for. */
export const flush = (): void => {
  clearTimeout(timer);
  timer = 0;
  keep();
  if (flying || !queue[0]) return;
  const early = notBefore - now();
  if (early > 0) return void (timer = setTimeout(flush, Math.min(early, WAIT_MS)));
  const of = own;
  let body: string;
  [body, flying] = batch(0);
  // the body is read to its end: until then the browser counts the request against its 64 KB of keepalive
  fetch(url, { method: 'POST', body, keepalive: true })
    .then((r) => r.text().then(() => answered(of, r.status, r.headers.get('retry-after'))))
    .catch(() => answered(of, 0));
};

/** The page goes away: everything that is not on its way leaves by beacon, and stays in storage for the next page, or
 * for this one, should the browser bring it back as it was. */
export const beacon = (): void => {
  for (let at = flying; queue[at]; ) {
    const [body, n] = batch(at);
    if (!navigator.sendBeacon(url, body)) break;
    at += n;
  }
  keep(0);
  queue = [];
  flying = 0;
  own = 'q.' + hex();
};

export const push = (shared: object, rest: object): void => {
  const entry: Entry = [JSON.stringify(shared), JSON.stringify(rest)];
  if (bytes(entry.join()) > MESSAGE_BYTES) return drop();
  queue.push(entry);
  soon();
};

/** What another page left: how many it had dropped, and its messages. */
export const adopt = (lost: number, entries: Entry[]): void => {
  drop(lost);
  queue.splice(flying, 0, ...entries);
  keep();
  soon();
};

/** Consent withdrawn: what waits is not sent. */
export const empty = (): void => {
  queue = [];
};
