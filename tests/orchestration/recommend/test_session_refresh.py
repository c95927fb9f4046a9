"""The session index on disk follows the mart: by increments, or again when it must."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from footfall.snapshot.session_index import Changed, NextItemConfig, SessionIndex
from orchestration.recommend.session_history import History, history_of
from orchestration.recommend.session_neighbours import index_of
from orchestration.recommend.session_refresh import Refreshed, refresh
from orchestration.recommend.tables import session_changes_file, session_history_file, session_index_file
from tests.orchestration.recommend.test_session_changes import assert_same

NOW = datetime(2026, 3, 1)
HOUR = timedelta(hours=1)


@pytest.fixture
def mart() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        "create table session_products "
        "(session_id varchar, product_id varchar, place integer, ended_at timestamp, built_at timestamp);"
        "create table crowded_sessions (session_id varchar)"
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
    kept = "from session_products anti join crowded_sessions using (session_id)"
    rebuilt = index_of(mart.sql(f"select * exclude (built_at) {kept}").to_arrow_table())
    assert_same(refreshed.index, rebuilt, [[product] for product in "abcd"])
    if refreshed.why_whole or refreshed.merged:
        rebuilt.write(derived / "rebuilt")
        assert session_index_file(derived).read_bytes() == (derived / "rebuilt").read_bytes()
        assert not session_changes_file(derived).exists()
        history = History.open(session_history_file(derived))
        assert history is not None
        history_of(mart.sql(kept).to_arrow_table(), history.config, history.notes).write(derived / "rebuilt")
        assert session_history_file(derived).read_bytes() == (derived / "rebuilt").read_bytes()
    return refreshed


def test_who_is_left_out_for_a_crowd_comes_and_goes_with_it(
    mart: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Nothing of such a session was built since: others decide. Whatever they do, increments are rebuilds."""
    for number in range(40):
        put(mart, f"s{number}", "abc", NOW)
    assert run(mart, tmp_path).learned == 40
    mart.execute("insert into crowded_sessions values ('s1'), ('s2')")
    assert (run(mart, tmp_path).gone, run(mart, tmp_path, merge_share=0).merged) == (2, True)
    put(mart, "s1", "ad", NOW + HOUR)
    mart.execute(
        "delete from crowded_sessions where session_id = 's2'; insert into crowded_sessions values ('s3')"
    )
    # s2 came and s3 went: as many as before
    swapped = run(mart, tmp_path, merge_share=1)
    assert (swapped.learned, swapped.gone, swapped.why_whole) == (1, 1, None)
    mart.execute("delete from crowded_sessions")
    assert (run(mart, tmp_path, merge_share=1).learned, run(mart, tmp_path, rebuild_share=0).learned) == (
        2,
        40,
    )


def test_changes_stand_beside_until_increments_cost_what_a_merge_does(
    mart: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    for number in range(100):
        put(mart, f"s{number}", "abc", NOW)
    first = run(mart, tmp_path)
    assert (first.learned, first.merged, first.why_whole) == (100, False, "there is none yet")
    large = [session_history_file(tmp_path), session_index_file(tmp_path)]
    before = [file.stat().st_mtime_ns for file in large]
    put(mart, "s1", "abcd", NOW + HOUR)
    put(mart, "new", "da", NOW + HOUR)
    assert run(mart, tmp_path).learned == 2
    mart.execute("delete from session_products where session_id = 's2'")
    for _ in range(2):
        again = run(mart, tmp_path)
        assert (again.learned, again.gone, again.merged, again.why_whole) == (2, 1, False, None)
    assert [file.stat().st_mtime_ns for file in large] == before, (
        "an increment leaves the large files as they are"
    )
    assert Changed.open(session_changes_file(tmp_path)).gone_through == 2 + 3 + 3
    fifth = run(mart, tmp_path)
    assert (fifth.learned, fifth.gone, fifth.merged, fifth.why_whole) == (2, 1, True, None)
    assert fifth.whole_at == NOW.isoformat()
    put(mart, "s3", "ca", NOW + 2 * HOUR)
    sixth = run(mart, tmp_path)
    assert (sixth.learned, sixth.gone, sixth.merged, sixth.why_whole) == (1, 0, False, None)
    assert Changed.open(session_changes_file(tmp_path)).gone_through == 1, "counted from the merge"


def test_a_day_is_merged_and_most_of_the_sessions_are_learned(
    mart: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    for number in range(40):
        put(mart, f"s{number}", "abc", NOW)
    run(mart, tmp_path)
    for number in range(20):
        put(mart, f"t{number}", "dca", NOW + HOUR)
    day = run(mart, tmp_path)
    assert (day.learned, day.merged, day.why_whole, day.whole_at) == (20, True, None, NOW.isoformat())
    for number in range(31):
        put(mart, f"u{number}", "ec", NOW + 2 * HOUR)
    assert run(mart, tmp_path).why_whole == "31 sessions changed since the last, which had 60"
    assert run(mart, tmp_path).learned == 0


def test_torn_changes_are_made_anew(mart: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for number in range(40):
        put(mart, f"s{number}", "abc", NOW)
    run(mart, tmp_path)
    put(mart, "new", "da", NOW + HOUR)
    run(mart, tmp_path)
    session_changes_file(tmp_path).write_bytes(session_changes_file(tmp_path).read_bytes()[:-70])
    assert run(mart, tmp_path).learned == 1
    assert Changed.open(session_changes_file(tmp_path)).gone_through == 1


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


@pytest.mark.parametrize("came", [19, 30])
def test_a_run_that_died_between_its_files_is_made_again(
    mart: duckdb.DuckDBPyConnection, tmp_path: Path, came: int
) -> None:
    """So many sessions are merged, or learned with all others."""
    for number in range(40):
        put(mart, f"s{number}", "abc", NOW)
    run(mart, tmp_path)
    history = session_history_file(tmp_path).read_bytes()
    put(mart, "s1", "abcd", NOW + HOUR)
    run(mart, tmp_path)
    changes = session_changes_file(tmp_path).read_bytes()
    for number in range(came):
        put(mart, f"t{number}", "ca", NOW + HOUR)
    large = run(mart, tmp_path)
    assert large.merged == (large.why_whole is None) == (came == 19)
    session_history_file(tmp_path).write_bytes(history)
    session_changes_file(tmp_path).write_bytes(changes)
    assert SessionIndex.open(session_index_file(tmp_path), session_changes_file(tmp_path)).changed is None
    assert run(mart, tmp_path).why_whole == "the index is not of the sessions that were learned last"
    assert run(mart, tmp_path).why_whole is None
    session_index_file(tmp_path).unlink()
    assert "can't be read" in str(run(mart, tmp_path).why_whole)
