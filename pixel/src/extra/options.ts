/** Size, colour, material: by select, radio, swatch or button. */
import { attr, core } from './core';
import { productAt } from './product';

const optionName = (el: Element): string => {
  const group = el.closest('[data-option-name],fieldset,[role=radiogroup],.selector-wrapper');
  return (
    attr(group, 'data-option-name') ||
    core.text_(group?.querySelector('legend,label')).split(/[:*]/)[0]!.trim() ||
    attr(group, 'aria-label') ||
    core.text_((el as HTMLSelectElement).labels?.[0]) ||
    core.clean_(attr(el, 'name')).replace(/.*\[|\]/g, '')
  );
};

export const picked = (el: Element, shown: Element, event?: MouseEvent): void => {
  const chosen = (el as HTMLSelectElement).selectedOptions?.[0];
  const props = {
    option_name: optionName(el),
    option_value: core.clean_(
      chosen?.label || attr(el, 'data-option-value') || attr(el, 'data-value') || attr(el, 'value') || core.text_(el) || attr(el, 'aria-label'),
    ),
    zone: 'pdp_option',
    element: core.describe_(shown, event),
  };
  // after the theme's own handlers, which set the variant
  setTimeout(() => core.track_('Product Option Selected', { ...productAt(el), ...props }));
};
