"""Adapters: what Shopify sends, in our words. Payloads follow Shopify's documented webhook samples."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.adapters import SHOPIFY
from collector.adapters.common import Delivery, Fact, encode
from footfall.wire.schema import MAX_MESSAGE, check_message

GUEST = "9f3c1e5a7b2d4c6e8f0a1b2c3d4e5f60"
CUSTOMER = {
    "id": 115310627314723954,
    "email": "john@example.com",
    "first_name": "John",
    "last_name": "Smith",
    "phone": "+1 555 0100",
    "default_address": {"address1": "123 Elm St.", "city": "Ottawa"},
}
ORDER: dict[str, Any] = {
    "id": 820982911946154508,
    "admin_graphql_api_id": "gid://shopify/Order/820982911946154508",
    "name": "#9999",
    "email": "jon@example.com",
    "created_at": "2026-11-24T05:00:00-05:00",
    "processed_at": "2026-11-24T05:00:01-05:00",
    "updated_at": "2026-11-24T05:00:02-05:00",
    "cancelled_at": None,
    "test": False,
    "currency": "EUR",
    "financial_status": "paid",
    "fulfillment_status": None,
    "total_price": "398.00",
    "current_total_price": "398.00",
    "total_tax": "19.90",
    "total_discounts": "20.00",
    "discount_codes": [{"code": "AUTUMN", "amount": "20.00", "type": "fixed_amount"}],
    "source_name": "web",
    "cart_token": "c1-68778783ad298f1c80c3bafcddeea02f",
    "checkout_token": "bd5a8aa1ecd019dd3520ff791ee3a24c",
    "note": "ring twice at Smith's",
    "note_attributes": [{"name": "gift", "value": "yes"}, {"name": "_ff_guest", "value": GUEST}],
    "customer": CUSTOMER,
    "shipping_address": {"name": "John Smith", "address1": "123 Elm St.", "phone": "+1 555 0100"},
    "line_items": [
        {
            "id": 866550311766439020, "product_id": 788032119674292922, "variant_id": 808950810,
            "title": "Example T-Shirt", "variant_title": "M / Red", "sku": "TS-M", "quantity": 2,
            "price": "199.00", "discount_allocations": [{"amount": "20.00"}],
        },
        {"id": 2, "product_id": None, "variant_id": None, "title": "Tip", "quantity": 1, "price": "5.00"},
    ],
}  # fmt: skip


def deliver(topic: str, payload: Any) -> list[Fact]:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    delivery = Delivery(
        topic=topic,
        shop="one.myshopify.com",
        body=body,
        triggered_at=datetime(2026, 11, 24, 10, 0, 3, tzinfo=UTC),
    )
    facts = SHOPIFY[topic](delivery)
    for fact in facts:
        check_message(encode(fact.message))
    return facts


def sent(fact: Fact) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(encode(fact.message))
    return decoded


def test_an_order() -> None:
    (fact,) = deliver("orders/create", ORDER)
    message = sent(fact)
    assert fact.is_visit
    assert (message["event"], message["anonymousId"], message["userId"]) == (
        "Order Completed",
        GUEST,
        "115310627314723954",
    )
    assert message["timestamp"] == "2026-11-24T05:00:01-05:00"
    assert message["context"]["cart"] == {"token": "c1-68778783ad298f1c80c3bafcddeea02f"}
    properties = message["properties"]
    assert properties["order_id"] == "820982911946154508"
    assert (properties["value"], properties["currency"], properties["coupon"]) == (398.0, "EUR", "AUTUMN")
    assert properties["products"] == [
        {"line_number": 1, "product_id": "788032119674292922", "variant_id": "808950810", "variant": "M / Red",
         "name": "Example T-Shirt", "sku": "TS-M", "price": 189.0, "list_price": 199.0, "quantity": 2},
        {"line_number": 2, "name": "Tip", "price": 5.0, "quantity": 1},
    ]  # fmt: skip


def test_nobodys_name_and_address_goes_along() -> None:
    for topic in ("orders/create", "orders/updated"):
        text = b"".join(encode(fact.message) for fact in deliver(topic, ORDER))
        for word in (b"Smith", b"john", b"jon@", b"Elm", b"555", b"ring"):
            assert word not in text


def test_the_same_order_told_twice_is_the_same_messages() -> None:
    later = {**ORDER, "updated_at": "2026-11-24T06:00:00-05:00", "financial_status": "paid"}
    assert deliver("orders/create", ORDER) == deliver("orders/paid", later)
    first, second = deliver("orders/updated", ORDER)[0], deliver("orders/updated", later)[0]
    assert first.message["messageId"] != second.message["messageId"]
    assert not first.is_visit


@pytest.mark.parametrize(
    ("topic", "payload", "change"),
    [
        ("orders/updated", ORDER, {"financial_status": "refunded"}),
        (
            "carts/update",
            {"id": "c1", "updated_at": "2026-11-24T10:00:00Z"},
            {"line_items": ORDER["line_items"]},
        ),
        (
            "products/update",
            {"id": 7, "updated_at": "2026-11-24T10:00:00Z"},
            {"variants": [{"price": "9.00"}]},
        ),
    ],
)
def test_two_changes_within_one_second_are_two(
    topic: str, payload: dict[str, Any], change: dict[str, Any]
) -> None:
    first, second = deliver(topic, payload)[0], deliver(topic, {**payload, **change})[0]
    assert first.message["timestamp"] == second.message["timestamp"]
    assert first.message["messageId"] != second.message["messageId"]
    assert deliver(topic, payload)[0] == first
    # What we don't read makes no change of ours.
    assert deliver(topic, {**payload, "admin_graphql_api_id": "gid://shopify/Thing/1"})[0] == first


def test_an_order_without_guest_and_customer_and_a_test_order() -> None:
    (fact,) = deliver("orders/create", {**ORDER, "customer": None, "note_attributes": []})
    assert fact.message["anonymousId"] == "shopify-order-820982911946154508"
    (fact,) = deliver("orders/create", {**ORDER, "note_attributes": [{"name": "_ff_guest", "value": "null"}]})
    assert "anonymousId" not in fact.message
    (fact,) = deliver("orders/create", {**ORDER, "test": True})
    assert not fact.is_visit
    assert fact.message["properties"]["is_test"] is True


def test_a_large_order_is_split_and_loses_no_line() -> None:
    lines = [{**ORDER["line_items"][0], "title": f"{number} {'é' * 250}"} for number in range(1114)]
    facts = deliver("orders/create", {**ORDER, "line_items": lines})
    assert len(facts) > 20
    sizes = [len(encode(fact.message)) for fact in facts]
    assert max(sizes) <= MAX_MESSAGE
    assert min(sizes[:-1]) > MAX_MESSAGE * 0.9
    products = [product for fact in facts for product in sent(fact)["properties"]["products"]]
    assert [product["line_number"] for product in products] == list(range(1, 1115))
    assert len({fact.message["messageId"] for fact in facts}) == len(facts)
    assert {fact.message["properties"]["parts"] for fact in facts} == {len(facts)}
    assert {fact.message["anonymousId"] for fact in facts} == {GUEST}


def test_a_refund() -> None:
    refund = {
        "id": 890088186047892319,
        "order_id": 820982911946154508,
        "created_at": "2026-11-26T10:00:00-05:00",
        "note": "John complained",
        "refund_line_items": [{"quantity": 1, "subtotal": 189.0, "line_item": ORDER["line_items"][0]}],
        "transactions": [
            {"kind": "refund", "status": "success", "amount": "200.00", "currency": "EUR"},
            {"kind": "refund", "status": "failure", "amount": "200.00", "currency": "EUR"},
        ],
    }
    (fact,) = deliver("refunds/create", refund)
    properties = sent(fact)["properties"]
    assert (properties["order_id"], properties["refund_id"]) == ("820982911946154508", "890088186047892319")
    assert (properties["value"], properties["currency"]) == (200.0, "EUR")
    assert (properties["products"][0]["quantity"], properties["products"][0]["price"]) == (1, 189.0)
    assert b"John" not in encode(fact.message)


def both(shop: object, customer: object) -> dict[str, dict[str, object]]:
    return {
        "shop_money": {"amount": shop, "currency_code": "EUR"},
        "presentment_money": {"amount": customer, "currency_code": "SEK"},
    }


@pytest.mark.parametrize(
    ("told", "value", "currency"),
    [
        # its lines are; its transactions are in what the customer paid in
        ({"refund_line_items": [{"quantity": 1, "subtotal": 20, "subtotal_set": both("20.00", "220.00")}]}, 20, "EUR"),
        # money without goods: pending, all of it is a difference of either sign; the largest amount has the best rate
        ({"order_adjustments": [{"amount_set": both("0.09", "1")}, {"amount_set": both("-20", "-220")}]}, 20, "EUR"),
        ({"refund_shipping_lines": [{"subtotal_amount_set": both(5, 55.0)}]}, 20, "EUR"),
        # nothing says what it is in the shop's currency
        ({}, 220, "SEK"),
        ({"order_adjustments": None, "refund_shipping_lines": None}, 220, "SEK"),
        ({"order_adjustments": [{"amount_set": both("0.00", "0.00")}]}, 220, "SEK"),
        ({"refund_line_items": [{"quantity": 1, "subtotal": 20.0, "subtotal_set": both("0.00", "0.00")}]}, None, "EUR"),
    ],
)  # fmt: skip
def test_a_refund_is_in_the_shops_currency(
    told: dict[str, object], value: float | None, currency: str
) -> None:
    paid = [{"kind": "refund", "status": "success", "amount": "220.00", "currency": "SEK"}]
    (fact,) = deliver("refunds/create", {"id": 1, "order_id": 2, "transactions": paid, **told})
    properties = sent(fact)["properties"]
    assert (properties.get("value"), properties["currency"]) == (value, currency)


def test_a_refund_that_failed_takes_no_order_back() -> None:
    """A refund that says neither lines nor a value is one of the whole order."""
    failed = [{"kind": "refund", "status": "failure", "amount": "20.00", "currency": "EUR"}]
    for transactions in (failed, []):
        (fact,) = deliver("refunds/create", {"id": 1, "order_id": 2, "transactions": transactions})
        assert sent(fact)["properties"]["value"] == 0


def test_a_cart_belongs_to_a_visitor_only_where_it_says_so() -> None:
    cart = {"id": "exampleCartId", "token": "exampleCartId", "updated_at": "2026-11-24T10:00:00.000Z",
            "line_items": ORDER["line_items"]}  # fmt: skip
    (fact,) = deliver("carts/update", cart)
    assert not fact.is_visit
    assert fact.message["context"]["cart"] == {"token": "exampleCartId"}
    (fact,) = deliver("carts/create", {**cart, "note_attributes": ORDER["note_attributes"]})
    assert fact.is_visit
    assert fact.message["anonymousId"] == GUEST


def test_products() -> None:
    product = {
        "id": 788032119674292922, "title": "Example T-Shirt", "handle": "example-t-shirt", "tags": "cotton, red",
        "body_html": "<p>" + "soft " * 2000, "updated_at": "2026-11-24T10:00:00Z", "product_type": "Shirts",
        "image": {"src": "https://cdn.example/t.jpg"},
        "variants": [{"id": number, "title": f"Size {number}", "price": "19.90", "inventory_quantity": number,
                      "inventory_policy": "deny", "inventory_management": "shopify"} for number in range(2048)],
    }  # fmt: skip
    facts = deliver("products/update", product)
    variants = [one for fact in facts for one in sent(fact)["properties"]["variants"]]
    assert len(variants) == 2048
    assert [one["available"] for one in variants[:2]] == [False, True]
    assert not any(fact.is_visit for fact in facts)
    assert sent(facts[0])["properties"]["is_description_cut"] is True
    (fact,) = deliver("products/delete", {"id": 788032119674292922})
    assert fact.message["properties"] == {
        "product_id": "788032119674292922",
        "status": "deleted",
        "variants": [],
    }


@pytest.mark.parametrize(
    ("topic", "event", "key", "ids"),
    [
        ("customers/redact", "Redaction Requested", "orders_to_redact", [299938, 280263]),
        ("customers/data_request", "Data Requested", "orders_requested", [299938]),
    ],
)
def test_privacy(topic: str, event: str, key: str, ids: list[int]) -> None:
    payload = {"shop_id": 954889, "shop_domain": "one.myshopify.com", key: ids,
               "customer": {"id": 191167, "email": "john@example.com", "phone": "555-625-1199"}}  # fmt: skip
    payload |= {"data_request": {"id": 9999}} if topic == "customers/data_request" else {}
    (fact,) = deliver(topic, payload)
    message = sent(fact)
    assert (message["event"], message["userId"]) == (event, "191167")
    assert message["properties"]["order_ids"] == [str(one) for one in ids]
    assert b"john" not in encode(fact.message)
    assert b"555" not in encode(fact.message)
    many = deliver(topic, {**payload, key: list(range(1001))})
    assert sum(len(one.message["properties"]["order_ids"]) for one in many) == 1001


#: By topic, as Shopify documents them.
PRIVACY: dict[str, dict[str, Any]] = {
    "customers/redact": {"orders_to_redact": [1], "customer": {"id": 7, "email": "a@b.example"}},
    "customers/data_request": {"orders_requested": [1], "customer": {"id": 7}, "data_request": {"id": 9}},
    "shop/redact": {},
}


@pytest.mark.parametrize("topic", PRIVACY)
@pytest.mark.parametrize("sent_as", [*PRIVACY, "orders/create", "orders/updated", "app/uninstalled"])
def test_a_signed_body_is_read_under_its_own_topic_alone(topic: str, sent_as: str) -> None:
    payload = {"shop_id": 1, "shop_domain": "one.myshopify.com", **PRIVACY[topic]}
    if topic == sent_as:
        assert deliver(topic, payload)
        return
    with pytest.raises(msgspec.ValidationError):
        deliver(sent_as, payload)


@pytest.mark.parametrize("topic", PRIVACY)
def test_no_other_body_asks_to_forget_somebody(topic: str) -> None:
    good = {"shop_id": 1, "shop_domain": "one.myshopify.com", **PRIVACY[topic]}
    wrong: list[dict[str, Any]] = [ORDER, {**ORDER, **good}, {**good, "shop_domain": "two.myshopify.com"}]
    wrong += [
        {name: value for name, value in good.items() if name != gone}
        for gone in good
        if gone != "data_request"
    ]
    wrong += [{**good, "customer": {"id": nobody}} for nobody in (None, "", 0, "null")]
    for payload in wrong:
        with pytest.raises(msgspec.ValidationError):
            deliver(topic, payload)


def test_the_shop_itself() -> None:
    (fact,) = deliver("shop/redact", {"shop_id": 954889, "shop_domain": "one.myshopify.com"})
    assert fact.message["event"] == "Redaction Requested"
    assert fact.message["properties"]["scope"] == "shop"
    (fact,) = deliver("app/uninstalled", {"id": 954889, "name": "Shop", "email": "owner@example.com"})
    assert fact.message["event"] == "App Uninstalled"
    assert b"owner" not in encode(fact.message)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(SHOPIFY)), st.dictionaries(st.sampled_from(sorted(ORDER)), json_values))
def test_any_payload_is_translated_or_refused_by_its_schema(topic: str, changes: dict[str, Any]) -> None:
    body = json.dumps(ORDER | {"order_id": 1} | changes).encode()
    try:
        facts = SHOPIFY[topic](Delivery(topic=topic, shop="s", body=body))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return
    assert facts
    assert facts == SHOPIFY[topic](Delivery(topic=topic, shop="s", body=body))
