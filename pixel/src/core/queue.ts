/** The queue: messages wait in memory and in storage until the collector has said that they are on disk.
 *
 * Nothing that a dying page sends can be confirmed, so what it had not confirmed stays in storage, and a later page
 * sends it again; the message id makes that harmless. A page's record in storage says when it was written: for the
 * lease that starts then (src/watch/adopt.ts) others leave it alone, since that page lives, or an answer may be on its
 * way. When to ask a collector in trouble again stands in storage too, one moment for all pages.
 * Numbers: docs/reference/tracking-plan.md. */
import { hex, now, option, read, run, script, write } from './env';

const WAIT_MS = 3000;
const BATCH = 20;
const BATCH_BYTES = 48e3;
const MESSAGE_BYTES = 32e3;
const KEPT = 500;
const KEPT_CHARS = 256e3;
const LONGEST_WAIT_MS = 600e3;
/** A collector may ask for an hour (ours asks for no more), and nothing that waits says more than this. */
const LONGEST_ASKED_MS = 36e5;
const BEYOND_MS = 4e6;

/** One message in two JSON texts: what it shares with its neighbours (mostly all of a page), and the rest; and whether
 * it has been on its way before, from this page or another. */
type Entry = [shared: string, rest: string, handed?: unknown];

const url = (option('collector') ?? new URL(script.src).origin) + (option('path') || '/v1/b');

/** This page's record in storage. */
export let own: string;
let queue: Entry[];
/** What is on its way. */
let flying: Entry[];
/** Failures since the collector last answered well, of all pages. */
let tries: number;
let most = BATCH;
let timer: ReturnType<typeof setTimeout> | undefined;
/** What is put into words with the next batch, or with the next message. */
let due: Array<() => void>;

/** An empty queue under another name: nothing that was on its way is this page's any more. */
export const empty = (): void => {
  queue = [];
  flying = [];
  due = [];
  own = 'q.' + hex();
};
empty();

/** Messages given up so far (limiter, overflow, age, refusals); every message reports it. */
export let dropped = 0;
export const drop = (n = 1): void => {
  dropped += n;
};

/** (A Blob would say it too, but costs half a millisecond.) */
const bytes = (text: string): number => new TextEncoder().encode(text).length;

/** Writes down what is left of the queue, within its limits (the oldest go first): when, how many were dropped, then
 * the messages, and before them what they share, once. */
const keep = (): void => {
  let text: string;
  const pack = (before?: string): number =>
    (text = `[${[now(), dropped, ...queue.flatMap(([shared, rest]) => (shared == before ? rest : [(before = shared), rest]))]}]`).length;
  while (queue[KEPT] || pack() > KEPT_CHARS) {
    drop();
    queue.shift();
  }
  write(own, queue[0] && text!);
};

/** Has something said later, but within the three seconds: what waits is in memory until then in either case. */
export const later = (say: () => void): void => {
  due.push(say);
  timer ||= setTimeout(flush, WAIT_MS);
};

/** Says what was to be said later: before anything that is said now, and before the visitor is another one. */
export const settle = (): void => run(due);

/** A batch from the start of a list: its body and what it holds. */
const batch = (list: Entry[]): [string, Entry[]] => {
  const texts: string[] = [];
  let size = 0;
  for (const entry of list.slice(0, most)) {
    const text = `${entry[0].slice(0, -1)},${entry[1].slice(1)}`;
    size += bytes(text);
    if (texts[0] && size > BATCH_BYTES) break;
    texts.push(text);
    entry[2] = 1;
  }
  return [`{"writeKey":"${option('writeKey')}","sentAt":"${new Date().toISOString()}","batch":[${texts}]}`, list.slice(0, texts.length)];
};

const fresh = (): Entry[] => queue.filter((entry) => !entry[2]);

const stop = (): void => {
  timer = clearTimeout(timer) as undefined;
};

const answered = (of: string, probe: unknown, status: number, retryAfter?: string | null): void => {
  const done = flying;
  // the page had gone, and came back: others take over what it left
  if (of != own) return;
  flying = [];
  if (status == 413 && done[1]) most = done.length >> 1;
  else if (/^(2|40[013]|41[03]|422)/.test(`${status}`)) {
    if (status > 299) drop(done.length);
    write('wait');
    queue = queue.filter((entry) => !done.includes(entry));
  } else if (!probe) {
    tries++;
    // no page asks again before this has passed
    write('wait', `${now() + Math.min(LONGEST_ASKED_MS, +retryAfter! * 1e3 || Math.min(LONGEST_WAIT_MS, (WAIT_MS / 2) * 2 ** tries * (0.5 + Math.random())))} ${tries}`);
    // enough for this page: the messages stay, and the next event or another page tries again
    if (tries > (status ? 10 : 3)) return stop();
  }
  flush();
};

/** Writes down what waits and sends the next batch, unless one is on its way or patience was asked for. Comes again
 * while anything waits: that renews the lease. Where the page is about to go, what was never on its way does not wait:
 * its answer, if there still is one, says whether the rest has to. */
export const flush = (going?: unknown): void => {
  settle();
  stop();
  keep();
  if (!queue[0]) return;
  const [due, failures] = read('wait').split(' ');
  // (never longer than it can be: a clock that was set back must not silence us)
  const early = Math.max(0, +due! - now()) % BEYOND_MS;
  const of = own;
  const list = early ? (going ? fresh() : []) : queue;
  tries = +failures! || 0;
  timer = setTimeout(flush, Math.min(early || WAIT_MS, WAIT_MS));
  if (flying[0] || !list[0]) return;
  let body: string;
  [body, flying] = batch(list);
  // the body is read to its end: until then the browser counts the request against its 64 KB of keepalive
  fetch(url, { method: 'POST', body, keepalive: true })
    .then((r) => r.text().then(() => answered(of, early, r.status, r.headers.get('retry-after'))))
    .catch(() => answered(of, early, 0));
};

/** The page goes away: what was never on its way leaves by beacon, and all stays in storage for the next page, or for
 * this one, should the browser bring it back as it was. */
export const beacon = (): void => {
  settle();
  for (let list: Entry[]; (list = fresh())[0] && navigator.sendBeacon?.(url, batch(list)[0]); );
  keep();
  empty();
};

/** Each twentieth message sends at once (but not within the event that made it), any other when its three seconds are over. The
 * queue is written down as it goes, not message by message: a write costs half a millisecond, as much as all the rest
 * of a click. */
export const push = (entry: Entry): void => {
  const text = entry.join();
  if (bytes(text) > MESSAGE_BYTES) return drop();
  queue.push(entry);
  if (queue.length % BATCH == 0) setTimeout(flush);
};

/** What another page left: how many it had dropped, and its messages. They go at once where no patience is asked for:
 * what piles up from short visits would overflow one day. */
export const adopt = (lost: number, entries: Entry[]): void => {
  drop(lost);
  queue.unshift(...entries);
  keep();
  setTimeout(flush);
};
