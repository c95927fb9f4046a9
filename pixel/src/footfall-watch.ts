/** Loaded beside the rest: how the visitor fares. Attention, views without a load, forms, frustration, Web Vitals. */
import { core } from './extra/core';
import { formEvent } from './watch/forms';
import { frustrated, watchReactions } from './watch/frustration';
import { lineEvent, readPerson } from './watch/lines';
import { rememberTimezone } from './watch/timezone';
import { typed } from './watch/typed';
import { watchViews } from './watch/views';
import { watchVitals } from './watch/vitals';

readPerson();
rememberTimezone();
watchViews();
watchReactions();
watchVitals();
core.take_((e, el, shown, zone) => {
  if (zone) frustrated(e as MouseEvent, el, shown!, zone);
  else formEvent(e, el);
  lineEvent(e, el);
  typed(e, el);
});
