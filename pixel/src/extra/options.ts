/** Size, colour, material: by select, radio, swatch or button. */
import { attr, core } from './core';
import { productAt } from './product';

/** What was picked. A select is called by its own label; the label of a radio is its value, so its group is asked: the
 * first thing in it that names something. */
export const picked = (e: MouseEvent, el: Element, shown?: Element, zone?: string): void => {
  // by a click, or by a control's change, which its click comes before
  if ((zone ? el.matches('select,input') : e.type != 'change') || (zone || core.zone_(el)) != 'pdp_option' || !el.matches(core.rules_.option!)) return;
  const { selectedOptions, labels } = el as HTMLSelectElement;
  const group = core.within_(el.parentElement, 'fieldset,[role=radiogroup],' + core.rules_.pdp_option);
  const props = {
    option_name:
      attr(group, 'data-option-name') ||
      core.text_((selectedOptions && labels[0]) || group?.querySelector('h5,label,legend,[class*=abel],[class*=title]')).replace(/ ?[:*].*/, '') ||
      attr(group, 'aria-label') ||
      core.clean_(attr(el, 'name')).replace(/.*\[|\]/g, ''),
    option_value: core.clean_(
      selectedOptions?.[0]?.label ||
        attr(el, 'data-option-value') ||
        attr(el, 'data-value') ||
        attr(el, 'title') ||
        attr(el, 'value') ||
        core.text_(el) ||
        attr(el, 'aria-label'),
    ),
    zone: 'pdp_option',
    element: core.describe_(shown || labels?.[0] || el, e),
  };
  // after the theme's own handlers, which set the variant
  setTimeout(() => core.track_('Product Option Selected', { ...productAt(el), ...props }));
};
