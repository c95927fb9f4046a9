import { expect, it } from 'vitest';
import { calledAdd, saysAdd } from '../src/debug/adds';

it.each([
  'Add to cart', 'ADD TO BAG', 'Add 2 to your basket', 'Buy it now', 'In den Warenkorb', 'In den Einkaufswagen legen', 'Ajouter au panier',
  'Añadir a la cesta', 'Agregar al carrito', 'Adicionar ao carrinho', 'Aggiungi al carrello', 'In winkelwagen', 'Toevoegen aan winkelmand',
  'Dodaj do koszyka', 'Lägg i varukorgen', 'Læg i kurv', 'Legg i handlekurv', 'Lisää ostoskoriin', 'Přidat do košíku', 'Kosárba', 'Sepete ekle',
  'Добавить в корзину', 'カートに入れる', '加入购物车',
])('%s adds', (text) => expect(saysAdd(text)).toBe(true));

it.each(['Cart', 'View cart', 'Remove from cart', 'Zum Warenkorb', 'Warenkorb (2)', 'Mon panier', 'Checkout', 'Add a review', 'Add to wishlist', 'Handbags', 'Buyers say'])(
  '%s does not',
  (text) => expect(saysAdd(text)).toBe(false),
);

it.each(['btn-addtocart', 'add-to-cart big', 'AddToBag', 'buy_now', 'product__add2cart', 'js-atc', 'cart-add'])('%s is called so', (names) => expect(calledAdd(names)).toBe(true));
it.each(['cart', 'mini-cart', 'cart-remove', 'address', 'watch', 'badge', 'match-me'])('%s is not', (names) => expect(calledAdd(names)).toBe(false));
