/** From a standard event to the collector. Runs in Shopify's strict sandbox: a worker without a page. */
import type { StandardEvent } from './payloads';
import { translate } from './translate';

export interface Settings {
  collector: string;
  write_key: string;
  scope?: string;
}

export interface Privacy {
  analyticsProcessingAllowed: boolean;
  marketingAllowed: boolean;
}

export interface Sandbox {
  settings: Settings;
  /** A cookie of the shop's page, for the guest token that the theme's pixel keeps. */
  cookie(name: string): Promise<string>;
  privacy(): Privacy;
  post(url: string, body: string): Promise<unknown>;
}

/** Addresses without what opens a checkout or names a person: no query, no token in the path. */
export const quiet = (url: string): string => url.split(/[?#]/)[0]!.replace(/(\/(checkouts\/\w+|checkouts?|orders)\/)[\w-]{12,}/, '$1*');

const GUEST = '_ff_guest';

/** The guest token that the theme wrote into the cart: a checkout on another domain has it too, where no cookie of the
 * storefront can be read. Anybody may write into a cart, so it must look like one. */
const bridged = ({ data: { checkout, cart } }: StandardEvent): string | undefined =>
  (checkout?.attributes || cart?.attributes)?.find(({ key, value }) => key == GUEST && /^[\w-]{22,64}$/.test(value))?.value;

/** One event, one request: checkout events are few, and the page may be gone in the next moment. */
export const handle = async (e: StandardEvent, { settings, cookie, privacy, post }: Sandbox): Promise<boolean> => {
  const allowed = privacy();
  const body = allowed.analyticsProcessingAllowed ? translate(e, settings.scope || 'checkout') : undefined;
  if (!body) return false;
  const guest = (await cookie(GUEST).catch(() => '')) || bridged(e);
  const customer = e.data.checkout?.order?.customer?.id;
  const { document, navigator, window } = e.context;
  const message = {
    // Shopify's own id of the event: the same event told twice is one message
    messageId: e.id,
    ...body,
    anonymousId: guest || e.clientId,
    userId: customer ? customer.split('/').pop() : undefined,
    originalTimestamp: e.timestamp,
    context: {
      page: {
        url: quiet(document.location.href),
        path: quiet(document.location.pathname),
        title: document.title,
        referrer: quiet(document.referrer),
      },
      locale: navigator.language,
      userAgent: navigator.userAgent,
      screen: { ...window.screen, innerWidth: window.innerWidth, innerHeight: window.innerHeight },
      consent: { analytics: true, marketing: allowed.marketingAllowed },
      library: { name: 'footfall-web-pixel', version: '0.2.0' },
      shopify: { clientId: e.clientId },
      cart: { token: e.data.checkout?.token || undefined },
    },
  };
  const batch = { writeKey: settings.write_key, sentAt: new Date().toISOString(), batch: [message] };
  await post(settings.collector.replace(/\/$/, '') + '/v1/b', JSON.stringify(batch));
  return true;
};
