"""The shop's past: valid by the wire schema, the same each time, and like a shop."""

from __future__ import annotations

import html as html_text
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from demo.shop.catalogue import Catalogue
from demo.simulator import declared_experiments, estimate_messages, generate
from demo.simulator.blocks import experiment_of
from footfall.wire.schema import check_message

UNTIL = datetime(2026, 10, 31, 18, 30, tzinfo=UTC)
SHOP = "http://127.0.0.1:8700"
Messages = list[dict[str, Any]]


def _moment(message: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(message["originalTimestamp"])


def _name(message: dict[str, Any]) -> str:
    return str(message.get("event") or message["type"])


@pytest.fixture(scope="module")
def sessions(past: Messages) -> dict[str, Messages]:
    found: dict[str, Messages] = defaultdict(list)
    for message in past:
        if session := message["context"].get("sessionId"):
            found[session].append(message)
    return found


def test_every_message_keeps_the_wire_schema(past: Messages) -> None:
    for message in past:
        check_message(msgspec.json.encode(message))


def test_messages_come_in_time_order_within_the_window(past: Messages) -> None:
    moments = [_moment(m) for m in past]
    assert all(a <= b for a, b in pairwise(moments))
    assert moments[-1] <= UNTIL
    assert moments[0] >= UNTIL - timedelta(days=31)
    assert moments[-1] > UNTIL - timedelta(hours=3), "the past ends shortly before now"
    days = Counter(m.date() for m in moments)
    assert len(days) >= 30


def test_ids_are_unique(past: Messages) -> None:
    assert len({m["messageId"] for m in past}) == len(past)
    orders = [m["properties"]["order_id"] for m in past if _name(m) == "Order Completed"]
    assert len(set(orders)) == len(orders)


def test_the_same_arguments_give_the_same_messages(catalogue: Catalogue) -> None:
    one, two, other = (
        b"\n".join(
            msgspec.json.encode(m)
            for m in generate(catalogue, visitors=60, seed=seed, until=UNTIL, shop=SHOP)
        )
        for seed in (7, 7, 8)
    )
    assert one == two
    assert one != other


def test_one_person_does_not_depend_on_how_many_there_are(catalogue: Catalogue) -> None:
    few = {m["messageId"]: m for m in generate(catalogue, visitors=20, until=UNTIL, shop=SHOP)}
    many = {m["messageId"]: m for m in generate(catalogue, visitors=50, until=UNTIL, shop=SHOP)}
    assert few.items() <= many.items()


def test_the_estimate_is_near(past: Messages) -> None:
    assert estimate_messages(1200) == pytest.approx(len(past), rel=0.1)


def test_arguments_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        generate(visitors=0)
    with pytest.raises(ValueError, match="time zone"):
        generate(until=datetime(2026, 1, 1))


def test_drop_offs_are_those_of_a_shop(sessions: dict[str, Messages]) -> None:
    reached: Counter[str] = Counter()
    for messages in sessions.values():
        reached.update({_name(m) for m in messages})
    share = {name: count / len(sessions) for name, count in reached.items()}
    assert 0.5 < share["Product Viewed"] < 0.8
    assert 0.06 < share["Product Added"] < 0.14
    assert share["Product Added"] > share["Checkout Started"] > share["Order Completed"]
    assert 0.02 <= share["Order Completed"] <= 0.04
    assert 0.05 < share["Products Searched"] < 0.3
    assert 0.02 < share["Signed In"] < 0.15


def test_people_come_back_and_sign_in_later(past: Messages) -> None:
    """Guests whose first session is anonymous and whose later one is not: what identity stitching is for."""
    sessions_of: dict[str, list[str]] = defaultdict(list)
    anonymous_first: set[str] = set()
    joined: set[str] = set()
    guests_of: dict[str, set[str]] = defaultdict(set)
    users_of: dict[str, set[str]] = defaultdict(set)
    for message in past:
        guest, user, session = (
            message["anonymousId"],
            message.get("userId"),
            message["context"].get("sessionId"),
        )
        if session and session not in sessions_of[guest]:
            sessions_of[guest].append(session)
            if not user:
                anonymous_first.add(guest)
        if user:
            guests_of[user].add(guest)
            users_of[guest].add(user)
            if guest in anonymous_first:
                joined.add(guest)
    assert sum(len(s) > 1 for s in sessions_of.values()) / len(sessions_of) > 0.2
    assert len(joined) > 40
    assert sum(len(g) > 1 for g in guests_of.values()) >= 5, "people with several devices"
    assert max(len(u) for u in users_of.values()) == 1, "a guest token never holds two users"


def test_sessions_are_apart_by_more_than_the_idle_time(sessions: dict[str, Messages]) -> None:
    ends: dict[str, datetime] = {}
    for messages in sorted(sessions.values(), key=lambda ms: ms[0]["originalTimestamp"]):
        for one, two in pairwise(messages):
            assert _moment(two) - _moment(one) <= timedelta(minutes=30)
        first, last = messages[0], messages[-1]
        if first["anonymousId"] in ends:
            assert _moment(first) - ends[first["anonymousId"]] > timedelta(minutes=30)
        ends[last["anonymousId"]] = _moment(last)


def test_every_page_has_a_view_id_and_its_referrer_is_the_page_before(sessions: dict[str, Messages]) -> None:
    for messages in sessions.values():
        pages = [
            m for m in messages if m["type"] == "page" and "bot" not in m["context"]["userAgent"].lower()
        ]
        assert len({m["context"]["pageViewId"] for m in pages}) == len(pages)
        if any("Headless" in m["context"]["userAgent"] for m in pages):
            continue
        for one, two in pairwise(pages):
            assert two["context"]["page"]["referrer"] == one["context"]["page"]["url"]


def test_products_and_variants_are_the_catalogues(past: Messages, catalogue: Catalogue) -> None:
    seen = set()
    for message in past:
        facts = message.get("properties") or {}
        for line in [facts, *facts.get("products", [])]:
            if "product_id" not in line:
                continue
            product = catalogue.by_id[line["product_id"]]
            seen.add(product.id)
            if _name(message) != "Recommendation Clicked":  # which the pixel tells by id alone
                assert line["name"] == product.title
            if "variant_id" in line:
                owner, variant = catalogue.by_variant[line["variant_id"]]
                assert owner is product
                assert line.get("price", float(variant.price)) == float(variant.price)
    assert len(seen) > 0.9 * len(catalogue.products)


def test_popularity_is_skewed_but_not_absurd(past: Messages, catalogue: Catalogue) -> None:
    views = Counter(m["properties"]["product_id"] for m in past if _name(m) == "Product Viewed")
    top = [count for _, count in views.most_common(len(catalogue.products) // 10)]
    assert 0.25 < sum(top) / views.total() < 0.6
    assert views.most_common(1)[0][1] / views.total() < 0.08


def test_people_have_tastes(past: Messages, catalogue: Catalogue) -> None:
    """Two products that one guest looks at share a category far more often than two products at random."""
    looked: dict[str, list[str]] = defaultdict(list)
    for message in past:
        if _name(message) == "Product Viewed":
            looked[message["anonymousId"]].append(
                catalogue.by_id[message["properties"]["product_id"]].category
            )
    pairs = [a == b for seen in looked.values() for a, b in pairwise(seen)]
    shares = Counter(c for seen in looked.values() for c in seen)
    by_chance = sum((n / shares.total()) ** 2 for n in shares.values())
    assert sum(pairs) / len(pairs) > 4 * by_chance


def test_refunds_follow_their_orders(past: Messages) -> None:
    orders = {m["properties"]["order_id"]: m for m in past if _name(m) == "Order Completed"}
    refunds = [m for m in past if _name(m) == "Order Refunded"]
    assert refunds
    for refund in refunds:
        order = orders[refund["properties"]["order_id"]]
        assert _moment(refund) - _moment(order) >= timedelta(days=3)
        assert refund["anonymousId"] == order["anonymousId"]
        assert refund["properties"]["value"] <= order["properties"]["value"]


def test_a_few_visitors_are_bots(past: Messages) -> None:
    agents = {m["anonymousId"]: m["context"].get("userAgent", "") for m in past}
    bots = [guest for guest, agent in agents.items() if "bot" in agent.lower() or "Headless" in agent]
    assert 0.002 < len(bots) / len(agents) < 0.02


def test_all_events_of_the_plan_happen(past: Messages) -> None:
    names = {_name(m) for m in past}
    assert names >= {
        "page", "identify", "Page Left", "Element Clicked", "Product Clicked", "Product Viewed", "Product List Viewed",
        "Product Option Selected", "Product Added", "Product Removed", "Cart Viewed", "Checkout Started",
        "Checkout Step Completed", "Payment Info Entered", "Order Completed", "Products Searched", "Signed In",
        "Signed Out", "Form Started", "Form Field Completed", "Form Submitted", "Form Abandoned", "Dead Click",
        "Recommendation Viewed", "Recommendation Clicked",
    }  # fmt: skip
    zones = {m["properties"]["zone"] for m in past if "zone" in (m.get("properties") or {})}
    assert zones >= {"nav", "search", "collection_card", "pdp_option", "pdp_media", "add_to_cart", "cart", "checkout",
                     "account", "form", "footer", "other"}  # fmt: skip


def test_blocks_are_seen_and_clicked_as_in_a_shop(past: Messages) -> None:
    """Some clicks in a hundred, of products that the block showed at that place; fewer where all see the same."""
    experiment = experiment_of(UNTIL)
    clicks: Counter[str] = Counter()
    views: Counter[str] = Counter()
    shown: dict[tuple[str, str], list[str]] = {}
    for message in past:
        about = message.get("properties") or {}
        block = (message["context"].get("pageViewId"), about.get("placement"))
        if _name(message) == "Recommendation Viewed":
            shown[block] = about["product_ids"]
            views[about.get("arm", "none")] += 1
            assert 1 < len(set(about["product_ids"])) <= 4
            assert ("arm" in about) == experiment.is_running(_moment(message).date())
        elif _name(message) == "Recommendation Clicked":
            clicks[about.get("arm", "none")] += 1
            assert shown[block][about["position"] - 1] == about["product_id"]
    assert 0.02 < clicks.total() / views.total() < 0.08
    assert 0.15 < views["popular"] / (views["popular"] + views["personal"]) < 0.45


def test_arms_are_those_that_the_api_deals(past: Messages) -> None:
    """By the first guest token of the browser, which a logout changes and the arm does not."""
    experiment = experiment_of(UNTIL)
    arms: dict[str, set[str]] = defaultdict(set)
    for message in past:
        about = message.get("properties") or {}
        if "arm" in about:
            arms[message["anonymousId"]].add(about["arm"])
    assert all(len(found) == 1 for found in arms.values())
    dealt = [experiment.arm_of(guest).name in found for guest, found in arms.items()]  # type: ignore[union-attr]
    assert sum(dealt) / len(dealt) > 0.95
    assert declared_experiments(UNTIL) == [
        {
            "name": experiment.name,
            "starts_on": "2026-10-17",
            "ends_on": "2026-10-31",
            "arms": [
                {"name": "popular", "share": 0.3, "recommender": "popularity"},
                {"name": "personal", "share": 0.7, "recommender": "personal"},
            ],
        }
    ]


def test_forms_never_tell_what_was_typed(past: Messages) -> None:
    for message in past:
        if _name(message).startswith("Form "):
            assert set(message["properties"]) <= {
                "form",
                "field",
                "field_order",
                "fields_completed",
                "ms_spent",
            }


def test_clicked_elements_stand_on_the_pages(
    past: Messages, shop: TestClient[Any], catalogue: Catalogue
) -> None:
    """The simulated markup is the templates' markup: each class and text is on the page where it was clicked."""
    shop.post("/account/login", data={"customer[email]": "ann@example.org"})
    pages: dict[str, str] = {}
    looked_at: set[tuple[str, str]] = set()
    for message in past:
        element = (message.get("properties") or {}).get("element")
        # the pixel's own cards are in no template
        if not element or "ff-card" in element["classes"]:
            continue
        path = message["context"]["page"]["path"]
        key = "/products/x" if path.startswith("/products/") else path
        # one look at each sort of element on each page, except the pages that only a buyer sees
        mark = (key, element.get("selector"))
        if mark in looked_at or path.startswith(("/checkout", "/orders", "/cart", "/account/login")):
            continue
        looked_at.add(mark)
        address = path + message["context"]["page"]["search"]
        if address not in pages:
            pages[address] = html_text.unescape(shop.get(address).text)
        html = pages[address]
        if element["classes"]:
            assert f'class="{" ".join(element["classes"])}' in html, (path, element)
        if text := element.get("text"):
            text = "Your account" if text == "Sign in" else text  # this browser is signed in
            assert all(word in html for word in text.split()), (path, element)
        if element.get("id"):
            assert f'id="{element["id"]}"' in html
    assert len(looked_at) > 50
