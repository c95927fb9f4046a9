"""Sealed segments go to a bucket, and leave this disk once the bucket has shown that it has them.

Put if absent, read back, compare, and only then unlink: a crash between any two steps leaves a segment that is
shipped again under the same name. The loader loads each id once, so a segment that arrives twice counts once.
"""

from __future__ import annotations

import fcntl
import logging
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from footfall.landing.directory import sealed
from footfall.landing.object_store import Bucket, BucketError, name_object
from footfall.runtime.atomic_write import replace_file

log = logging.getLogger("footfall.collector")

#: How often the watch looks for sealed segments; they come every 15 s or 64 MiB.
LOOK_SECONDS = 1.0
#: After a failure the next try waits 1 s, 2 s, 4 s ... at most this long, give or take a third.
LONGEST_WAIT = 60.0


class ShipperBusy(Exception):
    """Another process ships this landing directory."""


class Unconfirmed(Exception):
    """The bucket took a segment and then didn't show the same bytes; the local file stays."""


class ShippingState(Struct):
    """Counters of a shipper since it started, on disk, for the collector's ``/metrics`` and for people."""

    url: str = ""
    segments: int = 0
    bytes: int = 0
    failures: int = 0
    failures_in_a_row: int = 0
    last_error: str = ""

    @staticmethod
    def file(data: Path) -> Path:
        return data / "collector" / "shipping.json"


def read_state(data: Path) -> ShippingState | None:
    """The state of the data directory's shipper; None where none ever wrote one that can be read."""
    try:
        return msgspec.json.decode(ShippingState.file(data).read_bytes(), type=ShippingState)
    except (OSError, msgspec.MsgspecError):
        return None


class Shipper:
    """Ships what is sealed below one data directory. One at a time: ``only_shipper`` holds the lock."""

    def __init__(
        self,
        data: Path,
        bucket: Bucket,
        *,
        on_shipped: Callable[[str, int], None] = lambda _segment, _size: None,
    ) -> None:
        self.landing = data / "landing"
        self.bucket = bucket
        self.state = ShippingState(url=bucket.url)
        self._state_file = ShippingState.file(data)
        self._on_shipped = on_shipped
        self._failed: Counter[str] = Counter()

    def ship_sealed(self, *, goes_on: Callable[[], bool] = lambda: True) -> int:
        """Ship every sealed segment, oldest first, while ``goes_on()``; returns how many left this disk.

        Stops at the first failure, which is logged and stands in ``state``: the bucket is likely down for the
        next one too. What failed before comes last, so one segment that never passes holds up no other.
        """
        shipped = 0
        for path in sorted(sealed(self.landing), key=lambda each: self._failed[each.stem]):
            if not goes_on():
                break
            try:
                size = self._ship(path)
            except (BucketError, Unconfirmed, OSError) as error:
                self._failed[path.stem] += 1
                self.state.failures += 1
                self.state.failures_in_a_row += 1
                self.state.last_error = f"{path.stem}: {error}"
                log.error("%s was not shipped and stays here: %s", path.stem, error)
                break
            if size is not None:
                shipped += 1
                self.state.segments += 1
                self.state.bytes += size
                self._on_shipped(path.stem, size)
            self._failed.pop(path.stem, None)
            self.state.failures_in_a_row = 0
        self._write_state()
        return shipped

    def seconds_to_next_look(self) -> float:
        """Return how long the watch should wait: longer after each failure, spread so that a fleet doesn't come at
        once.
        """
        if not self.state.failures_in_a_row:
            return LOOK_SECONDS
        wait = min(LOOK_SECONDS * 2.0 ** min(self.state.failures_in_a_row - 1, 10), LONGEST_WAIT)
        return wait * random.uniform(2 / 3, 4 / 3)

    def _ship(self, path: Path) -> int | None:
        """Ship one segment; its size in bytes, or None where somebody took it first."""
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        name = str(name_object(path.stem, data))
        new = self.bucket.put_new(name, data)
        there = self.bucket.read(name)
        if there is not None and there != data and not new:
            # The name carries the digest, so what stood there under it is damaged, and ours is right.
            log.error(
                "%s in the bucket is damaged (%d bytes, of %d); replacing it", name, len(there), len(data)
            )
            self.bucket.replace(name, data)
            there = self.bucket.read(name)
        if there is None:
            # A loader that was faster than this look; or a bucket that lost it. Once more tells: what is loaded is
            # not loaded again.
            raise Unconfirmed(f"{name} is not in {self.bucket.url} after it was put there")
        if there != data:
            raise Unconfirmed(f"{self.bucket.url} gives {len(there)} other bytes for {name}, of {len(data)}")
        path.unlink(missing_ok=True)
        return len(data)

    def _write_state(self) -> None:
        content = msgspec.json.encode(self.state)
        try:
            replace_file(self._state_file, lambda aside: aside.write_bytes(content))
        except OSError as error:  # a full disk must not stop what empties it
            log.warning("can't write %s: %s", self._state_file, error)


@contextmanager
def only_shipper(landing: Path) -> Iterator[None]:
    """Hold the landing directory's shipping lock. Raises ShipperBusy; the kernel frees it at death."""
    landing.mkdir(parents=True, exist_ok=True)
    lock = landing / ".shipper.lock"
    fd = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o640)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ShipperBusy(f"another process is shipping {landing}; it holds {lock}") from None
        yield
    finally:
        os.close(fd)
