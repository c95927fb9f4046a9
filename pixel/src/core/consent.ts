/** Consent: nothing is stored and nothing is sent before it stands, where it is required. */
import { D, option, read, W, write } from './env';
import type { Consent } from './types';

export const gpc = (): boolean => !!(navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl;

let given: Consent = {};

/** What goes into every message. Global Privacy Control overrides a yes to marketing. */
export const consent = (): { analytics: boolean; marketing: boolean; gpc: boolean } => ({
  analytics: !!given.analytics,
  marketing: !!given.marketing && !gpc(),
  gpc: gpc(),
});

/** May this visitor be followed from page to page for recommendations? */
export const personal = (): boolean => consent().marketing && option('cookieless') == null;

/** `true`, `false` or `{analytics, marketing}`; one that is not named is as `analytics`. */
export const setConsent = (value: unknown): boolean => {
  const c = (typeof value == 'object' && value ? value : { analytics: value }) as Consent;
  given = { analytics: !!c.analytics, marketing: !!(c.marketing ?? c.analytics) };
  return given.analytics!;
};

/** The grant outlives the page, a refusal leaves nothing behind (not even itself). */
export const keepConsent = (): void =>
  write('consent', given.analytics ? (given.marketing ? 'am' : 'a') : '');

/** Finds out what stands now and calls back, at once or later, each time that it changes. */
export const watchConsent = (changed: (value: Consent) => void): void => {
  const mode = option('consent');
  const shopify = W.Shopify;
  const ask = (): void => {
    const privacy = shopify?.customerPrivacy;
    if (privacy) {
      changed({ analytics: privacy.analyticsProcessingAllowed(), marketing: privacy.marketingAllowed() });
    }
  };
  const kept = read('consent');
  if (mode == 'granted') changed({ analytics: true, marketing: true });
  else if (shopify?.customerPrivacy || shopify?.loadFeatures) {
    D.addEventListener('visitorConsentCollected', ask);
    if (shopify.customerPrivacy) ask();
    else shopify.loadFeatures!([{ name: 'consent-tracking-api', version: '0.1' }], ask);
  } else if (mode != 'required' || kept) {
    changed({ analytics: true, marketing: kept != 'a' });
  }
};
