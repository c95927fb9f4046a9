"""Numbers that no shop has: the message is refused, and where an earlier release took it, no run stops for it."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from msgspec import Raw

from footfall.wire import schema
from orchestration.lake import event_columns
from orchestration.lake.loader import load_sealed
from tests.attacks.conftest import Shop
from tests.attacks.messages import ordered, product, track, viewed
from tests.orchestration.conftest import seal_segment

pytestmark = pytest.mark.pipeline


def unbounded(raw: bytes | Raw) -> schema.Message:
    """What a message was to an earlier release's loader."""
    message = msgspec.json.decode(raw, type=schema.Undecoded)
    message.surroundings = schema.check_surroundings(message.surroundings)  # type: ignore[assignment]
    return message


def test_no_number_stops_a_run(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = shop.settings.paths
    huge = {"price": 99999999999, "quantity": 99999999999}
    line = {"product_id": "1001", **huge}
    old = [
        track("Product Added", line, guest="old-cart"),
        ordered("old-lines", [], guest="old-lines", properties={"products": [line]}),
        *(
            ordered(f"old-{n}", [], guest=f"old-{n}", properties={"value": 99999999999999})
            for n in range(200)
        ),
    ]
    seal_segment(paths, "20260301T120000.000000Z-00000001", old)
    with monkeypatch.context() as earlier:
        earlier.setattr(event_columns, "check_message", unbounded)
        assert load_sealed(paths).failed == 0
    # and a collector of that release has one more, which this one's loader is to take
    seal_segment(paths, "20260301T120001.000000Z-00000001", old[:1])

    shop.catalogue(product(number) for number in range(3))
    answer = shop.post(old)
    assert answer.accepted == 0
    assert [(one["field"], one["reason"]) for one in answer.rejected[:3]] == [
        ("properties.quantity", "a number of more than 6 digits before the point"),
        ("properties.products[0].quantity", "a number of more than 6 digits before the point"),
        ("properties.value", "a number of more than 12 digits before the point"),
    ]
    largest = {"value": 10**12 - 1}
    shop.send(ordered(f"o-{number}", [], guest="rich", properties=largest) for number in range(200))
    wide = {"product_id": "1001", "price": 10**12 - 1, "quantity": 10**6 - 1}
    shop.send([ordered("wide", [], properties={"products": [wide] * 100}), viewed("1001", guest="rich")])

    shop.run()
    # of the old line the price may be one, and its quantity isn't known
    revenue = 200 * (10**12 - 1) + 100 * (10**12 - 1) * (10**6 - 1) + huge["price"]
    for mart in (
        "sessions_daily",
        "orders_daily",
        "lifetime_value",
        "traffic_sources",
        "conversion_by_device",
    ):
        column = "gross_revenue" if mart == "orders_daily" else "revenue"
        assert shop.rows(f"select sum({column}) from {mart}") == [(revenue,)], mart
    assert shop.rows(
        "select count(*) from stg_footfall__events where price is null and quantity is null"
    ) >= [(202,)]
    assert shop.rows("select stage, count(*) from stg_footfall__failed_events group by stage order by stage") == [
        ("collector", 202), ("load", 1)
    ]  # fmt: skip
    assert shop.rows("select count(*) from events_reconciliation where not is_balanced") == [(0,)]
    told = shop.ask("/v1/marts/sessions_daily", secret=True).json(parse_float=Decimal)
    assert sum(day["revenue"] for day in told["items"]) == revenue
    assert shop.ask("/v1/recommendations", guest="rich").status_code == 200
