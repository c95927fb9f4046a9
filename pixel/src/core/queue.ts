/** The queue: messages wait in memory and in storage until the collector has said that they are on disk.
 *
 * Nothing that a dying page sends can be confirmed, so what it had not confirmed stays in storage and the next page
 * sends it again; the message id makes that harmless. Numbers: docs/reference/tracking-plan.md. */
import { collector, hex, keys, now, option, parse, read, W, write } from './env';
import type { Log } from './types';

const WAIT_MS = 3000;
const BATCH = 20;
const BATCH_BYTES = 48 * 1024;
const MESSAGE_BYTES = 32 * 1024;
const KEPT = 500;
const KEPT_CHARS = 256 * 1024;
const KEPT_MS = 24 * 3600 * 1000;
const LONGEST_WAIT_MS = 600_000;

const own = 'q.' + hex().slice(24);
// taken now: a shop's own wrapper around fetch must not see, count or delay our requests, nor we those of ourselves
const post = W.fetch.bind(W);

let queue: string[] = [];
let flying = 0;
let tries = 0;
let most = BATCH;
let timer: ReturnType<typeof setTimeout> | undefined;
let notBefore = 0;
/** Messages given up so far: limiter, overflow, age, refusals. */
export let dropped = 0;
export const drop = (n: number): void => void (dropped += n);

let log: Log | undefined;
export const setLog = (to: Log): void => void (log = to);

const bytes = (text: string): number => new Blob([text]).size;

const persist = (): void => write(own, queue.length ? `[${[now(), dropped, ...queue]}]` : '');

const arm = (ms: number): void => {
  if (timer === undefined) timer = setTimeout(flush, ms);
};

/** How many messages from `start` on fit into one batch. */
const fitting = (start: number): number => {
  let n = 0;
  let size = 200;
  while (n < most && start + n < queue.length) {
    size += bytes(queue[start + n]!) + 1;
    if (n && size > BATCH_BYTES) break;
    n++;
  }
  return n;
};

const body = (start: number, n: number): string =>
  `{"writeKey":${JSON.stringify(option('writeKey') || '')},"sentAt":"${new Date().toISOString()}","batch":[${queue.slice(start, start + n)}]}`;

const url = collector + (option('path') || '/v1/b');

const remove = (n: number): void => {
  queue.splice(0, n);
  persist();
};

const answered = (status: number, retryAfter?: string | null): void => {
  const n = flying;
  flying = 0;
  log?.push(['answer', `${status || 'no answer'} to ${n}`]);
  if (status >= 200 && status < 300) {
    remove(n);
    tries = 0;
    most = BATCH;
  } else if (status == 413 && n > 1) most = n >> 1;
  else if ([400, 401, 403, 410, 413, 422].includes(status)) {
    drop(n);
    remove(n);
  } else if (++tries > (status ? 10 : 3)) {
    // enough for this page; the messages stay, and the next event or the next page tries again
    tries = 0;
    return;
  } else {
    const wait = retryAfter
      ? +retryAfter * 1000 || Date.parse(retryAfter) - now() || WAIT_MS
      : WAIT_MS * 2 ** (tries - 1) * (0.5 + Math.random());
    notBefore = now() + Math.min(wait, LONGEST_WAIT_MS);
    arm(notBefore - now());
    return;
  }
  if (queue.length) flush();
};

/** Sends the next batch, unless one is on its way or the collector asked for patience. */
export const flush = (): void => {
  clearTimeout(timer);
  timer = undefined;
  if (flying || !queue.length) return;
  const early = notBefore - now();
  if (early > 0) return arm(early);
  flying = fitting(0);
  post(url, { method: 'POST', body: body(0, flying), keepalive: true }).then(
    (r) => answered(r.status, r.headers.get('retry-after')),
    () => answered(0),
  );
};

/** The page goes away: everything that is not on its way leaves by beacon, and stays in storage for the next page. */
export const beacon = (): void => {
  for (let at = flying, n; (n = fitting(at)); at += n) {
    if (!navigator.sendBeacon(url, body(at, n))) break;
  }
};

/** A page came back from the browser's cache: what another page has taken over meanwhile is no longer ours. */
export const resume = (): void => {
  if (!read(own)) queue = [];
};

export const push = (message: object): void => {
  const text = JSON.stringify(message);
  log?.push(['queued', message]);
  if (bytes(text) > MESSAGE_BYTES) return drop(1);
  queue.push(text);
  trim();
  persist();
  if (queue.length - flying >= BATCH) flush();
  else arm(WAIT_MS);
};

const trim = (): void => {
  while (queue.length > KEPT || (queue.length > 1 && queue.join().length > KEPT_CHARS)) {
    queue.splice(flying, 1);
    drop(1);
  }
};

/** Takes over what earlier pages (or this one before a crash) could not confirm. */
export const adopt = (): void => {
  keys('q.').forEach((key) => {
    if (key == own) return;
    const [, lost = 0, ...messages] = parse<[number, number, ...Array<{ originalTimestamp: string }>]>(read(key)) || [0];
    write(key, '');
    drop(lost);
    messages.forEach((m) =>
      now() - Date.parse(m.originalTimestamp) < KEPT_MS ? queue.push(JSON.stringify(m)) : drop(1),
    );
  });
  trim();
  persist();
  if (queue.length) arm(WAIT_MS);
};

/** Consent withdrawn: what waits is not sent. */
export const empty = (): void => {
  queue = [];
  flying = 0;
  clearTimeout(timer);
  timer = undefined;
};
