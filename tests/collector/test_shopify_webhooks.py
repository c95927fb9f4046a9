"""The webhook endpoint: signature, shop, repetition, durability."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from errno import EIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from collector.app import create_app
from collector.shopify_webhooks import MAX_WEBHOOK
from collector.webhook_dedup import KEEP_SECONDS, SeenDeliveries
from footfall.landing.segments import NO_VISIT, Envelope
from footfall.settings import Settings

Client = TestClient[Litestar]
Landed = Callable[[], list[Envelope]]
SECRET = "client-secret-of-the-app"
ORDER = {
    "id": 42,
    "created_at": "2026-11-24T10:00:00Z",
    "total_price": "10.00",
    "currency": "EUR",
    "customer": {"id": 7},
    "line_items": [{"product_id": 1, "variant_id": 2, "title": "Gilet", "quantity": 1, "price": "10.00"}],
}


@pytest.fixture
def shop(settings: Settings) -> Settings:
    return msgspec.structs.replace(
        settings, shopify_secrets=("the-new-one", SECRET), shopify_shops=("One.myshopify.com",)
    )


@pytest.fixture
def client(shop: Settings, disk: Any) -> Iterator[Client]:
    with TestClient(create_app(shop, disk)) as client:
        yield client


def deliver(
    client: Client,
    payload: Any,
    topic: str = "orders/create",
    *,
    secret: str = SECRET,
    shop: str = "one.myshopify.com",
    webhook_id: str = "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
) -> Any:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return client.post(
        "/v1/shopify/webhooks",
        content=body,
        headers={
            "content-type": "application/json",
            "x-shopify-topic": topic,
            "x-shopify-hmac-sha256": base64.b64encode(
                hmac.new(secret.encode(), body, hashlib.sha256).digest()
            ).decode(),
            "x-shopify-shop-domain": shop,
            "x-shopify-webhook-id": webhook_id,
            "x-shopify-triggered-at": "2026-11-24T10:00:01.123456789Z",
        },
    )


def messages(envelopes: list[Envelope]) -> list[dict[str, Any]]:
    return [msgspec.json.decode(raw) for envelope in envelopes for raw in envelope.batch]


def test_an_order_is_on_disk_when_it_is_answered(client: Client, landed: Landed) -> None:
    assert deliver(client, ORDER).json() == {"accepted": 1}
    client.__exit__(None, None, None)
    (envelope,) = landed()
    assert (envelope.source, envelope.trusted, envelope.is_bot, envelope.accepted) == (
        "shopify",
        True,
        False,
        1,
    )
    assert messages([envelope])[0]["messageId"] == "shopify-order-42"


def test_what_is_not_signed_by_us_is_not_read(client: Client, landed: Landed) -> None:
    assert deliver(client, ORDER, secret="another").status_code == 401
    assert deliver(client, b"[" * 100_000, secret="another").status_code == 401
    assert client.post("/v1/shopify/webhooks", content=b"{}").status_code == 401
    assert deliver(client, ORDER, shop="two.myshopify.com").json()["reason"] == "shop"
    client.__exit__(None, None, None)
    assert landed() == []


def test_a_repeated_delivery_lands_once(client: Client, shop: Settings, landed: Landed) -> None:
    assert deliver(client, ORDER).json() == {"accepted": 1}
    assert deliver(client, ORDER).json() == {"accepted": 0, "duplicate": True}
    # A replay with another id, which the signature does not cover.
    assert deliver(client, ORDER, webhook_id="other").json() == {"accepted": 0, "duplicate": True}
    client.__exit__(None, None, None)
    with TestClient(create_app(shop)) as restarted:
        assert deliver(restarted, ORDER).json() == {"accepted": 0, "duplicate": True}
        # Another topic tells the same order: other bytes in the memory, the same id in the lake.
        assert deliver(restarted, ORDER, "orders/paid", webhook_id="third").json() == {"accepted": 1}
    assert [one["messageId"] for one in messages(landed())] == ["shopify-order-42"] * 2


def test_a_delivery_that_did_not_reach_the_disk_may_come_again(client: Client, disk: Any) -> None:
    disk.fail["sync_data"] = [EIO]
    assert deliver(client, ORDER).status_code == 503
    answer = deliver(client, ORDER)
    for _ in range(50):
        if answer.status_code == 200:
            break
        answer = deliver(client, ORDER)
    assert answer.json() == {"accepted": 1}


def test_facts_without_a_visitor_make_no_visitor(client: Client, landed: Landed) -> None:
    assert deliver(client, {"id": 1, "title": "Gilet"}, "products/update").json() == {"accepted": 1}
    redact = {
        "shop_id": 1,
        "shop_domain": "One.myshopify.com",
        "customer": {"id": 7},
        "orders_to_redact": [42],
    }
    assert deliver(client, redact, "customers/redact", webhook_id="2").json() == {"accepted": 1}
    client.__exit__(None, None, None)
    envelopes = landed()
    assert {envelope.bot_reason for envelope in envelopes} == {NO_VISIT}
    assert [one["event"] for one in messages(envelopes)] == ["Product Updated", "Redaction Requested"]


def test_what_no_adapter_can_read_is_kept_as_failed(client: Client, landed: Landed) -> None:
    body = b'{"id": 42, "line_items": "none"}'
    assert deliver(client, body).json() == {"accepted": 0, "rejected": 1}
    client.__exit__(None, None, None)
    (envelope,) = landed()
    assert (envelope.failed[0].field, envelope.failed[0].raw) == ("webhook", body)
    assert envelope.failed[0].reason.startswith("orders/create: Expected `array`")


def test_a_topic_that_nobody_asked_for_is_not_kept(client: Client, landed: Landed) -> None:
    answer = deliver(client, {"email": "john@example.com"}, "customers/create")
    assert answer.json() == {"accepted": 0, "ignored": "customers/create"}
    client.__exit__(None, None, None)
    assert landed() == []


def test_too_large_and_not_set_up(client: Client, settings: Settings) -> None:
    answer = deliver(client, b" " * (MAX_WEBHOOK + 1))
    assert (answer.status_code, answer.json()["reason"]) == (413, "too_large")
    with TestClient(create_app(settings)) as closed:
        assert deliver(closed, ORDER).json()["reason"] == "not_set_up"


def test_the_memory_of_deliveries_ends_after_48_hours(tmp_path: Path) -> None:
    now = [1_000_000.0]
    seen = SeenDeliveries(tmp_path / "a" / "seen.sqlite", clock=lambda: now[0])
    other = SeenDeliveries(tmp_path / "a" / "seen.sqlite", clock=lambda: now[0])
    assert not seen.any_of(["x", "y"])
    seen.add(["x", "y"])
    assert other.any_of(["z", "y"])
    now[0] += KEEP_SECONDS + 1
    assert not other.any_of(["x"])
    seen.close()
    other.close()


def test_a_memory_that_can_not_be_used_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    seen = SeenDeliveries(tmp_path / "file" / "seen.sqlite")
    seen.add(["x"])
    assert not seen.any_of(["x"])
