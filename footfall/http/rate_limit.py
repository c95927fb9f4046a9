"""Rate limits: token buckets by key, and by the address that uses it.

A bucket holds a burst and fills at the key's rate. It is kept as the moment at which it is full again, from which
follows what it holds now. The workers of one server keep these moments in the same memory, so that a key may do what
its quota says however many there are. They take no lock, because a worker that is killed would hold it for ever. The
price: where two workers spend from one bucket within the same microsecond, what one of them spent may be forgotten
(benchmarks/quotas.py counts that).
"""

from __future__ import annotations

import math
import mmap
import os
import time
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Literal

#: Without a burst of its own a bucket holds this many seconds' worth.
BURST_SECONDS = 10.0
#: Places for the buckets of addresses, 16 bytes each: 1 MB for all keys of a server. A bucket that is full needs none.
PLACES = 65_536
#: An address's bucket stands in one of so many places. Where others need all of them, the one that is full soonest is
#: forgotten: none of 10,000 that are not full (200,000 draws), one in 5,000 of 20,000.
TRIES = 8
#: Nobody is told to wait longer, whatever the rate.
MAX_WAIT = 3600
#: Units that are missing by rounding alone: moments of a machine that runs for a year are exact to 4 nanoseconds.
_NOTHING = 1e-3


class QuotaSpentError(Exception):
    """Too much for now. It fits ``retry_after`` seconds later (whole, at least 1); ``of``: whose bucket is empty."""

    def __init__(self, of: Literal["key", "address"], wait: float) -> None:
        super().__init__(f"the rate limit of the {of} is exhausted")
        self.of = of
        self.retry_after = max(1, min(MAX_WAIT, math.ceil(wait)))


class Buckets:
    """The moments at which buckets are full, in seconds of the machine's monotonic clock: those of a server's keys by
    number, those of addresses by a tag.

    ``file``: all who open it share them; without one they are this process's own. Raises OSError where there is no
    room for it.
    """

    def __init__(self, keys: int, file: Path | None = None) -> None:
        places = PLACES + TRIES
        size = 8 * (keys + 2 * places)
        buffer: bytearray | mmap.mmap = bytearray(size)
        if file is not None:
            with file.open("a+b") as handle:
                # Not os.ftruncate: where there is no room, who first wrote to a place would be killed by SIGBUS.
                os.posix_fallocate(handle.fileno(), 0, size)
                buffer = mmap.mmap(handle.fileno(), size)
        whole = memoryview(buffer)
        self.of_keys = whole[: 8 * keys].cast("d")
        self.of_addresses = whole[8 * keys : 8 * (keys + places)].cast("d")
        self._tags = whole[8 * (keys + places) :].cast("Q")

    def place(self, tag: int) -> int:
        """Return the index in ``of_addresses`` of that tag's bucket; a new bucket is full."""
        first = tag % PLACES
        for place in range(first, first + TRIES):
            if self._tags[place] == tag:
                return place
        place = min(range(first, first + TRIES), key=self.of_addresses.__getitem__)
        self._tags[place] = tag
        self.of_addresses[place] = 0.0
        return place


class Quota:
    """The buckets of one key: its own, and one for each address prefix. Rates are units a second, None is no limit.

    ``number``: the key's among those of ``buckets``.
    """

    def __init__(
        self,
        rate: float | None,
        rate_of_address: float | None,
        burst: float | None = None,
        *,
        buckets: Buckets | None = None,
        number: int = 0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        self._rate, self._rate_of_address = rate, rate_of_address
        self._burst = burst or _burst(rate)
        self._burst_of_address = _burst(rate_of_address)
        self._buckets = buckets or Buckets(number + 1)
        self._number = number

    def spend(self, address: str | None, units: int = 1) -> None:
        """Take units from the key's and the address's bucket, from both or from none. More than a bucket holds fit into
        a full one, and are paid for afterwards.

        Raises QuotaSpentError where one of them is too empty.
        """
        rate, rate_of_address = self._rate, self._rate_of_address
        if rate is None and (rate_of_address is None or address is None):
            return
        now = self._monotonic()
        wait = wait_of_address = 0.0
        buckets = self._buckets
        if rate is not None:
            full_at = max(now, buckets.of_keys[self._number])
            wait = _wait(full_at - now, units, rate, self._burst)
        if rate_of_address is not None and address is not None:
            place = buckets.place(_tag(self._number, address))
            address_full_at = max(now, buckets.of_addresses[place])
            wait_of_address = _wait(address_full_at - now, units, rate_of_address, self._burst_of_address)
        if wait or wait_of_address:
            raise QuotaSpentError("key" if wait >= wait_of_address else "address", max(wait, wait_of_address))
        if rate is not None:
            buckets.of_keys[self._number] = full_at + units / rate
        if rate_of_address is not None and address is not None:
            buckets.of_addresses[place] = address_full_at + units / rate_of_address


def _wait(until_full: float, units: int, rate: float, burst: float) -> float:
    """Seconds until that many fit; 0 where they do."""
    missing = min(units, burst) - (burst - until_full * rate)
    return missing / rate if missing > _NOTHING else 0.0


@lru_cache(maxsize=10_000)
def _tag(number: int, address: str) -> int:
    """The same in every worker, which the hash of a text is not."""
    return int.from_bytes(blake2b(f"{number} {address}".encode(), digest_size=8).digest(), "little")


def _burst(rate: float | None) -> float:
    return 0.0 if rate is None else max(1.0, rate * BURST_SECONDS)
