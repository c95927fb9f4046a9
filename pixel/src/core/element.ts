/** A clicked element as the tracking plan wants it: what it says, what it is, where it stands; never what was typed. */
import { address, clean } from './scrub';
import type { Props } from '../types';

/** `closest`, and on from a shadow root to what hosts it: a web component stands in its page's zones, lists and masks. */
export const within = (el: Element | null | undefined, selector: string): HTMLElement | null | undefined =>
  // (a link that was taken out of the page is its own root, and its `host` is a text)
  el?.closest && (el.closest<HTMLElement>(selector) || within((el.getRootNode() as ShadowRoot).host, selector));

export const attr = (el: Element | null | undefined, name: string): string | undefined =>
  el?.getAttribute(name) || undefined;

/** Where people type, and what the shop masks: neither the text nor the value of these is ever read. */
const TYPED = 'input,textarea,select,[contenteditable],[data-ff-mask]';

const words = (node: Element, deep: boolean, pictures?: boolean): string =>
  (pictures && (node as HTMLImageElement).alt) ||
  [...node.childNodes]
    .map((n) =>
      n.nodeType == 3
        ? (n as Text).data
        : deep && n.nodeType == 1 && !(n as Element).matches(TYPED + ',script,style,[data-ff-ignore]')
          ? words(n as Element, deep, pictures)
          : '',
    )
    .join(' ');

/** All text inside as it stands, except of fields. */
const raw = (el: Element | null | undefined, deep = true, pictures?: boolean): string => (el && !within(el, TYPED) ? words(el, deep, pictures) : '');

export const allText = (el: Element | null | undefined): string => clean(raw(el));

/** Links, buttons and labels say what their nested elements say; any other element only its own text. Fields are called
 * by their label. What has no text is called by its pictures. */
export const textOf = (el: Element): string => {
  const deep = el.matches('input,button,a,label,summary,[role]');
  const named = (el as HTMLInputElement).labels?.[0] || el;
  return el.matches('input[type=submit]') ? (el as HTMLInputElement).value : raw(named, deep).trim() || raw(named, deep, true);
};

/** The element's place among its siblings of the same tag, from 1. */
export const place = (el: Element): number => {
  let n = 0;
  for (let s: Element | null = el; s; s = s.previousElementSibling) n += +(s.localName == el.localName);
  return n;
};

/** From the nearest id on, five steps at most. */
const selector = (el: Element, more = 4): string => {
  const id = attr(el, 'id');
  const up = el.parentElement;
  return id ? '#' + id : (more && up ? selector(up, more - 1) + '>' : '') + `${el.localName}:nth-of-type(${place(el)})`;
};

export const describe = (el: Element, event?: MouseEvent): Props => {
  const data: Props = {};
  const props: Props = {
    classes: [...el.classList].slice(0, 20),
    text: clean(textOf(el)),
    data,
    position: place(el),
    selector: selector(el),
    x: event?.x,
    tag: el.localName,
    y: event?.y,
  };
  for (const name of el.getAttributeNames()) {
    const value = el.getAttribute(name)!;
    if (/^data-ff-/.test(name)) data[name.slice(8)] = clean(value);
    if (/^(id|role|name|type)$/.test(name)) props[name] = clean(value);
    if (name == 'href') props.href = address(value);
    if (name == 'aria-label' && !within(el, '[data-ff-mask]')) props.aria_label = clean(value);
  }
  return props;
};
