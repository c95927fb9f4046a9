/** Logins and logouts: the commands `identify` and `reset`. */
import { core } from '../extra/core';
import type { Props } from '../types';

/** Values that client code passes when it has no id; one of them would glue strangers into one person. */
const PLACEHOLDER = /^(nul+|nil|none|un(defined|known)|na?n?|n.a|anon.*|guest|user|true|false|-1|[-0]*|[[(].*)$/i;

/** Logout: no user, and (unless `data-keep-guest`) a new guest in a new session. */
const forget = (): void => {
  core.write_('user');
  if (core.option_('keepGuest') != null) return;
  ['session', 'viewed', 'cart'].forEach((key) => core.write_(key));
  core.setGuest_();
};

/** A placeholder is nobody, and the same user again is no login. A second user on this device starts as a new guest:
 * two users are never joined through one token. */
const identify = (id: unknown, traits?: Props): void => {
  const text = `${id ?? ''}`.trim();
  const fresh = !PLACEHOLDER.test(text) && text != core.read_('user');
  if (fresh) {
    if (core.read_('user')) forget();
    core.write_('user', text);
  }
  if (fresh || (traits && core.read_('user'))) core.message_('identify', undefined, undefined, traits || {});
  if (fresh) core.track_('Signed In', { method: traits?.method });
};

/** Its message is the last one of the guest token that the user had. */
const reset = (): void => {
  if (core.read_('user')) core.track_('Signed Out');
  core.settle_();
  forget();
};

core.add_({ identify, reset });
