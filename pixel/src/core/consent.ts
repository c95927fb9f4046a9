/** Consent: nothing is stored and nothing is sent before it stands, where it is required. */
import { cookieless, D, on, option, read, W } from './env';

type Answer = { analytics?: boolean; marketing?: boolean };

/** What goes into every message. */
export const consent: { analytics?: boolean; marketing?: boolean; gpc: boolean } = {
  gpc: !!(navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl,
};

/** May this visitor be followed from page to page for recommendations? */
export const personal = (): boolean => consent.marketing! && !cookieless;

/** Calls back with what stands now, at once or later, and each time that it changes; but what the page has said itself, before
 * we came, stands. */
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
  } else if (consent.analytics == null && (mode != 'required' || kept)) changed({ analytics: true, marketing: kept != 'a' });
};
