"""The session index on disk is that of all sessions of the mart, rebuilt whole when the rule says so."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest

from footfall.snapshot.session_index import NextItemConfig, SessionIndex
from orchestration.recommend.rebuild import Decision, RebuildRule, last_build
from orchestration.recommend.session_neighbours import _strongest, index_of, refresh
from orchestration.recommend.tables import session_index_file

NOW = datetime(2026, 3, 1)


@pytest.fixture
def mart() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        "create table session_products "
        "(session_id varchar, product_id varchar, place integer, ended_at timestamp, built_at timestamp);"
        "create table crowded_sessions (session_id varchar)"
    )
    for number in range(40):
        put(connection, f"s{number}", "abc")
    return connection


def put(mart: duckdb.DuckDBPyConnection, session: str, products: str) -> None:
    mart.execute("delete from session_products where session_id = ?", [session])
    for place, product in enumerate(products, 1):
        mart.execute(
            "insert into session_products values (?, ?, ?, ?, ?)", [session, product, place, NOW, NOW]
        )


def run(
    mart: duckdb.DuckDBPyConnection, derived: Path, hours: int = 0, config: NextItemConfig | None = None
) -> Decision:
    """An hour's run; where it rebuilt, the file is that of the sessions that are there now."""
    decision = refresh(derived, mart, RebuildRule(1.0, NOW + timedelta(hours=hours)), config)
    if decision.is_due:
        kept = "from session_products anti join crowded_sessions using (session_id)"
        index_of(mart.sql(f"select * exclude (built_at) {kept}").to_arrow_table(), config).write(
            derived / "whole"
        )
        assert session_index_file(derived).read_bytes() == (derived / "whole").read_bytes()
    return decision


def test_sessions_that_come_go_on_and_go_are_learned(mart: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert run(mart, tmp_path).is_due
    assert not run(mart, tmp_path, 1).is_due, "nothing changed"
    put(mart, "new", "da")
    assert run(mart, tmp_path, 2).is_due
    assert SessionIndex.open(session_index_file(tmp_path)).products == ["a", "b", "c", "d"]
    put(mart, "s1", "abca")
    assert run(mart, tmp_path, 3).is_due
    mart.execute("delete from session_products where session_id = 'new'")
    assert run(mart, tmp_path, 4).is_due
    assert SessionIndex.open(session_index_file(tmp_path)).products == ["a", "b", "c"]


def test_who_is_left_out_for_a_crowd_comes_and_goes_with_it(
    mart: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Nothing of such a session was built since: others decide."""
    run(mart, tmp_path)
    mart.execute("insert into crowded_sessions values ('s1'), ('s2')")
    assert run(mart, tmp_path, 1).is_due
    assert SessionIndex.open(session_index_file(tmp_path)).sessions == 38
    mart.execute("delete from crowded_sessions")
    assert run(mart, tmp_path, 2).is_due
    assert SessionIndex.open(session_index_file(tmp_path)).sessions == 40


def test_other_settings_are_other_inputs(mart: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    run(mart, tmp_path)
    assert run(mart, tmp_path, 1, NextItemConfig(rules_kept=5)).is_due
    assert not run(mart, tmp_path, 2, NextItemConfig(rules_kept=5)).is_due


def test_a_slow_build_waits(mart: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    run(mart, tmp_path)
    record = session_index_file(tmp_path).with_name("session_neighbours.build.json")
    record.write_text(json.dumps({**json.loads(record.read_text()), "seconds": 360}))
    put(mart, "new", "da")
    rule = RebuildRule(0.05, NOW + timedelta(hours=2))
    assert not refresh(tmp_path, mart, rule).is_due
    assert SessionIndex.open(session_index_file(tmp_path)).sessions == 40
    assert refresh(tmp_path, mart, RebuildRule(0.05, NOW + timedelta(hours=2, seconds=1))).is_due


def test_a_shop_without_sessions_has_an_empty_index(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "create table session_products "
            "(session_id varchar, product_id varchar, place integer, ended_at timestamp, built_at timestamp);"
            "create table crowded_sessions (session_id varchar)"
        )
        assert run(connection, tmp_path).is_due
        assert SessionIndex.open(session_index_file(tmp_path)).sessions == 0
        put(connection, "s1", "ab")
        assert run(connection, tmp_path, 1).is_due
        assert SessionIndex.open(session_index_file(tmp_path)).sessions == 1


def test_files_of_an_earlier_version_are_replaced_and_removed(
    mart: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """An earlier version kept a history and changes beside the index, and no record of its build."""
    path = session_index_file(tmp_path)
    path.parent.mkdir(parents=True)
    for suffix in (".index", ".history", ".changes"):
        path.with_suffix(suffix).write_bytes(b"FFHIST01 of an earlier version")
    path.with_name("changes.parquet").touch()  # of the visitors' lists
    assert run(mart, tmp_path).is_due
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "session_neighbours.build.json",
        "session_neighbours.index",
    ]
    assert last_build(path) is not None


def test_totals_too_large_for_one_number_rank_alike() -> None:
    dice, config = np.random.default_rng(7), NextItemConfig(rules_kept=3)
    pairs = dice.permutation(100 * 100)[:4000]
    row, col, totals = pairs // 100, pairs % 100, dice.integers(1, 30, len(pairs))
    bounds, places = _strongest(row, col, totals, 100, config)
    assert bounds[-1] == len(places) < len(pairs)
    for large in (10**15, 10**12):
        found = _strongest(row, col, totals * large, 100, config)
        assert [each.tolist() for each in found] == [bounds.tolist(), places.tolist()]
