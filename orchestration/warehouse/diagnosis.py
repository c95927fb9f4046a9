"""After a model failed on data: which events break it?

The model and all that it reads are built from parts of the lake into a warehouse of their own: the newest load alone,
then twice as many, until it fails; then halves of what failed, down to single loads, and halves of a load's events,
down to single ones. An event that breaks a model by itself is found in about 2 * log2(loads * events) builds of a few
seconds each. What breaks a model only together, a sum for instance, is named as the loads it is in.

A failing run does this by itself, in a process of its own that is killed when its time is over: a query can hang, and
the lake may be too large.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec
import pyarrow as pa

from footfall.runtime.paths import Paths
from footfall.runtime.supervisor import footfall_command
from footfall.settings import Settings
from footfall.status.diagnosis import FOLDER, BrokenBy, Diagnosis, diagnosis_file, read_diagnosis, told
from orchestration.lake import set_aside
from orchestration.lake.events import Choice, find, place_in_words
from orchestration.lake.schema import DAY_FOLDERS, NO_DAY, SCHEMA_FILE
from orchestration.storage.atomic_write import write_durably
from orchestration.storage.duckdb_files import exclusive, in_memory, sql_path
from orchestration.storage.environment import dbt_project
from orchestration.warehouse.dbt_runner import DbtFailed, Elsewhere

#: How long a failing run searches. What it would build instead fails again, and the collector goes on meanwhile.
MINUTES = 10.0
#: A build notices the end of its time between models; one that hangs is killed so much later.
GRACE_SECONDS = 30.0
#: Events that are named: enough to see what they have in common (`footfall events find` shows it).
NAMED = 20
#: Disk that an event may take in the copies: 130 bytes in the lake's, 210 in the warehouse, as much again to sort it.
EVENT_BYTES = 1000

_T = TypeVar("_T", bound=Hashable)
_Place = tuple[str, int, int]


class GivenUp(Exception):
    """The search ended before its end; the message says why."""


def explain(paths: Paths, failure: DbtFailed, say: Callable[[str], object]) -> str | None:
    """Return why dbt failed, in words for the run's error; None where it was not on data. Takes ``MINUTES`` at most.

    The caller holds no lock. The same model failing again is not searched again, unless events were set aside or
    restored since.
    """
    if failure.on_data is None:
        return None
    model, error = failure.on_data
    known = read_diagnosis(paths)
    changed = set_aside.last_change(paths)
    if known is None or known.model != model or known.set_aside != changed:
        say(f"{model} failed on data; looking for the events, for {MINUTES:.0f} minutes at most")
        known = Diagnosis(model, error, datetime.now(UTC), changed, problem="the search was cut off")
        _write(paths, known)
        _search_apart(paths, known)
    return told(read_diagnosis(paths) or known)


def resolve(paths: Paths, models: Collection[str]) -> None:
    """Forget what one of ``models`` failed on: they were built."""
    found = read_diagnosis(paths)
    if found is not None and found.model in models:
        diagnosis_file(paths).unlink()


def search(settings: Settings, model: str, seconds: float) -> Diagnosis | None:
    """Search for what the model fails on, and write it down after each step; None where it fails on nothing.

    Holds the warehouse, so that no file of the lake goes meanwhile. Raises WarehouseBusy.
    """
    paths = settings.paths
    deadline = time.monotonic() + seconds
    with exclusive(paths, seconds):
        place = paths.data / FOLDER / "scratch"
        shutil.rmtree(place, ignore_errors=True)
        try:
            return _Search(settings, place, model, deadline).run()
        finally:
            shutil.rmtree(place, ignore_errors=True)


def _search_apart(paths: Paths, begun: Diagnosis) -> None:
    command = footfall_command("events", "diagnose", "--model", begun.model, "--minutes", str(MINUTES))
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=MINUTES * 60 + GRACE_SECONDS
        )
    except subprocess.TimeoutExpired:
        shutil.rmtree(paths.data / FOLDER / "scratch", ignore_errors=True)
        return
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        _write(
            paths,
            msgspec.structs.replace(read_diagnosis(paths) or begun, problem=f"the search failed: {last}"),
        )


def _write(paths: Paths, found: Diagnosis) -> None:
    write_durably(diagnosis_file(paths), lambda aside: aside.write_bytes(msgspec.json.encode(found)))


class _Search:
    """One search, in the folder ``place``, which is made as a data directory."""

    def __init__(self, settings: Settings, place: Path, model: str, deadline: float) -> None:
        self.settings, self.place, self.model, self.deadline = settings, place, model, deadline
        self.paths = settings.paths
        self.found = Diagnosis(model, "", datetime.now(UTC), set_aside.last_change(self.paths))
        self.error = ""
        self.files = sorted(
            file
            for folder in (self.paths.lake / "events").glob(DAY_FOLDERS)
            for file in folder.glob("*.parquet")
        )
        self._prepare()
        self.dbt = Elsewhere(dbt_project())

    def run(self) -> Diagnosis | None:
        try:
            rows = self._loads()
            loads = sorted(rows, reverse=True)
            if self._fails_on(" where false", 0):
                raise GivenUp("it fails without any event: because of the catalogue or its own SQL")
            broken = self._newest_that_fail(loads, rows)
            if broken is None:
                return self._nothing()

            def fails(part: tuple[int, ...]) -> bool:
                return self._fails_on_loads(part, rows)

            for group in culprits(broken, fails):
                self._note(loads=group, is_joint=len(group) > 1)
                if len(group) == 1:
                    self._search_load(group[0])
                if len(self.found.events) >= NAMED:
                    raise GivenUp(f"{NAMED} events are named")
        except GivenUp as given_up:
            self.found = msgspec.structs.replace(self.found, problem=str(given_up))
        self._keep()
        return self.found

    def _nothing(self) -> Diagnosis | None:
        known = read_diagnosis(self.paths)
        if known is not None and known.model == self.model:
            why = "a build from the whole lake does not fail: `footfall run --full-refresh`"
            _write(self.paths, msgspec.structs.replace(known, problem=why))
        return None

    def _newest_that_fail(self, loads: list[int], rows: dict[int, int]) -> list[int] | None:
        """The fewest newest loads, of 1, 2, 4, ..., that it fails on; None where it fails on none."""
        count = 1
        while loads:
            if self._fails_on_loads(tuple(loads[:count]), rows):
                return loads[:count]
            if count >= len(loads):
                break
            count *= 2
        return None

    def _search_load(self, load: int) -> None:
        events = find(self.paths, Choice(loads=(load,))).to_pylist()
        by_place = {(row["segment_id"], row["frame_no"], row["message_no"]): row for row in events}
        whole = [place for place, row in by_place.items() if row["set_aside_at"] is None]

        def fails(part: tuple[_Place, ...]) -> bool:
            return self._fails_on_events(load, part)

        for group in culprits(whole, fails):
            if len(group) > NAMED:
                continue  # only together: the load is named
            self._note(
                events=[
                    BrokenBy(place_in_words(by_place[place]), by_place[place]["message_id"])
                    for place in group
                ]
            )
            if len(self.found.events) >= NAMED:
                return

    def _note(
        self, *, loads: Sequence[int] = (), is_joint: bool = False, events: Sequence[BrokenBy] = ()
    ) -> None:
        self.found = msgspec.structs.replace(
            self.found,
            loads=[*self.found.loads, *loads],
            is_joint=self.found.is_joint or is_joint,
            events=[*self.found.events, *events],
        )
        self._keep("the search was cut off")

    def _keep(self, problem: str | None = None) -> None:
        """Write down what is known so far: the process may be killed."""
        self.found = msgspec.structs.replace(self.found, error=self.error or self._known_error())
        _write(self.paths, msgspec.structs.replace(self.found, problem=problem or self.found.problem))

    def _known_error(self) -> str:
        known = read_diagnosis(self.paths)
        return known.error if known is not None and known.model == self.model else "not seen yet"

    def _prepare(self) -> None:
        """A data directory that shares all but the events with the shop's."""
        events = self.place / "lake" / "events"
        (events / NO_DAY).mkdir(parents=True)
        (events / NO_DAY / SCHEMA_FILE).symlink_to(
            (self.paths.lake / "events" / NO_DAY / SCHEMA_FILE).absolute()
        )
        for folder in self.paths.lake.iterdir():
            if folder.is_dir() and folder.name != "events":
                (self.place / "lake" / folder.name).symlink_to(folder.absolute())
        (self.place / "ledgers").symlink_to(self.paths.ledgers.absolute())
        self.part = events / "received_date=2000-01-01" / "000000000001-part.parquet"
        self.part.parent.mkdir()

    def _loads(self) -> dict[int, int]:
        """Load -> its rows."""
        with in_memory(self.paths.data) as connection:
            return dict(
                connection.execute(
                    f"select load_id, count(*) from {self._events()} group by load_id"
                ).fetchall()
            )

    def _fails_on_loads(self, loads: tuple[int, ...], rows: dict[int, int]) -> bool:
        wanted = ", ".join(map(str, loads))
        return self._fails_on(f" where load_id in ({wanted})", sum(rows[load] for load in loads))

    def _fails_on_events(self, load: int, places: tuple[_Place, ...]) -> bool:
        columns = [pa.array(list(values)) for values in zip(*places, strict=True)]
        table = pa.table(dict(zip(set_aside.PLACE, columns, strict=True)))
        names = ", ".join(set_aside.PLACE)
        part = f" semi join places using ({names}) where load_id = {load}"
        return self._fails_on(part, len(places), places=table)

    def _fails_on(self, part: str, rows: int, places: pa.Table | None = None) -> bool:
        """Return whether the model, or one that it reads, fails on data where the lake has but a part of the events."""
        if time.monotonic() >= self.deadline:
            raise GivenUp("the time was over")
        free = shutil.disk_usage(self.paths.data).free - self.settings.min_free_bytes
        if rows * EVENT_BYTES > free:
            raise GivenUp(f"a copy of {rows:,} events may not fit on the disk")
        with in_memory(self.paths.data) as connection:
            if places is not None:
                connection.register("places", places)
            chosen = f"select events.* from {self._events()} as events{part}"
            connection.execute(f"copy ({chosen}) to '{sql_path(self.part)}' (format parquet)")
        for rest in self.place.glob("warehouse.duckdb*"):
            rest.unlink() if rest.is_file() else shutil.rmtree(rest)
        try:
            self.dbt.run(self.place, [f"+{self.model}"], {})
        except DbtFailed as failure:
            if failure.on_data is None:
                raise GivenUp(str(failure).splitlines()[-1]) from None
            self.error = failure.on_data[1]
            return True
        return False

    def _events(self) -> str:
        names = ", ".join(f"'{sql_path(file)}'" for file in self.files)
        return f"read_parquet([{names}], union_by_name = true, hive_partitioning = false)"


def culprits(items: Sequence[_T], fails: Callable[[tuple[_T, ...]], bool]) -> Iterator[list[_T]]:
    """Of items that fail, each that fails by itself; or those that fail only together, as one group.

    Single ones come as soon as they are known. Asks about 2 * log2(items) times for each.
    """
    if len(items) == 1:
        yield list(items)
        return
    half = len(items) // 2
    found = False
    for part in (items[:half], items[half:]):
        if fails(tuple(part)):
            found = True
            yield from culprits(part, fails)
    if not found:
        yield list(items)
