/** Cart: added by a form, by a button, by fetch or XHR, counted once; removed by its link. */
import { personal } from './consent';
import { parse, read, W, write } from './env';
import { leave } from './leave';
import { track } from './message';
import { cardProduct, fromData, product, variantId } from './product';
import type { Product } from './types';
import { cardOf } from './zones';

const ADD = /\/cart\/add(\.js|\.json)?(\?|$)/;
const FORM = 'form[action*="/cart/add"]';
/** How long an intent waits for the request that carries it out, before it counts by itself. */
const PATIENCE_MS = 1500;

type Line = { id?: unknown; quantity?: unknown };

let pending: Product | undefined;
let timer: ReturnType<typeof setTimeout>;

const added = (props: Product): void => {
  track('Product Added', { quantity: 1, ...props });
  const ids = read('cart').split(',').filter((id) => id && id != props.product_id);
  if (personal() && props.product_id) write('cart', [props.product_id, ...ids.slice(0, 19)].join());
};

const settle = (): void => {
  clearTimeout(timer);
  const props = pending;
  pending = undefined;
  if (props) added(props);
};
leave.push(settle);

const quantity = (n: unknown): number => +(n as string) || 1;

/** Somebody pressed the button: by a native form post, or by a script that sends a request in a moment. */
export const intent = (el: Element): void => {
  settle();
  const form = el.closest(FORM);
  const field = (name: string): string | undefined => form?.querySelector<HTMLInputElement>(`[name=${name}]`)?.value || undefined;
  const card = cardOf(el);
  const p = card ? cardProduct(card) : product();
  pending = {
    ...p,
    variant_id: field('id') || (card ? p.variant_id : variantId() || p.variant_id),
    quantity: quantity(field('quantity')),
  };
  timer = setTimeout(settle, PATIENCE_MS);
};

/** A click on an add button that submits no form by itself. */
export const addClicked = (el: Element): void => {
  const button = el as HTMLButtonElement;
  if (!(button.form && button.type == 'submit')) intent(el);
};

export const onSubmit = (e: Event, form: Element): void => {
  if (!form.matches(FORM)) return;
  intent(form);
  setTimeout(() => e.defaultPrevented || settle());
};

const lines = (body: unknown): Line[] => {
  if (typeof body == 'string' && body[0] == '{') {
    const json = parse<Line & { items?: Line[] }>(body);
    return json?.items || [json || {}];
  }
  const form = body instanceof FormData ? body : new URLSearchParams(body as string);
  return [{ id: form.get('id') || undefined, quantity: form.get('quantity') }];
};

type Answer = Line & { product_id?: unknown; variant_id?: unknown; product_title?: string; price?: number; items?: Answer[] };

/** Takes an intent over and counts it when the shop has said yes, with the ids that the shop answered. */
const requested = (body: unknown): ((answer?: string) => void) => {
  const base = pending;
  pending = undefined;
  clearTimeout(timer);
  const asked = lines(body);
  return (answer) => {
    const said = parse<Answer>(answer) || {};
    asked.forEach((line, i) => {
      const a = said.items?.[i] || said;
      const id = a.product_id ?? base?.product_id;
      const here = base || product();
      added({
        ...(id == null || String(id) == here.product_id ? here : {}),
        ...(id == null ? {} : { product_id: String(id) }),
        variant_id: String(a.variant_id ?? line.id ?? here.variant_id ?? '') || undefined,
        ...(a.product_title ? { name: a.product_title } : {}),
        ...(a.price ? { price: a.price / 100 } : {}),
        quantity: quantity(line.quantity ?? base?.quantity),
      });
    });
  };
};

export const patchRequests = (): void => {
  const native = W.fetch;
  W.fetch = function (this: unknown, ...args: Parameters<typeof fetch>) {
    const sent = native.apply(this as Window, args);
    const [input, init] = args;
    if (ADD.test((input as Request).url || String(input))) {
      const done = requested(init?.body);
      sent.then(
        (r) => void (r.ok && r.clone().text().then(done, () => done())),
        () => undefined,
      );
    }
    return sent;
  };
  const proto = W.XMLHttpRequest.prototype;
  const { open, send } = proto;
  const adds = new WeakSet<XMLHttpRequest>();
  proto.open = function (this: XMLHttpRequest, ...args: unknown[]) {
    if (ADD.test(String(args[1]))) adds.add(this);
    else adds.delete(this);
    return (open as (...a: unknown[]) => void).apply(this, args);
  };
  proto.send = function (body) {
    if (adds.has(this)) {
      const done = requested(body);
      this.addEventListener('load', () => this.status < 400 && done(this.responseType ? '' : this.responseText));
    }
    return send.call(this, body);
  };
};

export const removed = (el: Element): void => {
  const line = el.closest('[data-product-id]') || el.closest('tr,li,.cart-item') || el;
  const link = line.querySelector('[href*="/products/"]');
  const props = link ? { ...cardProduct(line), ...fromDataOf(line) } : fromData(line);
  track('Product Removed', props);
  write('cart', read('cart').split(',').filter((id) => id != props.product_id).join());
};

const fromDataOf = (line: Element): Product => {
  const p = fromData(line);
  return p.product_id ? p : {};
};
