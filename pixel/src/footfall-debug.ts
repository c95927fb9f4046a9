/** `?ff_debug=1`: a panel that shows each message as it leaves, and what the collector says to it. For the shop's
 * developers; no visitor loads it. */
type Sent = { event?: string; type: string; properties?: { zone?: string; name?: string; element?: { text?: string; aria_label?: string } } };

const panel = document.createElement('div');
panel.style.cssText =
  'position:fixed;bottom:8px;right:8px;width:380px;max-width:calc(100vw - 16px);box-sizing:border-box;max-height:50vh;overflow:auto;z-index:2147483647;background:#111;color:#eee;font:12px/1.5 monospace;padding:8px;border-radius:6px';
panel.dir = 'ltr';
panel.dataset.ffIgnore = '';
panel.dataset.ffDebug = '';
const title = document.createElement('b');
title.textContent = 'Footfall: waiting for the first batch';
panel.append(title);
const show = (): void => document.body.append(panel);
if (document.body) show();
else addEventListener('DOMContentLoaded', show);

let count = 0;

/** A row for each message of a batch; the answer is written into them when it comes. */
const seen = (body: unknown): ((answer: string, good?: boolean) => void) => {
  const marks: HTMLElement[] = [];
  let messages: Sent[] = [];
  try {
    messages = (JSON.parse(body as string) as { batch?: Sent[] }).batch || [];
  } catch {
    // no batch of ours
  }
  for (const m of messages) {
    const row = document.createElement('details');
    const head = document.createElement('summary');
    const mark = document.createElement('span');
    const rest = document.createElement('pre');
    const { zone, name, element } = m.properties || {};
    head.append(mark, [m.event || m.type, zone, name || element?.text || element?.aria_label].filter(Boolean).join(' · '));
    rest.textContent = JSON.stringify(m, null, 1);
    rest.style.cssText = 'white-space:pre-wrap;overflow-wrap:anywhere;margin:0';
    row.append(head, rest);
    title.after(row);
    marks.push(mark);
    title.textContent = `Footfall: ${++count} sent, the last one on top`;
  }
  return (answer, good) =>
    marks.forEach((mark) => {
      mark.textContent = answer + ' ';
      mark.style.color = good ? '#7d7' : '#f88';
    });
};

const { fetch: post } = window;
window.fetch = (...args) => {
  const sent = post(...args);
  if (args[1]?.keepalive) {
    const answer = seen(args[1].body);
    answer('…', true);
    sent.then(
      (r) => answer(r.ok ? '✓' : `${r.status}`, r.ok),
      () => answer('no answer'),
    );
  }
  return sent;
};
const beacon = navigator.sendBeacon.bind(navigator);
navigator.sendBeacon = (url, body) => {
  seen(body)('beacon', true);
  return beacon(url, body);
};
export {};
