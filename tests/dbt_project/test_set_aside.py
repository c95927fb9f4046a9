"""What the operator set aside is in no model, and in the reconciliation: in full builds, increments, merged files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from dbt_kit import NOON, Lake, Warehouse, message

from footfall.runtime.paths import Paths
from orchestration.lake.compaction import compact
from orchestration.lake.events import Choice, restore_events, set_events_aside

SELECT = "+sessions +events_reconciliation +import_reconciliation"
RECONCILIATION = (
    "select sum(accepted), sum(in_lake), sum(staged), sum(duplicates), sum(set_aside), "
    "bool_and(is_balanced) from "
)
EVENTS = RECONCILIATION + "events_reconciliation"


def load(lake: Lake, *names: str, **columns: Any) -> None:
    lake.load(
        message(
            "Product Viewed", NOON + timedelta(hours=int(name[1:])), guest=name, message_id=name, **columns
        )
        for name in names
    )


def staged(warehouse: Warehouse) -> set[str]:
    found = {row[0] for row in warehouse.rows("select message_id from base_footfall__messages")}
    visitors = {row[0] for row in warehouse.rows("select distinct visitor_id from sessions")}
    assert len(visitors) == len(found), "a visitor each"
    return found


def test_what_is_set_aside_is_in_no_model_and_in_the_books(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    lake, warehouse = make_warehouse()
    paths = Paths(lake.root)
    load(lake, "m1", "m2", "m3")
    # before it is staged: an increment leaves it out
    set_events_aside(paths, Choice(message_ids=("m2",)), "breaks a model")
    warehouse.run(SELECT)
    assert staged(warehouse) == {"m1", "m3"}
    assert warehouse.rows(EVENTS) == [(3, 3, 2, 0, 1, True)]
    load(lake, "m4", "m5")
    set_events_aside(paths, Choice(message_ids=("m5",)), "breaks a model")
    warehouse.run(SELECT)
    assert staged(warehouse) == {"m1", "m3", "m4"}
    assert warehouse.rows(EVENTS) == [(5, 5, 3, 0, 2, True)]
    # after it is staged: a full build, which the pipeline does by itself, leaves it out
    set_events_aside(paths, Choice(message_ids=("m1",)), "breaks a model")
    warehouse.run(SELECT, full_refresh=True)
    assert staged(warehouse) == {"m3", "m4"}
    assert compact(paths, today=date(2027, 1, 1), recent_loads=0).days
    warehouse.run(SELECT, full_refresh=True)
    assert staged(warehouse) == {"m3", "m4"}
    load(lake, "m6")
    warehouse.run(SELECT)
    assert staged(warehouse) == {"m3", "m4", "m6"}
    assert warehouse.rows(EVENTS) == [(6, 6, 3, 0, 3, True)]
    restore_events(paths, Choice(day=lake.received_at.date()))
    warehouse.run(SELECT, full_refresh=True)
    assert staged(warehouse) == {f"m{number}" for number in range(1, 7)}
    assert warehouse.rows(EVENTS) == [(6, 6, 6, 0, 0, True)]


def test_a_set_aside_message_of_an_import_counts_once_with_its_copies(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    lake, warehouse = make_warehouse()
    paths = Paths(lake.root)
    about = {"source": "import", "trusted": True}
    load(lake, "m1", "m2", **about)
    load(lake, "m1", "m2", **about)  # the importer was killed, and sends a batch again
    counts = {"import_id": "i", "source": "import", "rejected": 0}
    lake.ledger(
        {**counts, "occurred_hour": NOON + timedelta(hours=hour), "sent": 1, "accepted": 1} for hour in (1, 2)
    )
    reconciliation = RECONCILIATION + "import_reconciliation"
    set_events_aside(paths, Choice(message_ids=("m1",), loads=(1,)), "one of its copies")
    warehouse.run(SELECT)
    assert warehouse.rows(reconciliation) == [(2, 4, 2, 1, 1, True)]
    set_events_aside(paths, Choice(message_ids=("m1",)), "the other, too")
    warehouse.run(SELECT, full_refresh=True)
    assert warehouse.rows(reconciliation) == [(2, 4, 1, 1, 2, True)]


def test_an_event_that_vanishes_from_the_lake_is_no_set_aside_one(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    """Each number is counted on its own: the journal can't hide a loss."""
    lake, warehouse = make_warehouse()
    load(lake, "m1", "m2")
    set_events_aside(Paths(lake.root), Choice(message_ids=("m2",)), "r")
    next((lake.root / "lake" / "events").glob("received_date=2026*/*.parquet")).unlink()
    warehouse.run(SELECT)
    assert warehouse.rows(EVENTS) == [(2, 0, 0, 0, 1, False)]
