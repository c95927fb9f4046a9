/** Loaded beside the rest: who the visitor is and how they fare. Logins, views without a load, attention, forms,
 * the cookie that the collector sets, what earlier pages left. */
import { core } from './extra/core';
import { adopt } from './watch/adopt';
import { keepCookie } from './watch/cookie';
import { formEvent } from './watch/forms';
import { watchGoing } from './watch/going';
import { lineEvent, readPerson } from './watch/lines';
import './watch/person';
import { typed } from './watch/typed';
import { watchViews } from './watch/views';

core.add_({
  recommend: (...args) => core.load_('blocks').then(() => core.recommend_?.(...args) || []),
  blocks: () => core.load_('blocks').then(() => core.blocks_?.()),
});
core.take_((e, el, _shown, zone) => {
  if (!zone) formEvent(e, el);
  lineEvent(e, el);
  typed(e, el);
});
readPerson();
watchViews();
watchGoing();
adopt();
keepCookie();
core.viewed_.push(adopt, keepCookie);
if (/ff_debug=1/.test(location.search)) void core.load_('debug');
