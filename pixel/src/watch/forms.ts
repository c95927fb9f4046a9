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
core.on_(D, 'focusin', () => (focused = Date.now()));

const spent = (run: Run): Props => ({ form: run.form, field: run.field, fields_completed: run.done.size, ms_spent: Date.now() - run.began });

const runOf = (form: Element): Run => {
  let run = runs.get(form);
  if (!run) {
    const name = attr(form, 'data-ff-form') || attr(form, 'name') || attr(form, 'id') || attr(form, 'aria-label');
    // (an address may have a secret in its path, as that of a password's reset)
    run = { form: core.clean_(name || core.address_(attr(form, 'action') || '')?.split('?')[0]!.replace(location.origin, '')), began: Date.now(), done: new Set() };
    runs.set(form, run);
    core.track_('Form Started', { form: run.form });
  }
  return run;
};

/** Events of a form that is no search, no cart and no product's (those have events of their own), and no bare button. */
export const formEvent = (e: Event, el: Element, _?: Element, zone?: string): void => {
  const form = el.closest('[data-ff-form],[role=form],form');
  if (!zone && form?.querySelector(FIELD) && !/search|pdp|cart/.test(core.zone_(el)) && !form.matches('[action*="/cart"],' + core.rules_.cart_form)) {
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
