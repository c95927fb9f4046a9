/** The visitor's time zone, asked for once and kept, when the page has nothing else to do:
 * the browser takes longer over it than over all the rest of the pixel. */
import { core, W } from '../extra/core';

export const rememberTimezone = (): void => {
  if (core.read_('timezone')) return;
  const ask = (): void =>
    void (core.read_('guest') && core.write_('timezone', Intl.DateTimeFormat().resolvedOptions().timeZone));
  if (W.requestIdleCallback) W.requestIdleCallback(ask);
  else setTimeout(ask, 2000);
};
