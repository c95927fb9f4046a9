"""How much a key may do: token buckets, by key and by the address that uses it.

A bucket holds a burst and fills at the key's rate. Each process has buckets of its own, so with several workers a
key may do that many times as much.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Literal

#: Without a burst of its own a bucket holds this many seconds' worth.
BURST_SECONDS = 10.0
#: Address prefixes that are remembered for each key; past it the one not seen for longest is forgotten.
MAX_ADDRESSES = 10_000
#: Nobody is told to wait longer, whatever the rate.
MAX_WAIT = 3600


class QuotaSpentError(Exception):
    """Too much for now. It fits ``retry_after`` seconds later (whole, at least 1); ``of``: whose bucket is empty."""

    def __init__(self, of: Literal["key", "address"], wait: float) -> None:
        super().__init__(f"the quota of the {of} is spent")
        self.of = of
        self.retry_after = max(1, min(MAX_WAIT, math.ceil(wait)))


class Bucket:
    """What may be done now. ``rate`` is units a second, ``burst`` units."""

    __slots__ = ("burst", "level", "rate", "stamp")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate = rate
        self.burst = burst
        self.level = burst
        self.stamp = now

    def wait(self, units: int, now: float) -> float:
        """Seconds until that many fit; 0 where they do. More than the bucket holds fit into a full one."""
        self.level = min(self.burst, self.level + (now - self.stamp) * self.rate)
        self.stamp = now
        missing = min(units, self.burst) - self.level
        return missing / self.rate if missing > 1e-9 else 0.0

    def take(self, units: int) -> None:
        """After ``wait`` said 0. A batch larger than the bucket leaves a debt."""
        self.level -= units


class Quota:
    """The buckets of one key: its own, and one for each address prefix. Rates are units a second, None is no limit."""

    def __init__(
        self,
        rate: float | None,
        rate_of_address: float | None,
        burst: float | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        self._bucket = None if rate is None else Bucket(rate, burst or _burst(rate), monotonic())
        self._rate_of_address = rate_of_address
        self._addresses: OrderedDict[str, Bucket] = OrderedDict()

    def spend(self, address: str | None, units: int = 1) -> None:
        """Take units from the key's and the address's bucket, from both or from none.

        Raises QuotaSpentError where one of them is too empty.
        """
        if self._bucket is None and self._rate_of_address is None:
            return
        now = self._monotonic()
        own, of_address = self._bucket, self._of_address(address, now)
        waits: dict[Literal["key", "address"], float] = {
            "key": own.wait(units, now) if own else 0.0,
            "address": of_address.wait(units, now) if of_address else 0.0,
        }
        longest = max(waits, key=lambda of: waits[of])
        if waits[longest] > 0:
            raise QuotaSpentError(longest, waits[longest])
        for bucket in (own, of_address):
            if bucket is not None:
                bucket.take(units)

    def _of_address(self, address: str | None, now: float) -> Bucket | None:
        rate = self._rate_of_address
        if rate is None or address is None:
            return None
        bucket = self._addresses.get(address)
        if bucket is None:
            bucket = self._addresses[address] = Bucket(rate, _burst(rate), now)
            if len(self._addresses) > MAX_ADDRESSES:
                self._addresses.popitem(last=False)
        else:
            self._addresses.move_to_end(address)
        return bucket


def _burst(rate: float) -> float:
    return max(1.0, rate * BURST_SECONDS)
