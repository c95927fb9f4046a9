/** Loaded last: frustration and Web Vitals, and what few clicks need: which numbers are cards, more theme
 * packs, the time zone. */
import { core, W } from './extra/core';
import { frustrated, watchReactions } from './watch/frustration';
import { packs } from './watch/packs';
import { rememberTimezone } from './watch/timezone';
import { uncard } from './watch/uncard';
import { watchVitals } from './watch/vitals';

core.numbers_.uncard_ = uncard;
W.footfall!('theme', packs);
watchReactions();
watchVitals();
rememberTimezone();
core.take_((e, el, shown, zone) => zone && frustrated(e as MouseEvent, el, shown!, zone));
