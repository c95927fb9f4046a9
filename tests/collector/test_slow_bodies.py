"""How long the door waits for a body."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from collector import door
from collector.problems import RefusedError


@pytest.mark.parametrize(
    "arriving", [[], [b"{"], [b"{", b'"']], ids=["nothing", "a byte", "a byte at a time"]
)
def test_a_body_that_does_not_arrive_is_waited_for_no_longer_than_said(
    arriving: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "BODY_SECONDS", 0.05)
    chunks = iter(arriving)

    async def receive() -> dict[str, Any]:
        if (chunk := next(chunks, None)) is None:
            await asyncio.sleep(30)
        return {"type": "http.request", "body": chunk, "more_body": True}

    async def ask() -> None:
        reading = door._read_body(receive, {b"content-length": b"100"})
        with pytest.raises(RefusedError) as refused:
            await asyncio.wait_for(reading, 10)
        assert (refused.value.status, refused.value.reason) == (408, "slow_body")
        # Its cancellation is used up: the answer can still be sent.
        await asyncio.sleep(0)

    asyncio.run(ask())


def test_a_request_that_is_cancelled_is_no_slow_one() -> None:
    async def receive() -> dict[str, Any]:
        await asyncio.sleep(30)
        raise AssertionError

    async def ask() -> None:
        reading = asyncio.create_task(door._read_body(receive, {}))
        await asyncio.sleep(0.01)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    asyncio.run(ask())
