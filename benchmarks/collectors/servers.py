"""The HTTP servers that are compared, each one Granian worker: ours, bare ones, and handlers before somebody's store.

A store's handler reads the body, decodes it, hands it to the store through the store's usual Python client, and answers
when the store has confirmed it. One request is one entry, however many messages it holds: the cheapest there is.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

KINDS = ("bare", "durable", "lean", "footfall", "unchecked", "redis", "nats", "postgres")
App = Callable[
    [dict[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]
]
_START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]}
_END = {"type": "http.response.body", "body": b'{"accepted":1,"rejected":[]}'}


async def whole_body(receive: Any, length: int | None = None) -> bytes:
    """To the end that the server reports, or as many bytes as were declared."""
    event = await receive()
    body: bytes = event["body"]
    while event["more_body"] and len(body) != length:
        event = await receive()
        body += event["body"]
    return body


def bare_app() -> App:
    """Reads and answers."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await whole_body(receive)
        await send(_START)
        await send(_END)

    return app


def durable_app(directory: Path, *, is_lean: bool = False) -> App:
    """Reads, decodes, appends, fsyncs with whoever else waits, answers.

    ``is_lean``: with two of the collector's own savings. It doesn't wait for the empty event by which the server says
    that a body has ended, where Content-Length has said so, and it looks as seldom as the collector for cycles.
    """
    decoder = msgspec.json.Decoder()
    directory.mkdir(parents=True, exist_ok=True)
    fd = os.open(directory / "log", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    waiting: list[tuple[bytes, asyncio.Future[None]]] = []
    wake = threading.Condition()
    loops: list[asyncio.AbstractEventLoop] = []

    def settle(group: list[tuple[bytes, asyncio.Future[None]]]) -> None:
        for _, future in group:
            if not future.done():
                future.set_result(None)

    def commit() -> None:
        while True:
            with wake:
                while not waiting:
                    wake.wait()
                group = waiting[:]
                waiting.clear()
            os.write(fd, b"".join(body for body, _ in group))
            os.fdatasync(fd)
            loops[0].call_soon_threadsafe(settle, group)

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if not loops:
            loops.append(asyncio.get_running_loop())
            threading.Thread(target=commit, daemon=True).start()
        length = int(dict(scope["headers"])[b"content-length"]) if is_lean else None
        body = await whole_body(receive, length)
        decoder.decode(body)
        future: asyncio.Future[None] = loops[0].create_future()
        with wake:
            waiting.append((body, future))
            wake.notify()
        await future
        await send(_START)
        await send(_END)

    if is_lean:
        from collector.cli import calm_garbage_collection

        calm_garbage_collection()
    return app


def store_app(connect: Callable[[], Awaitable[Callable[[bytes], Awaitable[None]]]]) -> App:
    """Reads, decodes, waits until the store has it, answers. ``connect`` runs once, in the worker's loop."""
    decoder = msgspec.json.Decoder()
    ready: list[asyncio.Future[Callable[[bytes], Awaitable[None]]]] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if not ready:
            ready.append(asyncio.ensure_future(connect()))
        keep = await ready[0]
        body = await whole_body(receive)
        decoder.decode(body)
        await keep(body)
        await send(_START)
        await send(_END)

    return app


async def to_redis(address: str) -> Callable[[bytes], Awaitable[None]]:
    """``XADD`` to one stream, over at most 64 connections."""
    from redis.asyncio import BlockingConnectionPool, Redis, UnixDomainSocketConnection

    pool = BlockingConnectionPool(
        max_connections=64, timeout=None, connection_class=UnixDomainSocketConnection, path=address
    )
    client = Redis(connection_pool=pool)

    async def keep(body: bytes) -> None:
        await client.xadd("events", {"body": body})

    return keep


async def to_nats(address: str) -> Callable[[bytes], Awaitable[None]]:
    """A JetStream publish, acknowledged; one connection carries them all at once."""
    import nats

    stream = (await nats.connect(address)).jetstream()

    async def keep(body: bytes) -> None:
        await stream.publish("events", body, timeout=60)

    return keep


async def to_postgres(address: str) -> Callable[[bytes], Awaitable[None]]:
    """``INSERT`` of one row, a transaction of its own, over 32 connections: commits that meet share a flush."""
    import asyncpg

    pool = await asyncpg.create_pool(address, min_size=32, max_size=32)

    async def keep(body: bytes) -> None:
        await pool.execute("insert into events (body) values ($1)", body)

    return keep


def footfall_app(directory: Path) -> Any:
    """The collector, as ``footfall collect`` starts it."""
    from collector.cli import load_app as load_worker
    from footfall.http.reloading import SettingsInForce

    in_force = SettingsInForce({"data": directory, "min_free_bytes": 0}, started_with=())
    return load_worker(in_force, os.getppid(), None)


def unchecked_app(directory: Path) -> Any:
    """The collector without the check of each message: what is left is the price of that check."""
    from collector import ingest, parsing

    parsing.read_good_batch = lambda body: None
    ingest.validate = lambda parsed: parsing.Validated(parsed.messages, parsed.count, [], is_cookieless=False)
    return footfall_app(directory)


def load_app(kind: str, directory: Path, store: str) -> Any:
    """The application of this kind; ``store`` is the address of what stands behind it."""
    if kind == "bare":
        return bare_app()
    if kind in ("durable", "lean"):
        return durable_app(directory, is_lean=kind == "lean")
    if kind == "footfall":
        return footfall_app(directory)
    if kind == "unchecked":
        return unchecked_app(directory)
    connect = {"redis": to_redis, "nats": to_nats, "postgres": to_postgres}[kind]
    return store_app(lambda: connect(store))


def main() -> None:
    """Run one of the servers until it is killed: ``python -m collectors.servers bare --port 1``."""
    from granian.constants import HTTPModes, Interfaces
    from granian.server import Server

    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--store", default="")
    options = parser.parse_args()
    server = Server(
        options.kind,
        port=options.port,
        interface=Interfaces.ASGI if options.kind in ("footfall", "unchecked") else Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=2048,
        backpressure=4096,
        log_enabled=False,
    )
    server.serve(target_loader=lambda: load_app(options.kind, options.data, options.store), wrap_loader=False)


if __name__ == "__main__":
    main()
