/** Forms: started, field completed, submitted, abandoned. Names, order and time; never a value. */
import { D, L, now } from './env';
import { attr } from './element';
import { leave } from './leave';
import { track } from './message';
import { target } from './clicks';
import { zoneOf } from './zones';
import type { Props } from './types';

const FIELD = 'input:not([type=hidden],[type=submit],[type=button],[type=image],[type=reset],[type=search]),textarea,select';
const FORM = 'form,[data-ff-form],[role=form]';
/** Zones whose fields have events of their own. */
const NOT = /^(search|pdp_option|add_to_cart|cart)$/;

interface Run {
  form: string;
  began: number;
  last?: string;
  done: Set<Element>;
}
const runs = new Map<Element, Run>();
let focused = now();

const formName = (form: Element): string =>
  attr(form, 'data-ff-form') || attr(form, 'name') || attr(form, 'id') || attr(form, 'aria-label') || new URL(attr(form, 'action') || '', L.href).pathname;

const fieldName = (field: Element): string => attr(field, 'name') || attr(field, 'id') || attr(field, 'type') || field.localName;

const runOf = (form: Element): Run => {
  let run = runs.get(form);
  if (!run) {
    runs.set(form, (run = { form: formName(form), began: now(), done: new Set() }));
    track('Form Started', { form: run.form });
  }
  return run;
};

const find = (e: Event): [Element, Element] | undefined => {
  const field = target(e);
  const form = field?.closest(FORM);
  return field && form && field.matches(FIELD) && !NOT.test(zoneOf(field)) && !form.matches('form[action*="/cart"]') ? [field, form] : undefined;
};

const onInput = (e: Event): void => {
  const found = find(e);
  if (found) runOf(found[1]).last = fieldName(found[0]);
};

const onChange = (e: Event): void => {
  const found = find(e);
  if (!found) return;
  const [field, form] = found;
  const run = runOf(form);
  run.last = fieldName(field);
  if (run.done.has(field)) return;
  run.done.add(field);
  track('Form Field Completed', {
    form: run.form,
    field: run.last,
    field_order: [...form.querySelectorAll(FIELD)].indexOf(field) + 1,
    ms_spent: now() - focused,
  });
};

const spent = (run: Run): Props => ({ form: run.form, fields_completed: run.done.size, ms_spent: now() - run.began });

export const formSubmitted = (form: Element): void => {
  if (NOT.test(zoneOf(form)) || form.matches('form[action*="/cart"]')) return;
  track('Form Submitted', spent(runOf(form)));
  runs.delete(form);
};

export const abandon = (): void => {
  runs.forEach((run) => track('Form Abandoned', { ...spent(run), field: run.last }));
  runs.clear();
};

export const watchForms = (): void => {
  D.addEventListener('focusin', () => (focused = now()), true);
  D.addEventListener('input', onInput, true);
  D.addEventListener('change', onChange, true);
  leave.push((final) => final && abandon());
};
