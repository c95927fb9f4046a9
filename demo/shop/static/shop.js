// The shop's own script: pickers, gallery, menus. Every page works without it; it only saves a reload.
'use strict';

const productForm = document.querySelector('[data-product-form]');
if (productForm) {
  const variants = JSON.parse(document.getElementById('product-variants').textContent);
  const image = document.getElementById('product-image');
  const thumbs = [...document.querySelectorAll('.product__thumb')];
  const set = (id, text) => { document.getElementById(id).textContent = text; };
  let view = 'whole';

  const picture = (address, name) => (name === 'whole' ? address : address + '#' + name);

  const show = (variant) => {
    image.src = picture(variant.picture, view);
    thumbs.forEach((thumb) => { thumb.firstElementChild.src = picture(variant.picture, thumb.dataset.view); });
    set('product-price', variant.price);
    set('product-was', variant.was);
    document.getElementById('product-was').hidden = !variant.was;
    productForm.elements.id.value = variant.id;
    productForm.elements.add.disabled = !variant.available;
    set('add-label', variant.available ? 'Add to basket' : 'Sold out');
    const stock = document.getElementById('product-stock');
    stock.textContent = variant.available ? 'In stock, leaves the barn today' : 'Not in stock in this choice';
    stock.classList.toggle('is-out', !variant.available);
  };

  const names = variants[0] ? Object.keys(variants[0].options) : [];
  const chosen = () => Object.fromEntries(names.map((name) => [name, new FormData(productForm).get(name)]));
  const find = (options) => variants.find((v) => names.every((name) => v.options[name] === options[name]));

  // A value is struck through when the other choices as they stand leave it sold out.
  const mark = () => productForm.querySelectorAll('input[type=radio]').forEach((radio) => {
    const variant = find({ ...chosen(), [radio.name]: radio.value });
    radio.nextElementSibling.classList.toggle('is-out', !variant || !variant.available);
  });

  productForm.addEventListener('change', (event) => {
    if (!names.includes(event.target.name)) return;
    const variant = find(chosen());
    if (variant) show(variant);
    mark();
  });
  productForm.addEventListener('click', (event) => {
    const step = event.target.closest('[data-step]');
    if (!step) return;
    const field = productForm.elements.quantity;
    field.value = Math.min(20, Math.max(1, Number(field.value) + Number(step.dataset.step)));
  });
  thumbs.forEach((thumb) => thumb.addEventListener('click', () => {
    view = thumb.dataset.view;
    thumbs.forEach((other) => other.setAttribute('aria-current', String(other === thumb)));
    const variant = find(chosen()) || variants[0];
    image.src = picture(variant.picture, view);
  }));
  mark();
}

// One dropdown at a time; a click elsewhere or Escape closes it.
const dropdowns = [...document.querySelectorAll('.header details')];
const closeBut = (kept) => dropdowns.forEach((d) => { if (d !== kept && !d.contains(kept)) d.open = false; });
dropdowns.forEach((d) => d.addEventListener('toggle', () => d.open && closeBut(d)));
document.addEventListener('click', (event) => closeBut(event.target.closest('.header details')));
document.addEventListener('keydown', (event) => { if (event.key === 'Escape') closeBut(null); });

// Selects that are a form of their own go off by themselves.
document.querySelectorAll('.facets select, .cart-item__quantity select').forEach((select) =>
  select.addEventListener('change', () => select.form.requestSubmit()));
