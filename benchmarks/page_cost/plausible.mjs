// As a shop would bundle it. ?all: with what it can see of clicks.
import { init } from '@plausible-analytics/tracker'

const all = document.currentScript.src.endsWith('?all')
init({
  domain: 'shop.example',
  endpoint: '/send/plausible',
  captureOnLocalhost: true,
  outboundLinks: all,
  fileDownloads: all,
  formSubmissions: all,
})
