/** Login and logout. */
import { D, option } from './env';
import { attr } from './element';
import { forget, setUser, user } from './identity';
import { message, track } from './message';
import { meta } from './product';
import type { Props } from './types';

export const signIn = (id: unknown, traits?: Props): void => {
  const fresh = setUser(id);
  if (!user() || (!fresh && !traits)) return;
  message('identify', undefined, undefined, traits || {});
  if (fresh) track('Signed In', { method: traits?.method || 'page' });
};

/** The last message of the guest token that the user had. */
export const signOut = (): void => {
  if (user()) track('Signed Out');
  forget();
};

/** Who the page says is logged in; an empty `data-customer-id` says that nobody is. */
export const readPerson = (): void => {
  const el = D.querySelector('[data-customer-id]');
  const id = el ? attr(el, 'data-customer-id') : meta().page?.customerId;
  if (id) signIn(id);
  else if (el && user() && option('trustIdentify') == null) signOut();
};
