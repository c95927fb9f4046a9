/** A clicked element as the tracking plan wants it: what it says, what it is, where it stands; never what was typed. */
import { address, clean } from './scrub';
import type { Props } from '../types';

/** `closest`, and on from a shadow root to what hosts it: a web component stands in its page's zones, lists and masks. */
export const within = (el: Element | null | undefined, selector: string): HTMLElement | null | undefined =>
  el && (el.closest<HTMLElement>(selector) || within((el.getRootNode() as ShadowRoot).host, selector));

export const attr = (el: Element | null | undefined, name: string): string | undefined =>
  el?.getAttribute(name) || undefined;

/** Where people type, and what the shop masks: neither the text nor the value of these is ever read. */
const TYPED = 'input,textarea,select,[contenteditable],[data-ff-mask]';

const words = (node: Node, deep: boolean): string =>
  [...node.childNodes]
    .map((n) =>
      n.nodeType == 3
        ? (n as Text).data
        : deep && n.nodeType == 1 && !(n as Element).matches(TYPED + ',script,style,[data-ff-ignore]')
          ? words(n, deep)
          : '',
    )
    .join(' ');

/** All text inside, except of fields. */
export const allText = (el: Element | null | undefined, deep = true): string =>
  el && !within(el, TYPED) ? clean(words(el, deep)) : '';

/** Links, buttons and labels say what their nested elements say; any other element only its own text. Radios and
 * checkboxes are called by their label. */
export const textOf = (el: Element): string =>
  el.matches('input[type=submit]')
    ? clean((el as HTMLInputElement).value)
    : allText((el as HTMLInputElement).labels?.[0] || el, el.matches('a,button,label,summary,input,[role]'));

/** The element's place among its siblings of the same tag, from 1. */
export const place = (el: Element): number => {
  let n = 0;
  for (let s: Element | null = el; s; s = s.previousElementSibling) n += +(s.localName == el.localName);
  return n;
};

const selector = (el: Element): string => {
  let path = '';
  for (let n: Element | null = el, i = 5; n && i--; n = n.parentElement) {
    const id = attr(n, 'id');
    path = (id ? '#' + id : `${n.localName}:nth-of-type(${place(n)})`) + (path && '>' + path);
    if (id) break;
  }
  return path;
};

export const describe = (el: Element, event?: MouseEvent): Props => {
  const data: Props = {};
  const props: Props = {
    tag: el.localName,
    classes: [...el.classList].slice(0, 20),
    text: textOf(el),
    data,
    position: place(el),
    selector: selector(el),
    x: event?.x,
    y: event?.y,
  };
  for (const { name, value } of el.attributes) {
    if (/^data-ff-/.test(name)) data[name.slice(8)] = clean(value);
    if (/^(id|aria-label|role|name|type|href)$/.test(name)) props[name.replace('-', '_')] = name == 'href' ? address(value) : clean(value);
  }
  return props;
};
