"""From what others send to our messages: one small file for each kind of thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from collector.adapters import carts, orders, privacy, products, refunds
from collector.adapters.common import Delivery, Fact

#: Shopify's webhook topic -> its adapter. The topics to subscribe to are in docs/developer/shopify.md.
SHOPIFY: Mapping[str, Callable[[Delivery], list[Fact]]] = {
    "orders/create": orders.placed,
    "orders/paid": orders.placed,
    "orders/updated": orders.updated,
    "refunds/create": refunds.refunded,
    "carts/create": carts.changed,
    "carts/update": carts.changed,
    "products/create": products.changed,
    "products/update": products.changed,
    "products/delete": products.deleted,
    "customers/redact": privacy.redact_customer,
    "customers/data_request": privacy.data_of_customer,
    "shop/redact": privacy.redact_shop,
    "app/uninstalled": privacy.uninstalled,
}
