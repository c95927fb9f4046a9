/** What a refusal means and what to do about it, in words. */
import { core } from '../extra/core';

/** What the page's Content-Security-Policy kept from leaving, by origin. */
const forbidden = new Set<string>();
document.addEventListener('securitypolicyviolation', (e) => {
  if (/^(connect|default)-src/.test(e.effectiveDirective)) forbidden.add(new URL(e.blockedURI, location.href).origin);
});

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Why no answer can be read: the server is asked once more, in the way that tells nothing but whether it is there. */
const unreadable = async (address: string, origins: string): Promise<string> => {
  const { origin, protocol } = new URL(address, location.href);
  if (location.protocol == 'https:' && protocol == 'http:') return `this page is https and ${origin} is http: browsers don't send there. Give it https`;
  const reachable = await fetch(origin + '/livez', { mode: 'no-cors', credentials: 'omit' }).then(
    () => true,
    () => false,
  );
  if (reachable) return `${origin} answers, but not to pages of ${location.origin}: add ${location.origin} to ${origins}`;
  // (the event comes after the refusal)
  await pause(50);
  if (forbidden.has(origin)) return `the page's Content-Security-Policy forbids it: add ${origin} to connect-src`;
  return `${origin} can't be reached: it is down, the address is wrong, or a blocker stops it`;
};

/** The reason and the detail of a problem document (RFC 9457); neither where the answer is none. */
const problem = async (answer: Response): Promise<{ reason?: string; detail?: string }> => {
  try {
    return (await answer.json()) as { reason?: string; detail?: string };
  } catch {
    return {};
  }
};

/** Why the collector did not take a batch. */
export const collectorSays = async (address: string, why: unknown): Promise<string> => {
  if (!(why instanceof Response)) return 'Collector: ' + (await unreadable(address, "the write key's origins (write_keys in footfall.toml)"));
  const { reason, detail } = await problem(why);
  const key = core.option_('writeKey');
  if (reason == 'unknown_key') return `Collector: it does not know the write key "${key}" (data-write-key of the tag). \`footfall config\` lists those it knows`;
  if (reason == 'no_key') return 'Collector: the tag has no write key: give it data-write-key';
  if (detail) return `Collector: ${detail}`;
  if (why.status > 499) return `Collector: ${why.status}, what stands before it at ${address} reports it broken or down; the messages wait`;
  return `Collector: ${why.status}, and no Footfall collector answers at ${address}: look at data-collector and data-path of the tag`;
};

/** Why the API gave no list. `api` is the address asked. */
export const apiSays = async (why: unknown): Promise<string> => {
  const api = core.option_('api');
  if (!api && api != '') return 'the tag names no API: give it data-api and data-api-key';
  if ((why as Error).name == 'AbortError') return `${api} took longer than 1.5 s`;
  if (!(why instanceof Response)) return unreadable(api || '/', 'api_origins in footfall.toml');
  const { detail } = await problem(why);
  const key = core.option_('apiKey');
  if (why.status == 401) return key ? `the API does not know the key "${key}" (data-api-key of the tag): \`footfall config\` lists api_public_keys` : 'the tag has no data-api-key';
  if (why.status == 503 && detail) return `the API has nothing to serve: ${detail}. The first \`footfall run\` publishes`;
  if (why.status == 404 && detail) return `${detail}: the page names another id than the catalogue, or the product is newer than the last publish`;
  if (detail) return `the API refuses: ${detail}`;
  if (why.status > 499) return `the API is broken or down (${why.status}): its log has more`;
  return `${why.url} is no Footfall API (${why.status}): look at data-api of the tag`;
};
