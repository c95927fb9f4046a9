/** `?ff_debug=1`: a panel that shows each message as it leaves. For the shop's developers; no visitor loads it. */
type Sent = { event?: string; type: string; properties?: { zone?: string } };

const panel = document.createElement('div');
panel.style.cssText =
  'position:fixed;bottom:8px;right:8px;width:380px;max-height:50vh;overflow:auto;z-index:2147483647;background:#111;color:#eee;font:12px/1.5 monospace;padding:8px;border-radius:6px';
panel.dataset.ffIgnore = '';
panel.dataset.ffDebug = '';
panel.textContent = 'Footfall: waiting for the first batch';
const show = (): void => document.body.append(panel);
if (document.body) show();
else addEventListener('DOMContentLoaded', show);

const seen = (body: unknown, how: string): void => {
  let messages: Sent[];
  try {
    messages = (JSON.parse(body as string) as { batch: Sent[] }).batch;
  } catch {
    return;
  }
  for (const m of messages || []) {
    const row = document.createElement('details');
    const head = document.createElement('summary');
    const rest = document.createElement('pre');
    head.textContent = `${how} ${m.event || m.type} ${m.properties?.zone || ''}`;
    rest.textContent = JSON.stringify(m, null, 1);
    rest.style.cssText = 'white-space:pre-wrap;margin:0';
    row.append(head, rest);
    panel.prepend(row);
  }
};

const { fetch: post } = window;
window.fetch = (...args) => {
  if (args[1]?.keepalive) seen(args[1].body, 'fetch');
  return post(...args);
};
const beacon = navigator.sendBeacon.bind(navigator);
navigator.sendBeacon = (url, body) => {
  seen(body, 'beacon');
  return beacon(url, body);
};
export {};
