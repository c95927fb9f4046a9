/** A clicked element as the tracking plan wants it: what it says, what it is, where it stands; never what was typed. */
import { address, clean } from './scrub';
import type { Props } from './types';

export const attr = (el: Element | null | undefined, name: string): string | undefined =>
  el?.getAttribute(name) || undefined;

/** Where people type. Neither the text nor the value of these is ever read. */
const TYPED = 'input,textarea,select,[contenteditable]:not([contenteditable=false])';
const SILENT = TYPED + ',script,style,template,[data-ff-ignore]';

const words = (node: Node): string =>
  node.nodeType == 3
    ? (node as Text).data
    : node.nodeType == 1 && !(node as Element).matches(SILENT)
      ? [...node.childNodes].map(words).join(' ')
      : '';

/** All text inside, except of fields. */
export const allText = (el: Element | null | undefined): string => (el && !el.closest(TYPED) ? clean(words(el)) : '');

/** Links, buttons and labels say what their nested elements say; any other element only its own text. */
export const textOf = (el: Element): string => {
  if (el.matches('[type=submit],[type=button]') && el.matches('input')) return clean(attr(el, 'value'));
  if (el.matches('[type=radio],[type=checkbox]')) return allText((el as HTMLInputElement).labels?.[0]);
  return el.matches('a,button,label,summary,[role]')
    ? allText(el)
    : el.closest(SILENT)
      ? ''
      : clean([...el.childNodes].map((n) => (n.nodeType == 3 ? (n as Text).data : '')).join(' '));
};

const place = (el: Element): number => {
  let n = 1;
  for (let s = el.previousElementSibling; s; s = s.previousElementSibling) if (s.tagName == el.tagName) n++;
  return n;
};

const selector = (el: Element): string => {
  const path: string[] = [];
  for (let n: Element | null = el; n && n.tagName != 'BODY' && path.length < 5; n = n.parentElement) {
    const id = attr(n, 'id');
    path.unshift(id ? '#' + id : n.localName + (n.classList[0] ? '.' + n.classList[0] : '') + `:nth-of-type(${place(n)})`);
    if (id) break;
  }
  return path.join('>').slice(0, 1000);
};

export const describe = (el: Element, event?: MouseEvent): Props => {
  const data: Props = {};
  for (const a of el.attributes) if (/^data-ff-/.test(a.name)) data[a.name.slice(8)] = clean(a.value);
  return {
    tag: el.localName,
    id: attr(el, 'id')?.slice(0, 255),
    classes: [...el.classList].slice(0, 20).map((c) => c.slice(0, 255)),
    text: textOf(el) || undefined,
    aria_label: clean(attr(el, 'aria-label')) || undefined,
    role: attr(el, 'role'),
    name: attr(el, 'name'),
    type: attr(el, 'type'),
    href: address(attr(el, 'href') || ''),
    data: Object.keys(data).length ? data : undefined,
    position: place(el),
    selector: selector(el),
    x: event?.clientX,
    y: event?.clientY,
  };
};
