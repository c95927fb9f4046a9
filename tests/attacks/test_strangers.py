"""Strangers with the key that stands in the shop's pages attack one shop, each from an address of its own: they log in
as a customer, send numbers that no shop has, and invent products and guests. One full pipeline takes it all.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import duckdb
import msgspec
import pytest
from msgspec import Raw

from footfall.wire import schema
from footfall.wire.keys import sign_user
from footfall.wire.schema import BatchAnswer
from orchestration.lake import event_columns
from orchestration.lake.loader import load_sealed
from tests.attacks.conftest import Shop
from tests.attacks.messages import identified, ordered, token, track, viewed
from tests.orchestration.conftest import seal_segment

pytestmark = pytest.mark.pipeline

VICTIM, SECRET = "4711", "a-secret-of-the-shops-server"
SIGNATURE = sign_user(SECRET, VICTIM)
#: More than identity_max_guests_per_user
INVENTED = 60
PHISH = "https://phish.example/voucher"
TITLE = "You won a voucher, https://phish.example/voucher"
PUBLIC = (
    "/v1/recommendations", "/v1/products/{}/similar", "/v1/products/{}/viewed-together",
    "/v1/products/{}/bought-together", "/v1/products/{}",
)  # fmt: skip
#: Marts that hold the shop's revenue, each in a column.
REVENUE = {
    "sessions_daily": "revenue",
    "orders_daily": "gross_revenue",
    "lifetime_value": "revenue",
    "traffic_sources": "revenue",
    "conversion_by_device": "revenue",
}


def top(shop: Shop) -> list[str]:
    rows = shop.rows(
        "select product_id from trending_products where category = '' and rank <= 20 order by rank, product_id"
    )
    return [row[0] for row in rows]


def revenue(shop: Shop) -> dict[str, Decimal]:
    return {
        mart: shop.rows(f"select sum({column}) from {mart}")[0][0] or Decimal(0)
        for mart, column in REVENUE.items()
    }


@pytest.fixture(scope="module")
def shop(open_shop: Callable[..., Shop]) -> Shop:
    return open_shop(built=True, FOOTFALL_IDENTITY_SECRETS=SECRET)


@pytest.fixture(scope="module")
def own(shop: Shop) -> list[str]:
    """The products that can be bought; those that nobody has looked at yet come first."""
    return [
        row[0]
        for row in shop.rows(
            "select product_id from products left join (select distinct product_id from session_products) as seen "
            "using (product_id) where is_in_catalog and is_available order by seen.product_id is not null, product_id"
        )
    ]


def test_a_shop_without_an_attacker_is_served(shop: Shop, own: list[str]) -> None:
    events = f"read_parquet('{shop.settings.paths.lake}/events/*/*.parquet')"
    orders = "select count(distinct properties ->> 'order_id') from {} where event = 'Order Completed'"
    assert shop.rows("select sum(orders) from orders_daily") == duckdb.sql(orders.format(events)).fetchall()
    assert all(value > 0 for value in revenue(shop).values())
    answer = shop.ask("/v1/recommendations", guest=token(), limit=5).json()
    assert {item["product_id"] for item in answer["items"]} <= set(own)
    assert len(answer["items"]) == 5


def log_in_as_a_customer(shop: Shop, own: list[str]) -> SimpleNamespace:
    """The customer and others look around; then come forged logins. Returns the tokens, and what the customer saw."""
    names = SimpleNamespace(seen=[*own[:6], own[6]], forged_order=10)
    for name in ("phone", "laptop", "forged", "ordering", "few"):
        setattr(names, name, token())
    proof = {"traits": {"userSignature": SIGNATURE}}
    shop.send(
        [identified(VICTIM, names.phone) | proof]
        + [viewed(each, guest=names.phone, user=VICTIM) for each in names.seen[:6]]
        + [identified(VICTIM, names.laptop) | proof, viewed(own[6], guest=names.laptop, user=VICTIM)]
        + [viewed(own[7], guest=token(), user="bob")]
    )
    # Somebody's own signature, the wrong one, and none; a login, a view, an order under the customer's id; and as many
    # tokens as would make the customer's own ones shared devices
    eves = {"traits": {"userSignature": sign_user(SECRET, "eve")}}
    shop.send(
        [
            identified("eve", names.forged) | eves,
            identified(VICTIM, names.forged) | eves,
            identified(VICTIM, names.forged),
            {**identified(VICTIM, names.forged), "type": "alias", "previousId": names.phone},
            viewed(own[8], guest=names.forged, user=VICTIM),
            ordered("forged-1", [own[9]], guest=names.ordering, user=VICTIM),
            *(viewed(own[10], guest=token(), user=VICTIM) for _ in range(INVENTED)),
            identified("bob", names.few) | proof,
        ]
    )
    return names


def unbounded(raw: bytes | Raw) -> schema.Message:
    """What a message was to an earlier release's loader."""
    message = msgspec.json.decode(raw, type=schema.Undecoded)
    message.surroundings = schema.check_surroundings(message.surroundings)  # type: ignore[assignment]
    return message


def send_numbers(shop: Shop, product: str) -> tuple[BatchAnswer, int]:
    """Numbers that an earlier release took, those that this one refuses, and the largest it takes. Returns the answer
    to those refused, and the revenue of all others.
    """
    huge = {"price": 99999999999, "quantity": 99999999999}
    line = {"product_id": product, **huge}
    old = [
        track("Product Added", line, guest="old-cart"),
        ordered("old-lines", [], guest="old-lines", properties={"products": [line]}),
        *(
            ordered(f"old-{n}", [], guest=f"old-{n}", properties={"value": 99999999999999})
            for n in range(200)
        ),
    ]
    seal_segment(shop.settings.paths, "20260301T120000.000000Z-00000001", old)
    with pytest.MonkeyPatch.context() as earlier:
        earlier.setattr(event_columns, "check_message", unbounded)
        assert load_sealed(shop.settings.paths).failed == 0
    # and a collector of that release has one more, which this one's loader is to take
    seal_segment(shop.settings.paths, "20260301T120001.000000Z-00000001", old[:1])

    address = "192.0.2.8"
    answer = shop.post(old, address=address)
    largest = {"value": 10**12 - 1}
    shop.send(
        (ordered(f"o-{number}", [], guest="rich", properties=largest) for number in range(200)),
        address=address,
    )
    wide = {"product_id": product, "price": 10**12 - 1, "quantity": 10**6 - 1}
    shop.send(
        [ordered("wide", [], properties={"products": [wide] * 100}), viewed(product, guest="rich")],
        address=address,
    )
    # of the old line the price may be one, and its quantity isn't known
    return answer, 200 * (10**12 - 1) + 100 * (10**12 - 1) * (10**6 - 1) + huge["price"]


def look_around(shop: Shop, popular: list[str], others: list[str]) -> int:
    """40 visitors, each from an address of its own, buy what is popular, and one looks at others too. Returns their
    orders' revenue.
    """
    for visitor in range(40):
        guest = token()
        seen = [viewed(each, guest=guest) for each in [*popular, *(others if visitor == 0 else [])]]
        order = ordered(f"o-v{visitor}", popular, guest=guest)
        shop.send([*seen, order], address=f"198.51.{visitor}.7")
    return 40 * len(popular) * 10


def invent(shop: Shop, attacked: str, bestseller: str) -> int:
    """Vouchers, invented products, and guests who look at one product and buy it. Returns their orders' revenue."""
    address = "198.51.100.9"
    named = {"name": TITLE, "category": TITLE, "price": 1, "currency": "GBP"}
    shop.send(
        (viewed(f"voucher-{n % 3}", properties=named, url=PHISH, title=TITLE) for n in range(780)),
        address=address,
    )
    shop.send([ordered("o-invented", [f"invented-{n}" for n in range(500)])], address=address)
    invented = []
    for n in range(1000):
        guest = token()
        invented += [viewed(attacked, guest=guest), viewed(bestseller, guest=guest)]
        invented.append(ordered(f"o-f{n}", [attacked], guest=guest))
    shop.send(invented, address=address)
    return 500 * 10 + 1000 * 10


@pytest.fixture(scope="module")
def attacked(shop: Shop, own: list[str]) -> SimpleNamespace:
    """What stood before, who attacked and how, and the pipeline has run since."""
    before = SimpleNamespace(
        revenue=revenue(shop),
        version=shop.ask("/v1/recommendations", guest=token()).json()["version"],
        strange=shop.rows("select count(*) from products where not is_in_catalog")[0][0],
    )
    popular = own[11:31]
    refused, numbers = send_numbers(shop, popular[1])
    names = log_in_as_a_customer(shop, own)
    sold = look_around(shop, popular, own[31:35])
    invented = invent(shop, own[35], popular[0])
    shop.run()
    return SimpleNamespace(
        before=before, names=names, refused=refused, popular=popular, product=own[35], seen_once=own[31],
        revenue=numbers + sold + invented + names.forged_order,
    )  # fmt: skip


def test_a_forged_login_reads_nothing_and_takes_nothing(shop: Shop, attacked: SimpleNamespace) -> None:
    names, stranger = attacked.names, token()

    def asked(guest: str, **parameters: Any) -> list[dict[str, Any]]:
        answer = shop.ask("/v1/recommendations", guest=guest, limit=20, **parameters)
        assert answer.headers["cache-control"] == "private, no-cache"
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    # Of a user with few tokens each is the user's, and without a proof it reads like a token that nobody knows
    for history in ("any", "new", "again"):
        assert asked(names.few, history=history) == asked(stranger, history=history)
    for what in ("profile", "affinities", "segments"):
        assert shop.ask(f"/v1/visitors/{names.few}/{what}").status_code == 403
    # Of too many each is a guest of its own, who did nothing without that user: what trends, in an order of its own
    trends = {row[0] for row in shop.rows("select product_id from trending_products where category = ''")}
    for guest in (names.forged, names.ordering):
        for history in ("any", "new"):
            items = asked(guest, history=history)
            assert len(items) == 20
            assert {item["product_id"] for item in items} <= trends - {*names.seen}
            assert {(item["source"], item["seed"]) for item in items} == {("trending", None)}
        assert asked(guest, history="again") == []
        profile = shop.ask(f"/v1/visitors/{guest}/profile").json()
        told = ("sessions", "orders", "user_id", "last_product", "top_category", "price_band", "cart")
        assert [profile[name] for name in told] == [0, 0, None, None, None, None, []]
        affinities = shop.ask(f"/v1/visitors/{guest}/affinities").json()
        assert (affinities["products"], affinities["categories"]) == ([], [])
    for guest in (names.forged, names.few):
        for signature in ({}, {"signature": sign_user(SECRET, "eve")}):
            answer = shop.ask("/v1/recommendations", guest=guest, user=VICTIM, **signature)
            assert answer.status_code == 403

    # The customer's own devices know each other still, and the customer's signature reads the same list
    for guest in (names.phone, names.laptop):
        mine = asked(guest, history="again")
        assert {*names.seen} <= {item["product_id"] for item in mine}
        assert mine == asked(stranger, history="again", user=VICTIM, signature=SIGNATURE)
    # The shop's numbers join what was written
    assert shop.rows(
        "select value, visitor_id, is_proven from identity_map "
        f"where value in ('{names.phone}', '{names.few}') order by 3"
    ) == [(names.few, "u_bob", False), (names.phone, f"u_{VICTIM}", True)]
    assert shop.rows("select visitor_id from orders where order_id = 'forged-1'") == [(f"u_{VICTIM}",)]
    # Nobody finds the signature on the disk
    data = shop.settings.paths.data
    for folder in ("landing", "lake"):
        files = [file for file in (data / folder).rglob("*") if file.is_file()]
        assert files
        assert not any(SIGNATURE.encode() in file.read_bytes() for file in files)
    traits = [
        text for (text,) in shop.rows("select traits from base_footfall__messages where traits is not null")
    ]
    assert sum("userSignature" in text for text in traits) == 5
    assert not any(SIGNATURE in text for text in traits)


def test_no_number_stops_a_run(shop: Shop, attacked: SimpleNamespace) -> None:
    assert attacked.refused.accepted == 0
    assert [(one["field"], one["reason"]) for one in attacked.refused.rejected[:3]] == [
        ("properties.quantity", "a number of more than 6 digits before the point"),
        ("properties.products[0].quantity", "a number of more than 6 digits before the point"),
        ("properties.value", "a number of more than 12 digits before the point"),
    ]
    after = revenue(shop)
    assert after == {mart: was + attacked.revenue for mart, was in attacked.before.revenue.items()}
    taken = "select count(*), count(quantity) from stg_footfall__events where guest_token like 'old-%'"
    assert shop.rows(taken) == [(202, 0)]
    assert shop.rows("select stage, count(*) from stg_footfall__failed_events group by stage order by stage") == [
        ("collector", 202), ("load", 1)
    ]  # fmt: skip
    assert shop.rows("select count(*) from events_reconciliation where not is_balanced") == [(0,)]
    told = shop.ask("/v1/marts/sessions_daily", secret=True).json(parse_float=Decimal)
    assert sum(day["revenue"] for day in told["items"]) == after["sessions_daily"]
    assert shop.ask("/v1/recommendations", guest="rich").status_code == 200


def test_visitors_write_no_block_hold_no_publish_and_move_no_top(
    shop: Shop, attacked: SimpleNamespace, own: list[str]
) -> None:
    before = attacked.before
    assert shop.rows("select count(*) from products where not is_in_catalog") == [(before.strange + 503,)]
    assert set(top(shop)) == set(attacked.popular), "who has 40 visitors; not one, or 1,000 of one address"
    learned = "from session_products anti join crowded_sessions using (session_id)"
    assert shop.rows(f"select count(*) {learned} where product_id = '{attacked.product}'") == [(5,)]
    first = shop.ask("/v1/recommendations", guest=token(), limit=50)
    assert first.json()["version"] != before.version, "held back"
    assert {item["product_id"] for item in first.json()["items"]} <= set(own)
    for path in PUBLIC:
        for seed in (attacked.popular[0], attacked.product, attacked.seen_once):
            answer = shop.ask(path.format(seed), guest=token(), viewed=seed, limit=50)
            assert "phish.example" not in answer.text
            assert "voucher" not in answer.text
            assert "invented" not in answer.text
