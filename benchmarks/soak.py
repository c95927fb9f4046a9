"""Whether the collector's memory stays flat under load: ``python benchmarks/soak.py --minutes 60``.

One worker of the real ``footfall collect``, 64 connections at a steady rate, and requests of every kind: 5,000
different user agents and pages (more than its caches hold), 1, 20 and 100 messages, gzip, one batch in 50 with a bad
message, some refused whole, connections that end in the middle of a request. Sealed segments are deleted as a loader
would.

Prints memory (PSS of server and worker) by the minute, and its slope after the first quarter by least squares, beside
the memory that the same kind of server takes which does nothing (``bare`` of ``benchmarks/collector.py``). Exits with 1
where it grew by more than 5 MiB from the second quarter to the last.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import multiprocessing
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import uvloop

REPO = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO))

from benchmarks.children import end_with, ends_with_me  # noqa: E402
from benchmarks.collector import Server, running  # noqa: E402
from benchmarks.collectors.load import body_of  # noqa: E402
from benchmarks.collectors.stores import free_port  # noqa: E402
from benchmarks.machine import describe_machine  # noqa: E402

CONNECTIONS = 64
VISITORS = 5_000
#: One in so many requests is cut off by its sender.
GONE_EVERY = 500
GROWTH_MIB = 5.0
SAMPLE_SECONDS = 5.0


def make_request(chance: random.Random) -> bytes:
    """One request as its bytes."""
    count = chance.choice((1, 1, 1, 20, 20, 100))
    batch = json.loads(body_of(count))
    visitor = chance.randrange(10**9)
    for message in batch["batch"]:
        message["anonymousId"] = f"visitor-{visitor:020}"
        message["context"]["page"]["url"] = (
            f"https://shop.example/p/{visitor}?q={'x' * chance.randrange(200)}"
        )
    if chance.randrange(50) == 0:
        batch["batch"][0]["event"] = chance.choice((None, 7, "x" * 300))
    if chance.randrange(100) == 0:
        batch["writeKey"] = f"nobody-{visitor}"
    body = json.dumps(batch).encode()
    if chance.randrange(100) == 0:
        body = body[: len(body) // 2]
    encoding = b""
    if chance.randrange(3) == 0:
        body, encoding = gzip.compress(body, 1), b"Content-Encoding: gzip\r\n"
    return (
        b"POST /v1/batch HTTP/1.1\r\nHost: bench\r\nContent-Type: text/plain\r\nOrigin: https://shop%d.example\r\n"
        b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/%d %s\r\n%sContent-Length: %d\r\n\r\n%s"
        % (visitor % 3000, visitor, b"x" * chance.randrange(400), encoding, len(body), body)
    )


async def visit(port: int, requests: list[bytes], interval: float, counts: Any, seed: int) -> None:
    """One connection after the other, each sends until it is cut off."""
    chance = random.Random(seed)
    due = time.monotonic() + chance.random() * interval
    while True:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while True:
                await asyncio.sleep(due - time.monotonic())
                due = max(due + interval, time.monotonic() - 1)
                request = chance.choice(requests)
                if chance.randrange(GONE_EVERY) == 0:
                    writer.write(request[: len(request) // 2])
                    counts["gone"] += 1
                    break
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0])
                await reader.readexactly(length)
                counts[int(head[9:12])] += 1
        except (asyncio.IncompleteReadError, ConnectionError):
            counts["closed by the server"] += 1
        finally:
            writer.close()


def send_until_told(port: int, rate: float, stop: Any, out: Any) -> None:
    """The clients, in a process of their own."""
    end_with(os.getppid())
    chance = random.Random(1)
    requests = [make_request(chance) for _ in range(VISITORS)]
    counts: Counter[Any] = Counter()

    async def load() -> None:
        interval = CONNECTIONS / rate
        tasks = [
            asyncio.create_task(visit(port, requests, interval, counts, seed)) for seed in range(CONNECTIONS)
        ]
        while not stop.is_set():
            await asyncio.sleep(0.2)
            for task in tasks:
                if task.done():
                    task.result()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    uvloop.run(load())
    out.put(counts)


def sample(server: Server, seconds: float) -> list[tuple[float, float]]:
    """(seconds since the start, MiB) every five seconds; a line a minute is printed."""
    began, samples, minute = time.monotonic(), [], 0
    while (passed := time.monotonic() - began) < seconds:
        samples.append((passed, server.memory_mb()))
        if passed >= minute * 60:
            print(f"| {minute} | {samples[-1][1]:.1f} |", flush=True)
            minute += 1
        for sealed in (server.directory / "landing" / "sealed").glob("*.seg"):
            sealed.unlink()
        time.sleep(SAMPLE_SECONDS)
    return samples


def slope(samples: list[tuple[float, float]]) -> float:
    """MiB an hour, by least squares."""
    fit = statistics.linear_regression([at for at, _ in samples], [mib for _, mib in samples])
    return fit.slope * 3600


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument(
        "--rate", type=float, default=300.0, help="requests a second, of 24 messages each at the mean"
    )
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="footfall-soak-"))
    print(describe_machine("granian", "uvloop", "msgspec"))
    with running("bare", directory) as bare:
        idle = bare.memory_mb()
    port = free_port()
    command = [sys.executable, "-c", "from collector.cli import collect; collect()", "--port", str(port)]
    stop = multiprocessing.Event()
    out: multiprocessing.Queue[Counter[Any]] = multiprocessing.Queue()
    client = multiprocessing.Process(target=send_until_told, args=(port, options.rate, stop, out))
    process = subprocess.Popen(
        [*command, "--data", str(directory / "data")],
        cwd=REPO,
        stdout=subprocess.DEVNULL,
        preexec_fn=ends_with_me(),
    )
    try:
        time.sleep(5)
        client.start()
        server = Server("footfall", port, [process.pid], directory / "data")
        cpu = server.cpu_seconds()
        print(f"\n{options.rate:.0f} requests a second\n\n| minute | MiB |\n| ---: | ---: |")
        samples = sample(server, options.minutes * 60)
        cpu = server.cpu_seconds() - cpu
        stop.set()
        counts = out.get(timeout=60)
    finally:
        stop.set()
        if client.pid:
            client.join(10)
            client.kill()
        process.terminate()
        process.wait(30)
        shutil.rmtree(directory, ignore_errors=True)
    quarter = len(samples) // 4
    second, last = (
        statistics.mean(mib for _, mib in part)
        for part in (samples[quarter : 2 * quarter], samples[-quarter:])
    )
    print(f"\nanswers: {', '.join(f'{of:,} x {what}' for what, of in sorted(counts.items(), key=str))}")
    print(f"CPU {cpu / (options.minutes * 60):.0%} of a core")
    print(
        f"second quarter {second:.1f} MiB, last quarter {last:.1f} MiB; "
        f"slope after the first quarter {slope(samples[quarter:]):+.1f} MiB an hour; bare server {idle:.0f} MiB"
    )
    return 0 if last - second <= GROWTH_MIB and counts[200] else 1


if __name__ == "__main__":
    sys.exit(main())
