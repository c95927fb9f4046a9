/** The visitor's time zone, asked for once and kept, when the page has long been there and has nothing to do:
 * the browser takes some 15 ms over it, longer than over all the rest of the pixel. */
import { core, W } from '../extra/core';

const PATIENCE_MS = 5000;

export const rememberTimezone = (): void => {
  if (core.read_('timezone')) return;
  const ask = (): void =>
    void (core.read_('guest') && core.write_('timezone', Intl.DateTimeFormat().resolvedOptions().timeZone));
  setTimeout(() => (W.requestIdleCallback ? W.requestIdleCallback(ask) : ask()), PATIENCE_MS);
};
