"""Who must not be addressed in person: the last word of each device counts, and only a word does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from dbt_kit import NOON, Lake, Warehouse, message


def told(
    guest: str | None, *words: tuple[bool, bool | None], user: str | None = None, **more: Any
) -> list[dict[str, Any]]:
    """Views, an hour apart, with (gpc, marketing consent)."""
    return [
        message(
            "Product Viewed",
            NOON + timedelta(hours=number),
            guest=guest,
            user=user,
            properties={"product_id": "p"},
            gpc=gpc,
            consent_marketing=marketing,
            **more,
        )
        for number, (gpc, marketing) in enumerate(words)
    ]


YES, NO, SIGNAL, SILENT = (False, True), (False, False), (True, None), (False, None)
CASES: dict[str, tuple[list[tuple[bool, bool | None]], bool]] = {
    "agrees": ([YES], False),
    "refuses": ([NO], True),
    "signals": ([SIGNAL], True),
    "signals-though-agreed": ([(True, True)], True),
    "agreed-then-refused": ([YES, NO], True),
    "refused-then-agreed": ([NO, YES], False),
    "refused-then-silent": ([NO, SILENT], True),
    "silent": ([SILENT], False),
}


@pytest.fixture(scope="module")
def warehouse(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> Warehouse:
    lake, warehouse = make_warehouse()
    rows = [row for guest, (words, _) in CASES.items() for row in told(guest, *words)]
    # Anna's phone agrees, her laptop refused: she objects. A bot says nothing for anybody.
    rows += told("phone", YES, user="anna") + told("laptop", NO, user="anna")
    rows += told("robot", SIGNAL, is_bot=True)
    # Three users on one till: the one who refused there, nobody else.
    for hour, user in enumerate(["u1", "u2", "u3"]):
        rows += told("till", *([SILENT] * hour), YES if user == "u2" else SILENT, user=user)
    rows += [
        message("Product Viewed", NOON + timedelta(days=1), guest="till", user="u3", consent_marketing=False)
    ]
    lake.load(rows)
    warehouse.run("+marketing_objections")
    return warehouse


def objecting(warehouse: Warehouse) -> set[str]:
    return {visitor for (visitor,) in warehouse.rows("select visitor_id from marketing_objections")}


@pytest.mark.parametrize("guest", list(CASES))
def test_the_last_word_counts(warehouse: Warehouse, guest: str) -> None:
    assert (f"g_{guest}" in objecting(warehouse)) is CASES[guest][1]


def test_one_device_is_enough_and_a_shared_one_binds_who_said_it(warehouse: Warehouse) -> None:
    found = objecting(warehouse)
    assert "u_anna" in found
    assert {"u_u1", "u_u2", "u_u3"} & found == {"u_u3"}
    assert not any("robot" in visitor for visitor in found)
