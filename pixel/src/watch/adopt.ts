/** Takes over the messages that other pages (or one that crashed) could not confirm. */
import { core, parse } from '../extra/core';

const KEPT_MS = 24 * 3600 * 1000;
/** So long after its last word a page is taken to be alive: its messages are left to it. */
const LEASE_MS = 10e3;

type Kept = [at: number, dropped: number, ...entries: Array<{ messageId?: string; originalTimestamp: string }>];

/** What was written since this page began is its own, or another living page's. A message stands behind what it shares with its neighbours. One that left said so (0) instead of its time. */
export const adopt = (): void => {
  let alive = false;
  for (const key of core.keys_('q.')) {
    const [at, dropped, ...entries] = parse<Kept>(core.read_(key)) || [0, 0];
    if (at > performance.timeOrigin) continue;
    if (Date.now() - at < LEASE_MS) alive = true;
    else {
      let lost = dropped;
      let shared = '';
      const found: Array<[string, string]> = [];
      for (const entry of entries) {
        const text = JSON.stringify(entry);
        if (!entry.messageId) shared = text;
        else if (Date.now() - Date.parse(entry.originalTimestamp) < KEPT_MS) found.push([shared, text]);
        else lost++;
      }
      core.write_(key, '');
      core.adopt_(lost, found);
    }
  }
  if (alive) setTimeout(adopt, LEASE_MS);
};
