/** The guest token in a cookie that the collector sets: Safari keeps it for a year, a script's own for seven days. */
import { core, W } from '../extra/core';

const { hostname, origin } = new URL(core.option_('collector') || import.meta.url);
const domain = core.option_('cookieDomain');
/** Where the collector's cookie replaces the script's: on one host, or under the domain that both are set to. */
const same = core.option_('cookieless') == null && (domain ? ('.' + hostname).endsWith(domain) : hostname == location.hostname);

/** Asks until it is answered once in a session (a logout opens another), since the script writes its own cookie again then. The
 * answer may come when the visitor has logged out or withdrawn consent: it has brought the old guest's cookie, which is put right. A
 * page that is gone, or kept by the browser, could not do that: its question is taken back. */
export const keepCookie = (): void => {
  const guest = core.read_('guest');
  if (same && !core.read_('asked'))
    // as a task of its own, as the core's start is: 1 ms less by a trace
    queueMicrotask(() => {
      const stop = new AbortController();
      const answered = (): void => (core.read_('guest') == guest ? core.write_('asked', '1') : core.setGuest_(core.read_('guest')));
      // (without an answer the next view asks again)
      fetch(`${origin}/v1/guest?guest=${guest}`, { method: 'POST', credentials: 'include', signal: stop.signal }).then(answered, Boolean);
      core.on_(W, 'pagehide', () => stop.abort());
    });
};
