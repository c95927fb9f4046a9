"""Session rules at their boundaries, through our own staging, and Spark's gap sessions."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from dbt_kit import FIXTURES, NOON, Lake, Warehouse, message

SELECT = "+int_sessions"
SPARK = FIXTURES / "apache__spark_session_window"


@pytest.fixture(scope="module")
def boundary_warehouse(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> Warehouse:
    """One guest a case, the guest token names the case."""
    lake, warehouse = make_warehouse()
    half_hour = timedelta(minutes=30)
    tick = timedelta(microseconds=1)

    def views(guest: str, *offsets: timedelta, **columns: object) -> list[dict[str, object]]:
        return [message("Product Viewed", NOON + offset, guest=guest, **columns) for offset in offsets]

    rows = [
        *views("exactly-30-minutes", timedelta(0), half_hour),
        *views("a-microsecond-more", timedelta(0), half_hour + tick),
        *views("over-midnight", timedelta(hours=11, minutes=50), timedelta(hours=12, minutes=10)),
        # an event every 20 minutes: no gap for two days and a bit
        *views("never-rests", *[timedelta(minutes=20) * n for n in range(3 * 24 * 2 + 2)]),
        message("Product Viewed", NOON, guest="logs-in"),
        message("Signed In", NOON + timedelta(minutes=1), guest="logs-in", user="anna"),
        message("Product Viewed", NOON + timedelta(minutes=2), guest="logs-in", user="anna"),
        message("Order Completed", NOON, guest=None, user="only-a-server-knows-me"),
        *views("a-bot", timedelta(0), is_bot=True),
    ]
    lake.load(rows)
    # late: fills the gap between two sessions of one guest, and comes before the first event of another
    early = [
        *views("bridged-late", timedelta(0), timedelta(minutes=40)),
        *views("earlier-late", timedelta(0)),
    ]
    lake.load(early)
    warehouse.run(SELECT)
    lake.load([*views("bridged-late", timedelta(minutes=20)), *views("earlier-late", timedelta(minutes=-10))])
    warehouse.run(SELECT)
    return warehouse


def sessions(warehouse: Warehouse, device: str) -> list[tuple[object, ...]]:
    return warehouse.rows(
        f"select started_at, ended_at, events from int_sessions where device = '{device}' order by started_at"
    )


@pytest.mark.parametrize(
    ("device", "expected_events"),
    [
        ("exactly-30-minutes", [2]),
        ("a-microsecond-more", [1, 1]),
        ("over-midnight", [2]),
        ("logs-in", [3]),
        ("user:only-a-server-knows-me", [1]),
        ("a-bot", []),
        ("bridged-late", [3]),
        ("earlier-late", [2]),
        # 0:00 to 24:00 is 73 events; the next session starts at 24:20 and has 24 hours of its own
        ("never-rests", [73, 73]),
    ],
)
def test_boundaries(boundary_warehouse: Warehouse, device: str, expected_events: list[int]) -> None:
    assert [row[2] for row in sessions(boundary_warehouse, device)] == expected_events


def test_the_key_does_not_change_when_the_visitor_logs_in(boundary_warehouse: Warehouse) -> None:
    ((user_id, session_id),) = boundary_warehouse.rows(
        "select user_id, session_id from int_sessions where device = 'logs-in'"
    )
    assert user_id == "anna"
    ((expected,),) = boundary_warehouse.rows(
        "select md5('logs-in|' || event_id) from stg_footfall__events "
        "where guest_token = 'logs-in' and event = 'Product Viewed' and user_id is null"
    )
    assert session_id == expected


def test_a_late_first_event_renames_the_session(boundary_warehouse: Warehouse) -> None:
    ((started_at,),) = boundary_warehouse.rows(
        "select started_at from int_sessions where device = 'earlier-late'"
    )
    assert started_at == NOON - timedelta(minutes=10)


def test_every_session_has_24_hours_of_its_own(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """Against plain Python: long activities with pauses of up to 30 minutes, ties, a rule that opens amid one."""
    rng = random.Random(5)
    lake, warehouse = make_warehouse()
    rows = []
    for number in range(12):
        at = NOON
        for step in range(rng.randrange(60, 260)):
            at += timedelta(minutes=rng.choice([0, 0, 7, 20, 29, 30, 30 + (step % 90 == 0)]))
            rows.append(message("Product Viewed", at, guest=f"long-{number}", properties={"n": step}))
    rng.shuffle(rows)
    for part in (rows[::2], rows[1::2]):
        lake.load(part)
        warehouse.run(SELECT)
    expected = set()
    for number in range(12):
        guest = f"long-{number}"
        times = sorted(row["occurred_at"] for row in rows if row["guest_token"] == guest)
        starts: list[list[datetime]] = []
        for at in times:
            if (
                not starts
                or at - starts[-1][-1] > timedelta(minutes=30)
                or at - starts[-1][0] > timedelta(days=1)
            ):
                starts.append([])
            starts[-1].append(at)
        expected |= {(guest, each[0], each[-1], len(each)) for each in starts}
    found = set(warehouse.rows("select device, started_at, ended_at, events from int_sessions"))
    assert found == expected
    assert len(found) > 24


def test_another_cap_passes_the_tests(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    lake, warehouse = make_warehouse()
    lake.load(message("page", NOON + timedelta(minutes=20 * n), guest="awake") for n in range(90))
    two_days = {"session_cap_seconds": 172800}
    warehouse.run("+sessions", command="build", variables=two_days)
    assert warehouse.rows("select duration_seconds from sessions") == [(89 * 1200.0,)]


def test_a_gap_may_have_a_fraction(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """In an increment too: 1.8e3 is a number with one, as YAML reads it."""
    lake, warehouse = make_warehouse()
    for minutes in (0, 20):
        lake.load([message("page", NOON + timedelta(minutes=minutes), guest="a")])
        warehouse.run(SELECT, variables={"session_gap_seconds": 1800.5})
    assert sessions(warehouse, "a") == [(NOON, NOON + timedelta(minutes=20), 2)]


def test_who_never_pauses_for_days_is_quarantined_unless_they_order(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    lake, warehouse = make_warehouse()
    minutes = [timedelta(minutes=20) * n for n in range(3 * 24 * 3 + 2)]
    crawl = [
        message("Product Viewed", NOON + at, guest=guest)
        for guest in ("crawler", "wholesaler")
        for at in minutes
    ]
    order = message("Order Completed", NOON, guest="wholesaler", properties={"order_id": "o1", "value": "5"})
    # within three days it is only a long activity; the last two events put the id into quarantine
    early = [row for row in crawl if row["occurred_at"] < NOON + timedelta(days=3)]
    lake.load([*early, order])
    warehouse.run("+visitors +quarantined_devices")
    assert warehouse.rows("select count(*) from visitors") == [(2,)]
    lake.load([row for row in crawl if row not in early])
    for full_refresh in (False, True):
        warehouse.run("+visitors +quarantined_devices", full_refresh=full_refresh)
        assert warehouse.rows("select distinct device from int_session_events") == [("wholesaler",)]
        assert warehouse.rows("select distinct device from int_sessions") == [("wholesaler",)]
        assert warehouse.rows("select visitor_id, orders from visitors") == [("g_wholesaler", 1)]
        assert warehouse.rows("select count(*) from quarantined_devices") == [(1,)]


@pytest.mark.parametrize("seed", [1, 2])
def test_long_activities_that_grow_batch_by_batch_equal_a_full_refresh(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]], seed: int
) -> None:
    """An increment goes on from the last part that the cap cut off. Ties, late messages, servers' messages at any
    moment, ids that go to quarantine on the way, and some that an order lets out again."""
    rng = random.Random(seed)
    lake, warehouse = make_warehouse()
    rows = []
    for number in range(30):
        guest, at = f"long-{number}", NOON
        end = NOON + timedelta(hours=rng.choice([30, 60, 120, 150]))
        while at < end:
            at += timedelta(minutes=rng.choice([0, 10, 10, 15, 30 + 10 * (rng.random() < 0.02)]))
            rows.append(message("Product Viewed", at, guest=guest, properties={"n": len(rows)}))
            if rng.random() < 0.1:
                told_at = at + timedelta(minutes=rng.choice([0, 5, 30, 50]))
                told = {"guest": guest, "properties": {"n": len(rows)}, "source": "server", "trusted": True}
                rows.append(message("Cart Updated", told_at, **told))
        if rng.random() < 0.4:
            ordered_at = NOON + (end - NOON) * rng.random()
            rows.append(message("Order Completed", ordered_at, guest=guest, properties={"order_id": guest}))
    delays = {id(row): timedelta(hours=rng.choice([0] * 400 + [2, 60])) * rng.random() for row in rows}
    delays |= {id(row): timedelta(hours=150) for row in rows if row["event"] == "Order Completed"}
    rows.sort(key=lambda row: row["occurred_at"] + delays[id(row)])
    places = {
        "int_session_events": "event_id, session_id, session_number, device_event_number, session_user_id",
        "int_sessions": "* exclude (built_at)",
        "quarantined_devices": "*",
    }
    quarantined = []
    for batch in range(5):
        lake.load(rows[batch * len(rows) // 5 : (batch + 1) * len(rows) // 5])
        warehouse.run(f"{SELECT} quarantined_devices")
        quarantined.append(set(warehouse.rows("select device from quarantined_devices")))
    grown = {
        name: warehouse.rows(f"select {columns} from {name} order by all") for name, columns in places.items()
    }
    warehouse.run(f"{SELECT} quarantined_devices", full_refresh=True)
    for name, columns in places.items():
        assert grown[name] == warehouse.rows(f"select {columns} from {name} order by all"), name
    assert quarantined[-1]
    assert any(before - after for before, after in pairwise(quarantined)), "none let out"


@pytest.mark.parametrize(("opens", "expected"), [(False, [4]), (True, [1, 2, 1])])
def test_another_campaign_opens_a_session_where_the_shop_wants_it(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]], opens: bool, expected: list[int]
) -> None:
    lake, warehouse = make_warehouse()
    spring, summer = (json.dumps({"source": name}) for name in ("spring", "summer"))
    minute = timedelta(minutes=1)
    lake.load(
        [
            message(None, NOON, campaign=spring),
            message(None, NOON + minute, campaign=summer),
            message(None, NOON + 2 * minute),
            message(None, NOON + 3 * minute, campaign=spring),
        ]
    )
    warehouse.run(SELECT, variables={"session_opens_on_campaign": opens})
    assert [row[2] for row in sessions(warehouse, "g1")] == expected


def test_a_trusted_id_is_one_session(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """Through any pause, and through another id's events in between; the source that isn't trusted has the gap."""
    lake, warehouse = make_warehouse()

    def views(guest: str, *tokens: tuple[int, str | None], **columns: object) -> list[dict[str, object]]:
        about = {"source": "tracker", "guest": guest, "trusted": True, **columns}
        return [
            message("Product Viewed", NOON + timedelta(minutes=minute), session_token=token, **about)
            for minute, token in tokens
        ]

    arrivals = [
        *views("pauses", (0, "a"), (120, "a"), (121, "b")),
        *views("alternates", (0, "a"), (1, "b"), (2, "a"), (3, None), (4, "b"), (40, None)),
        *views("not trusted", (0, "a"), (1, "b"), (40, "b"), source="history"),
        *views("begins without", (0, None), (1, "a")),
    ]
    trust = {"session_id_trusted_sources": ["tracker"]}
    for first in (0, 1):
        lake.load(arrivals[first::2])
        warehouse.run(SELECT, variables=trust)
    for full_refresh in (False, True):
        warehouse.run(SELECT, variables=trust, full_refresh=full_refresh)
        found = warehouse.rows("select device, session_number, events from int_sessions order by 1, 2")
        assert found == [
            ("alternates", 1, 3),
            ("alternates", 2, 2),
            ("alternates", 3, 1),
            ("begins without", 1, 1),
            ("begins without", 2, 1),
            ("not trusted", 1, 2),
            ("not trusted", 2, 1),
            ("pauses", 1, 2),
            ("pauses", 2, 1),
        ]


def test_a_trusted_id_may_pause_for_days(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """Against plain Python: ids that alternate, pause for four days and go on, and a device that never rests, though
    its ids are new every two hours."""
    rng = random.Random(8)
    lake, warehouse = make_warehouse()
    rows = []
    for number in range(20):
        at = NOON
        for step in range(rng.randrange(4, 60)):
            at += timedelta(minutes=rng.choice([1, 7, 20, 40]), seconds=step)
            at += timedelta(hours=rng.choice([0] * 6 + [9, 23, 96]))
            about = {"guest": f"pauses-{number}", "source": "tracker", "properties": {"n": step}}
            rows.append(message("page", at, session_token=rng.choice([None, "a", "b"]), **about))
    for step in range(4 * 24 * 3):
        at, token = NOON + timedelta(minutes=20 * step), f"id-{step // 6}"
        rows.append(message("page", at, guest="never rests", source="tracker", session_token=token))
    trust = {"session_id_trusted_sources": ["tracker"]}
    rng.shuffle(rows)
    for part in (rows[::2], rows[1::2]):
        lake.load(part)
        warehouse.run(f"{SELECT} quarantined_devices", variables=trust)
    expected = set()
    for number in range(20):
        guest, previous, seen = f"pauses-{number}", None, 0
        activity_of: dict[str, int] = {}
        parts: dict[int, list[list[datetime]]] = {}
        own = [row for row in rows if row["guest_token"] == guest]
        for step, row in enumerate(sorted(own, key=lambda row: row["occurred_at"])):
            at, token = row["occurred_at"], row["session_token"]
            if token:
                seen = activity_of.setdefault(token, step)
            elif previous is None or at - previous > timedelta(minutes=30):
                seen = step
            sessions_of = parts.setdefault(seen, [])
            if not sessions_of or at - sessions_of[-1][0] > timedelta(days=1):
                sessions_of.append([])
            sessions_of[-1].append(at)
            previous = at
        expected |= {(guest, each[0], each[-1], len(each)) for part in parts.values() for each in part}
    assert any(end - start > timedelta(hours=20) for _, start, end, _ in expected)
    for full_refresh in (False, True):
        warehouse.run(f"{SELECT} quarantined_devices", variables=trust, full_refresh=full_refresh)
        found = set(warehouse.rows("select device, started_at, ended_at, events from int_sessions"))
        assert found == expected
        assert warehouse.rows("select device, events from quarantined_devices") == [("never rests", 288)]


@pytest.mark.skipif(not SPARK.is_dir(), reason="shared fixtures are not on this machine")
def test_sparks_gap_sessions(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """Spark's end is exclusive: an event exactly at the gap opens a new session. Ours stays, so that a
    gap of 10 s there is one of anything less than 10 s here; the fixture has whole seconds."""
    lake, warehouse = make_warehouse()
    with (SPARK / "events.csv").open() as file:
        events = list(csv.DictReader(file))
    with (SPARK / "expected_sessions.csv").open() as file:
        expected = {
            (
                f"{row['dataset']}/{row['session_key']}",
                datetime.fromisoformat(row["session_start"]),
                datetime.fromisoformat(row["session_end_exclusive"]) - timedelta(seconds=10),
                int(row["event_count"]),
            )
            for row in csv.DictReader(file)
        }
    lake.load(
        message(
            "Product Viewed",
            datetime.fromisoformat(row["event_at"]),
            guest=f"{row['dataset']}/{row['session_key']}",
            message_id=row["event_id"],
        )
        for row in events
    )
    warehouse.run(SELECT, variables={"session_gap_seconds": 9})
    found = set(warehouse.rows("select device, started_at, ended_at, events from int_sessions"))
    assert found == expected
