import { register } from '@shopify/web-pixels-extension';
import { handle, type Settings } from './send';

register(({ analytics, browser, customerPrivacy, init, settings }) => {
  let privacy = init.customerPrivacy ?? { analyticsProcessingAllowed: true, marketingAllowed: true };
  customerPrivacy.subscribe('visitorConsentCollected', (event) => {
    privacy = event.customerPrivacy;
  });
  analytics.subscribe('all_standard_events', (event) => {
    if (event.name == 'alert_displayed' || event.name == 'ui_extension_errored') return;
    void handle(event, {
      settings: settings as Settings,
      cookie: (name) => browser.cookie.get(name),
      privacy: () => privacy,
      // text/plain needs no preflight; keepalive outlives the page
      post: (url, body) => fetch(url, { method: 'POST', body, keepalive: true }),
    });
  });
});
