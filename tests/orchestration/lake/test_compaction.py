"""Compaction: whatever is merged, killed on the way, loaded and forgotten in between, the lake's rows are the same."""

from __future__ import annotations

import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from footfall.landing.segments import FailedMessage
from footfall.runtime.paths import Paths
from orchestration.lake import compaction
from orchestration.lake.compaction import ROW_GROUP, compact
from orchestration.lake.loader import load_sealed, newest_load_id
from orchestration.lake.privacy import Person, forget
from orchestration.lake.segments import SPAN, marks_of
from tests.orchestration.conftest import RECEIVED, Seal, message, seal_segment
from tests.orchestration.killing import killed_at
from tests.orchestration.lake.test_lake import rows

TODAY = date(2026, 4, 1)
TABLES = ("events", "failed_events", "landing_counts")


def files(paths: Paths, table: str = "events") -> list[Path]:
    return sorted(file for file in (paths.lake / table).glob("*/*.parquet") if "schema" not in file.name)


def contents(paths: Paths) -> dict[str, list[dict[str, Any]]]:
    return {table: rows(paths, table) for table in TABLES}


def load_one_by_one(paths: Paths, seal: Seal, names: list[str], **about: Any) -> None:
    for number, name in enumerate(names):
        bad = FailedMessage(index=0, field="event", reason="none", raw=b"{}", message_id=None)
        seal(name, [message(2 * number), message(2 * number + 1)], failed=[bad], **about)
        load_sealed(paths)


def test_a_days_files_become_one_row_by_row(paths: Paths, seal: Seal) -> None:
    load_one_by_one(paths, seal, ["s1", "s2", "s3"])
    load_one_by_one(paths, seal, ["s4"], received_at=RECEIVED + timedelta(days=1))
    before = contents(paths)
    report = compact(paths, today=TODAY, recent_loads=0)
    assert contents(paths) == before
    assert (report.days, report.files_before, report.files_after, report.rows) == (3, 9, 3, 6 + 3 + 3)
    for table in TABLES:
        merged, other = files(paths, table)
        assert merged.name == f"000000000003-s1{SPAN}s3.parquet"
        assert other.name == "000000000004-s4.parquet"
    assert newest_load_id(paths) == 4
    assert compact(paths, today=TODAY, recent_loads=0).days == 0, "twice is once"


def test_today_and_the_last_loads_stay(paths: Paths, seal: Seal) -> None:
    load_one_by_one(paths, seal, ["s1", "s2", "s3", "s4"])
    assert compact(paths, today=RECEIVED.date(), recent_loads=0).days == 0
    assert compact(paths, today=TODAY, recent_loads=2).days == 3
    assert [file.name[13:] for file in files(paths)] == [f"s1{SPAN}s2.parquet", "s3.parquet", "s4.parquet"]


def test_stragglers_join_their_day(paths: Paths, seal: Seal) -> None:
    load_one_by_one(paths, seal, ["s1", "s3"])
    compact(paths, today=TODAY, recent_loads=0)
    load_one_by_one(paths, seal, ["s2"])
    before = contents(paths)
    compact(paths, today=TODAY, recent_loads=0)
    assert contents(paths) == before
    assert [file.name for file in files(paths)] == [f"000000000003-s1{SPAN}s3.parquet"]


def test_a_merged_segment_is_still_known(paths: Paths, seal: Seal) -> None:
    """The same segment come again is not loaded again; another one of its id is set aside."""
    load_one_by_one(paths, seal, ["s1", "s2", "s3"])
    marks = marks_of(paths, ["s1", "s2", "s3"])
    assert len({mark.digest for mark in marks.values()}) == 3
    compact(paths, today=TODAY, recent_loads=0)
    assert marks_of(paths, ["s1", "s2", "s25", "s3", "s4"]) == marks
    before = contents(paths)
    bad = FailedMessage(index=0, field="event", reason="none", raw=b"{}", message_id=None)
    seal("s2", [message(2), message(3)], failed=[bad])
    assert load_sealed(paths).quarantined == []
    seal("s2", [message(99)])
    assert len(load_sealed(paths).quarantined) == 1
    assert contents(paths) == before


def test_marks_of_an_earlier_release_keep_their_digests(paths: Paths, seal: Seal) -> None:
    """There the digest stood in the file's metadata alone."""
    load_one_by_one(paths, seal, ["s1", "s2"])
    marks = marks_of(paths, ["s1", "s2"])
    for file in files(paths, "landing_counts"):
        table = pq.read_table(file, partitioning=None)
        pq.write_table(table.drop_columns(["segment_digest", "segment_bytes"]), file)
    compact(paths, today=TODAY, recent_loads=0)
    assert marks_of(paths, ["s1", "s2"]) == marks


def test_what_a_cut_off_load_left_is_not_merged(paths: Paths, seal: Seal) -> None:
    load_one_by_one(paths, seal, ["s1", "s2"])
    [orphan] = [file for file in files(paths) if file.stem.endswith("s2")]
    orphan.with_name("000000000002-s3.parquet").write_bytes(orphan.read_bytes())
    compact(paths, today=TODAY, recent_loads=0)
    assert [file.name[13:] for file in files(paths)] == [f"s1{SPAN}s2.parquet", "s3.parquet"]


def test_row_groups_stay_small_and_forgetting_goes_through_them(
    paths: Paths, seal: Seal, monkeypatch: Any
) -> None:
    monkeypatch.setattr(compaction, "ROW_GROUP", 4)
    load_one_by_one(paths, seal, [f"s{number}" for number in range(9)])
    compact(paths, today=TODAY, recent_loads=0)
    [file] = files(paths)
    assert pq.read_metadata(file).num_row_groups == 5
    forgotten = forget(paths, Person(guests=["g-1"]))
    assert (forgotten.events, forgotten.files) == (6, 1)
    assert "g-1" not in {row["guest_token"] for row in rows(paths)}
    assert len(rows(paths)) == 18
    assert pq.read_metadata(file).num_row_groups == 5
    assert ROW_GROUP >= 2048, "smaller ones cost more than they hold"


class Merging(RuleBasedStateMachine):
    """Loads, kills in the middle of compaction, days that pass: the rows are those that were loaded, each once."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.paths = Paths(Path(self.folder.name))
        self.segments: dict[str, tuple[datetime, list[int]]] = {}
        load_sealed(self.paths)

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()

    @rule(day=st.integers(0, 2), count=st.integers(1, 3))
    def load(self, day: int, count: int) -> None:
        number = len(self.segments)
        numbers = [10 * number + each for each in range(count)]
        received = RECEIVED + timedelta(days=day)
        name = f"{number:03d}"
        seal_segment(self.paths, name, [message(each) for each in numbers], received_at=received)
        self.segments[name] = (received, numbers)
        load_sealed(self.paths)

    @rule(recent=st.integers(0, 2))
    def merge(self, recent: int) -> None:
        compact(self.paths, today=TODAY, recent_loads=recent)
        assert not list(self.paths.lake.rglob(".*.aside"))
        assert not (self.paths.lake / ".compacting.json").exists()

    @precondition(lambda self: len(self.segments) > 1)
    @rule(recent=st.integers(0, 1), step=st.integers(0, 12))
    def cut_off(self, recent: int, step: int) -> None:
        """Killed at a rename, a removal or a sync; then the loader comes, as it does before any other reader."""
        with killed_at(step, compaction):
            compact(self.paths, today=TODAY, recent_loads=recent)
        load_sealed(self.paths)

    @rule(which=st.integers(0, 30))
    def come_again(self, which: int) -> None:
        """A loaded segment is delivered a second time."""
        if not self.segments:
            return
        name = sorted(self.segments)[which % len(self.segments)]
        received, numbers = self.segments[name]
        seal_segment(self.paths, name, [message(each) for each in numbers], received_at=received)
        assert load_sealed(self.paths).quarantined == []

    @invariant()
    def every_row_stands_once(self) -> None:
        if not hasattr(self, "paths"):
            return
        found = sorted(row["message_id"] for row in rows(self.paths))
        assert found == sorted(f"m-{each}" for _, numbers in self.segments.values() for each in numbers)
        accepted = {row["segment_id"]: row["accepted"] for row in rows(self.paths, "landing_counts")}
        assert accepted == {name: len(numbers) for name, (_, numbers) in self.segments.items()}


TestMerging = Merging.TestCase
TestMerging.settings = settings(max_examples=15, stateful_step_count=10, deadline=None)


def test_the_lock_is_held(paths: Paths, seal: Seal) -> None:
    load_one_by_one(paths, seal, ["s1", "s2"])

    def look(where: str, parts: int) -> None:
        with pytest.raises(Exception, match="another process is loading"):
            load_sealed(paths)

    compact(paths, today=TODAY, recent_loads=0, on_day=look)
