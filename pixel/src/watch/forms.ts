/** Forms: started, field completed, submitted, abandoned. Names, order and time; never a value. */
import { attr, core, D } from '../extra/core';
import type { Props } from '../types';

const FIELD = 'input:not([type=hidden],[type=submit],[type=button],[type=search]),textarea,select';

interface Run {
  form: string;
  began: number;
  field?: string;
  done: Set<Element>;
}
const runs = new Map<Element, Run>();
let focused = Date.now();
D.addEventListener('focusin', () => (focused = Date.now()), true);

const spent = ({ form, field, began, done }: Run): Props => ({ form, field, fields_completed: done.size, ms_spent: Date.now() - began });

const runOf = (form: Element): Run => {
  let run = runs.get(form);
  if (!run) {
    const name = ['data-ff-form', 'name', 'id', 'aria-label', 'action'].map((a) => attr(form, a)).find(Boolean);
    run = { form: core.clean_(name?.split('?')[0] || location.pathname), began: Date.now(), done: new Set() };
    runs.set(form, run);
    core.track_('Form Started', { form: run.form });
  }
  return run;
};

/** Events of a form that is no search, no cart and no product's (those have events of their own), and no bare button. */
export const formEvent = (e: Event, el: Element, _?: Element, zone?: string): void => {
  const form = el.closest('form,[data-ff-form],[role=form]');
  if (!zone && form?.querySelector(FIELD) && !/search|pdp|cart/.test(core.zone_(el)) && !form.matches('[action*="/cart"]')) {
    if (e.type == 'submit') {
      core.track_('Form Submitted', spent(runOf(form)));
      runs.delete(form);
    } else if (el.matches(FIELD)) {
      const run = runOf(form);
      run.field = attr(el, 'name') || attr(el, 'id') || el.localName;
      if (e.type == 'change' && !run.done.has(el)) {
        run.done.add(el);
        core.track_('Form Field Completed', {
          form: run.form,
          field: run.field,
          field_order: [...form.querySelectorAll(FIELD)].indexOf(el) + 1,
          ms_spent: Date.now() - focused,
        });
      }
    }
  }
};

core.leave_.unshift((final) => {
  if (!final) return;
  runs.forEach((run) => core.track_('Form Abandoned', spent(run)));
  runs.clear();
});
