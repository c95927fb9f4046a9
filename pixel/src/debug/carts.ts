/** Buttons that seem to put something into the cart, and of which no Product Added came. */
import { core, W } from '../extra/core';
import { watchers, type Sent } from './messages';
import { advise } from './panel';

/** As buttons say it, in the languages of Europe and some more; and as their classes, ids and names do. */
const SAYS =
  /\b(add|put|place).{0,20}\b(cart|bag|basket|trolley)\b|\bbuy (it )?now\b|\bin (den|die) (waren|einkaufs)\S+|(ajouter|mettre).{0,12}panier|(añadir|agregar|adicionar|meter).{0,12}(carrito|cesta|carrinho)|aggiungi.{0,12}carrello|in (de )?winkel(wagen|mand)|do koszyka|l(ä|æ)g.{0,12}(kurv|varukorg)|legg i handlekurv|ostoskoriin|do košíku|kosárba|sepete ekle|в корзину|カートに|加入购物车/i;
const CALLED = /(add|buy).?(to|2)?.?(cart|bag|basket)|\b(cart|basket).?add\b|buy.?now|atc\b/i;

/** The event is told 1.5 s after the click at the latest. */
const PATIENCE_MS = 2500;

const selector = (el: Element): string => (el.id ? '#' + CSS.escape(el.id) : el.localName + [...el.classList].slice(0, 2).map((name) => '.' + CSS.escape(name)).join(''));

const looksLikeAdd = (el: Element): boolean => {
  const named = ['aria-label', 'title', 'value', 'alt'].map((name) => el.getAttribute(name)).join(' ');
  const called = ['id', 'class', 'name'].map((name) => el.getAttribute(name)).join(' ');
  return SAYS.test(`${core.text_(el).slice(0, 80)} ${named}`) || CALLED.test(called);
};

let added = 0;
const sent = ({ event, properties }: Sent): void => {
  if (event != 'Product Added') return;
  added = Date.now();
  if (!properties?.product_id)
    advise("Product Added says no product: put data-product-id on the form or the section of the product, or productID or sku into the page's JSON-LD", true);
};

export const watchCarts = (): void => {
  watchers.push(sent);
  // told at once, sent later: a click on the next page must not be taken for one that failed
  const { track_: track } = core;
  core.track_ = (event, properties) => {
    if (event == 'Product Added') added = Date.now();
    track(event, properties);
  };
  let due: (() => void) | undefined;
  core.leave_.push((final) => final && due?.());
  core.take_((_event, el, shown, zone) => {
    if (!zone || zone == 'add_to_cart' || !looksLikeAdd(el)) return;
    const at = Date.now();
    const text = core.text_(shown || el).slice(0, 40) || el.getAttribute('aria-label') || '';
    const mine = (): void => {
      if (due != mine) return;
      due = undefined;
      if (added < at) advise(`"${text}" (${selector(el)}) looks like a button that adds to the cart, and no Product Added came of it: give it data-ff-zone="add_to_cart"`, true);
    };
    due = mine;
    setTimeout(() => {
      // (what the shop tracks by itself is seen as it leaves)
      W.footfall!('flush');
      mine();
    }, PATIENCE_MS);
  });
};
