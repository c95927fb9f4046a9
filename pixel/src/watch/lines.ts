/** Lines that leave the cart, and people who come and go. */
import { attr, core, D, meta, W } from '../extra/core';
import type { Product } from '../types';

const api = W.footfall!;

/** A click on a remove button, or on (or in a form with) a way out. */
export const lineEvent = (e: Event, el: Element, _?: Element, zone?: string): void => {
  const { remove, logout, link } = core.rules_;
  if (zone && el.closest(remove!)) {
    let line = el;
    while (!core.pick_(line, 'tr,li,[data-product-id],' + link) && line.parentElement) line = line.parentElement;
    const a = line.querySelector<HTMLAnchorElement>(link!);
    const id = attr(line, 'data-product-id') || core.handle_(a?.href as string);
    const product: Product = { product_id: id, name: core.text_(a), variant_id: attr(line, 'data-variant-id') };
    core.track_('Product Removed', product);
    core.write_('cart', `${core.read_('cart').split(',').filter((x) => x != id)}`);
  }
  if ((zone || e.type == 'submit') && el.matches(logout!)) {
    // what this page has still to tell is the old guest's
    core.leave_.forEach((f) => f(true));
    api('reset');
  }
};

/** Who the page says is logged in; an empty `data-customer-id` says that nobody is. What proves it is sent once a session. */
export const readPerson = (): void => {
  const el = D.querySelector('[data-customer-id]');
  const id = attr(el, 'data-customer-id') || meta().page?.customerId;
  const userSignature = attr(el, 'data-customer-signature');
  // (the signature itself would outlive a logout there)
  const told = userSignature && core.read_('session').slice(0, 9) + id!;
  if (id) {
    api('identify', id, told && core.read_('told') != told && { userSignature });
    if (told) core.write_('told', told);
  } else if (el && core.read_('user')) api('reset');
};
