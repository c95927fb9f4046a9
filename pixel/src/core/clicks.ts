/** Clicks: one message for each, by zone. An option picked with a control is told by its change, not by its click. */
import { describe, place, within } from './element';
import { D } from './env';
import { track } from './message';
import { rules } from './themes';
import { cardOf, handle, pageType, pick, zoneOf } from './zones';
import type { Core, Hand, Props } from '../types';

const ACTION = 'a,button,input,textarea,select,[role=radio],label,summary,[role^=menu],[data-value],[data-option-value],[role=option],[role=link],[role=tab],[role=button]';

/** The label whose click the browser passes on to its control in the next moment. */
let label: HTMLLabelElement | null = null;

/** What an event hit, unless the shop wants it left alone. */
export const target = (e: Event): Element | null => {
  const node = e.composedPath()[0] as Element;
  return (node as Partial<Element>).closest && !within(node, '[data-ff-ignore]') ? node : null;
};

export const click = (e: MouseEvent, hand: (...args: Hand) => void, more: Core['click_']): void => {
  const hit = target(e);
  if (!hit || !e.isTrusted || e.button > 1) return;
  const owner = hit.closest('label');
  if (owner?.control && !hit.closest('a,button,input,textarea,select')) {
    label = owner;
    return;
  }
  const el = hit.closest(ACTION) || hit;
  // Enter in a field: the browser clicks the form's button in the visitor's name; the submit that follows is told
  if (!e.detail && D.activeElement != el && (D.activeElement as HTMLInputElement).form?.contains(el)) return;
  const shown = label?.control == el ? label! : el;
  const card = cardOf(el);
  const zone = zoneOf(el, card);
  label = null;
  if (zone != 'pdp_option' || !el.matches(rules.option!)) {
    const props: Props = { zone, element: describe(shown, e) };
    if (more) more(el, zone, props, card);
    else if (card) {
      // as far as it can be said in a few bytes: src/extra/cards.ts knows better, where it has come in time
      const at = card.closest('li,article') || card;
      props.product_id = (pick(at, '[data-product-id]') as HTMLElement | null)?.dataset.productId || handle((pick(card, rules.link!) as HTMLAnchorElement).href);
      props.list = within(at, '[data-ff-list]')?.dataset.ffList || pageType();
      props.position = place(at);
    }
    track(card && /^(coll|sear)/.test(zone) && !el.matches('input,button,[role=button]') ? 'Product Clicked' : 'Element Clicked', props);
  }
  hand(e, el, shown, zone);
};
