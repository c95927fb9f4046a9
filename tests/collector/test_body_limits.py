"""How long a body is waited for, how many of one address are, and what becomes of one that is cut short."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from typing import Any

import httpx
import msgspec
import pytest

from collector import ingest, shopify_webhooks
from collector.body_limits import MAX_OF_ADDRESS
from collector.metrics import Metrics
from collector.problems import RefusedError
from footfall.settings import Settings
from tests.collector.conftest import WRITE_KEY

pytestmark = pytest.mark.slow

SECRET = "client-secret-of-the-app"


@pytest.mark.parametrize(
    "arriving", [[], [b"{"], [b"{", b'"']], ids=["nothing", "a byte", "a byte at a time"]
)
def test_a_body_that_does_not_arrive_is_waited_for_no_longer_than_said(
    arriving: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "BODY_SECONDS", 0.05)
    chunks = iter(arriving)

    async def receive() -> dict[str, Any]:
        if (chunk := next(chunks, None)) is None:
            await asyncio.sleep(30)
        return {"type": "http.request", "body": chunk, "more_body": True}

    async def ask() -> None:
        reading = ingest._read_body(receive, {b"content-length": b"100"}, ingest.Reading())
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
        reading = asyncio.create_task(ingest._read_body(receive, {}, ingest.Reading()))
        await asyncio.sleep(0.01)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    asyncio.run(ask())


def test_only_who_is_slow_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "BODY_SECONDS", 0.2)
    reading, gone = ingest.Reading(), asyncio.Event()

    async def never() -> dict[str, Any]:
        await asyncio.sleep(30)
        raise AssertionError

    async def soon() -> dict[str, Any]:
        await asyncio.sleep(0.001)
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def slow() -> None:
        with pytest.raises(RefusedError) as refused:
            await ingest._read_body(never, {}, reading)
        assert refused.value.status == 408
        gone.set()

    async def ask() -> None:
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            tasks.create_task(slow())
            # Others come and go meanwhile, in the order in which they are looked at too.
            while not gone.is_set():
                await asyncio.gather(*(ingest._read_body(soon, {}, reading) for _ in range(5)))
                tasks.create_task(slow())

    asyncio.run(ask())
    assert not reading._since
    assert not reading._cut_off


def begin(server: Any, address: str, sent: bytes, path: str = "/v1/b") -> socket.socket:
    """A request whose body of 100 bytes has come as far as ``sent``, from a loopback address."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30, source_address=(address, 0))
    connection.sendall(
        b"POST %b HTTP/1.1\r\nHost: shop\r\nContent-Length: 100\r\n\r\n" % path.encode() + sent
    )
    return connection


def answered(connection: socket.socket) -> bytes:
    """The answer, to the end of the connection."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def wait_for_arrivals(server: Any, count: int) -> None:
    """Until so many requests are in flight."""
    for _ in range(600):
        page = httpx.get(f"{server.url}/metrics", timeout=30).text
        if f"footfall_collector_requests_in_flight {count}" in page:
            return
        time.sleep(0.05)
    raise AssertionError(page)


@pytest.mark.parametrize("path", ["/v1/b", "/v1/shopify/webhooks"])
def test_an_address_that_is_slow_keeps_nobody_else_out(
    start_server: Callable[..., Any], path: str, message: Callable[..., dict[str, Any]]
) -> None:
    server = start_server(FOOTFALL_SHOPIFY_SECRETS=SECRET)
    body = json.dumps({"writeKey": WRITE_KEY, "batch": [message()]}).encode()
    with ExitStack() as slow:
        for number in range(MAX_OF_ADDRESS):
            slow.enter_context(
                begin(server, f"127.0.1.{1 + number % 250}", b"{" if number % 2 else b"", path)
            )
        wait_for_arrivals(server, MAX_OF_ADDRESS)
        # Of the same network even a whole body has to wait; and it is told so at once.
        with begin(server, "127.0.1.9", b"{", path) as refused:
            answer = answered(refused)
            assert answer.startswith(b"HTTP/1.1 429 ")
            assert b'"slow_bodies"' in answer
        for address in ("127.0.0.1", "127.0.2.1"):
            transport = httpx.HTTPTransport(local_address=address)
            with httpx.Client(transport=transport, timeout=30) as client:
                assert client.post(f"{server.url}/v1/b", content=body).json()["accepted"] == 1
    wait_for_arrivals(server, 0)
    with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.1.9"), timeout=30) as client:
        assert client.post(f"{server.url}/v1/b", content=body).status_code == 200, (
            "what was let go is free again"
        )


def test_behind_a_proxy_it_is_the_visitors_address_that_counts(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    unused: Any = None
    behind = msgspec.structs.replace(settings, trust_forwarded_for=True)
    scope = {"client": ("10.0.0.1", 1)}
    headers = {b"x-forwarded-for": b"198.51.100.7, 203.0.113.9"}
    for chosen, expected in ((settings, "10.0.0.0"), (behind, "203.0.113.0")):
        monkeypatch.setattr(ingest, "Origins", lambda keys: None)
        assert ingest.IngestHandler(chosen, unused, Metrics(), unused).network_of(headers, scope) == expected


@pytest.mark.parametrize("sent", [b"", b'{"batch":['], ids=["nothing", "a part"])
def test_a_body_that_is_cut_by_the_end_of_the_clients_side_is_answered(
    start_server: Callable[..., Any], sent: bytes
) -> None:
    server = start_server()
    with begin(server, "127.0.0.1", sent) as connection:
        connection.shutdown(socket.SHUT_WR)
        answer = answered(connection)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"cut_short"' in answer
    begin(server, "127.0.0.1", sent).close()  # nobody is left to answer: no trace in the log
    wait_for_arrivals(server, 0)
    assert "Traceback" not in server.log.read_text()


def webhooks(**chosen: Any) -> shopify_webhooks.ShopifyWebhookHandler:
    unused: Any = None
    return shopify_webhooks.ShopifyWebhookHandler(
        Settings(shopify_secrets=(SECRET,), **chosen), unused, Metrics(), unused
    )


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
    monkeypatch.setattr(shopify_webhooks, "MAX_ARRIVING", 100)
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
        for _ in range(3 * shopify_webhooks.MAX_AT_ONCE):
            stranger = strangers.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            stranger.sendall(begun)
        answer = httpx.post(
            f"{server.url}/v1/shopify/webhooks",
            content=body,
            headers={"x-shopify-topic": "orders/create", "x-shopify-hmac-sha256": signature},
            timeout=30,
        )
    assert answer.json() == {"accepted": 1}
