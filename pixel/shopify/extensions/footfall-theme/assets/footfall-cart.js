/* Writes the guest token into the cart (attribute _ff_guest): storefront and checkout have different ids, and orders
   come by webhook with the cart's attributes. Only for carts that exist, and only where the pixel has a token, that
   is after consent. */
(function () {
  var written = '';

  function cartToken() {
    var found = /(?:^|; )cart=([^;]+)/.exec(document.cookie);
    return found && found[1];
  }

  function write() {
    var footfall = window.footfall;
    var cart = cartToken();
    var guest = cart && footfall && footfall.v && footfall('guest');
    if (typeof guest !== 'string' || !guest || written === cart + guest) return;
    var root = (window.Shopify && window.Shopify.routes && window.Shopify.routes.root) || '/';
    written = cart + guest;
    fetch(root + 'cart/update.js', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ attributes: { _ff_guest: guest } }),
    }).then(
      function (answer) {
        if (!answer.ok) written = '';
      },
      function () {
        written = '';
      },
    );
  }

  setTimeout(write, 1000);
  setInterval(write, 5000);
})();
