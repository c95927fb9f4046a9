import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { page } from './page';

type Queue = typeof import('../src/core/queue');

let queue: Queue;
let answers: Array<[status: number, headers?: Record<string, string>]>;
let sent: string[][];

const load = async (): Promise<void> => {
  vi.resetModules();
  queue = await import('../src/core/queue');
};

beforeEach(async () => {
  vi.useFakeTimers({ now: new Date('2026-03-01T10:00:00Z') });
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  page();
  answers = [];
  sent = [];
  vi.stubGlobal('fetch', (_: string, init: { body: string }) => {
    const ids = (JSON.parse(init.body) as { batch: Array<{ messageId: string }> }).batch.map((m) => m.messageId);
    sent.push(ids);
    const [status, headers] = answers.shift() || [200];
    return status ? Promise.resolve(new Response('{}', { status, headers })) : Promise.reject(new TypeError('down'));
  });
  await load();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const message = (id: string, size = 0, age = 0): object => ({
  messageId: id,
  originalTimestamp: new Date(Date.now() - age).toISOString(),
  text: 'x'.repeat(size),
});
/** What the messages of a page have in common, as large as it is in a shop. */
const SHARED = { anonymousId: 'g'.repeat(32), context: { page: 'p'.repeat(300), browser: 'b'.repeat(550) } };
const push = (m: object, shared: object = SHARED): void => {
  queue.later(() => queue.push([JSON.stringify(shared), JSON.stringify(m)]));
  queue.settle();
};
/** The next page, `age` milliseconds later. */
const nextPage = async (age = 0): Promise<void> => {
  const now = Date.now();
  // (this sets the clock back to where it began)
  vi.clearAllTimers();
  vi.setSystemTime(now + age);
  await load();
  const { keys, read, write } = await import('../src/core/env');
  vi.stubGlobal('footfall', { $: { keys_: keys, read_: read, write_: write, own_: () => queue.own, adopt_: queue.adopt } });
  (await import('../src/watch/adopt')).adopt();
};
const wait = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const stored = (): string[] => Object.keys(localStorage).filter((k) => k.startsWith('ff_q.'));

describe('batches', () => {
  it('waits three seconds', async () => {
    push(message('a'));
    push(message('b'));
    await wait(2999);
    expect(sent).toEqual([]);
    await wait(1);
    expect(sent).toEqual([['a', 'b']]);
    expect(stored()).toEqual([]);
  });

  it('goes at once at twenty messages', async () => {
    for (let i = 0; i < 21; i++) push(message(`${i}`));
    await wait(0);
    expect(sent.map((s) => s.length)).toEqual([20, 1]);
  });

  it('holds 48 KB', async () => {
    for (let i = 0; i < 6; i++) push(message(`${i}`, 14_500));
    await wait(3000);
    expect(sent.map((s) => s.length)).toEqual([3, 3]);
  });

  it('counts bytes, not letters', async () => {
    for (let i = 0; i < 2; i++) push({ ...message(`${i}`), text: '水'.repeat(10_000) });
    await wait(3000);
    expect(sent.map((s) => s.length)).toEqual([1, 1]);
  });

  it('drops a message of over 32 KB and says so', () => {
    push(message('huge', 33_000));
    expect(queue.dropped).toBe(1);
  });
});

describe('what an answer leads to', () => {
  it.each([400, 401, 403, 410, 422])('%i: never again', async (status) => {
    answers = [[status]];
    push(message('a'));
    await wait(60_000);
    expect(sent).toEqual([['a']]);
    expect(queue.dropped).toBe(1);
    expect(stored()).toEqual([]);
  });

  it.each([500, 502, 408])('%i: again after 3 s, 6 s, 12 s', async (status) => {
    answers = [[status], [status], [status]];
    push(message('a'));
    await wait(3000);
    for (const [before, ms] of [[1, 3000], [2, 6000], [3, 12_000]] as const) {
      await wait(ms - 1);
      expect(sent.length).toBe(before);
      await wait(1);
      expect(sent.length).toBe(before + 1);
    }
    expect(stored()).toEqual([]);
  });

  it('waits ten minutes at most and stops after ten tries', async () => {
    answers = Array.from({ length: 40 }, () => [500]);
    push(message('a'));
    await wait(24 * 3600_000);
    expect(sent.length).toBe(11);
    expect(queue.dropped).toBe(0);
    expect(stored().length).toBe(1);
  });

  it('no answer at all: three tries more, then the next event tries again', async () => {
    answers = Array.from({ length: 4 }, () => [0]);
    push(message('a'));
    await wait(3600_000);
    expect(sent.length).toBe(4);
    push(message('b'));
    await wait(3000);
    expect(sent[4]).toEqual(['a', 'b']);
    expect(stored()).toEqual([]);
  });

  it.each([429, 503])('%i: obeys Retry-After', async (status) => {
    answers = [[status, { 'Retry-After': '40' }]];
    push(message('a'));
    await wait(3000 + 39_000);
    push(message('b'));
    expect(sent.length).toBe(1);
    await wait(1000);
    expect(sent[1]).toEqual(['a', 'b']);
  });

  it.each([[1800, 1800], [99_999, 3600]])('waits %i s, longer than it would by itself, where it is asked to: %i', async (asked, waited) => {
    answers = [[429, { 'Retry-After': `${asked}` }]];
    push(message('a'));
    await wait(3000 + waited * 1000 - 1);
    expect(sent.length).toBe(1);
    await wait(3001);
    expect(sent.length).toBe(2);
  });

  it('413: halves, down to one message that is given up', async () => {
    answers = [[413], [413], [413]];
    for (const id of 'abcd') push(message(id));
    await wait(3000);
    expect(sent.slice(0, 4)).toEqual([['a', 'b', 'c', 'd'], ['a', 'b'], ['a'], ['b']]);
    expect(queue.dropped).toBe(1);
    expect(sent.slice(4)).toEqual([['c'], ['d']]);
  });
});

describe('storage', () => {
  const kept = (): [number, number, ...Array<{ messageId?: string }>] => JSON.parse(localStorage[stored()[0]!] as string);
  const ids = (): string[] => kept().flatMap((m) => (m as { messageId?: string }).messageId || []);

  it('keeps 500 messages, the youngest', async () => {
    answers = Array.from({ length: 100 }, () => [0]);
    for (let i = 0; i < 520; i++) push(message(`${i}`));
    await wait(0);
    expect(ids().length).toBe(500);
    expect(ids()[499]).toBe('519');
    expect(kept()[1]).toBe(20);
    expect(queue.dropped).toBe(20);
  });

  it('is written as a batch goes, not message by message, and each three seconds while the collector is down', async () => {
    answers = [[503, { 'retry-after': '60' }]];
    push(message('a'));
    await wait(2999);
    expect(stored()).toEqual([]);
    await wait(1);
    expect(ids()).toEqual(['a']);
    push(message('b'));
    await wait(3000);
    expect(ids()).toEqual(['a', 'b']);
    expect(sent).toEqual([['a']]);
    await wait(57_000);
    expect(sent).toEqual([['a'], ['a', 'b']]);
    expect(stored()).toEqual([]);
  });

  it('has room for 500 messages of 125 pages, each page written down once', async () => {
    answers = Array.from({ length: 100 }, () => [0]);
    for (let i = 0; i < 500; i++) push(message(`${i}`, 170), { ...SHARED, page: i >> 2 });
    await wait(0);
    expect(ids().length).toBe(500);
    expect(queue.dropped).toBe(0);
    expect((localStorage[stored()[0]!] as string).length).toBeLessThan(256e3);
  });

  it('counts what did not fit', async () => {
    answers = Array.from({ length: 100 }, () => [0]);
    for (let i = 0; i < 20; i++) push(message(`${i}`, 20_000));
    await wait(0);
    expect(queue.dropped).toBe(20 - ids().length);
    expect(ids()).toContain('19');
    // what all have in common still stands before the first that was kept
    expect(kept()[2]).toEqual(SHARED);
  });

  it('a later page takes over what was not confirmed, whole, but nothing older than a day', async () => {
    const bodies: string[] = [];
    answers = [[0]];
    push(message('old', 0, 25 * 3600_000));
    push(message('young'));
    await wait(3000);
    await nextPage(20_000);
    expect(queue.dropped).toBe(1);
    vi.stubGlobal('fetch', (_: string, init: { body: string }) => bodies.push(init.body) && Promise.resolve(new Response('{}')));
    await wait(3000);
    expect(JSON.parse(bodies[0]!).batch).toEqual([{ ...SHARED, ...message('young', 0, 26_000) }]);
    expect(stored()).toEqual([]);
  });

  it('leaves the messages of a page that lives to it, and looks again', async () => {
    answers = [[0]];
    push(message('a'));
    await wait(3000);
    await nextPage(5000);
    await wait(4999);
    expect(sent).toEqual([['a']]);
    await wait(8001);
    expect(sent).toEqual([['a'], ['a']]);
  });

  it('what a dying page sent by beacon stays until it is confirmed; the next page sends it again when it may be lost', async () => {
    const beacons: string[] = [];
    vi.stubGlobal('navigator', { sendBeacon: (_: string, body: string) => beacons.push(body) });
    push(message('a'));
    queue.beacon();
    expect(beacons.length).toBe(1);
    expect(stored().length).toBe(1);
    await nextPage();
    await wait(9999);
    expect(sent).toEqual([]);
    await wait(2);
    expect(sent).toEqual([['a']]);
    expect(stored()).toEqual([]);
  });

  it('a later page asks a collector in trouble no sooner than the one before would have', async () => {
    answers = [[503, { 'retry-after': '40' }]];
    push(message('a'));
    await wait(3000);
    while (!localStorage.ff_wait) await wait(0);
    await nextPage(12_000);
    push(message('b'));
    await wait(27_999);
    expect(sent).toEqual([['a']]);
    await wait(1);
    expect(sent).toEqual([['a'], ['a', 'b']]);
    expect(localStorage.ff_wait).toBeUndefined();
  });

  it('at an exit in an outage only what never was on its way leaves', async () => {
    const beacons: string[] = [];
    vi.stubGlobal('navigator', { sendBeacon: (_: string, body: string) => beacons.push(body) });
    answers = [[0]];
    push(message('a'));
    await wait(3000);
    push(message('b'));
    queue.beacon();
    expect(beacons.map((body) => (JSON.parse(body) as { batch: Array<{ messageId: string }> }).batch.map((m) => m.messageId))).toEqual([['b']]);
    expect(ids()).toEqual(['a', 'b']);
  });

  it('a clock that was set back delays by little more than an hour at most', async () => {
    localStorage.ff_wait = `${Date.now() + 30 * 24 * 3600_000} 3`;
    push(message('a'));
    await wait(4_000_000 + 3000);
    expect(sent).toEqual([['a']]);
  });

  it('a page that comes back as it was does not send again what it left to others', async () => {
    vi.stubGlobal('navigator', { sendBeacon: () => true });
    push(message('a'));
    queue.beacon();
    push(message('b'));
    await wait(3000);
    expect(sent).toEqual([['b']]);
    expect(stored().length).toBe(1);
  });
});
