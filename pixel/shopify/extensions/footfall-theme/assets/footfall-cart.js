/* Writes the guest token into the cart (attribute _ff_guest): storefront and checkout have different ids, and orders
   come by webhook with the cart's attributes. Only for carts that exist, and only where the pixel has a token, that
   is after consent. Where consent is withdrawn the token leaves the cart, too. */
(function () {
  var written = '';
  var asked = false;
  var guest = '';

  function cartToken() {
    var found = /(?:^|; )cart=([^;]+)/.exec(document.cookie);
    return found && found[1];
  }

  /* Before consent the call waits, and so do we: one call, however long that takes. */
  function ask() {
    var footfall = window.footfall;
    if (asked || !footfall || !footfall.v) return;
    var answer = footfall('guest');
    if (typeof answer === 'string') guest = answer;
    else {
      asked = true;
      guest = '';
      answer.then(function (token) {
        asked = false;
        guest = token;
      });
    }
  }

  function write() {
    ask();
    var cart = cartToken();
    if (!cart || written === cart + guest || (!guest && !written)) return;
    var root = (window.Shopify && window.Shopify.routes && window.Shopify.routes.root) || '/';
    var before = written;
    written = guest && cart + guest;
    fetch(root + 'cart/update.js', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ attributes: { _ff_guest: guest } }),
    }).then(
      function (answer) {
        if (!answer.ok) written = before;
      },
      function () {
        written = before;
      },
    );
  }

  setTimeout(write, 1000);
  setInterval(write, 5000);
})();
