/** Searches made by typing: where results appear under the field, without a page of their own. */
import { core } from '../extra/core';

const PAUSE_MS = 1000;
const LEAST = 3;

let timer: ReturnType<typeof setTimeout>;
let last = '';

export const typed = (e: Event, el: Element): void => {
  if (e.type != 'input' || !el.matches('[type=text],[type=search]') || core.zone_(el) != 'search') return;
  clearTimeout(timer);
  timer = setTimeout(() => {
    const query = core.clean_((el as HTMLInputElement).value);
    const shown = el.closest('[role=search],form')?.querySelectorAll(core.rules_.link!).length;
    if (!shown || query.length < LEAST || query == last) return;
    last = query;
    core.track_('Products Searched', { query, results_count: shown, method: 'typed' });
  }, PAUSE_MS);
};
