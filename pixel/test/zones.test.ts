import { beforeEach, describe, expect, it } from 'vitest';
import { page } from './page';

let zones: typeof import('../src/core/zones');
let themes: typeof import('../src/core/themes');
let element: typeof import('../src/core/element');

beforeEach(async () => {
  page();
  element = await import('../src/core/element');
  themes = await import('../src/core/themes');
  zones = await import('../src/core/zones');
});

const at = (html: string): Element => {
  document.body.innerHTML = html;
  return document.querySelector('#x')!;
};

describe('zones', () => {
  it.each([
    ['nav', '<header><nav><a id=x href="/collections/a">A</a></nav></header>'],
    ['footer', '<footer><nav><a id=x href="/terms">A</a></nav></footer>'],
    ['search', '<header><form role=search><button id=x>Go</button></form></header>'],
    ['cart', '<header><a id=x href="/cart">Cart</a></header>'],
    ['account', '<footer><a id=x href="/account">Account</a></footer>'],
    ['checkout', '<div class=cart><button id=x name=checkout>Go</button></div>'],
    ['add_to_cart', '<li class=product-card><a href="/products/a"></a><button id=x name=add>Add</button></li>'],
    ['pdp_option', '<variant-radios><label id=x>S</label></variant-radios>'],
    ['pdp_media', '<div itemprop=image><img id=x></div>'],
    ['collection_card', '<ul><li><a href="/products/a"><span id=x>A</span></a></li></ul>'],
    ['form', '<form><button id=x>Send</button></form>'],
    ['other', '<main><p id=x>Text</p></main>'],
    ['mine', '<nav data-ff-zone=mine><a id=x href="/">A</a></nav>'],
    ['nav', '<nav><ul><li><a id=x href="/products/a">A</a></li></ul></nav>'],
  ])('%s', (zone, html) => expect(zones.zoneOf(at(html))).toBe(zone));

  it('a new theme is data', () => {
    const el = at('<div class="burger"><i id=x></i></div>');
    expect(zones.zoneOf(el)).toBe('other');
    themes.addPack({ nav: '.burger' });
    expect(zones.zoneOf(el)).toBe('nav');
    themes.addPack({ nav: '.menu' }, true);
    expect(zones.zoneOf(el)).toBe('other');
  });

  it('a variant of the page\'s own product is no card', () => {
    history.replaceState({}, '', '/products/a');
    expect(zones.zoneOf(at('<p><a id=x href="/products/a?Size=M">M</a></p>'))).toBe('other');
    expect(zones.zoneOf(at('<p><a id=x href="/products/b?Size=M">B</a></p>'))).toBe('collection_card');
    expect(zones.zoneOf(at('<p><a id=x href="/p/b">B</a></p>'))).toBe('other');
    themes.addPack({ link: '[href^="/p/"]' });
    history.replaceState({}, '', '/p/a');
    expect(zones.zoneOf(at('<p><a id=x href="/p/b">B</a></p>'))).toBe('collection_card');
  });
});

describe('texts', () => {
  it.each([
    ['Add to cart', '<button id=x><span>Add</span> <b>to cart</b></button>'],
    ['own', '<div id=x>own <span>nested</span></div>'],
    ['', '<textarea id=x>typed</textarea>'],
    ['', '<div contenteditable><b id=x>typed</b></div>'],
    ['a c', '<button id=x>a <span data-ff-ignore>b</span> c</button>'],
    ['a c', '<button id=x>a <span data-ff-mask>b</span> c</button>'],
    ['', '<p data-ff-mask>a <b id=x>b</b></p>'],
    ['', '<select id=x><option>one</option></select>'],
    ['Send', '<input id=x type=submit value=Send>'],
    ['', '<input id=x type=text value=typed>'],
    ['Boots', '<a id=x href="/b"><picture><img alt=Boots></picture></a>'],
    ['Boots', '<img id=x alt=Boots>'],
    ['Red boots', '<a id=x href="/b"><img alt="A picture"> Red boots</a>'],
    ['', '<a id=x href="/b"><span data-ff-mask><img alt="Hello Jane"></span></a>'],
    ['', '<div data-ff-mask><a id=x href="/b"><img alt="Hello Jane"></a></div>'],
  ])('%s', (text, html) => expect(element.describe(at(html)).text).toBe(text));

  it('of labels are masked as texts are', () => {
    expect(element.describe(at('<button id=x aria-label="Close"></button>')).aria_label).toBe('Close');
    expect(element.describe(at('<p data-ff-mask><button id=x aria-label="Hello Jane"></button></p>')).aria_label).toBe(undefined);
  });
});

describe('handles', () => {
  it.each([
    ['/products/aran?variant=1', 'aran'],
    ['/products/caf%C3%A9-au-lait#reviews', 'café-au-lait'],
    ['/de/product/%e6%b0%b4', '水'],
    ['/products/100%', '100%'],
    ['/collections/a', undefined],
  ])('%s', (url, handle) => expect(zones.handle(url)).toBe(handle));

  it('are where a theme says', () => {
    themes.addPack({ handle: '/(\\d+)-[^/]*\\.html' }, true);
    expect(zones.handle('/men/2-9-brown-bear.html#/1-size-s')).toBe('2');
    expect(zones.handle('/products/aran')).toBe(undefined);
  });
});

describe('page types', () => {
  const typeAt = (path: string, html = ''): string => {
    document.body.innerHTML = html;
    history.replaceState({}, '', path);
    return zones.pageType();
  };
  it.each([
    ['/', 'home'],
    ['/en-gb', 'home'],
    ['/de/collections/knit', 'collection'],
    ['/collections/knit/products/aran', 'product'],
    ['/products', 'other'],
    ['/search?q=a', 'search'],
    ['/cart', 'cart'],
    ['/checkouts/cn/1', 'checkout'],
    ['/account/orders', 'account'],
    ['/login', 'account'],
    ['/fr/register', 'account'],
    ['/about/login', 'other'],
    ['/categories/knit', 'collection'],
    ['/en/home', 'home'],
    ['/de-CH/', 'home'],
    ['/abhome', 'other'],
    ['/english/cart', 'other'],
    ['/shop#!/cart', 'cart'],
    ['/pages/about', 'other'],
    ['/shop#/products/a', 'product'],
    ['/shop#reviews', 'other'],
  ])('%s is %s', (path, type) => expect(typeAt(path)).toBe(type));

  it('is what the markup says before all', () => {
    expect(typeAt('/products/a', '<div data-footfall-page-type="landing"></div>')).toBe('landing');
  });
  it('is what a theme says before the address', () => {
    themes.addPack({ page_cart: '.is-cart' });
    expect(typeAt('/checkout/cart', '<div class="is-cart"></div>')).toBe('cart');
    expect(typeAt('/checkout/cart')).toBe('checkout');
  });
  it('is what JSON-LD says where the path says nothing', () => {
    expect(typeAt('/x', '<script type="application/ld+json">{"@type": "Product"}</script>')).toBe('product');
  });
});
