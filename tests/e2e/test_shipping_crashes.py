"""Two collectors ship to one bucket, one loader fills one lake, and any of them may die or fail at any step.

The model is two sets: the messages that were sealed, and those that the lake holds. Whatever happened on the way, once
everybody has run undisturbed the sets are equal, no message stands in the lake twice, and nothing is left behind.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import Raw

from collector.shipping import Shipper
from footfall.landing.object_store import DirectoryBucket
from footfall.landing.segments import HEADER, Envelope, encode_frame
from footfall.runtime.paths import Paths
from orchestration.lake import loader
from orchestration.lake.loader import load_sealed
from orchestration.storage import atomic_write
from tests.object_store import Killed, MortalBucket, failure
from tests.orchestration.conftest import RECEIVED, message

pytestmark = pytest.mark.slow

COLLECTORS = ("one", "two")


class ManyToOne(RuleBasedStateMachine):
    """Collectors, a bucket, a lake."""

    def __init__(self) -> None:
        super().__init__()
        # In memory where it can be: processes die here, not machines, and 2,000 fsyncs take their time.
        in_memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
        self.root = Path(tempfile.mkdtemp(prefix="footfall-ship-", dir=in_memory))
        self.bucket = MortalBucket(DirectoryBucket("file:///bucket", self.root / "bucket"))
        self.hosts = {name: Paths(self.root / name) for name in COLLECTORS}
        self.lake = Paths(self.root / "lake-host")
        self.sealed: set[str] = set()
        self.segments = 0
        self.steps_to_live: int | None = None

    @initialize()
    def begin(self) -> None:
        self.bucket.real.root.mkdir()  # type: ignore[attr-defined]
        for paths in self.hosts.values():
            (paths.landing / "sealed").mkdir(parents=True)
        load_sealed(self.lake)

    @rule(host=st.sampled_from(COLLECTORS), messages=st.integers(1, 3))
    def seal(self, host: str, messages: int) -> None:
        self.segments += 1
        numbers = range(self.segments * 10, self.segments * 10 + messages)
        envelope = Envelope(
            received_at=RECEIVED,
            source="shop_pixel",
            accepted=messages,
            rejected=0,
            batch=[Raw(json.dumps(message(number)).encode()) for number in numbers],
        )
        path = self.hosts[host].landing / "sealed" / f"{self.segments:04d}_{host}.seg"
        path.write_bytes(HEADER + encode_frame(envelope))
        self.sealed.update(f"m-{number}" for number in numbers)

    @rule(host=st.sampled_from(COLLECTORS))
    def ship(self, host: str) -> None:
        with contextlib.suppress(Killed):
            Shipper(self.hosts[host].data, self.bucket).ship_sealed()

    @rule()
    def load(self) -> None:
        with contextlib.suppress(Killed):
            load_sealed(self.lake, bucket=self.bucket)

    @rule(steps=st.integers(0, 12), killed=st.booleans())
    def bucket_will_fail(self, steps: int, killed: bool) -> None:
        """The shipper or the loader is killed, or told of a failure, before or after an operation took effect."""
        self.bucket.will(Killed() if killed else failure(), steps)

    @rule(host=st.sampled_from(COLLECTORS), step=st.integers(0, 3))
    def shipper_dies(self, host: str, step: int) -> None:
        self.bucket.will(Killed(), step)
        self.ship(host)

    @rule(host=st.sampled_from(COLLECTORS))
    def shipper_dies_before_it_removes(self, host: str) -> None:
        with mock.patch.object(Path, "unlink", side_effect=Killed), contextlib.suppress(Killed):
            Shipper(self.hosts[host].data, self.bucket).ship_sealed()

    @rule(steps=st.integers(0, 25))
    def loader_dies(self, steps: int) -> None:
        """At a rename, fsync or unlink of the loader, or at the end of them."""
        with _mortal_files(steps), contextlib.suppress(Killed):
            load_sealed(self.lake, bucket=self.bucket)

    @rule(host=st.sampled_from(COLLECTORS), keep=st.floats(0, 0.99), then_load=st.booleans())
    def upload_is_torn(self, host: str, keep: float, then_load: bool) -> None:
        """A store that keeps a part of an upload, while the shipper dies before it could look."""
        self.seal(host, 2)
        before = set(self.bucket.real.names())
        self.shipper_dies(host, 1)
        for name in set(self.bucket.real.names()) - before:
            path = self.root / "bucket" / name
            path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
        if then_load:
            self.load()

    def _is_still_local(self, segment_id: str) -> bool:
        return any((paths.landing / "sealed" / f"{segment_id}.seg").exists() for paths in self.hosts.values())

    @invariant()
    def nothing_is_in_the_lake_twice(self) -> None:
        found = self._found()
        assert max(found.values(), default=1) == 1, [each for each, times in found.items() if times > 1]
        assert set(found) <= self.sealed

    def _found(self) -> Counter[str]:
        """Message ids in the lake. Rows of segments without a mark are about to be written again."""
        marks = Counter(file.stem[13:] for file in (self.lake.lake / "landing_counts").glob("*/*.parquet"))
        assert max(marks.values(), default=1) == 1, "a segment was counted twice"
        return Counter(
            each
            for file in (self.lake.lake / "events").glob("received_date=*/*.parquet")
            if file.stem[13:] in marks
            for each in pq.ParquetFile(file).read(["message_id"])["message_id"].to_pylist()
        )

    def teardown(self) -> None:
        self.bucket.fate = None
        for _ in range(2):
            for host in COLLECTORS:
                self.ship(host)
            self.load()
        found = self._found()
        assert set(found) == self.sealed
        assert sum(found.values()) == len(self.sealed)
        assert self.bucket.names() == []
        assert not any(
            self._is_still_local(f"{n:04d}_{h}") for n in range(self.segments + 1) for h in COLLECTORS
        )
        shutil.rmtree(self.root)


@contextlib.contextmanager
def _mortal_files(steps: int) -> Iterator[None]:
    left = steps

    def dying(real: Any) -> Any:
        def step(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return real(*arguments, **options)

        return step

    with (
        mock.patch.object(Path, "replace", dying(Path.replace)),
        mock.patch.object(Path, "unlink", dying(Path.unlink)),
        mock.patch.object(loader, "fsync_path", dying(loader.fsync_path)),
        mock.patch.object(atomic_write, "fsync_path", dying(atomic_write.fsync_path)),
    ):
        yield


TestManyToOne = ManyToOne.TestCase
TestManyToOne.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
