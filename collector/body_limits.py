"""Bounds the request bodies that one address sends at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from collector.problems import RefusedError

#: Of one address prefix (v4 /24, v6 /48): an eighth of ``MAX_IN_FLIGHT``. A body that arrives with its head counts
#: for microseconds, so a carrier's gateway with thousands of visitors stays far below it.
MAX_OF_ADDRESS = 128


class BodyLimits:
    """The requests whose bodies are still arriving, counted by address prefix; one for each process."""

    def __init__(self) -> None:
        self._counts: dict[str | None, int] = {}

    @contextmanager
    def one_of(self, address: str | None) -> Iterator[None]:
        """A body of this prefix arrives meanwhile. Raises RefusedError (429) past ``MAX_OF_ADDRESS``."""
        self.begin(address)
        try:
            yield
        finally:
            self.end(address)

    def begin(self, address: str | None) -> None:
        """Raises RefusedError (429) past ``MAX_OF_ADDRESS``; otherwise ``end`` has to follow."""
        count = self._counts.get(address, 0)
        if count >= MAX_OF_ADDRESS:
            raise RefusedError(
                429,
                "slow_bodies",
                f"{MAX_OF_ADDRESS} bodies from your network are already in transfer; retry later",
                retry_after=2,
            )
        self._counts[address] = count + 1

    def end(self, address: str | None) -> None:
        """It has arrived, or is no longer waited for."""
        count = self._counts[address] - 1
        if count:
            self._counts[address] = count
        else:
            del self._counts[address]
