/** The lazy file: what the page and what the visitor does in it mean to a shop. */
import { clicked, submitted } from './extra/cart';
import { core } from './extra/core';
import { picked } from './extra/options';
import { product } from './extra/product';
import { tell } from './extra/tell';

core.product_ = product;
core.viewed_.push(tell);
core.take_((e, el, shown, zone) => {
  if (zone) clicked(el, zone);
  else if (e.type == 'submit' && el.matches('[action*="/cart/add"]')) submitted(e, el);
  // picked by a click, or by a control's change, which its click comes before
  if ((zone ? !el.matches('input,select') : e.type == 'change') && (zone || core.zone_(el)) == 'pdp_option' && el.matches(core.rules_.option!))
    picked(el, shown, e as MouseEvent);
});
tell();
