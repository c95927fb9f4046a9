"""Rules that stand in rows: no build mixes them, whatever it selects, in an analyst's own file and in production's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from dbt_kit import NOON, Lake, Warehouse, message

SESSIONS = "int_sessionized_events"
MINUTE = {"session_gap_seconds": 60}


@contextmanager
def stops(told: str) -> Iterator[None]:
    with pytest.raises(pytest.fail.Exception, match=told):
        yield


@pytest.mark.slow
def test_other_rules_ask_for_a_full_refresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTFALL_DBT_TARGET", "dev")
    lake, warehouse = Lake(tmp_path / "data"), Warehouse(tmp_path / "data", tmp_path / "target")
    (tmp_path / "data" / "dev").mkdir(exist_ok=True)
    lake.load([message("page", NOON, guest="a")])
    model = "base_footfall__messages"
    warehouse.run(model)
    warehouse.run(model)
    other = {"session_gap_seconds": 60, "server_side_events": ["It's paid"]}
    told = r"session_gap_seconds was 1800 and is 60; server_side_events was .*, with --full-refresh"
    with stops(told):
        warehouse.run(model, variables=other)
    warehouse.run(model, variables=other, full_refresh=True)
    warehouse.run(model, variables=other)
    with stops("session_gap_seconds was 60 and is 1800"):
        warehouse.run(model)
    warehouse.run(model, full_refresh=True)
    with stops("dev_from was None and is 2026-11-24"):
        warehouse.run(model, variables={"dev_from": "2026-11-24"})


def test_whatever_is_selected_no_build_mixes_rules(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    lake, warehouse = make_warehouse()
    lake.load([message("page", NOON + timedelta(minutes=10 * n), guest="a") for n in (0, 1)])
    warehouse.run("+sessions")
    lake.load([message("page", NOON + timedelta(minutes=20), guest="a")])
    # the model with the rule itself, one that reads its rows, a table, a view behind it, a test
    for select in (SESSIONS, "int_sessions", "sessions", "int_session_events"):
        with stops("the rows of .*int_sessionized_events.* session_gap_seconds was 1800 and is 60"):
            warehouse.run(select, variables=MINUTE)
    with stops("session_gap_seconds was 1800 and is 60"):
        warehouse.run("assert_no_gap_inside_a_session", command="test", variables=MINUTE)
    # a full build of the model alone would read rows of the other rules
    with stops("the rows of base_footfall__messages.* were made by other rules"):
        warehouse.run(SESSIONS, variables=MINUTE, full_refresh=True)
    assert warehouse.rows("select count(*) from sessions") == [(1,)]
    warehouse.run(f"+{SESSIONS}", variables=MINUTE, full_refresh=True)
    # what stands upstream follows other rules now than what is built
    with stops("session_gap_seconds was 60 and is 1800"):
        warehouse.run("sessions")
    with stops("the rows of int_sessions.* were made by other rules"):
        warehouse.run("int_sessions", variables=MINUTE)
    warehouse.run("+sessions", variables=MINUTE, full_refresh=True)
    assert warehouse.rows("select count(*) from sessions") == [(3,)]
    warehouse.run("+sessions", variables=MINUTE)


def test_rows_of_unknown_rules_are_added_to_by_none(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    """As of a file that an earlier version made, or of a model whose full build was cut off: its rules go with it."""
    lake, warehouse = make_warehouse()
    lake.load([message("page", NOON, guest="a")])
    warehouse.run(f"+{SESSIONS}")
    with duckdb.connect(str(warehouse.data / "warehouse.duckdb")) as connection:
        connection.execute("drop table rules_in_rows")
    with stops("the rows of .*int_sessionized_events.*: which ones is not known"):
        warehouse.run(SESSIONS)
    warehouse.run(f"+{SESSIONS}", full_refresh=True)
    warehouse.run(SESSIONS)
