/** What we use of Shopify's package; `shopify app dev` and `deploy` install the real one. */
declare module '@shopify/web-pixels-extension' {
  interface PrivacyState {
    analyticsProcessingAllowed: boolean;
    marketingAllowed: boolean;
  }

  export function register(
    extension: (api: {
      analytics: { subscribe(name: 'all_standard_events', heard: (event: import('./payloads').StandardEvent) => void): void };
      browser: { cookie: { get(name: string): Promise<string> } };
      init: { customerPrivacy?: PrivacyState };
      customerPrivacy: { subscribe(name: 'visitorConsentCollected', heard: (event: { customerPrivacy: PrivacyState }) => void): void };
      settings: import('./send').Settings;
    }) => void,
  ): void;
}
