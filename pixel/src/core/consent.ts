/** Consent: nothing is stored and nothing is sent before it stands, where it is required. */
import { cookieless, D, on, option, read, W } from './env';

type Answer = { analytics?: boolean; marketing?: boolean };

/** What goes into every message. */
export const consent = {
  analytics: false,
  marketing: false,
  gpc: !!(navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl,
};

/** May this visitor be followed from page to page for recommendations? */
export const personal = (): boolean => consent.marketing && !cookieless;

/** `true`, `false` or `{analytics, marketing}`; marketing follows analytics where it is not named, and Global Privacy
 * Control overrides a yes to it. */
export const setConsent = (value: unknown): boolean => {
  const { analytics = value, marketing = analytics } = Object(value) as { analytics?: unknown; marketing?: unknown };
  consent.marketing = !!marketing && !consent.gpc;
  return (consent.analytics = !!analytics);
};

/** Calls back with what stands now, at once or later, and each time that it changes. */
export const watchConsent = (changed: (value: Answer) => void): void => {
  const mode = option('consent');
  const kept = read('consent');
  const shopify = W.Shopify;
  const ask = (): void => {
    const privacy = shopify!.customerPrivacy;
    if (privacy) changed({ analytics: privacy.analyticsProcessingAllowed(), marketing: privacy.marketingAllowed() });
    else shopify!.loadFeatures!([{ name: 'consent-tracking-api', version: '0.1' }], (error) => error || ask());
  };
  if (mode != 'granted' && (shopify?.customerPrivacy || shopify?.loadFeatures)) {
    on(D, 'visitorConsentCollected', ask);
    ask();
  } else if (mode != 'required' || kept) changed({ analytics: true, marketing: kept != 'a' });
};
