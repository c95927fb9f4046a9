import { readFileSync } from 'node:fs';
import { Liquid } from 'liquidjs';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { CartLine, Checkout, StandardEvent, Variant } from '../shopify/extensions/footfall-web-pixel/src/payloads';
import { handle, quiet } from '../shopify/extensions/footfall-web-pixel/src/send';
import { page } from './page';
import { bare, translate } from '../shopify/extensions/footfall-web-pixel/src/translate';

const block = (name: string): string => readFileSync(`shopify/extensions/footfall-theme/blocks/${name}.liquid`, 'utf8');
const locale = (name: string): any => JSON.parse(readFileSync(`shopify/extensions/footfall-theme/locales/${name}.json`, 'utf8'));
const schemaOf = (text: string): { settings: Array<{ type: string; id?: string; default?: unknown }> } =>
  JSON.parse(/{% schema %}([\s\S]*){% endschema %}/.exec(text)![1]!);

const render = (name: string, data: object, settings: object): HTMLElement => {
  const liquid = new Liquid();
  liquid.registerFilter('asset_url', (file: string) => '/assets/' + file);
  liquid.registerFilter('image_url', (image: string) => image + '?width=400');
  liquid.registerFilter('t', (key: string) => key.split('.').reduce((words, name) => words[name], locale('en.default')));
  liquid.registerFilter('money', (cents: number) => `€${(cents / 100).toFixed(2)}`);
  const html = liquid.parseAndRenderSync(block(name).replace(/{% schema %}[\s\S]*/, ''), {
    ...data,
    block: { settings, shopify_attributes: 'data-shopify-editor-block="1"' },
  });
  const root = document.createElement('div');
  root.innerHTML = html;
  return root;
};

describe('app embed', () => {
  const settings = { collector: 'https://c.example', write_key: 'w"k', api: 'https://a.example', api_key: 'p', consent: 'required' };

  it('is one tag with its options, quoted', () => {
    const tag = render('app-embed', {}, settings).querySelector<HTMLScriptElement>('script[data-write-key]')!;
    expect(tag.getAttribute('src')).toBe('https://c.example/footfall.js');
    expect(tag.dataset).toMatchObject({ writeKey: 'w"k', collector: 'https://c.example', api: 'https://a.example', apiKey: 'p', consent: 'required' });
    expect([tag.dataset.cookieless, tag.dataset.cookieDomain]).toEqual([undefined, undefined]);
    const bridges = [false, true].map((cookieless) => !!render('app-embed', {}, { ...settings, cookieless }).querySelector('[src*="footfall-cart"]'));
    expect(bridges, 'a token of one page alone has no place in an order').toEqual([true, false]);
    const domain = render('app-embed', {}, { ...settings, cookie_domain: '.c.example' }).querySelector('script[src]');
    expect(domain!.getAttribute('data-cookie-domain')).toBe('.c.example');
  });
  it('says who is logged in, or that nobody is', () => {
    expect(render('app-embed', { customer: { id: 77 } }, settings).querySelector('[data-customer-id]')!.getAttribute('data-customer-id')).toBe('77');
    expect(render('app-embed', {}, settings).querySelector('[data-customer-id]')!.getAttribute('data-customer-id')).toBe('');
  });
  it('is nothing before it is set up', () => {
    expect(render('app-embed', {}, { ...settings, write_key: '' }).innerHTML.trim()).toBe('');
  });
});

describe('recommendations block', () => {
  const fallback = { products: [1, 2, 3].map((id) => ({ id, url: `/products/${id}`, title: `Mug <${id}>`, price: 1250, featured_image: '/i.jpg' })) };
  const settings = { heading: 'More', kind: 'similar', limit: 2, placement: '', min_height: 280, fallback };

  it('asks for the product of the page and knows the cart', () => {
    const root = render('recommendations', { product: { id: 9 }, cart: { items: [{ product_id: 5 }, { product_id: 6 }] } }, settings);
    const el = root.querySelector<HTMLElement>('[data-footfall]')!;
    expect(el.dataset).toMatchObject({ footfall: 'similar', limit: '2', placement: 'similar', productId: '9', cart: '5,6' });
    expect(el.style.minHeight).toBe('280px');
  });
  it('says what it is where it has no heading', () => {
    const label = (heading: string): string | null => render('recommendations', { cart: { items: [] } }, { ...settings, heading }).firstElementChild!.getAttribute('aria-label');
    expect([label('More "mugs"'), label('')]).toEqual(['More "mugs"', 'Recommended products']);
    const shapes = ['de', 'fr', 'es', 'it', 'nl'].map((name) => Object.keys(locale(name).recommendations));
    expect(new Set(shapes.flat())).toEqual(new Set(Object.keys(locale('en.default').recommendations)));
  });
  it('shows the shop’s own picks meanwhile', () => {
    const cards = [...render('recommendations', { cart: { items: [] } }, settings).querySelectorAll('.ff-card')];
    expect(cards.map((c) => c.querySelector('.ff-card__title')!.textContent)).toEqual(['Mug <1>', 'Mug <2>']);
    expect(cards[0]!.querySelector('.ff-card__price')!.textContent).toBe('€12.50');
  });
});

it.each(['app-embed', 'recommendations'])('%s: every setting that is used is in the schema, and none besides', (name) => {
  const text = block(name);
  const used = new Set([...text.matchAll(/block\.settings\.(\w+)/g)].map((m) => m[1]));
  const ids = schemaOf(text).settings.flatMap((s) => s.id ?? []);
  expect(new Set(ids)).toEqual(used);
});

const variant: Variant = {
  id: 'gid://shopify/ProductVariant/42', title: 'M', sku: 'S-M', price: { amount: 12.5, currencyCode: 'EUR' }, image: { src: 'https://i/x.jpg' },
  product: { id: '7', title: 'Mug', type: 'Mugs', url: '/products/mug' },
};
const line: CartLine = { quantity: 2, merchandise: variant };
const checkout: Checkout = {
  token: 'tok', currencyCode: 'EUR', totalPrice: { amount: 25, currencyCode: 'EUR' },
  order: { id: 'gid://shopify/Order/1001?key=x', customer: { id: '77' } },
  lineItems: [{ id: '1', title: 'Mug', quantity: 2, variant }],
};
const event = (name: string, data: StandardEvent['data'] = {}, path = '/checkouts/cn/0123456789abcdef0123/information'): StandardEvent => ({
  id: 'sh-1', clientId: 'client-1', name, timestamp: '2026-03-01T10:00:00.123Z', data,
  context: {
    document: { location: { href: `https://s.de${path}?key=secret`, pathname: path, search: '?key=secret' }, referrer: 'https://s.de/cart?x=1', title: 'Checkout' },
    navigator: { language: 'de', userAgent: 'UA' },
    window: { innerWidth: 1, innerHeight: 2, screen: { width: 3, height: 4 } },
  },
});

describe('standard events in our words', () => {
  const products = [{ product_id: '7', variant_id: '42', name: 'Mug', price: 12.5, quantity: 2 }];
  const inCheckout = { checkout_token: 'tok', value: 25, currency: 'EUR', products };
  const mug = {
    product_id: '7', variant_id: '42', variant: 'M', name: 'Mug', price: 12.5, currency: 'EUR', category: 'Mugs', url: '/products/mug', image_url: 'https://i/x.jpg',
  };
  it.each([
    ['checkout_started', { checkout }, 'Checkout Started', inCheckout],
    ['checkout_contact_info_submitted', { checkout }, 'Checkout Step Completed', { step: 'contact', ...inCheckout }],
    ['checkout_address_info_submitted', { checkout }, 'Checkout Step Completed', { step: 'address', ...inCheckout }],
    ['checkout_shipping_info_submitted', { checkout }, 'Checkout Step Completed', { step: 'shipping', ...inCheckout }],
    ['payment_info_submitted', { checkout }, 'Payment Info Entered', inCheckout],
    ['checkout_completed', { checkout }, 'Order Completed', { order_id: '1001', ...inCheckout }],
    ['product_viewed', { productVariant: variant }, 'Product Viewed', mug],
    ['product_added_to_cart', { cartLine: line }, 'Product Added', { ...mug, quantity: 2 }],
    ['product_removed_from_cart', { cartLine: line }, 'Product Removed', { ...mug, quantity: 2 }],
    ['cart_viewed', { cart: { lines: [line], cost: { totalAmount: { amount: 25, currencyCode: 'EUR' } } } }, 'Cart Viewed', { value: 25, products: [{ ...mug, quantity: 2 }] }],
    ['search_submitted', { searchResult: { query: 'mug', productVariants: [variant] } }, 'Products Searched', { query: 'mug', results_count: 1 }],
    ['collection_viewed', { collection: { id: '3', title: 'Mugs', productVariants: [variant, variant] } }, 'Product List Viewed', { list: 'Mugs', list_id: '3', results_count: 2 }],
  ])('%s', (name, data, named, properties) => {
    expect(translate(event(name, data), 'all')).toEqual({ type: 'track', event: named, properties });
  });

  it.each(['ann@example.org mug', 'mug 123-45-6789', '4111 1111 1111 1111', 'red mug 1234567890123', 'two\nlines'])('search for %j as the pixel says it', async (query) => {
    page();
    const { clean } = await import('../src/core/scrub');
    expect(translate(event('search_submitted', { searchResult: { query } }), 'all')?.properties.query).toBe(clean(query));
  });

  it('leaves the storefront to the theme’s pixel unless told otherwise', () => {
    expect(translate(event('product_viewed', { productVariant: variant }, '/products/mug'), 'checkout')).toBeUndefined();
    expect(translate(event('page_viewed', {}, '/products/mug'), 'checkout')).toBeUndefined();
    expect(translate(event('page_viewed', {}, '/de/products/mug'), 'all')).toEqual({ type: 'page', properties: { page_type: 'product' } });
    expect(translate(event('page_viewed'), 'checkout')).toEqual({ type: 'page', properties: { page_type: 'checkout' } });
  });
  it.each(['alert_displayed', 'ui_extension_errored', 'input_changed', 'something_new'])('%s is none of ours', (name) => {
    expect(translate(event(name), 'all')).toBeUndefined();
  });
  it('lives with payloads that have holes', () => {
    expect(translate(event('checkout_started'), 'all')).toBeUndefined();
    expect(translate(event('product_added_to_cart', { cartLine: null }), 'all')!.properties).toEqual({});
    expect(bare(null)).toBeUndefined();
  });
});

describe('from the sandbox to the collector', () => {
  const post = vi.fn(async (_url: string, _body: string) => new Response('{}'));
  const sandbox = { settings: { collector: 'https://c.example/', write_key: 'wk' }, cookie: async () => 'g'.repeat(32), privacy: () => ({ analyticsProcessingAllowed: true, marketingAllowed: false }), post };
  beforeEach(() => post.mockClear());

  it('one message, with the guest of the storefront', async () => {
    expect(await handle(event('checkout_completed', { checkout }), sandbox)).toBe(true);
    const [url, body] = post.mock.calls[0]!;
    expect(url).toBe('https://c.example/v1/b');
    const { writeKey, batch } = JSON.parse(body) as { writeKey: string; batch: Array<Record<string, unknown>> };
    expect(writeKey).toBe('wk');
    expect(batch).toHaveLength(1);
    expect(batch[0]).toMatchObject({
      messageId: 'sh-1', anonymousId: 'g'.repeat(32), userId: '77', originalTimestamp: '2026-03-01T10:00:00.123Z',
      context: { shopify: { clientId: 'client-1' }, cart: { token: 'tok' }, consent: { analytics: true, marketing: false } },
    });
    expect(body).not.toContain('secret');
    expect(body).not.toContain('0123456789abcdef0123');
  });
  it('Shopify’s client id where there is no guest token', async () => {
    await handle(event('checkout_started', { checkout }), { ...sandbox, cookie: () => Promise.reject(new Error('no cookies here')) });
    expect(JSON.parse(post.mock.calls[0]![1]).batch[0].anonymousId).toBe('client-1');
  });
  it.each([
    ['g'.repeat(32), 'g'.repeat(32)],
    ['<script>', 'client-1'],
  ])('the guest token of the cart where the checkout has no cookie of the storefront: %s', async (value, known) => {
    const attributes = [{ key: 'gift', value: 'yes' }, { key: '_ff_guest', value }];
    await handle(event('checkout_started', { checkout: { ...checkout, attributes } }), { ...sandbox, cookie: async () => '' });
    const [message] = JSON.parse(post.mock.calls[0]![1]).batch;
    expect([message.anonymousId, message.context.shopify.clientId]).toEqual([known, 'client-1']);
  });
  it('nothing without consent', async () => {
    const privacy = () => ({ analyticsProcessingAllowed: false, marketingAllowed: false });
    expect(await handle(event('checkout_started', { checkout }), { ...sandbox, privacy })).toBe(false);
    expect(post).not.toHaveBeenCalled();
  });
  it('addresses tell no tokens', () => {
    expect(quiet('https://s.de/checkouts/cn/0123456789abcdef/thank-you?key=1')).toBe('https://s.de/checkouts/cn/*/thank-you');
    expect(quiet('/products/a-very-long-product-handle')).toBe('/products/a-very-long-product-handle');
  });
});

describe('the cart bridge', () => {
  const script = readFileSync('shopify/extensions/footfall-theme/assets/footfall-cart.js', 'utf8');
  it('writes the guest token once into a cart that exists', async () => {
    vi.useFakeTimers();
    const calls: string[] = [];
    vi.stubGlobal('fetch', (url: string, init: { body: string }) => {
      calls.push(url + ' ' + init.body);
      return Promise.resolve(new Response('{}'));
    });
    Object.assign(window, { footfall: Object.assign(() => 'token', { v: '1' }) });
    new Function(script)();
    await vi.advanceTimersByTimeAsync(6000);
    expect(calls).toEqual([]);
    document.cookie = 'cart=abc';
    await vi.advanceTimersByTimeAsync(20_000);
    expect(calls).toEqual(['/cart/update.js {"attributes":{"_ff_guest":"token"}}']);
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('asks once while consent is open, and takes the token out of the cart when consent is withdrawn', async () => {
    vi.useFakeTimers();
    const calls: string[] = [];
    vi.stubGlobal('fetch', (_: string, init: { body: string }) => {
      calls.push(init.body);
      return Promise.resolve(new Response('{}'));
    });
    let token: string | undefined;
    let asked = 0;
    let granted: Array<(token: string) => void> = [];
    const footfall = () => {
      asked++;
      return token ?? new Promise((done) => granted.push(done));
    };
    Object.assign(window, { footfall: Object.assign(footfall, { v: '1' }) });
    document.cookie = 'cart=abc';
    new Function(script)();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([asked, calls]).toEqual([1, []]);
    token = 'one';
    granted.forEach((done) => done('one'));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(calls).toEqual(['{"attributes":{"_ff_guest":"one"}}']);
    token = undefined;
    granted = [];
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls.slice(1)).toEqual(['{"attributes":{"_ff_guest":""}}']);
    token = 'two';
    granted.forEach((done) => done('two'));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(calls.slice(2)).toEqual(['{"attributes":{"_ff_guest":"two"}}']);
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });
});
