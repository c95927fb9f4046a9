/** How buttons that put something into the cart are called: their words, in 18 languages, and their classes, ids and names. */

const WORDS =
  /\b(add|put|place).{0,20}\b(cart|bag|basket|trolley)\b|\bbuy (it )?now\b|\bin (den|die) (waren|einkaufs)\S+|(ajouter|mettre).{0,12}panier|(añadir|agregar|adicionar|meter).{0,12}(carrito|cesta|carrinho)|aggiungi.{0,12}carrello|(in|aan) (de |je )?winkel(wagen|mand)|do koszyka|(l(ä|æ)gg?|legg).{0,12}(kurv|varukorg)|ostoskoriin|do košíku|kosárba|sepete ekle|в корзину|カートに|加入购物车/i;
const NAMES = /(add|buy).?(to|2)?.?(cart|bag|basket)|\b(cart|basket).?add\b|buy.?now|\batc\b/i;

export const saysAdd = (text: string): boolean => WORDS.test(text);
export const calledAdd = (names: string): boolean => NAMES.test(names);
