"""How fast the API answers, beside a constant from a bare Litestar app and from a bare ASGI app on the same server.

    python benchmarks/serving.py [--products 10000] [--visitors 20000] [--sessions 500000] [--seconds 5] [--json OUT]

A synthetic shop is published into a temporary directory, ``footfall serve`` runs on it with one worker, and a load
generator in this process asks over keep-alive connections: closed loop for the throughput, then open loop at 1,000
requests a second (the rate of Serenade's published test: p90 under 7 ms on 2 vCPU), where a request that waits for
its turn counts the wait. Generator and server share the machine.
What an answer costs without a server: ``benchmarks/answers.py``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from litestar import Litestar, get

from benchmarks.children import ends_with_me
from benchmarks.machine import describe_machine
from benchmarks.shop import add_sizes, guests, make_shop
from footfall.settings import REPO

KEY, SECRET = "ff_demo_public_key", "ff_demo_secret_key"
OPEN_LOOP_RATE = 1_000
CONNECTIONS = 16

#: The bare app's constant is as long as a usual answer (eight products).
CONSTANT = b"x" * 2_000


async def bare(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[Any]],
    send: Callable[[Any], Awaitable[None]],
) -> None:
    """The least an ASGI server can do."""
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(CONSTANT)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": CONSTANT})


@get("/", sync_to_thread=False, media_type="text/plain")
def _constant(limit: int = 8) -> bytes:
    return CONSTANT


#: The same answer from a route of the framework that the API is made with, one parameter read.
bare_litestar = Litestar([_constant], openapi_config=None, logging_config=None)


class Connection(asyncio.Protocol):
    """One keep-alive connection with one request in flight."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._buffer = b""
        self._waiting: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0 or self._waiting is None:
            return
        headers = self._buffer[:head].lower()
        start = headers.index(b"content-length:") + 15
        length = int(headers[start:].split(b"\r\n", 1)[0])
        if len(self._buffer) >= head + 4 + length:
            status = int(self._buffer[9:12])
            self._buffer = b""
            self._waiting.set_result(status)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionError("the server closed the connection"))

    async def ask(self, request: bytes) -> int:
        assert self.transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._waiting


async def closed_loop(port: int, requests: list[bytes], seconds: float) -> dict[str, float]:
    """As many requests as go through: each connection asks again as soon as it is answered."""
    times: list[float] = []
    started = time.perf_counter()
    end = started + seconds

    async def client(number: int) -> None:
        connection = await _connect(port)
        turn = number
        while (now := time.perf_counter()) < end:
            status = await connection.ask(requests[turn % len(requests)])
            times.append(time.perf_counter() - now)
            turn += CONNECTIONS
            assert status == 200, status
        assert connection.transport is not None
        connection.transport.close()

    await asyncio.gather(*(client(number) for number in range(CONNECTIONS)))
    return _figures(times, time.perf_counter() - started)


async def open_loop(port: int, requests: list[bytes], seconds: float, rate: int) -> dict[str, float]:
    """Requests by the clock, whether the ones before are answered or not."""
    idle: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(CONNECTIONS * 4):
        idle.put_nowait(await _connect(port))
    times: list[float] = []

    async def one(due: float, request: bytes) -> None:
        connection = await idle.get()
        status = await connection.ask(request)
        times.append(time.perf_counter() - due)
        idle.put_nowait(connection)
        assert status == 200, status

    started = time.perf_counter()
    tasks = []
    for number in range(int(rate * seconds)):
        due = started + number / rate
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(one(due, requests[number % len(requests)])))
    await asyncio.gather(*tasks)
    figures = _figures(times, time.perf_counter() - started)
    while not idle.empty():
        connection = idle.get_nowait()
        assert connection.transport is not None
        connection.transport.close()
    return figures


async def _connect(port: int) -> Connection:
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return connection


def _figures(times: list[float], elapsed: float) -> dict[str, float]:
    times.sort()

    def at(share: float) -> float:
        return round(times[min(len(times) - 1, int(len(times) * share))] * 1e3, 3)

    return {
        "requests": len(times),
        "per_second": round(len(times) / elapsed),
        "p50_ms": at(0.50),
        "p90_ms": at(0.90),
        "p99_ms": at(0.99),
    }


def make_requests(products: int, visitors: int, count: int = 5_000) -> list[bytes]:
    """Recommendations for guests with products behind them."""
    return [
        f"GET /v1/recommendations?guest={guest}&viewed={','.join(viewed)}&limit=8&key={KEY} HTTP/1.1\r\n"
        f"Host: bench\r\n\r\n".encode()
        for guest, viewed in guests(products, visitors, count)
    ]


def make_list_requests(products: int, count: int = 5_000) -> list[bytes]:
    chance = random.Random(11)
    return [request(f"/v1/products/p{chance.randrange(products)}/similar?limit=8", KEY) for _ in range(count)]


def request(target: str, key: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: bench\r\nX-Footfall-Key: {key}\r\n\r\n".encode()


@contextmanager
def server(command: list[str], port: int, path: str, env: dict[str, str]) -> Iterator[None]:
    """A server process that answers ``path`` when this yields."""
    process = subprocess.Popen(
        command,
        cwd=REPO,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=ends_with_me(),
    )
    try:
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1) as answer:
                    if answer.status == 200:
                        break
            except OSError:
                time.sleep(0.1)
        else:
            raise SystemExit(f"{' '.join(command)} did not come up")
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_sizes(parser)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()

    result: dict[str, Any] = {
        "machine": describe_machine("granian", "litestar", "duckdb"),
        "products": options.products,
        "visitors": options.visitors,
        "sessions": options.sessions,
    }
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as directory:
        data = Path(directory)
        make_shop(data, options.products, options.visitors, options.sessions)
        requests = make_requests(options.products, options.visitors)
        env = {
            **os.environ,
            "FOOTFALL_DATA": str(data),
            "FOOTFALL_API_PUBLIC_KEYS": KEY,
            "FOOTFALL_API_SECRET_KEYS": SECRET,
            "PYTHONPATH": str(REPO),
        }

        granian = [sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws", "--host", "127.0.0.1"]
        plain = [b"GET /?limit=8 HTTP/1.1\r\nHost: bench\r\n\r\n"]
        for name, target in (("bare_asgi", "bare"), ("bare_litestar", "bare_litestar")):
            port = free_port()
            command = [*granian, "--port", str(port), f"benchmarks.serving:{target}"]
            with server(command, port, "/?limit=8", env):
                asyncio.run(closed_loop(port, plain, 1.0))
                result[name] = asyncio.run(closed_loop(port, plain, options.seconds))

        port = free_port()
        serve = [
            sys.executable,
            "-c",
            "from api.cli import serve; serve()",
            "--port",
            str(port),
            "--workers",
            "1",
        ]
        with server(serve, port, "/readyz", env):
            for name, asked in {
                "recommendations": requests,
                "product_list": make_list_requests(options.products),
                "members_page": [request("/v1/segments/returning_guests/members?limit=100", SECRET)],
                "funnel": [request("/v1/marts/funnel_steps?where=funnel:product", SECRET)],
            }.items():
                asyncio.run(closed_loop(port, asked, 1.0))
                result[name] = asyncio.run(closed_loop(port, asked, options.seconds))
            result[f"recommendations_at_{OPEN_LOOP_RATE}"] = asyncio.run(
                open_loop(port, requests, options.seconds, OPEN_LOOP_RATE)
            )
    peer = result["bare_litestar"]["per_second"]

    print(
        f"{result['machine']}; {options.products:,} products, {options.visitors:,} visitors, "
        f"{options.sessions:,} past sessions"
    )
    print(f"{'':34}{'requests/s':>12}{'p50 ms':>9}{'p90 ms':>9}{'p99 ms':>9}{'of Litestar':>13}")
    for name, title in (
        ("bare_asgi", "bare ASGI constant"),
        ("bare_litestar", "bare Litestar constant"),
        ("product_list", "list of a product"),
        ("recommendations", "recommendations, viewed="),
        (f"recommendations_at_{OPEN_LOOP_RATE}", f"the same at {OPEN_LOOP_RATE:,} requests/s"),
        ("funnel", "a funnel"),
        ("members_page", "100 members of a segment"),
    ):
        row = result[name]
        row["of_litestar"] = round(row["per_second"] / peer, 3)
        print(
            f"{title:34}{row['per_second']:>12,}{row['p50_ms']:>9}{row['p90_ms']:>9}{row['p99_ms']:>9}"
            f"{row['of_litestar']:>13}"
        )
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
