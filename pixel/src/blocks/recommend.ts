/** Personalisation: fills the shop's blocks from the API, and tells what was seen and clicked. */
import { core, parse } from '../extra/core';
import type { Answer, Item, RecommendOptions } from '../types';

/** The API's time: after it the shop's own content stays. */
const PATIENCE_MS = 1500;

/** Reasons and prices are told in the language of the page. */
const language = (): string => document.documentElement.lang;

const history = (): Item[] => parse<Item[]>(core.read_('viewed')) || [];

const ask = async (options: RecommendOptions): Promise<Answer> => {
  const kind = options.kind || 'recommended';
  const here = options.product || core.product_?.().product_id || '';
  const known = core.personal_();
  const limit = +(options.limit || 4);
  if (kind == 'recently-viewed') {
    return { items: history().filter((v) => v.product_id != here).slice(0, limit) };
  }
  const query = new URLSearchParams({ key: core.option_('apiKey') || '', limit: String(limit), lang: language(), market: core.option_('market') || '' });
  let path = 'recommendations';
  if (kind == 'recommended') {
    // without the visitor's consent to be recognised the current page is all that counts
    const viewed = known ? [here, ...history().map((v) => v.product_id)] : [here];
    const all: Record<string, string | undefined> = {
      guest: known ? core.read_('guest') : undefined,
      viewed: [...new Set(viewed)].filter(Boolean).slice(0, 10).join(),
      cart: options.cart || (known ? core.read_('cart') : ''),
      placement: options.placement,
    };
    for (const name in all) if (all[name]) query.set(name, all[name]!);
  } else {
    if (!here) return { items: [] };
    path = `products/${encodeURIComponent(here)}/${kind}`;
  }
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const r = await fetch(`${(core.option_('api') || '').replace(/\/$/, '')}/v1/${path}?${query}`, { signal: stop.signal, credentials: 'omit' });
    // (whoever asked hears of no reason: nothing is recommended)
    if (!r.ok) throw r;
    return (await r.json()) as Answer;
  } finally {
    clearTimeout(timer);
  }
};

/** Notes for whoever debugs what was not filled, and why: src/debug/kept.ts puts it into words. */
const kept = (what: HTMLElement | RecommendOptions, why: unknown): unknown => (core.kept_ ||= []).push([what, why]);

/** For the shop's own code: never rejects, an API that is slow or down recommends nothing. `done` gets the whole answer too. */
export const recommend = async (options: RecommendOptions = {}, done?: (items: Item[], answer: Answer) => void): Promise<Item[]> => {
  let why: unknown = [];
  const answer = await ask(options).catch((error): Answer => {
    why = error;
    return { items: [] };
  });
  if (!answer.items[0]) kept(options, why);
  done?.(answer.items, answer);
  return answer.items;
};

const money = (item: Item): string => {
  if (item.price == null || item.price === '') return '';
  try {
    return new Intl.NumberFormat(language() || undefined, { style: 'currency', currency: item.currency || '' }).format(+item.price);
  } catch {
    return String(item.price);
  }
};

/** The text or address that a `data-ff-bind` names. */
const value = (item: Item, name: string): string => (name == 'price' ? money(item) : String((item as unknown as Record<string, unknown>)[name] ?? ''));

/** Only addresses that lead to a page or a picture, and where they seem to: no script, no user (`https://shop@evil`), and no
 * path that is another host to a browser (`//evil`, a backslash, a blank). */
const safe = (url: string): string => (/^(https?:\/\/(?![^/?#]*@)|\/(?!\/)|[.#])[^\\\s]*$/i.test(url) ? url : '');

/** Writes an item into its markup: a link gets its address, a picture its source, anything else its text. Where there is no
 * picture an empty place of its class stays, so that the card's text is level with its neighbours'; where none has one, no place. */
const bind = (root: Element, item: Item, pictures: boolean): void =>
  [root, ...root.querySelectorAll('[data-ff-bind]')].forEach((el) => {
    const name = el.getAttribute('data-ff-bind');
    if (!name) return;
    const text = value(item, name);
    if (el instanceof HTMLImageElement) {
      el.alt = item.title || '';
      if (safe(text)) el.src = safe(text);
      else if (pictures) el.replaceWith(part('span', el.className, ''));
      else el.remove();
    } else if (el instanceof HTMLAnchorElement && name == 'url') el.href = safe(text);
    else el.textContent = text;
  });

/** An element of the default card, whose class and `data-ff-bind` say what is written into it. */
const part = <T extends keyof HTMLElementTagNameMap>(tag: T, className: string, bound: string): HTMLElementTagNameMap[T] => {
  const el = document.createElement(tag);
  el.className = className;
  el.dataset.ffBind = bound;
  return el;
};

/** The default card. (Not from a text: Trusted Types would refuse it.) */
const plainCard = (): HTMLElement => {
  const card = part('a', 'ff-card', 'url');
  const image = part('img', 'ff-card__image', 'image_url');
  image.loading = 'lazy';
  card.append(image, ...['title', 'price', 'reason'].map((name) => part('span', 'ff-card__' + name, name)));
  return card;
};

/** A look for the default card that any rule of the shop overrides: four in a row, two on a phone, as wide when they are
 * fewer; pictures have their place before they load. */
try {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(
    ':where(.ff-list){display:grid;grid-template-columns:repeat(auto-fill,minmax(clamp(140px,22%,280px),1fr));gap:16px}' +
      ':where(.ff-card){display:flex;flex-direction:column;gap:4px;color:inherit;text-decoration:none}' +
      ':where(.ff-card__image){width:100%;height:auto;aspect-ratio:1;object-fit:cover}',
  );
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
} catch {
  // an old browser: the cards look as the shop's own rules make them
}

/** Blocks above the one whose turn it is: what stands in this one and below is to be replaced. */
const DONE = '[data-footfall]:not([data-footfall-state=asked])';

/** Fills a block. Recommended is what no block above shows: `turn` is when they are done, `above` how many they are. */
const fill = async (block: HTMLElement, turn: Promise<unknown>, above: number): Promise<void> => {
  const { footfall: kind, limit = 4, placement = kind, productId, cart } = block.dataset;
  const { items: found, version, experiment, arm } = await ask({ kind, limit: +limit * (above + 1), placement, product: productId, cart });
  await turn;
  const items = found
    .filter((x) => kind == 'recently-viewed' || !document.querySelector(`${DONE}>.ff-list>[data-product-id="${CSS.escape(x.product_id!)}"]`))
    .slice(0, +limit);
  if (!items[0]) throw found;
  const pictures = items.some((x) => safe(x.image_url || ''));
  // null says that the visitor takes no part: then the messages say nothing
  const told = { placement, kind, version, ...(experiment && arm ? { experiment, arm } : {}) };
  const template = block.querySelector('template');
  block.style.minHeight = block.offsetHeight + 'px';
  const list = document.createElement('div');
  list.className = 'ff-list';
  items.forEach((item, i) => {
    const card = template ? ((template.content.cloneNode(true) as DocumentFragment).firstElementChild as HTMLElement) : plainCard();
    bind(card, item, pictures);
    card.dataset.productId = item.product_id;
    const click = (e: MouseEvent): unknown =>
      e.button > 1 ||
      core.track_('Recommendation Clicked', { ...told, product_id: item.product_id, position: i + 1, source: item.source, reason: item.reason });
    card.addEventListener('click', click);
    card.addEventListener('auxclick', click);
    list.append(card);
  });
  block.replaceChildren(list, ...(template ? [template] : []));
  block.dataset.footfallState = 'filled';
  const watch = new IntersectionObserver(
    (entries) => {
      if (!entries.some((e) => e.isIntersecting)) return;
      watch.disconnect();
      core.track_('Recommendation Viewed', { ...told, product_ids: items.map((x) => x.product_id) });
    },
    // (a block taller than the screen never has a half of itself in view: half a screen of it will do)
    { threshold: Math.min(0.5, innerHeight / 2 / block.offsetHeight) },
  );
  watch.observe(block);
};

/** Fills every block that is not filled yet; on any failure the block stays as the shop wrote it, and gives back the height
 * that was reserved for more. */
export const blocks = (): void => {
  let turn: Promise<unknown> = Promise.resolve();
  document.querySelectorAll<HTMLElement>('[data-footfall]:not([data-footfall-state])').forEach((block, above) => {
    block.dataset.footfallState = 'asked';
    turn = fill(block, turn, above).catch((why) => {
      block.dataset.footfallState = 'kept';
      block.style.minHeight = '0';
      kept(block, why);
    });
  });
};
