footfall('theme', {
  add_to_cart: '.single_add_to_cart_button:not(.disabled),.ajax_add_to_cart',
  pdp_option: '.variations tr',
  pdp_media: '.woocommerce-product-gallery,.wc-block-product-gallery-large-image,.wc-block-product-gallery-thumbnails',
  cart: '.cart-contents,.widget_shopping_cart,.woocommerce-cart-form,.wc-block-mini-cart,.wc-block-mini-cart__drawer,.wc-block-cart-items,.wc-block-cart__sidebar',
  checkout: '.checkout-button,form.woocommerce-checkout,.wc-block-checkout',
  account: '.woocommerce-MyAccount-navigation,[href*="/my-account"]',
  remove: '.remove_from_cart_button,.product-remove .remove,.wc-block-cart-item__remove-link',
  page_other: '.woocommerce-order-received',
  page_home: 'body.home',
  page_collection: '.post-type-archive-product,.tax-product_cat,.tax-product_tag',
  page_search: '.search-results,.search-no-results',
  page_cart: '.woocommerce-cart',
  page_checkout: '.woocommerce-checkout:not(.woocommerce-order-received)',
  page_account: '.woocommerce-account'
})
