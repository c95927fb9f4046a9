/** Clicks: one message for each, by zone. Options picked with a control are told by its change, not by its click. */
import { allText, attr, describe, textOf } from './element';
import { cardProduct, product, variantId } from './product';
import { pageType } from './page';
import { clean } from './scrub';
import { rules } from './themes';
import { cardOf, fieldset, navPath, position, zoneOf } from './zones';
import { track } from './message';
import type { Props } from './types';

const ACTION =
  'a,button,input,select,textarea,summary,label,[role=button],[role=link],[role=menuitem],[role=tab],[role=radio],[role=option],[data-value],[data-option-value]';
const PICKED = '[type=radio],[type=checkbox],select';

/** The label whose click the browser passes on to its control in the next moment. */
let label: HTMLLabelElement | null = null;

export const target = (e: Event): Element | null => {
  const node = e.composedPath()[0] as Node | undefined;
  const el = node?.nodeType == 1 ? (node as Element) : node?.parentElement;
  return el && !el.closest('[data-ff-ignore]') ? el : null;
};

export const listOf = (card: Element, zone: string): string => {
  const named = card.closest<HTMLElement>('[data-ff-list],[data-footfall]');
  return (
    named?.dataset.ffList || named?.dataset.placement || named?.dataset.footfall ||
    (zone == 'search' ? zone : /\/collections\/([^/?#]+)/.exec(location.href)?.[1] || pageType())
  );
};

const optionName = (el: Element): string => {
  const group = fieldset(el);
  return (
    attr(el, 'data-option-name') ||
    attr(group, 'data-option-name') ||
    allText(group?.querySelector('legend,label')).split(/[:*]/)[0] ||
    attr(group, 'aria-label') ||
    allText((el as HTMLSelectElement).labels?.[0]) ||
    (attr(el, 'name') || '').replace(/^.*\[(.*)\]$/, '$1')
  ).trim();
};

const optionPicked = (el: Element, shown: Element, event?: MouseEvent): void => {
  const select = el as HTMLSelectElement;
  const value = clean(
    el.matches('select')
      ? allOption(select)
      : attr(el, 'data-option-value') || attr(el, 'data-value') || attr(el, 'value') || textOf(el),
  );
  const props: Props = { option_name: optionName(el), option_value: value, zone: 'pdp_option', element: describe(shown, event) };
  // after the theme's own handlers, which set the variant
  setTimeout(() => {
    const card = cardOf(el);
    const p = card ? cardProduct(card) : product();
    track('Product Option Selected', { ...p, variant_id: card ? p.variant_id : variantId() || p.variant_id, ...props });
  });
};

const allOption = (select: HTMLSelectElement): string => select.selectedOptions[0]?.label || '';

export const onChange = (e: Event): void => {
  const el = target(e);
  if (!el?.matches(PICKED) || zoneOf(el) != 'pdp_option') return;
  optionPicked(el, label?.control == el ? label : el);
  label = null;
};

export const onClick = (e: MouseEvent): void => {
  const hit = target(e);
  if (!hit || !e.isTrusted || (e.type == 'auxclick' && e.button != 1)) return;
  const owner = hit.closest('label');
  if (owner?.control && owner.control != hit && !hit.closest('a,button')) {
    label = owner;
    return;
  }
  const acted = hit.closest(ACTION) || hit;
  const zone = zoneOf(acted);
  if (zone == 'pdp_option') {
    if (acted.matches(PICKED)) return;
    if (acted.matches(rules.option!)) return optionPicked(acted, acted, e);
  }
  const el = label?.control == acted ? label! : acted;
  label = null;
  const props: Props = { zone, element: describe(el, e) };
  const card = cardOf(el);
  if (card) Object.assign(props, { list: listOf(card, zone), position: position(card) }, cardProduct(card), { zone });
  if (zone == 'nav') props.nav_path = navPath(el);
  if (card && /^(collection_card|search)$/.test(zone) && !el.matches('button,input,[role=button]')) track('Product Clicked', props);
  else track('Element Clicked', props);
};
