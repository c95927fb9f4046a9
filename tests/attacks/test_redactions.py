"""Only a request that Shopify signed as one erases somebody, and one that can't be read stops none of the others."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.attacks.conftest import Shop
from tests.attacks.messages import track, viewed

SECRET = "client-secret-of-the-app"
DOMAIN = "one.myshopify.com"
TRUSTED = "key-of-the-shops-server"
WRITE_KEYS = [
    {"key": "key-of-pages", "source": "shop_pixel"},
    {"key": TRUSTED, "source": "import", "trusted": True},
]


@pytest.fixture(scope="module")
def shopify_shop(open_shop: Callable[..., Shop]) -> Shop:
    """A Shopify store with four customers who looked at a product."""
    shop = open_shop(FOOTFALL_SHOPIFY_SECRETS=SECRET, FOOTFALL_WRITE_KEYS=json.dumps(WRITE_KEYS))
    shop.send(viewed("p1", user=user) for user in ("7001", "7002", "7003", "7004"))
    return shop


def deliver(shop: Shop, topic: str, payload: dict[str, Any], webhook_id: str) -> int:
    """Sends a delivery as Shopify does: the signature covers the body alone, not its topic. Returns the status."""
    body = json.dumps(payload).encode()
    signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    headers = {
        "content-type": "application/json",
        "x-shopify-topic": topic,
        "x-shopify-hmac-sha256": signature,
        "x-shopify-shop-domain": DOMAIN,
        "x-shopify-webhook-id": webhook_id,
    }
    url = f"{shop.settings.collector_url}/v1/shopify/webhooks"
    return httpx.post(url, content=body, headers=headers, trust_env=False, timeout=30).status_code


def redact(customer: object) -> dict[str, Any]:
    return {
        "shop_id": 1,
        "shop_domain": DOMAIN,
        "customer": {"id": customer, "email": "somebody@shop.example", "phone": None},
        "orders_to_redact": [],
    }


def imitate(shop: Shop) -> None:
    """The adapter's message for customer 7001, sent with a trusted key."""
    message = track(
        "Redaction Requested", {"scope": "customer", "shop_id": "1", "order_ids": []}, user="7001"
    )
    del message["anonymousId"]
    message["messageId"] = f"shopify-privacy-{'0' * 32}-1"
    message["context"] |= {"library": {"name": "footfall-shopify-webhooks"}, "shopify": {"shop": DOMAIN}}
    shop.send([message], key=TRUSTED)


def resend_order(shop: Shop) -> None:
    """The signed order of customer 7002, as it came and then as a redaction; it has a redaction's fields too."""
    order = {"id": 42, "total_price": "10.00", "currency": "GBP", "line_items": []} | redact(7002)
    assert deliver(shop, "orders/create", order, "order") == 200
    assert deliver(shop, "customers/redact", order, "order-as-redaction") == 200


@pytest.mark.parametrize(("user", "attack"), [("7001", imitate), ("7002", resend_order)])
def test_what_shopify_did_not_ask_for_erases_nobody(
    shopify_shop: Shop, user: str, attack: Callable[[Shop], None]
) -> None:
    attack(shopify_shop)
    said = shopify_shop.footfall("person", "forget", "--requested", "--yes", "--no-run")
    assert "no open erasure requests" in said
    assert "Product Viewed" in shopify_shop.footfall("person", "show", "--user", user)


def test_a_malformed_request_stops_no_proper_one(shopify_shop: Shop) -> None:
    shop = shopify_shop
    assert deliver(shop, "customers/redact", redact("null"), "nobody") == 200
    assert deliver(shop, "customers/redact", redact({"is": "no id"}), "no-id") == 200
    assert deliver(shop, "customers/redact", redact(7003), "proper") == 200
    assert deliver(shop, "customers/redact", {"shop_id": 1}, "no-customer") == 200
    said = shop.footfall("person", "forget", "--requested", "--yes", "--no-run")
    assert "users: 7003" in said
    assert "0 events, 0 failed events" in shop.footfall("person", "show", "--user", "7003")
    for other in ("7001", "7002", "7004"):
        assert "Product Viewed" in shop.footfall("person", "show", "--user", other)
