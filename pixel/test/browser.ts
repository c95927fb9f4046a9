/** A browser in small: pages that open and go over one storage, a collector with good and bad times, and a clock that
 * jumps from event to event. The pages run the real queue and the real adoption (src/core/queue.ts, src/watch/adopt.ts). */
import { buildSync } from 'esbuild';

/** How the collector is: it answers; takes what it gets but answers late; refuses at once; swallows all; asks for patience. */
export type Mode = 'up' | 'slow' | 'down' | 'hanging' | 'busy';

const ANSWER_MS: Record<Mode, number> = { up: 50, slow: 2000, down: 20, hanging: 60_000, busy: 50 };

const code = buildSync({
  stdin: {
    contents: `
      import { adopt } from './src/watch/adopt';
      import { keys, read, write } from './src/core/env';
      import * as queue from './src/core/queue';
      Object.assign(window.footfall.$, { keys_: keys, read_: read, write_: write, own_: () => queue.own, adopt_: queue.adopt });
      export const { push, later, settle, flush, beacon } = queue;
      export { adopt };`,
    resolveDir: '.',
  },
  bundle: true,
  write: false,
  format: 'iife',
  globalName: 'pixel',
  target: 'es2021',
}).outputFiles[0]!.text;

interface Pixel {
  push(entry: [shared: string, rest: string]): void;
  later(say: () => void): void;
  settle(): void;
  flush(going?: boolean): void;
  beacon(): void;
  adopt(): void;
}

export interface Page {
  pixel: Pixel;
  alive: boolean;
}

export class Browser {
  now = Date.parse('2026-03-01T10:00:00Z');
  mode: Mode = 'up';
  storage: Record<string, string> = {};
  /** How often each message was sent, and how often the collector took it. */
  sent = new Map<string, number>();
  taken = new Map<string, number>();
  pushed: string[] = [];
  private events: Array<{ at: number; id: number; run(): void }> = [];
  private ids = 0;
  private holder: Page | undefined;
  private queued: Array<() => void> = [];
  private random: number;

  constructor(seed = 1) {
    this.random = seed;
  }

  private later(page: Page | undefined, run: () => void, ms = 0): number {
    const id = ++this.ids;
    this.events.push({ at: this.now + Math.max(0, ms), id, run: () => (!page || page.alive) && run() });
    return id;
  }

  /** Lets time pass; what was due happens in order, each with all that its promises lead to. */
  async wait(ms: number): Promise<void> {
    const until = this.now + ms;
    for (;;) {
      await new Promise(setImmediate);
      const next = this.events.reduce<(typeof this.events)[0] | undefined>((a, b) => (a && (a.at < b.at || (a.at == b.at && a.id < b.id)) ? a : b), undefined);
      if (!next || next.at > until) break;
      this.events.splice(this.events.indexOf(next), 1);
      this.now = next.at;
      next.run();
    }
    this.now = until;
  }

  private receive(body: string): void {
    for (const { messageId } of (JSON.parse(body) as { batch: Array<{ messageId: string }> }).batch) {
      this.sent.set(messageId, (this.sent.get(messageId) || 0) + 1);
      if (this.mode == 'up' || this.mode == 'slow') this.taken.set(messageId, (this.taken.get(messageId) || 0) + 1);
    }
  }

  private release(): void {
    this.holder = undefined;
    this.queued.shift()?.();
  }

  /** A page with the core; what other pages left is looked for in a moment, as by the lazy file. */
  open(): Page {
    const page = { alive: true } as Page;
    const clock = (): number => this.now;
    const globals = {
      localStorage: this.storage,
      window: { footfall: { $: {} } },
      document: { currentScript: { dataset: { writeKey: 'wk' }, src: 'https://collector.example/footfall.js' } },
      location: {},
      Date: class extends Date {
        constructor(value: number | string = clock()) {
          super(value);
        }
        static override now = clock;
      },
      Math: Object.assign(Object.create(Math), { random: () => (this.random = (this.random * 16807) % 2147483647) / 2147483647 }),
      crypto: { getRandomValues: () => new Uint16Array(new Uint32Array([0, 0, 0, ++this.ids]).buffer) },
      setTimeout: (run: () => void, ms?: number) => this.later(page, run, ms),
      clearTimeout: (id: number) => void (this.events = this.events.filter((e) => e.id != id)),
      fetch: (_: string, { body }: { body: string }) => {
        const { mode } = this;
        this.receive(body);
        return new Promise((answer, fail) => {
          const status = mode == 'busy' ? 503 : 200;
          const headers = { get: () => (mode == 'busy' ? '20' : null) };
          const good = mode != 'down' && mode != 'hanging';
          this.later(page, () => (good ? answer({ status, headers, text: async () => '' }) : fail(new TypeError())), ANSWER_MS[mode]);
        });
      },
      navigator: {
        sendBeacon: (_: string, body: string) => (this.receive(body), true),
        locks: {
          request: async (_: string, run: () => unknown) => {
            if (this.holder) await new Promise<void>((done) => this.queued.push(done));
            if (!page.alive) return this.release();
            this.holder = page;
            await run();
            if (this.holder == page) this.release();
          },
        },
      },
    };
    page.pixel = new Function(...Object.keys(globals), `${code};return pixel`)(...Object.values(globals)) as Pixel;
    this.later(page, page.pixel.adopt, 30);
    return page;
  }

  push(page: Page): void {
    const messageId = `m${this.pushed.length}`;
    this.pushed.push(messageId);
    page.pixel.later(() => page.pixel.push([JSON.stringify({ anonymousId: 'g' }), JSON.stringify({ messageId, originalTimestamp: new Date(this.now).toISOString() })]));
    page.pixel.settle();
  }

  /** The page goes. A navigation is known some moments before (`notice` ms); a closed tab is not. */
  async exit(page: Page, notice?: number): Promise<void> {
    if (!page.alive) return;
    if (notice != undefined) {
      page.pixel.flush(true);
      await this.wait(notice);
    }
    page.pixel.beacon();
    page.alive = false;
    if (this.holder == page) this.release();
  }
}
