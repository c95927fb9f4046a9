// @vitest-environment node
/** What holds for any visit: pages that open and go, by a link or a closed tab, in one tab or two, while the collector is
 * up, slow, down, hanging or busy. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Browser, type Mode, type Page } from './browser';

// the same visits every time; FOOTFALL_SEED=2 draws others
fc.configureGlobal({ seed: Number(process.env.FOOTFALL_SEED ?? 1) });

const MINUTE = 60_000;
const modes: Mode[] = ['up', 'slow', 'down', 'hanging', 'busy'];

type Step = { tab: 0 | 1; messages: number; stay: number; notice: number | undefined; mode: Mode | undefined };

const step = (others: Mode[]): fc.Arbitrary<Step> =>
  fc.record({
    tab: fc.constantFrom(0, 0, 0, 1),
    messages: fc.integer({ min: 0, max: 6 }),
    stay: fc.constantFrom(0, 40, 200, 1000, 3500, 9000, 20_000, 5 * MINUTE),
    notice: fc.option(fc.constantFrom(0, 60, 300), { nil: undefined }),
    mode: fc.option(fc.constantFrom(...others), { nil: undefined }),
  });

/** Each step: a page in a tab (the tab's last one goes), some messages, some time. */
const visit = async (browser: Browser, steps: Step[]): Promise<void> => {
  const tabs: Array<Page | undefined> = [];
  for (const { tab, messages, stay, notice, mode } of steps) {
    browser.mode = mode || browser.mode;
    if (tabs[tab]) await browser.exit(tabs[tab], notice);
    const page = (tabs[tab] = browser.open());
    for (let i = 0; i < messages; i++) browser.push(page);
    await browser.wait(stay);
  }
  for (const page of tabs) if (page) await browser.exit(page);
};

const most = (counts: Map<string, number>): number => Math.max(0, ...counts.values());

it('loses nothing: every message is with the collector once it has been up for a while', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step(modes), { minLength: 1, maxLength: 25 }), fc.integer({ min: 1, max: 1e6 }), async (steps, seed) => {
      const browser = new Browser(seed);
      await visit(browser, steps);
      browser.mode = 'up';
      browser.open();
      await browser.wait(15 * MINUTE);
      expect([...browser.taken.keys()].sort()).toEqual([...browser.pushed].sort());
      expect(Object.keys(browser.storage)).toEqual([]);
    }),
    { numRuns: 150 },
  );
}, 120_000);

it('sends once what is answered before the page goes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step(['up']), { minLength: 1, maxLength: 25 }), async (steps) => {
      const browser = new Browser();
      await visit(browser, steps.map((s) => ({ ...s, notice: 60 })).concat({ tab: 0, messages: 0, stay: MINUTE, notice: 60, mode: 'up' }));
      // (the last page of each tab is closed without notice, long after it said its last)
      const last = browser.pushed.filter((id) => browser.taken.get(id) != 1);
      expect(last.length).toBeLessThanOrEqual(6);
      expect(most(browser.sent)).toBeLessThanOrEqual(2);
    }),
    { numRuns: 100 },
  );
}, 60_000);

it('sends at most twice what a page left unanswered, while the collector is up and pages live for four seconds', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step(['up']), { minLength: 1, maxLength: 25 }), async (steps) => {
      const browser = new Browser();
      await visit(browser, steps.map((s) => ({ ...s, stay: Math.max(4000, s.stay) })));
      browser.open();
      await browser.wait(MINUTE);
      expect([...browser.taken.keys()].sort()).toEqual([...browser.pushed].sort());
      expect(most(browser.sent)).toBeLessThanOrEqual(2);
    }),
    { numRuns: 100 },
  );
}, 60_000);

it('asks a collector that is gone for a minute a few times, however many pages the visitor opens', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom<Mode>('down', 'hanging', 'busy'),
      fc.array(fc.record({ messages: fc.integer({ min: 1, max: 6 }), stay: fc.integer({ min: 100, max: 5000 }), notice: fc.option(fc.constantFrom(0, 60, 300), { nil: undefined }) }), { minLength: 40, maxLength: 60 }),
      fc.integer({ min: 1, max: 1e6 }),
      async (mode, pages, seed) => {
        const browser = new Browser(seed);
        browser.mode = mode;
        const until = browser.now + MINUTE;
        for (const { messages, stay, notice } of pages) {
          if (browser.now > until) break;
          const page = browser.open();
          for (let i = 0; i < messages; i++) browser.push(page);
          await browser.wait(stay);
          await browser.exit(page, notice);
        }
        // once as it was made; then 1.5, 3, 6, 12, 24 s after the try before, at the least, or where no failure is ever
        // seen, since no page lives as long as the browser waits for an answer, each time that a lease of 10 s is over
        expect(most(browser.sent)).toBeLessThanOrEqual(7);
        const copies = [...browser.sent.values()].reduce((a, b) => a + b, 0);
        expect(copies).toBeLessThanOrEqual(mode == 'hanging' ? browser.pushed.length * 3 : browser.pushed.length + 7 * 20);
        browser.mode = 'up';
        browser.open();
        await browser.wait(15 * MINUTE);
        expect([...browser.taken.keys()].sort()).toEqual([...browser.pushed].sort());
        expect(most(browser.sent)).toBeLessThanOrEqual(8);
      },
    ),
    { numRuns: 60 },
  );
}, 120_000);
