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
import './watch/timezone';
import { typed } from './watch/typed';
import { uncard } from './watch/uncard';
import './watch/views';
import './watch/vitals';
import type { Hand } from './types';

core.numbers_.uncard_ = uncard;
W.footfall!('theme', packs);
core.add_({
  recommend: (...args) => core.load_('blocks').then(() => core.recommend_?.(...args) || []),
  blocks: () => core.load_('blocks').then(() => core.blocks_?.()),
});
([formEvent, lineEvent, typed, frustrated] as Array<(...hand: Hand) => void>).forEach(core.take_);
readPerson();
watchGoing();
watchReactions();
adopt();
keepCookie();
declared();
core.viewed_.push(declared, adopt, keepCookie);
