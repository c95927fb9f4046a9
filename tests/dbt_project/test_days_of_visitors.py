"""A day is counted again where a login, later, says that two of its visitors are one, or that one was several."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from dbt_kit import NOON, Lake, Warehouse, message

GUESTS = 60
#: Before any login.
DAYS = 6
#: Few, so that several guests are one user's, and some guests several users'.
USERS = 25
RULES = {"identity_max_guests_per_user": 4}


def visits(rng: random.Random) -> list[dict[str, Any]]:
    """Every guest comes on some of the first days, often twice a day, and says who they are on none."""
    return [
        message(None, NOON + timedelta(days=day, hours=hour), guest=f"g{guest}")
        for guest in range(GUESTS)
        for day in rng.sample(range(DAYS), k=rng.randrange(1, 4))
        for hour in range(0, rng.choice([1, 1, 4]), 2)
    ]


def logins(rng: random.Random, day: int) -> list[dict[str, Any]]:
    """A sixth of the guests come again, as one user each, or as two one after the other."""
    return [
        message(
            None,
            NOON + timedelta(days=day, hours=2 * hour),
            guest=f"g{guest}",
            user=f"u{rng.randrange(USERS)}",
        )
        for guest in rng.sample(range(GUESTS), k=GUESTS // 6)
        for hour in range(rng.choice([1, 1, 2]))
    ]


def counted(warehouse: Warehouse) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Days as they stand, and as they are in the sessions, which are looked up when they are read."""
    stand = "select day, is_guest, sessions, visitors, page_views from sessions_daily order by all"
    are = """
        select cast(started_at as date), user_id is null, count(*), count(distinct visitor_id), sum(page_views)
        from sessions group by all order by all
    """
    return warehouse.rows(stand), warehouse.rows(are)


def test_days_follow_who_their_visitors_turn_out_to_be(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    rng = random.Random(33)
    lake, warehouse = make_warehouse()
    lake.load(visits(rng))
    warehouse.run("+sessions_daily", variables=RULES)
    before, are = counted(warehouse)
    assert before == are
    first_days = {row[0] for row in before}
    changed = set()
    for batch in range(4):
        lake.load(logins(rng, DAYS + batch))
        warehouse.run("+sessions_daily", variables=RULES)
        stand, are = counted(warehouse)
        assert stand == are
        changed |= {row[0] for row in set(before) - set(stand)} & first_days
        before = stand
    assert len(changed) > DAYS / 2
