/** Loaded beside the rest: who the visitor is and how they fare. Logins, views without a load, attention, forms,
 * frustration, Web Vitals, the cookie that the collector sets, what earlier pages left; and what few clicks need: which
 * numbers are cards, more theme packs, the time zone. */
// what clicks mean is told before what they may lead to, such as a logout
import './footfall-extra.js';
import { adopt } from './watch/adopt';
import { keepCookie } from './watch/cookie';
import { declared } from './watch/declared';
import { formEvent } from './watch/forms';
import { frustrated } from './watch/frustration';
import { watchGoing } from './watch/going';
import './watch/vitals';
import './watch/person';
import { core, W } from './extra/core';
import './watch/views';
import { lineEvent, readPerson } from './watch/lines';
import { packs } from './watch/packs';
import './watch/timezone';
import { uncard } from './watch/uncard';
import { typed } from './watch/typed';
import type { Hand } from './types';

core.numbers_.uncard_ = uncard;
W.footfall!('theme', packs);
core.add_({
  recommend: (...args) => core.load_('blocks').then(() => core.recommend_?.(...args) || []),
  blocks: () => core.load_('blocks').then(() => core.blocks_?.()),
});
([formEvent, lineEvent, typed, frustrated] as Array<(...hand: Hand) => void>).forEach(core.take_);
readPerson();
adopt();
declared();
watchGoing();
keepCookie();
core.viewed_.push(declared, adopt, keepCookie);
try {
  // a page of somebody who debugs: the address says so, or said it on an earlier page of this tab
  if (/ff_debug/.test(location.search) || sessionStorage.ff_debug) void core.load_('debug');
} catch {
  // storage is shut
}
