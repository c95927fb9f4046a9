"""When a learned result is rebuilt: the rule, its record, and the fingerprint of inputs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.recommend.rebuild import Build, RebuildRule, fingerprint, last_build

NOW = datetime(2026, 6, 1, 12)


@pytest.fixture
def result(tmp_path: Path) -> Path:
    path = tmp_path / "pairs" / "pairs.parquet"
    path.parent.mkdir()
    return path


def built(result: Path, seconds: float, inputs: str = "a", at: datetime = NOW) -> None:
    result.write_bytes(b"pairs")
    record = result.with_name("pairs.build.json")
    record.write_bytes(msgspec.json.encode(Build(at, seconds, inputs)))


@pytest.mark.parametrize(
    ("seconds", "age", "is_due"),
    [
        (2.0, timedelta(seconds=39), False),
        (2.0, timedelta(seconds=41), True),
        (120.0, timedelta(minutes=39), False),
        (120.0, timedelta(minutes=41), True),
        (0.0, timedelta(0), False),
        (600.0, timedelta(seconds=-1), True),  # the clock was set back
    ],
)
def test_changed_inputs_wait_until_the_last_build_was_a_small_share_of_the_time(
    result: Path, seconds: float, age: timedelta, is_due: bool
) -> None:
    built(result, seconds)
    assert RebuildRule(0.05, NOW + age).decide(result, "b").is_due is is_due


def test_unchanged_inputs_are_never_due(result: Path) -> None:
    built(result, 0.0)
    year_later = RebuildRule(0.05, NOW + timedelta(days=365))
    assert year_later.decide(result, "a") == (
        False,
        "the inputs are unchanged since the build of 2026-06-01 12:00:00",
    )
    assert year_later.decide(result, "b").is_due


def test_what_was_removed_since_or_is_asked_for_does_not_wait(result: Path) -> None:
    built(result, 600.0)
    later = NOW + timedelta(minutes=1)
    assert not RebuildRule(0.05, later).decide(result, "b").is_due
    assert RebuildRule(0.05, later, is_forced=True).decide(result, "a").is_due
    removed = (NOW + timedelta(seconds=30)).replace(tzinfo=UTC)
    assert RebuildRule(0.05, later, not_from_before=removed).decide(result, "a").is_due
    assert not RebuildRule(0.05, later, not_from_before=NOW).decide(result, "a").is_due


def test_a_build_is_recorded_once_its_result_stands(result: Path) -> None:
    rule = RebuildRule(1.0, NOW.replace(tzinfo=UTC))
    assert rule.decide(result, "a") == (True, "there is no record of a build")
    with rule.recording(result, "a"):
        result.write_bytes(b"pairs")
    recorded = last_build(result)
    assert recorded is not None
    assert (recorded.built_at, recorded.inputs) == (NOW, "a")
    assert 0 < recorded.seconds < 10
    assert not rule.decide(result, "a").is_due


def test_a_build_that_fails_leaves_no_record(result: Path) -> None:
    built(result, 1.0)
    rule = RebuildRule(0.05, NOW + timedelta(hours=1))
    with pytest.raises(ValueError, match="no"), rule.recording(result, "b"):
        raise ValueError("no")
    assert last_build(result) is None
    assert rule.decide(result, "a").is_due


@pytest.mark.parametrize("record", [b"", b"{}", b"PAR1", b'{"built_at": 1, "seconds": 2, "inputs": "a"}'])
def test_a_record_that_cannot_be_read_is_none(result: Path, record: bytes) -> None:
    result.write_bytes(b"pairs")
    result.with_name("pairs.build.json").write_bytes(record)
    assert RebuildRule(0.05, NOW).decide(result, "a").is_due


def test_a_result_that_is_gone_is_built(result: Path) -> None:
    built(result, 600.0)
    result.unlink()
    assert RebuildRule(0.05, NOW).decide(result, "a").is_due


rows = st.lists(
    st.tuples(st.one_of(st.none(), st.text("ab", max_size=2)), st.lists(st.integers(0, 2), max_size=2)),
    max_size=6,
)


@given(first=rows, second=rows)
def test_fingerprints_are_those_of_the_same_rows_in_any_order(
    first: list[tuple[str | None, list[int]]], second: list[tuple[str | None, list[int]]]
) -> None:
    with duckdb.connect() as warehouse:
        warehouse.execute("create table input (name varchar, numbers integer[])").fetchall()

        def of(rows: list[tuple[str | None, list[int]]], *settings: str) -> str:
            warehouse.execute("delete from input").fetchall()
            for row in rows:
                warehouse.execute("insert into input values (?, ?)", list(row)).fetchall()
            return fingerprint(warehouse, "select * from input", *settings)

        assert of(first) == of(first[::-1])
        assert (of(first) == of(second)) == (sorted(map(repr, first)) == sorted(map(repr, second)))
        assert of(first, "one") != of(first, "other")
