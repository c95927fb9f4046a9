/** The visitor's time zone, kept for the messages to come. `Temporal` tells it at once; browsers without it are asked
 * once, when the page has long been there and has nothing to do: `Intl` takes some 15 ms, longer than all the rest of the
 * pixel. */
import { core, W } from '../extra/core';

const PATIENCE_MS = 5000;

const keep = (zone: string): unknown => core.read_('guest') && core.write_('timezone', zone);
const ask = (): unknown => keep(Intl.DateTimeFormat().resolvedOptions().timeZone);
if (!core.read_('timezone')) {
  if (W.Temporal) keep(W.Temporal.Now.timeZoneId());
  else setTimeout(() => (W.requestIdleCallback || setTimeout)(ask), PATIENCE_MS);
}
