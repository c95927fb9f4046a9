"""The WooCommerce plugin: what it tells the collector of carts and orders, and how it waits for one that is down.

Orders have the shape that WooCommerce documents for its REST API. With WordPress and WooCommerce
themselves it is run by ``test_woocommerce_real.py``.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from footfall.wire.schema import check_message
from tests.platforms.conftest import GUEST, LINES, ORDER, Collector, Json

Run = Callable[..., Json]

REFUND: Json = {**ORDER, "id": 726, "type": "shop_order_refund", "amount": "12.90", "line_items": [
    {**LINES[1], "quantity": -1, "total": "-12.00", "total_tax": "-0.90", "subtotal": "-12.00", "subtotal_tax": "-0.90"}
], "date_created_gmt": "2026-04-01T09:00:00"}  # fmt: skip


def accepted(messages: list[Json]) -> list[Json]:
    """Fails unless the collector would take each."""
    for message in messages:
        check_message(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode())
    return messages


def test_an_order_is_told_once_and_belongs_to_its_visitor(shop: Run) -> None:
    paid = [
        "woocommerce_payment_complete",
        "woocommerce_order_status_processing",
        "woocommerce_order_status_completed",
    ]
    seen = shop(["order", ORDER], ["checkout", 727], *(["do", hook, 727] for hook in paid), cookie=GUEST)
    assert accepted(seen["queue"]) == [
        {
            "messageId": "woocommerce-order-727",
            "type": "track",
            "event": "Order Completed",
            "anonymousId": GUEST,
            "timestamp": "2026-03-22T19:28:02Z",
            "context": {"consent": {"analytics": True, "marketing": None, "gpc": False}},
            "properties": {
                "order_id": "727", "value": 29.35, "currency": "USD", "tax": 1.35, "shipping": 10, "discount": 3,
                "coupon": "spring",
                "products": [
                    {"line_number": 1, "product_id": "93", "name": "Woo Single #1", "price": 3.225, "quantity": 2},
                    {"line_number": 2, "product_id": "22", "variant_id": "23", "name": "Ship Your Idea – Black, M",
                     "sku": "Bar3", "price": 12.9, "list_price": 15.9, "quantity": 1},
                ],
            },
        }
    ]  # fmt: skip
    assert seen["log"] == []


def test_the_blocks_checkout_remembers_the_visitor_too(shop: Run) -> None:
    hook = "woocommerce_store_api_checkout_update_order_meta"
    seen = shop(["order", ORDER], ["checkout", 727, hook], cookie=GUEST, gpc="1")
    assert seen["answers"][1] == {
        "_footfall_guest": GUEST,
        "_footfall_consent": {"analytics": True, "marketing": False, "gpc": True},
    }


@pytest.mark.parametrize(
    ("cookie", "consent", "user"),
    [
        (None, "granted", "7"),  # nobody is asked: a cookieless or blocked visitor is still the customer
        (None, "required", None),  # no cookie, so no consent: the shop's accounts, and nobody's name
        (None, "wp_consent_api", None),
        (GUEST, "required", "7"),
        ("short", "required", None),  # nothing that the pixel made
        ("x" * 65, "granted", "7"),
        ("a\r\nSet-Cookie: b=1" + "0" * 20, "granted", "7"),
    ],
)
def test_who_bought_is_said_by_consent(shop: Run, cookie: str | None, consent: str, user: str | None) -> None:
    order = {**ORDER, "customer_id": 7}
    more = {} if cookie is None else {"cookie": cookie}
    acts = (["order", order], ["checkout", 727], ["do", "woocommerce_payment_complete", 727])
    [message] = accepted(shop(*acts, settings={"consent": consent}, **more)["queue"])
    assert message.get("userId") == user
    assert message["anonymousId"] == (GUEST if cookie == GUEST else "order-727")


def test_a_refund_is_told_of_a_told_order_alone(shop: Run) -> None:
    told = ["do", "woocommerce_payment_complete", 727]
    refunded = ["do", "woocommerce_order_refunded", 727, 726]
    assert shop(["order", ORDER], ["order", REFUND], refunded)["queue"] == []
    [_, refund] = accepted(shop(["order", ORDER], ["order", REFUND], told, refunded, cookie=GUEST)["queue"])
    assert refund == {
        "messageId": "woocommerce-refund-726",
        "type": "track",
        "event": "Order Refunded",
        "anonymousId": "order-727",
        "timestamp": "2026-04-01T09:00:00Z",
        "properties": {
            "order_id": "727", "refund_id": "726", "value": 12.9, "currency": "USD",
            "products": [{"line_number": 1, "product_id": "22", "variant_id": "23", "name": "Ship Your Idea – Black, M",
                          "sku": "Bar3", "price": 12.9, "quantity": 1}],
        },
    }  # fmt: skip


def test_a_large_order_comes_in_parts_that_the_collector_takes(shop: Run) -> None:
    lines = [{**LINES[1], "name": f"Ship “Your” Idea/{at} – Größe Ü"} for at in range(300)]
    seen = shop(["order", {**ORDER, "line_items": lines}], ["do", "woocommerce_payment_complete", 727])
    parts = accepted(seen["queue"])
    assert [part["messageId"] for part in parts] == ["woocommerce-order-727", "woocommerce-order-727-2"]
    assert [(part["properties"]["part"], part["properties"]["parts"]) for part in parts] == [(1, 2), (2, 2)]
    numbers = [line["line_number"] for part in parts for line in part["properties"]["products"]]
    assert numbers == list(range(1, 301))


def test_a_cart_is_told_once_a_request_and_only_of_a_visitor_with_a_token(shop: Run) -> None:
    cart = [
        "cart",
        [{"product_id": 5, "variation_id": 6, "quantity": 2, "name": "Cap", "sku": "", "price": 9.5}],
    ]
    assert shop(cart)["queue"] == []
    [message] = accepted(shop(cart, cookie=GUEST, user=7)["queue"])
    assert (message["event"], message["anonymousId"], message["userId"]) == ("Cart Updated", GUEST, "7")
    assert message["properties"] == {
        "value": 19,
        "currency": "USD",
        "products": [
            {
                "line_number": 1,
                "product_id": "5",
                "variant_id": "6",
                "name": "Cap",
                "price": 9.5,
                "quantity": 2,
            }
        ],
    }


def test_the_queue_is_sent_in_order_and_emptied(shop: Run, collector: Collector) -> None:
    seen = shop(["fill", 0, 150], ["flush"], ["count"])
    assert seen["answers"][1:] == ["", 0]
    sent = [[m["messageId"] for m in request.json["batch"]] for request in collector.requests]
    assert sent == [[f"m-{at}" for at in range(100)], [f"m-{at}" for at in range(100, 150)]]
    [request, _] = collector.requests
    assert (request.method, request.path) == ("POST", "/v1/batch")
    assert request.headers["authorization"] == "Basic " + base64.b64encode(b"wk_server:").decode()


def test_what_the_collector_does_not_take_stays_and_waits_longer_each_time(
    shop: Run, collector: Collector
) -> None:
    collector.answers = [(503, {}, {"detail": "full"})]
    # Ten flushes in a row ask once: the second try is a minute later, the third two minutes after it.
    acts = (
        ["fill", 0, 3],
        ["flush_times", 10],
        ["clock", 60],
        ["flush"],
        ["clock", 60],
        ["flush"],
        ["clock", 60],
    )
    seen = shop(*acts, ["flush"], ["count"])
    assert len(collector.requests) == 3
    assert seen["answers"][-1] == 3
    state = seen["options"]["footfall_queue_state"]
    assert state["failures"] == 3
    assert state["error"].startswith("HTTP 503: ")


def test_the_collector_says_when_to_come_again(shop: Run, collector: Collector) -> None:
    collector.answers = [(429, {"Retry-After": "600"}, {}), (200, {}, {"accepted": 3})]
    seen = shop(
        ["fill", 0, 3], ["flush"], ["clock", 599], ["flush"], ["count"], ["clock", 1], ["flush"], ["count"]
    )
    assert (seen["answers"][4], seen["answers"][-1]) == (3, 0)
    assert seen["options"]["footfall_queue_state"]["failures"] == 0


@pytest.mark.parametrize(
    "answer",
    [
        (401, {}, {}),
        (403, {}, {}),
        (404, {}, {}),
        (302, {"Location": "/"}, {}),
        (200, {}, {"hello": "I am no collector"}),
    ],
)
def test_a_wrong_address_or_key_loses_nothing(shop: Run, collector: Collector, answer: Any) -> None:
    collector.answers = [answer]
    seen = shop(["fill", 1, 1], ["flush", True], ["count"])
    assert seen["answers"][1] != ""
    assert seen["answers"][2] == 2


def test_a_refused_message_is_logged_and_its_neighbours_are_gone_too(shop: Run, collector: Collector) -> None:
    # The collector keeps it as failed; the queue need not.
    collector.answers = [
        (200, {}, {"accepted": 1, "rejected": [{"index": 0, "field": "event", "reason": "missing"}]})
    ]
    seen = shop(["fill", 0, 2], ["flush"], ["count"])
    assert seen["answers"][1:] == ["", 0]
    assert "missing" in seen["log"][0]


def test_a_dead_collector_costs_the_checkout_nothing(shop: Run, collector: Collector) -> None:
    acts = (
        ["order", ORDER],
        ["checkout", 727],
        ["do", "woocommerce_payment_complete", 727],
        ["do", "shutdown"],
    )
    shop(*acts, cookie=GUEST)
    assert collector.requests == []


def test_past_its_bound_the_queue_drops_carts_before_orders(shop: Run, collector: Collector) -> None:
    collector.answers = [(503, {}, {})]
    seen = shop(["fill", 300, 19_900], ["flush"], ["count"], ["count", "is_order = 1"])
    assert seen["answers"][2:] == [20_000, 19_900]
    assert seen["options"]["footfall_queue_state"]["dropped"] == 200


def test_a_broken_table_stops_no_order_and_is_said(shop: Run) -> None:
    paid = ["do", "woocommerce_payment_complete", 727]
    seen = shop(["order", ORDER], ["break_table"], paid, ["mend_table"], paid)
    assert "woocommerce-order-727 can't be queued" in seen["log"][0]
    # It was not marked as told: the next status tells it.
    assert [message["messageId"] for message in seen["queue"]] == ["woocommerce-order-727"]
