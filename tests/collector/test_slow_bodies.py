"""How long the door waits for a body."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from collector import door, shopify
from collector.metrics import Metrics
from collector.problems import RefusedError
from footfall.settings import Settings

SECRET = "client-secret-of-the-app"


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
        reading = door._read_body(receive, {b"content-length": b"100"}, door.Reading())
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
        reading = asyncio.create_task(door._read_body(receive, {}, door.Reading()))
        await asyncio.sleep(0.01)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    asyncio.run(ask())


def test_only_who_is_slow_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "BODY_SECONDS", 0.2)
    reading, gone = door.Reading(), asyncio.Event()

    async def never() -> dict[str, Any]:
        await asyncio.sleep(30)
        raise AssertionError

    async def soon() -> dict[str, Any]:
        await asyncio.sleep(0.001)
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def slow() -> None:
        with pytest.raises(RefusedError) as refused:
            await door._read_body(never, {}, reading)
        assert refused.value.status == 408
        gone.set()

    async def ask() -> None:
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            tasks.create_task(slow())
            # Others come and go meanwhile, in the order in which they are looked at too.
            while not gone.is_set():
                await asyncio.gather(*(door._read_body(soon, {}, reading) for _ in range(5)))
                tasks.create_task(slow())

    asyncio.run(ask())
    assert not reading._since
    assert not reading._cut_off


def webhooks(**chosen: Any) -> shopify.ShopifyDoor:
    unused: Any = None
    return shopify.ShopifyDoor(Settings(shopify_secrets=(SECRET,), **chosen), unused, Metrics(), unused)


def test_a_delivery_that_does_not_arrive_is_waited_for_no_longer_than_said() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(30)

    async def ask() -> None:
        with pytest.raises(RefusedError) as refused:
            await asyncio.wait_for(webhooks().read(chunks(), 0.05), 10)
        assert (refused.value.status, refused.value.reason) == (408, "slow_body")

    asyncio.run(ask())


def test_deliveries_that_arrive_may_hold_so_much_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shopify, "MAX_ARRIVING", 100)
    door_of_shopify, go_on = webhooks(), asyncio.Event()

    async def chunks(waits: bool) -> AsyncIterator[bytes]:
        yield b"x" * 60
        if waits:
            await go_on.wait()
        yield b""

    async def ask() -> None:
        first = asyncio.create_task(door_of_shopify.read(chunks(waits=True)))
        await asyncio.sleep(0)
        with pytest.raises(RefusedError) as refused:
            await door_of_shopify.read(chunks(waits=False))
        assert (refused.value.status, refused.value.retry_after) == (503, 5)
        go_on.set()
        assert await first == b"x" * 60
        assert len(await door_of_shopify.read(chunks(waits=False))) == 60, "what was let go is free again"

    asyncio.run(ask())


def test_strangers_who_begin_deliveries_keep_nobody_out(start_server: Callable[..., Any]) -> None:
    server = start_server(FOOTFALL_SHOPIFY_SECRETS=SECRET)
    body = b'{"id":42}'
    signature = base64.b64encode(hmac.digest(SECRET.encode(), body, hashlib.sha256)).decode()
    begun = b"POST /v1/shopify/webhooks HTTP/1.1\r\nHost: shop\r\nContent-Length: 100\r\n\r\n{"
    with ExitStack() as strangers:
        for _ in range(3 * shopify.MAX_AT_ONCE):
            stranger = strangers.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            stranger.sendall(begun)
        answer = httpx.post(
            f"{server.url}/v1/shopify/webhooks",
            content=body,
            headers={"x-shopify-topic": "orders/create", "x-shopify-hmac-sha256": signature},
            timeout=30,
        )
    assert answer.json() == {"accepted": 1}
