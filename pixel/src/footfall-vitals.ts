/** Loaded when the page has nothing else to do: frustration and Web Vitals. */
import { core } from './extra/core';
import { frustrated, watchReactions } from './watch/frustration';
import { watchVitals } from './watch/vitals';

watchReactions();
watchVitals();
core.take_((e, el, shown, zone) => zone && frustrated(e as MouseEvent, el, shown!, zone));
