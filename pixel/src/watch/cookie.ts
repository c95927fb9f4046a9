/** The guest token in a cookie that the collector sets: Safari keeps it for a year, a script's own for seven days. */
import { core } from '../extra/core';

const { hostname, origin } = new URL(core.option_('collector') || import.meta.url);
const domain = core.option_('cookieDomain');
/** Where the collector's cookie replaces the script's: on one host, or under the domain that both are set to. */
const same = core.option_('cookieless') == null && (domain ? ('.' + hostname).endsWith(domain) : hostname == location.hostname);

/** Asks once in a session (a logout opens another), since the script writes its own cookie anew then. By beacon: nobody
 * waits for the answer. */
export const keepCookie = (): void => {
  const session = core.read_('session').slice(0, 32);
  if (same && core.read_('asked') != session) {
    core.write_('asked', session);
    // as a task of its own, as the core's start is: 1 ms less by a trace
    queueMicrotask(() => navigator.sendBeacon?.(`${origin}/v1/guest?guest=${core.read_('guest')}`));
  }
};
