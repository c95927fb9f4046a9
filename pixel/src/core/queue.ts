/** The queue: messages wait in memory and in storage until the collector has said that they are on disk.
 *
 * Nothing that a dying page sends can be confirmed, so what it had not confirmed stays in storage and the next page
 * sends it again; the message id makes that harmless. Numbers: docs/reference/tracking-plan.md. */
import { hex, keys, now, option, parse, read, script, write } from './env';

const WAIT_MS = 3000;
const BATCH = 20;
const BATCH_BYTES = 48e3;
const MESSAGE_BYTES = 32e3;
const KEPT = 500;
const KEPT_CHARS = 256e3;
const KEPT_MS = 24 * 3600 * 1000;
const LONGEST_WAIT_MS = 600e3;

const own = 'q.' + hex();
const url = (option('collector') ?? new URL(script.src).origin) + (option('path') || '/v1/b');

let queue: string[] = [];
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

/** Keeps what is left of the queue, within its limits; the oldest go first. */
const persist = (): void => {
  while (queue.length > KEPT || queue.join().length > KEPT_CHARS) drop(queue.splice(flying, 1).length);
  write(own, queue[0] && `[${[dropped, ...queue]}]`);
  if (queue.length - flying >= BATCH) flush();
  else if (queue[0]) timer ||= setTimeout(flush, WAIT_MS);
};

/** The batch that starts at a place of the queue: its body and how many messages it holds. */
const batch = (from: number): [string, number] => {
  let n = 0;
  for (let size = 0; n < most && queue[from + n]; n++) {
    size += bytes(queue[from + n]!);
    if (n && size > BATCH_BYTES) break;
  }
  return [`{"writeKey":"${option('writeKey')}","sentAt":"${new Date().toISOString()}","batch":[${queue.slice(from, from + n)}]}`, n];
};

const answered = (status: number, retryAfter?: string | null): void => {
  const n = flying;
  flying = 0;
  if (status == 413 && n > 1) most = n >> 1;
  else if (/^(2|40[013]|41[03]|422)/.test(`${status}`)) {
    if (status > 299) drop(n);
    tries = 0;
    queue.splice(0, n);
    persist();
  } else if (++tries > (status ? 10 : 3)) return void (tries = 0);
  // (enough for this page: the messages stay, and the next event or the next page tries again)
  else notBefore = now() + Math.min(LONGEST_WAIT_MS, +retryAfter! * 1e3 || WAIT_MS * 2 ** (tries - 1) * (0.5 + Math.random()));
  flush();
};

/** Sends the next batch, unless one is on its way or patience was asked for. */
export const flush = (): void => {
  const early = notBefore - now();
  clearTimeout(timer);
  timer = 0;
  if (flying || !queue[0]) return;
  if (early > 0) return void (timer = setTimeout(flush, early));
  const [body, n] = batch(0);
  flying = n;
  // the body is read to its end: until then the browser counts the request against its 64 KB of keepalive
  fetch(url, { method: 'POST', body, keepalive: true })
    .then((r) => r.text().then(() => answered(r.status, r.headers.get('retry-after'))))
    .catch(() => answered(0));
};

/** The page goes away: everything that is not on its way leaves by beacon, and stays in storage for the next page. */
export const beacon = (): void => {
  for (let at = flying; queue[at]; ) {
    const [body, n] = batch(at);
    if (!navigator.sendBeacon(url, body)) break;
    at += n;
  }
};

export const push = (message: object): void => {
  const text = JSON.stringify(message);
  if (bytes(text) > MESSAGE_BYTES) return drop();
  queue.push(text);
  persist();
};

/** Takes over what earlier pages (or one that crashed) could not confirm. */
export const adopt = (): void => {
  for (const key of keys('q.')) {
    if (key == own) continue;
    const [lost, ...messages] = parse<[number, ...Array<{ originalTimestamp: string }>]>(read(key)) || [0];
    write(key);
    drop(lost);
    for (const m of messages)
      if (now() - Date.parse(m.originalTimestamp) < KEPT_MS) queue.push(JSON.stringify(m));
      else drop();
  }
  persist();
};

/** Consent withdrawn: what waits is not sent. */
export const empty = (): void => {
  queue = [];
};
