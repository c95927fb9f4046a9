/** The lazy file: what the page and what the visitor does in it mean to a shop. */
import { clicked, submitted } from './extra/cart';
import { core } from './extra/core';
import { picked } from './extra/options';
import { product } from './extra/product';
import { tell } from './extra/tell';

core.product_ = product;
core.viewed_.push(tell);
core.take_((e, el, shown, zone) => {
  const rules = core.rules_;
  if (zone) {
    clicked(el, zone);
    if (zone == 'pdp_option' && el.matches(rules.option!) && !el.matches('input,select')) picked(el, shown, e as MouseEvent);
  } else if (e.type == 'submit' && el.matches('[action*="/cart/add"]')) submitted(e, el);
  else if (e.type == 'change' && core.zone_(el) == 'pdp_option' && el.matches(rules.option!)) picked(el);
});
tell();
