/** The panel itself: advice on top, below it a row for each message. */

/** Ours in this tab, while it debugs: advice that the next pages show too, since a click may lead to one. */
const KEY = 'ff_debug';
const KEPT = 5;

const storage = (): Storage | undefined => {
  try {
    return sessionStorage;
  } catch {
    // shut: this page alone is shown
    return undefined;
  }
};

export const stop = (): void => storage()?.removeItem(KEY);

const advice = (): string[] => {
  try {
    return JSON.parse(storage()?.[KEY] || '[]') as string[];
  } catch {
    return [];
  }
};

export const element = (tag: string, text = '', css = ''): HTMLElement => {
  const el = document.createElement(tag);
  el.textContent = text;
  el.style.cssText = css;
  return el;
};

const panel = element(
  'div',
  '',
  'position:fixed;bottom:8px;right:8px;width:380px;max-width:calc(100vw - 16px);box-sizing:border-box;max-height:50vh;overflow:auto;z-index:2147483647;background:#111;color:#eee;font:12px/1.5 monospace;padding:8px;border-radius:6px',
);
panel.dir = 'ltr';
panel.dataset.ffIgnore = '';
panel.dataset.ffDebug = '';
const title = element('b', 'Footfall: waiting for the first batch');
const notes = element('div');
const rows = element('div');
const close = element('button', 'end', 'float:right;font:inherit;color:inherit;background:#333;border:0;border-radius:4px;padding:0 6px;cursor:pointer');
close.title = 'Stop debugging in this tab (as ?ff_debug=0 does)';
close.onclick = () => {
  stop();
  panel.remove();
};
panel.append(close, title, notes, rows);

export const show = (): void => {
  const put = (): unknown => document.body.append(panel);
  if (document.body) put();
  else addEventListener('DOMContentLoaded', put);
  const before = advice();
  before.forEach((text) => line(text));
  keep(before);
};

const keep = (texts: string[]): void => {
  try {
    storage()?.setItem(KEY, JSON.stringify(texts.slice(-KEPT)));
  } catch {
    // full: this page alone shows it
  }
};

const line = (text: string): void => {
  // said once, however often it happens
  if ([...notes.children].some((el) => el.textContent == text)) return;
  notes.prepend(element('p', text, 'margin:6px 0;padding:4px 6px;border-left:3px solid #fb4;background:#222;overflow-wrap:anywhere'));
};

/** Says what is wrong, and what to do; `stays` for what the next pages have to say too. */
export const advise = (text: string, stays?: boolean): void => {
  line(text);
  const before = advice();
  if (stays && !before.includes(text)) keep([...before, text]);
};

let count = 0;

/** A row for a message, and the function that writes into it what the collector said. */
export const row = (text: string, all: unknown): ((answer: string, good?: boolean) => void) => {
  const details = element('details');
  const head = element('summary');
  const mark = element('span');
  head.append(mark, text);
  details.append(head, element('pre', JSON.stringify(all, null, 1), 'white-space:pre-wrap;overflow-wrap:anywhere;margin:0'));
  rows.prepend(details);
  title.textContent = `Footfall: ${++count} sent, the last one on top`;
  return (answer, good) => {
    mark.textContent = answer + ' ';
    mark.style.color = good ? '#7d7' : '#f88';
  };
};
