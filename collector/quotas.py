"""How much a write key may send: token buckets, by key and by the address that uses it.

A bucket holds ``burst`` messages and fills at the key's rate. Each worker process has buckets of its own, so with
several workers a key may send that many times as much.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

from collector.problems import RefusedError
from footfall.settings import WriteKey

#: Without a burst of its own a bucket holds this many seconds' worth.
BURST_SECONDS = 10.0
#: Address prefixes that are remembered for each key; past it the one not seen for longest is forgotten.
MAX_ADDRESSES = 10_000
#: Nobody is told to wait longer, whatever the rate.
MAX_WAIT = 3600


class Bucket:
    """Messages that may be sent now. ``rate`` is messages a second, ``burst`` messages."""

    __slots__ = ("burst", "level", "rate", "stamp")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate = rate
        self.burst = burst
        self.level = burst
        self.stamp = now

    def wait(self, messages: int, now: float) -> float:
        """Seconds until that many fit; 0 where they do. More than the bucket holds fit into a full one."""
        self.level = min(self.burst, self.level + (now - self.stamp) * self.rate)
        self.stamp = now
        missing = min(messages, self.burst) - self.level
        return missing / self.rate if missing > 1e-9 else 0.0

    def take(self, messages: int) -> None:
        """After ``wait`` said 0. A batch larger than the bucket leaves a debt."""
        self.level -= messages


class Quotas:
    """The buckets of all keys; keys without a quota cost one look into a dict."""

    def __init__(self, keys: Iterable[WriteKey], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._limited: dict[str, _Limited] = {
            key.key: _Limited(key, monotonic())
            for key in keys
            if key.messages_per_second is not None or key.messages_per_second_of_address is not None
        }

    def spend(self, key: str, address: str | None, messages: int) -> None:
        """Take these messages from the key's and the address's buckets, from both or from none.

        Raises RefusedError 429 with Retry-After where one of them is too empty.
        """
        limited = self._limited.get(key)
        if limited is None:
            return
        now = self._monotonic()
        buckets = [
            bucket for bucket in (limited.bucket, limited.of_address(address, now)) if bucket is not None
        ]
        wait = max((bucket.wait(messages, now) for bucket in buckets), default=0.0)
        if wait > 0:
            raise RefusedError(
                429,
                "quota",
                f"more than the write key of {limited.source} may send; send it again later",
                retry_after=min(MAX_WAIT, math.ceil(wait)),
            )
        for bucket in buckets:
            bucket.take(messages)


class _Limited:
    def __init__(self, key: WriteKey, now: float) -> None:
        self.source = key.source
        self.bucket: Bucket | None = None
        if (rate := key.messages_per_second) is not None:
            self.bucket = Bucket(rate, key.burst or max(1.0, rate * BURST_SECONDS), now)
        self._rate_of_address = key.messages_per_second_of_address
        self._addresses: OrderedDict[str, Bucket] = OrderedDict()

    def of_address(self, address: str | None, now: float) -> Bucket | None:
        rate = self._rate_of_address
        if rate is None or address is None:
            return None
        bucket = self._addresses.get(address)
        if bucket is None:
            bucket = self._addresses[address] = Bucket(rate, max(1.0, rate * BURST_SECONDS), now)
            if len(self._addresses) > MAX_ADDRESSES:
                self._addresses.popitem(last=False)
        else:
            self._addresses.move_to_end(address)
        return bucket
