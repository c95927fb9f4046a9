/** Loaded beside the rest: who the visitor is and how they fare. Logins, views without a load, attention, forms,
 * frustration, Web Vitals, the cookie that the collector sets, what earlier pages left; and what few clicks need: which
 * numbers are cards, more theme packs, the time zone. */
// what clicks mean is told before what they may lead to, such as a logout
import './footfall-extra.js';
import { core, W } from './extra/core';
import { adopt } from './watch/adopt';
import { keepCookie } from './watch/cookie';
import { declared } from './watch/declared';
import { formEvent } from './watch/forms';
import { frustrated, watchReactions } from './watch/frustration';
import { watchGoing } from './watch/going';
import { lineEvent, readPerson } from './watch/lines';
import { packs } from './watch/packs';
import './watch/person';
import { rememberTimezone } from './watch/timezone';
import { typed } from './watch/typed';
import { uncard } from './watch/uncard';
import { watchViews } from './watch/views';
import { watchVitals } from './watch/vitals';

core.numbers_.uncard_ = uncard;
W.footfall!('theme', packs);
core.add_({
  recommend: (...args) => core.load_('blocks').then(() => core.recommend_?.(...args) || []),
  blocks: () => core.load_('blocks').then(() => core.blocks_?.()),
});
core.take_((e, el, shown, zone) => {
  if (!zone) formEvent(e, el);
  lineEvent(e, el, zone);
  typed(e, el);
  if (zone) frustrated(e as MouseEvent, el, shown!, zone);
});
readPerson();
watchViews();
watchGoing();
watchReactions();
watchVitals();
rememberTimezone();
adopt();
keepCookie();
declared();
core.viewed_.push(declared, adopt, keepCookie);
if (/ff_debug=1/.test(location.search)) void core.load_('debug');
