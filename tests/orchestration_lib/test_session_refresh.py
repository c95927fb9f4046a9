"""The session index on disk follows the mart: by increments, or anew when it must."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from footfall.session_index import NextItemConfig
from orchestration.lib.derived import session_history_file, session_index_file
from orchestration.lib.session_neighbours import index_of
from orchestration.lib.session_refresh import Refreshed, refresh

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
    rebuilt.write(derived / "rebuilt")
    assert session_index_file(derived).read_bytes() == (derived / "rebuilt").read_bytes()
    return refreshed


def test_changes_are_counted_from_the_last_rebuild(mart: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for number in range(40):
        put(mart, f"s{number}", "abc", NOW)
    first = run(mart, tmp_path)
    assert (first.learned, first.why_whole) == (40, "there is none yet")
    history = session_history_file(tmp_path).read_bytes()
    put(mart, "s1", "abcd", NOW + HOUR)
    put(mart, "new", "da", NOW + HOUR)
    assert run(mart, tmp_path).learned == 2
    mart.execute("delete from session_products where session_id = 's2'")
    third = run(mart, tmp_path)
    assert (third.learned, third.gone, third.why_whole, third.whole_at) == (2, 1, None, NOW.isoformat())
    assert session_history_file(tmp_path).read_bytes() == history, "an increment leaves the history as it is"
    put(mart, "s3", "ca", NOW + 2 * HOUR)
    put(mart, "s4", "ca", NOW + 2 * HOUR)
    assert run(mart, tmp_path).why_whole == "5 sessions changed since the last, which had 40"
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
