"""The session index on disk follows the mart: by increments, or anew when it must."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from footfall.session_index import NextItemConfig, SessionIndex
from orchestration.lib.derived import session_changes_file, session_history_file, session_index_file
from orchestration.lib.session_neighbours import index_of
from orchestration.lib.session_refresh import Refreshed, refresh
from tests.orchestration_lib.test_session_changes import assert_same

NOW = datetime(2026, 3, 1)
HOUR = timedelta(hours=1)


@pytest.fixture
def mart() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        "create table session_products "
        "(session_id varchar, product_id varchar, place integer, ended_at timestamp, built_at timestamp)"
    )
    return connection


def put(mart: duckdb.DuckDBPyConnection, session: str, products: str, built_at: datetime) -> None:
    mart.execute("delete from session_products where session_id = ?", [session])
    for place, product in enumerate(products, 1):
        mart.execute(
            "insert into session_products values (?, ?, ?, ?, ?)",
            [session, product, place, built_at, built_at],
        )


def run(mart: duckdb.DuckDBPyConnection, derived: Path, **more: float) -> Refreshed:
    refreshed = refresh(derived, mart, NOW, **more)  # type: ignore[arg-type]
    rebuilt = index_of(mart.sql("select * exclude (built_at) from session_products").to_arrow_table())
    assert_same(refreshed.index, rebuilt, [[product] for product in "abcd"])
    if refreshed.why_whole:
        rebuilt.write(derived / "rebuilt")
        assert session_index_file(derived).read_bytes() == (derived / "rebuilt").read_bytes()
    return refreshed


def test_changes_are_counted_from_the_last_rebuild(mart: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for number in range(40):
        put(mart, f"s{number}", "abc", NOW)
    first = run(mart, tmp_path)
    assert (first.learned, first.why_whole) == (40, "there is none yet")
    large = [session_history_file(tmp_path), session_index_file(tmp_path)]
    before = [file.stat().st_mtime_ns for file in large]
    put(mart, "s1", "abcd", NOW + HOUR)
    put(mart, "new", "da", NOW + HOUR)
    assert run(mart, tmp_path).learned == 2
    mart.execute("delete from session_products where session_id = 's2'")
    third = run(mart, tmp_path)
    assert (third.learned, third.gone, third.why_whole, third.whole_at) == (2, 1, None, NOW.isoformat())
    assert [file.stat().st_mtime_ns for file in large] == before, (
        "an increment leaves the large files as they are"
    )
    assert session_changes_file(tmp_path).exists()
    put(mart, "s3", "ca", NOW + 2 * HOUR)
    put(mart, "s4", "ca", NOW + 2 * HOUR)
    assert run(mart, tmp_path).why_whole == "5 sessions changed since the last, which had 40"
    assert not session_changes_file(tmp_path).exists()
    assert run(mart, tmp_path).learned == 0


def test_nothing_is_learned_of_nothing(mart: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert run(mart, tmp_path).index.sessions == 0
    put(mart, "s1", "ab", NOW)
    assert run(mart, tmp_path).index.sessions == 1


def test_a_torn_history_or_other_settings_make_it_learn_anew(
    mart: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    for number in range(40):
        put(mart, f"s{number}", "abc", NOW)
    run(mart, tmp_path)
    other = refresh(tmp_path, mart, NOW, config=NextItemConfig(rules_kept=5))
    assert other.why_whole == "the settings changed"
    whole = session_history_file(tmp_path).read_bytes()
    session_history_file(tmp_path).write_bytes(whole[:-200])
    assert "torn" in str(run(mart, tmp_path).why_whole)


def test_a_rebuild_that_died_between_its_files_is_made_again(
    mart: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    for number in range(40):
        put(mart, f"s{number}", "abc", NOW)
    run(mart, tmp_path)
    history = session_history_file(tmp_path).read_bytes()
    put(mart, "s1", "abcd", NOW + HOUR)
    run(mart, tmp_path)
    changes = session_changes_file(tmp_path).read_bytes()
    for number in range(20):
        put(mart, f"t{number}", "ca", NOW + HOUR)
    run(mart, tmp_path)
    session_history_file(tmp_path).write_bytes(history)
    session_changes_file(tmp_path).write_bytes(changes)
    assert SessionIndex.open(session_index_file(tmp_path), session_changes_file(tmp_path)).changed is None
    assert run(mart, tmp_path).why_whole == "the index is not of the sessions that were learned last"
    assert run(mart, tmp_path).why_whole is None
    session_index_file(tmp_path).unlink()
    assert "can't be read" in str(run(mart, tmp_path).why_whole)
