// The WP Consent API's answer, now and whenever it changes. Only a yes is one: footfall('consent', ...).
;(function () {
  function say() {
    if (window.wp_has_consent) {
      footfall('consent', { analytics: wp_has_consent('statistics'), marketing: wp_has_consent('marketing') })
    }
  }
  document.addEventListener('DOMContentLoaded', say)
  document.addEventListener('wp_consent_type_defined', say)
  document.addEventListener('wp_listen_for_consent_change', say)
})()
