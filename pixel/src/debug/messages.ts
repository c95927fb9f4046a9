/** Each message as it leaves, and what the collector said to it. */
import { advise, row } from './panel';
import { collectorSays } from './words';

export interface Sent {
  event?: string;
  type: string;
  properties?: { zone?: string; name?: string; product_id?: string; element?: { text?: string; aria_label?: string } };
}
interface Rejected {
  index: number;
  field: string;
  reason: string;
}

/** Called with each message that leaves. */
export const watchers: Array<(message: Sent) => void> = [];

type Mark = (answer: string, good?: boolean) => void;

const seen = (body: unknown): Mark[] => {
  let messages: Sent[] = [];
  try {
    messages = (JSON.parse(body as string) as { batch?: Sent[] }).batch || [];
  } catch {
    // no batch of ours
  }
  return messages.map((m) => {
    watchers.forEach((f) => f(m));
    const { zone, name, element } = m.properties || {};
    return row([m.event || m.type, zone, name || element?.text || element?.aria_label].filter(Boolean).join(' · '), m);
  });
};

const answered = async (marks: Mark[], address: string, answer: unknown): Promise<void> => {
  if (!(answer instanceof Response && answer.ok)) {
    marks.forEach((mark) => mark(answer instanceof Response ? `${answer.status}` : 'no answer'));
    return advise(await collectorSays(address, answer));
  }
  const { rejected = [] } = (await answer.json()) as { rejected?: Rejected[] };
  marks.forEach((mark, index) => {
    const found = rejected.find((each) => each.index == index);
    mark(found ? `refused (${found.field}: ${found.reason})` : '✓', !found);
  });
};

/** Looks over the shoulder of the queue: its requests are those that outlive the page. */
export const watchMessages = (): void => {
  const { fetch: post } = window;
  window.fetch = (...args) => {
    const sent = post(...args);
    if (args[1]?.keepalive) {
      const marks = seen(args[1].body);
      marks.forEach((mark) => mark('…', true));
      // (a copy, before the queue reads the answer)
      const copy = sent.then(
        (answer) => answer.clone(),
        (error: unknown) => error,
      );
      if (marks[0]) copy.then((answer) => answered(marks, String(args[0]), answer)).catch(console.warn);
    }
    return sent;
  };
  const beacon = navigator.sendBeacon.bind(navigator);
  navigator.sendBeacon = (url, body) => {
    seen(body).forEach((mark) => mark('beacon', true));
    return beacon(url, body);
  };
};
