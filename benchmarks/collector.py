"""How fast the collector makes events durable, beside what the same server could do without it.

    python benchmarks/collector.py [--seconds 3] [--rounds 3]

Three servers take turns on the same machine, each one Granian worker:

    bare      a raw ASGI function that reads the body and answers; nothing is decoded, nothing is kept
    durable   the same with a JSON decode, a group commit and one fdatasync for a group: the least that keeps a promise
    footfall  the collector: limits, per-message checks, keys, origins, bots, addresses, envelope, crc, group commit

The load generator runs beside them on the other core, so the numbers are those of a machine with two cores, one of
which is the clients'. Rounds are interleaved and the median is printed: what else runs here hits all three.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

KEY = "ff_demo_write_key"
OK = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]}
App = Callable[
    [dict[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]
]


def bare_app() -> App:
    """Reads and answers."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await _whole_body(receive)
        await send(OK)
        await send({"type": "http.response.body", "body": b'{"accepted":1,"rejected":[]}'})

    return app


def durable_app(directory: Path) -> App:
    """Reads, decodes, appends, fsyncs with whoever else waits, answers."""
    decoder = msgspec.json.Decoder()
    directory.mkdir(parents=True, exist_ok=True)
    fd = os.open(directory / "log", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    waiting: list[tuple[bytes, asyncio.Future[None]]] = []
    wake = threading.Condition()
    loops: list[asyncio.AbstractEventLoop] = []

    def settle(group: list[tuple[bytes, asyncio.Future[None]]]) -> None:
        for _, future in group:
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
        body = await _whole_body(receive)
        decoder.decode(body)
        future: asyncio.Future[None] = loops[0].create_future()
        with wake:
            waiting.append((body, future))
            wake.notify()
        await future
        await send(OK)
        await send({"type": "http.response.body", "body": b'{"accepted":1,"rejected":[]}'})

    return app


async def _whole_body(receive: Any) -> bytes:
    event = await receive()
    body: bytes = event["body"]
    while event["more_body"]:
        event = await receive()
        body += event["body"]
    return body


def footfall_app(directory: Path) -> Any:
    """The collector."""
    from collector.app import create_app
    from footfall.settings import Settings

    return create_app(Settings(data=directory, min_free_bytes=0))


def serve(kind: str, port: int, directory: Path) -> None:
    """Run one of the servers until it is killed."""
    from granian.constants import HTTPModes, Interfaces
    from granian.server import Server

    load = {
        "bare": bare_app,
        "durable": partial(durable_app, directory),
        "footfall": partial(footfall_app, directory),
    }[kind]
    server = Server(
        kind,
        port=port,
        interface=Interfaces.ASGI if kind == "footfall" else Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=2048,
        backpressure=4096,
        log_enabled=False,
    )
    server.serve(target_loader=load, wrap_loader=False)


@contextlib.contextmanager
def running(kind: str, directory: Path) -> Iterator[tuple[int, int]]:
    """Start a server as its own process; yields (port, worker's process id)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, __file__, "--serve", kind, "--port", str(port), "--data", str(directory)]
    process = subprocess.Popen(command, start_new_session=True)
    try:
        for _ in range(400):
            time.sleep(0.05)
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
        time.sleep(0.5)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield port, int(children[0])
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Connection(asyncio.Protocol):
    """A client that sends its next request when the last one was answered."""

    def __init__(self, request: bytes, times: list[float], bad: list[bytes]) -> None:
        self._request = request
        self._times = times
        self._bad = bad
        self._buffer = b""
        self._sent = 0.0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]
        self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        self._times.append(time.perf_counter() - self._sent)
        if not head.startswith(b"HTTP/1.1 200"):
            self._bad.append(self._buffer[:200])
        self._buffer = b""
        self._send()


def load(port: int, body: bytes, connections: int, seconds: float, out: Any) -> None:
    """Generate load in a process of its own; puts (latencies, refusals, seconds) into ``out``."""
    try:
        import uvloop

        new_loop: Any = uvloop.new_event_loop
    except ImportError:
        new_loop = asyncio.new_event_loop
    request = (
        b"POST /v1/batch HTTP/1.1\r\nHost: bench\r\nContent-Type: text/plain\r\nOrigin: https://shop.example\r\n"
        b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    times: list[float] = []
    bad: list[bytes] = []

    async def run() -> float:
        loop = asyncio.get_running_loop()
        began = time.perf_counter()
        made = [
            await loop.create_connection(lambda: Connection(request, times, bad), "127.0.0.1", port)
            for _ in range(connections)
        ]
        await asyncio.sleep(seconds)
        took = time.perf_counter() - began
        for transport, _ in made:
            transport.abort()
        return took

    with asyncio.Runner(loop_factory=new_loop) as runner:
        took = runner.run(run())
    out.put((times, bad[:3], took))


def body_of(messages: int) -> bytes:
    """A batch as the pixel sends it: clicks of some 600 bytes."""
    click = {
        "type": "track",
        "event": "Element Clicked",
        "messageId": "0190c0de-0000-7000-8000-000000000001",
        "anonymousId": "9f3c1e5a7b2d4c6e8f0a1b2c3d4e5f60",
        "originalTimestamp": "2026-11-24T10:00:00.000Z",
        "context": {
            "sessionId": "0190c0de-1111-7000-8000-000000000001",
            "pageViewId": "0190c0de-2222-7000-8000-000000000001",
            "page": {"url": "https://shop.example/collections/jackets", "path": "/collections/jackets"},
            "consent": {"analytics": True, "marketing": False},
            "library": {"name": "footfall", "version": "0.1.0"},
        },
        "properties": {
            "zone": "collection_card",
            "element": {"tag": "a", "classes": ["card", "card--large"], "text": "Rain jacket, blue",
                        "href": "/products/rain-jacket", "selector": "main > ul > li:nth-of-type(3) > a", "x": 411},
        },
    }  # fmt: skip
    return json.dumps(
        {"writeKey": KEY, "sentAt": "2026-11-24T10:00:01Z", "batch": [click] * messages}
    ).encode()


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


class Result(msgspec.Struct):
    """One run of one server."""

    requests: float
    p50: float
    p99: float
    cpu: float
    memory: float


def measure(kind: str, directory: Path, messages: int, connections: int, seconds: float) -> Result:
    """Start a server, warm it up, load it; requests a second, milliseconds, CPU microseconds a message, MB."""
    body = body_of(messages)
    results: multiprocessing.Queue[Any] = multiprocessing.Queue()
    with running(kind, directory) as (port, pid):
        for warming in (True, False):
            before = cpu_seconds(pid)
            client = multiprocessing.Process(
                target=load, args=(port, body, connections, 0.5 if warming else seconds, results)
            )
            client.start()
            times, bad, took = results.get()
            client.join()
        if bad or not times:
            raise SystemExit(f"{kind} refused: {bad}")
        times.sort()
        return Result(
            requests=len(times) / took,
            p50=times[len(times) // 2] * 1e3,
            p99=times[int(len(times) * 0.99)] * 1e3,
            cpu=(cpu_seconds(pid) - before) / (len(times) * messages) * 1e6,
            memory=memory_mb(pid),
        )


def median(results: list[Result]) -> Result:
    return Result(
        *(statistics.median(getattr(one, name) for one in results) for name in Result.__struct_fields__)
    )


def describe_machine(directory: Path) -> str:
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    fd = os.open(directory / "probe", os.O_CREAT | os.O_WRONLY)
    times = []
    for _ in range(100):
        os.write(fd, bytes(65536))
        began = time.perf_counter()
        os.fdatasync(fd)
        times.append((time.perf_counter() - began) * 1e3)
    os.close(fd)
    return (
        f"{model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}; "
        f"fdatasync of 64 KB p50 {statistics.median(times):.2f} ms, p99 {sorted(times)[98]:.2f} ms"
    )


def main() -> None:
    """Run the comparison and print it as a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="load for each run")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each server; the median counts")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument(
        "--data", type=Path, help="directory on the disk to measure (default: a temporary one)"
    )
    parser.add_argument("--serve", choices=["bare", "durable", "footfall"], help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.port, options.data)
        return
    directory = Path(tempfile.mkdtemp(prefix="footfall-bench-", dir=options.data))
    try:
        print(f"{describe_machine(directory)}\n{options.connections} connections, one worker\n")
        print(
            "| messages a request | server | requests/s | messages/s | p50 ms | p99 ms | CPU µs/message | MB |"
        )
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        ratios = []
        for messages in (1, 20, 100):
            runs: dict[str, list[Result]] = {"bare": [], "durable": [], "footfall": []}
            for _ in range(options.rounds):
                for kind, results in runs.items():
                    results.append(measure(kind, directory, messages, options.connections, options.seconds))
                    shutil.rmtree(directory / "landing", ignore_errors=True)
                    (directory / "log").unlink(missing_ok=True)
            best = {kind: median(results) for kind, results in runs.items()}
            for kind, one in best.items():
                print(
                    f"| {messages} | {kind} | {one.requests:,.0f} | {one.requests * messages:,.0f} | {one.p50:.1f} | "
                    f"{one.p99:.1f} | {one.cpu:.1f} | {one.memory:.0f} |",
                    flush=True,
                )
            ratios.append((messages, best["footfall"].requests / best["durable"].requests,
                           best["footfall"].requests / best["bare"].requests))  # fmt: skip
        print()
        for messages, durable, bare in ratios:
            print(f"{messages:>4} messages: {durable:.0%} of durable, {bare:.0%} of bare")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
