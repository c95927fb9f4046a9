/** Takes over the messages that other pages (or one that crashed) could not confirm. */
import { core, parse } from '../extra/core';

const KEPT_MS = 24 * 3600 * 1000;
/** So long after its last word a page's messages are left to it: a page that lives writes every 3 s while any wait, and
 * what one that died sent last may still arrive and need no second copy. */
const LEASE_MS = 10e3;

type Kept = [at: number, dropped: number, ...entries: Array<{ messageId?: string; originalTimestamp: string }>];

/** A message stands behind what it shares with its neighbours. */
const take = (): void => {
  let leased = false;
  for (const key of core.keys_('q.')) {
    if (key == core.own_()) continue;
    let [at, dropped, ...entries] = parse<Kept>(core.read_(key)) || [0, 0];
    // (a clock that was set back must not make a lease of a year)
    if (Math.abs(Date.now() - at) < LEASE_MS) leased = true;
    else {
      let shared = '';
      const found: Array<[string, string, number]> = [];
      for (const entry of entries) {
        const text = JSON.stringify(entry);
        if (!entry.messageId) shared = text;
        else if (Date.now() - Date.parse(entry.originalTimestamp) < KEPT_MS) found.push([shared, text, 1]);
        else dropped++;
      }
      core.write_(key);
      core.adopt_(dropped, found);
    }
  }
  if (leased) setTimeout(adopt, LEASE_MS);
};

/** One page at a time, and the next one only when this one's writing has reached it: storage is shared, but not at once. */
export const adopt = (): void => {
  if (!core.keys_('q.')[0]) return;
  if (navigator.locks) void navigator.locks.request('ff', () => (take(), new Promise((done) => setTimeout(done, 100))));
  else take();
};
