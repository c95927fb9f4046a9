"""Retention: what arrived before a day goes, nothing else, wherever it is killed; afterwards all counts balance."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from footfall.client.sender import HourCounts
from footfall.importing.ledger import write_ledger
from footfall.landing.segments import HEADER, FailedMessage
from footfall.runtime.paths import Paths
from orchestration.commands.retention import retain as command
from orchestration.lake import compaction, retention
from orchestration.lake.compaction import compact
from orchestration.lake.loader import finish_what_was_cut_off, load_sealed
from orchestration.lake.retention import due, finish, first_day_kept, is_cut_off, last_cut, retain
from orchestration.lake.segments import marks_of
from orchestration.warehouse.reconcile import BOOKKEEPING
from tests.orchestration.conftest import RECEIVED, Seal, message, seal_segment
from tests.orchestration.killing import Cut, killed_at
from tests.orchestration.lake.test_lake import rows

pytestmark = pytest.mark.slow

TODAY = date(2026, 4, 1)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
SECOND = MIDNIGHT.date()
BAD = FailedMessage(index=0, field="event", reason="none", raw=b'{"event": 1}', message_id=None)


def seal_frames(paths: Paths, name: str, *frames: tuple[datetime, list[int]], **about: Any) -> None:
    """A segment whose frames arrived one after the other."""
    parts = [HEADER]
    for received, numbers in frames:
        path = seal_segment(paths, name, [message(each) for each in numbers], received_at=received, **about)
        parts.append(path.read_bytes().removeprefix(HEADER))
    path.write_bytes(b"".join(parts))


def ids(paths: Paths) -> list[str]:
    return sorted(row["message_id"] for row in rows(paths))


def hours(paths: Paths) -> tuple[Counter[Any], Counter[Any]]:
    """Accepted by segment and hour: as the collector counted it, and as rows stand in the lake."""
    counted: Counter[Any] = Counter()
    for row in rows(paths, "landing_counts"):
        counted[row["segment_id"], row["received_hour"]] += row["accepted"]
    standing = Counter(
        (row["segment_id"], row["received_at"].replace(minute=0, second=0, microsecond=0))
        for row in rows(paths)
    )
    return counted, standing


def days(paths: Paths) -> set[str]:
    return {
        f"{folder.parent.name}/{folder.name.partition('=')[2]}"
        for folder in paths.lake.glob("*/received_date=*")
        if folder.name != "received_date=1970-01-01"
    }


@pytest.fixture
def shop(paths: Paths) -> Paths:
    """Three segments: of the first day, over midnight, of the second day. Each message failed once, too."""
    seal_frames(paths, "20260301T120000000Z_a_000001", (RECEIVED, [1, 2]), failed=[BAD])
    seal_frames(
        paths,
        "20260301T235950000Z_a_000002",
        (MIDNIGHT - timedelta(seconds=5), [3]),
        (MIDNIGHT + timedelta(seconds=5), [4, 5]),
    )
    seal_frames(paths, "20260302T120000000Z_a_000003", (RECEIVED + timedelta(days=1), [6]), failed=[BAD])
    load_sealed(paths)
    return paths


@pytest.mark.parametrize("is_merged", [False, True])
def test_days_go_whole_and_each_hours_count_with_its_rows(shop: Paths, is_merged: bool) -> None:
    if is_merged:
        assert compact(shop, today=TODAY, recent_loads=0).days
    found = retain(shop, SECOND)
    assert [(day.day, day.events) for day in found.days] == [(RECEIVED.date(), 3)]
    assert 0 < found.share < 1
    assert ids(shop) == ["m-4", "m-5", "m-6"]
    assert len(rows(shop, "failed_events")) == 1
    counted, standing = hours(shop)
    assert counted == standing
    assert {name.partition("/")[2] for name in days(shop)} == {"2026-03-02"}
    assert retain(shop, SECOND).days == []
    cut = last_cut(shop)
    assert cut is not None
    assert (cut.before, cut.is_done) == (SECOND, True)


def test_a_day_is_kept_for_so_many_whole_days(shop: Paths) -> None:
    before = days(shop)
    assert first_day_kept(date(2026, 4, 1), 31) == date(2026, 3, 1)
    assert retain(shop, first_day_kept(date(2026, 4, 1), 31)).days == []
    assert days(shop) == before
    assert last_cut(shop) is None
    assert len(retain(shop, first_day_kept(date(2026, 4, 2), 31)).days) == 1


def test_a_segment_of_which_a_part_stays_is_still_known(shop: Paths) -> None:
    """Come again it is not loaded again; another one of its id is set aside."""
    name = "20260301T235950000Z_a_000002"
    known = marks_of(shop, [name])
    retain(shop, SECOND)
    assert marks_of(shop, [name]) == known
    frames = (MIDNIGHT - timedelta(seconds=5), [3]), (MIDNIGHT + timedelta(seconds=5), [4, 5])
    seal_frames(shop, name, *frames)
    assert load_sealed(shop).segments == 0
    assert ids(shop) == ["m-4", "m-5", "m-6"]
    seal_frames(shop, name, (MIDNIGHT, [9]))
    assert len(load_sealed(shop).quarantined) == 1


def test_what_has_no_day_goes_by_the_age_of_its_segment(paths: Paths, seal: Seal) -> None:
    """Bytes that a disk damaged, and the marks of segments without a count."""
    for name in ("20260301T120000000Z_a_000001", "20260302T120000000Z_a_000002", "unheard-of"):
        seal(name, tail=b"\xff" * 40)
    load_sealed(paths)
    seal_frames(paths, "20260301T130000000Z_a_000003", (RECEIVED, [1]))
    load_sealed(paths)
    assert len(rows(paths, "failed_events")) == 3
    retain(paths, SECOND)
    left = {row["segment_id"] for row in rows(paths, "failed_events")}
    assert left == {"20260302T120000000Z_a_000002", "unheard-of"}


def test_analysts_own_builds_go_with_the_days(shop: Paths) -> None:
    own = shop.data / "dev" / "warehouse_ada.duckdb"
    own.touch()
    retain(shop, RECEIVED.date())
    assert own.exists(), "no day went"
    retain(shop, SECOND)
    assert not own.exists()


def test_more_than_was_allowed_stays(shop: Paths) -> None:
    before = ids(shop)
    found = retain(shop, TODAY, most=0.5)
    assert found.share == 1
    assert ids(shop) == before
    assert last_cut(shop) is None
    retain(shop, TODAY)
    assert ids(shop) == []


def test_ledgers_lose_the_hours_of_which_a_message_went(paths: Paths) -> None:
    """Three imports: one that went, one of the second day, one over midnight whose first hour went."""

    def imported(id_: str, source: str, *said: tuple[int, int]) -> Path:
        counts = {}
        for hour, sent in said:
            at = datetime(2011, 1, 1, hour, tzinfo=UTC)
            counts[at] = HourCounts(sent=sent, accepted=sent, rejected=0)
        path = write_ledger(paths.ledgers, id_, source, counts)
        assert path is not None
        return path

    def land(name: str, source: str, received: datetime, *of_hour: int) -> None:
        batch = [
            message(n, messageId=f"{name}-{n}", originalTimestamp=f"2011-01-01T{hour:02d}:30:00.000Z")
            for n, hour in enumerate(of_hour)
        ]
        seal_segment(paths, name, batch, received_at=received, source=source, trusted=True)

    gone = imported("first", "old_shop", (1, 1))
    stays = imported("second", "other_shop", (1, 1))
    partly = imported("third", "third_shop", (1, 1), (2, 2), (3, 1))
    land("s1", "old_shop", RECEIVED, 1)
    land("s2", "other_shop", MIDNIGHT, 1)
    land("s3", "third_shop", RECEIVED, 1, 2)
    land("s4", "third_shop", MIDNIGHT, 2, 3)
    load_sealed(paths)
    untouched = stays.read_bytes()
    retain(paths, SECOND)
    assert not gone.exists()
    assert stays.read_bytes() == untouched
    left = pq.read_table(partly).to_pylist()
    assert [(row["occurred_hour"].hour, row["sent"]) for row in left] == [(3, 1)]


def test_a_source_that_lost_a_failed_event_has_no_ledger_any_more(paths: Paths) -> None:
    at = datetime(2011, 1, 1, 1, tzinfo=UTC)
    write_ledger(paths.ledgers, "one", "old_shop", {at: HourCounts(sent=1, accepted=0, rejected=1)})
    seal_segment(paths, "s1", [], received_at=RECEIVED, source="old_shop", failed=[BAD])
    seal_segment(paths, "s2", [message(1)], received_at=MIDNIGHT)
    load_sealed(paths)
    retain(paths, SECOND)
    assert [file.name for file in paths.ledgers.glob("*.parquet")] == ["schema.parquet"]


class Retaining(RuleBasedStateMachine):
    """Loads, merges, removals and kills in the middle of both; whoever comes next ends what was cut off."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.paths = Paths(Path(self.folder.name))
        self.segments: dict[str, list[tuple[datetime, list[int]]]] = {}
        self.standing: dict[str, list[tuple[datetime, list[int]]]] = {}
        load_sealed(self.paths)

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()

    @rule(day=st.integers(0, 3), count=st.integers(1, 2), over_midnight=st.booleans())
    def load(self, day: int, count: int, over_midnight: bool) -> None:
        number = len(self.segments)
        first = RECEIVED + timedelta(days=day)
        frames = [(first, [10 * number + each for each in range(count)])]
        if over_midnight:
            frames.append((first + timedelta(days=1), [10 * number + 5]))
        name = f"{number:03d}"
        seal_frames(self.paths, name, *frames)
        self.segments[name] = self.standing[name] = frames
        load_sealed(self.paths)

    @rule(recent=st.integers(0, 1))
    def merge(self, recent: int) -> None:
        compact(self.paths, today=TODAY, recent_loads=recent)

    @rule(day=st.integers(0, 4))
    def remove(self, day: int) -> None:
        before = (RECEIVED + timedelta(days=day)).date()
        retain(self.paths, before)
        self._went(before)

    @rule(
        day=st.integers(0, 4),
        steps=st.tuples(st.integers(0, 15), st.integers(0, 15)),
        is_merged=st.booleans(),
        ended_by=st.sampled_from(["load", "merge", "remove", "build"]),
    )
    def cut_off(self, day: int, steps: tuple[int, int], is_merged: bool, ended_by: str) -> None:
        """Killed at a write, a rename, a removal or a sync: of the merge perhaps, then of the removal."""
        before = (RECEIVED + timedelta(days=day)).date()
        if is_merged:
            self._until(steps[0], lambda: compact(self.paths, today=TODAY, recent_loads=0))
        noted = last_cut(self.paths)
        self._until(steps[1], lambda: retain(self.paths, before))
        if last_cut(self.paths) != noted:
            self._went(before)
        {
            "load": lambda: load_sealed(self.paths),
            "merge": lambda: compact(self.paths, today=TODAY, recent_loads=0),
            "remove": lambda: retain(self.paths, RECEIVED.date()),
            "build": lambda: finish_what_was_cut_off(self.paths),
        }[ended_by]()
        assert not is_cut_off(self.paths)
        load_sealed(self.paths)

    @rule(which=st.integers(0, 30))
    def come_again(self, which: int) -> None:
        """A loaded segment is delivered a second time; one of which nothing is left is a new one."""
        if not self.segments:
            return
        name = sorted(self.segments)[which % len(self.segments)]
        seal_frames(self.paths, name, *self.segments[name])
        assert load_sealed(self.paths).quarantined == []
        if not self.standing[name]:
            self.standing[name] = self.segments[name]

    def _went(self, before: date) -> None:
        self.standing = {
            name: [(received, numbers) for received, numbers in frames if received.date() >= before]
            for name, frames in self.standing.items()
        }

    def _until(self, step: int, work: Callable[[], object]) -> None:
        with killed_at(step, compaction, retention) as mortal, pytest.MonkeyPatch.context() as patch:
            patch.setattr(retention.shutil, "rmtree", mortal(_piecemeal))
            work()

    @invariant()
    def every_row_that_stays_stands_once(self) -> None:
        if not hasattr(self, "paths"):
            return
        expected = sorted(
            f"m-{number}" for frames in self.standing.values() for _, numbers in frames for number in numbers
        )
        assert ids(self.paths) == expected
        counted, standing = hours(self.paths)
        assert counted == standing


_rmtree = shutil.rmtree


def _piecemeal(folder: Path) -> None:
    """A folder goes file by file, each of them a place to be killed at."""
    for file in sorted(folder.iterdir()):
        file.unlink()
    _rmtree(folder)


TestRetaining = Retaining.TestCase
TestRetaining.settings = settings(max_examples=25, stateful_step_count=10, deadline=None)


def test_the_models_that_grew_forget_with_the_next_build(
    shop: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They equal those of a build from nothing, and every hour is accounted for, though a kill left half the work."""
    monkeypatch.setenv("FOOTFALL_DATA", str(shop.data))
    from orchestration.defs.warehouse.dbt import dbt_models, model_key
    from orchestration.warehouse.dbt_runner import close_warehouse

    names = ("sessions", "events_reconciliation", "int_device_product_days")
    selection = dg.AssetSelection.assets(*(model_key(name) for name in names)).upstream().without_checks()
    tables = ("base_footfall__messages", "int_sessionized_events", "int_sessions", "events_reconciliation")

    def build() -> dict[str, Counter[Any]]:
        result = dg.materialize([dbt_models], instance=dg.DagsterInstance.ephemeral(), selection=selection)
        assert result.success
        close_warehouse()
        found = {}
        with duckdb.connect(str(shop.warehouse), read_only=True) as warehouse:
            for table in tables:
                relation = warehouse.sql(f"select * from {table}")
                told = [n for n, name in enumerate(relation.columns) if name not in BOOKKEEPING]
                found[table] = Counter(tuple(repr(row[n]) for n in told) for row in relation.fetchall())
        return found

    assert build()["base_footfall__messages"].total() == 6
    with monkeypatch.context() as killed:
        killed.setattr(retention.shutil, "rmtree", lambda folder: (_ for _ in ()).throw(Cut))
        with pytest.raises(Cut):
            retain(shop, SECOND)
    assert is_cut_off(shop)
    grown = build()
    assert not is_cut_off(shop)
    assert grown["base_footfall__messages"].total() == 3
    with duckdb.connect(str(shop.warehouse), read_only=True) as warehouse:
        balance = warehouse.execute(
            "select count(*), bool_and(is_balanced), sum(accepted), sum(rejected) from events_reconciliation"
        ).fetchall()
    assert balance == [(2, True, 3, 1)]

    seal_frames(shop, "20260302T140000000Z_a_000004", (MIDNIGHT + timedelta(hours=14), [7]))
    load_sealed(shop)
    grown = build()
    shop.warehouse.unlink()
    assert build() == grown


def test_the_verb_says_what_would_go_and_removes_it(shop: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(shop.data))
    runner = CliRunner()
    assert "everything is kept" in runner.invoke(command, ["--yes"]).output
    monkeypatch.setenv("FOOTFALL_RETENTION_DAYS", "30")
    assert "retention_days" in runner.invoke(command, ["--yes"]).output
    limit = (datetime.now(UTC).date() - SECOND).days
    monkeypatch.setenv("FOOTFALL_RETENTION_DAYS", str(limit))
    told = runner.invoke(command, ["--dry-run"])
    assert told.exit_code == 0, told.output
    assert "2026-03: 1 days, 3 events, 5 files" in told.output
    assert "before 2026-03-02: 3 events" in told.output
    assert runner.invoke(command, [], input="n\n").exit_code == 1
    assert len(ids(shop)) == 6
    done = runner.invoke(command, ["--yes", "--no-run"])
    assert done.exit_code == 0, done.output
    assert "removed 1 days" in done.output
    assert ids(shop) == ["m-4", "m-5", "m-6"]
    assert "nothing arrived before 2026-03-02" in runner.invoke(command, ["--yes"]).output


def test_the_weekly_job_removes_and_minds_that_it_is_not_too_much(
    shop: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(shop.data))
    from orchestration.defs.jobs import retention as job
    from orchestration.defs.jobs import retention_weekly

    def run(**variables: str) -> bool:
        for name, value in variables.items():
            monkeypatch.setenv(f"FOOTFALL_{name}", value)
        return bool(job.execute_in_process(raise_on_error=False).success)

    context = dg.build_schedule_context()
    assert isinstance(retention_weekly(context), dg.SkipReason)
    assert not run(), "nobody said how long"
    age = (datetime.now(UTC).date() - SECOND).days
    assert not run(RETENTION_DAYS=str(age - 1)), "that is all there is"
    assert len(ids(shop)) == 6
    assert isinstance(retention_weekly(context), dg.RunRequest)
    assert run(RETENTION_DAYS=str(age), SNAPSHOT_MIN_RATIO="0.1")
    assert ids(shop) == ["m-4", "m-5", "m-6"]
    assert due(shop, SECOND).days == []


def test_ending_what_was_not_cut_off_does_nothing(shop: Paths) -> None:
    before = {file: file.stat().st_mtime_ns for file in shop.lake.rglob("*") if file.is_file()}
    finish(shop)
    assert {file: file.stat().st_mtime_ns for file in shop.lake.rglob("*") if file.is_file()} == before
