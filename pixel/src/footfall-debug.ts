/** `?ff_debug=1`, until `?ff_debug=0`, in this tab: a panel that shows each message as it leaves and what the collector says to it,
 * why a block was not filled, and which markup is not understood. For the shop's developers; no visitor loads it. */
import { watchCarts } from './debug/carts';
import { watchKept } from './debug/kept';
import { watchMessages } from './debug/messages';
import { show, stop } from './debug/panel';

if (/ff_debug=0/.test(location.search)) stop();
else {
  show();
  watchMessages();
  watchKept();
  watchCarts();
}
