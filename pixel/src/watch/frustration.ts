/** Rage and dead clicks. */
import { core, D } from '../extra/core';
import { moved, now } from './views';

const RAGE_CLICKS = 3;
const RAGE_MS = 1000;
const RAGE_PX = 30;
const DEAD_MS = 2500;
const REACT_MS = 100;

/** Where many clicks are the point, or none has to change anything. */
const PATIENT = '[aria-label*=crease],[class*=quantity],[class*=qty],label,textarea,select,input';
const WORDS = /^[-+−–<>‹›]$/;

let run: MouseEvent[] = [];
let changed = 0;
/** So many clicks wait for what they change. */
let waiting = 0;
const changes = new MutationObserver(() => (changed = now()));

export const frustrated = (e: MouseEvent, el: Element, shown?: Element, zone?: string): void => {
  if (!zone || e.type != 'click' || el.closest(PATIENT)) return;
  const tell = (event: string): void => void (WORDS.test(core.text_(el)) || core.track_(event, { zone, element: core.describe_(shown!, e) }));
  const before = run[run.length - 1];
  const near =
    before && e.timeStamp - before.timeStamp < RAGE_MS && (e.clientX - before.clientX) ** 2 + (e.clientY - before.clientY) ** 2 <= RAGE_PX ** 2;
  run = near ? [...run, e] : [e];
  if (run.length == RAGE_CLICKS) tell('Rage Click');
  // one that answers a first click in vain is enough; a link's answer is another page
  const at = now();
  // (nor one from before this file had come: nobody saw what it changed)
  if (near || el.closest('a[href]') || at - e.timeStamp > REACT_MS) return;
  // only now: a page that nobody clicks in pays nothing for what it changes
  changes.observe(D, { subtree: true, childList: true, attributes: true, characterData: true });
  waiting++;
  setTimeout(() => {
    const still = moved < at && !`${getSelection()}`;
    setTimeout(() => {
      if (!--waiting) changes.disconnect();
      if (still && changed < at && !D.hidden) tell('Dead Click');
    }, DEAD_MS - REACT_MS);
  }, REACT_MS);
};
