"""How fast the collector makes events durable, beside what the same server could do without it, and beside stores.

    python benchmarks/collector.py [--quick] [--seconds 2] [--rounds 3] [--only bare durable footfall]

All of these stand on the same machine, each behind one Granian worker, and take turns:

    bare      a raw ASGI function that reads the body and answers; nothing is decoded, nothing is kept
    durable   the same with a JSON decode, a group commit and one fdatasync for a group: the least that keeps a promise
    lean      durable with two of the collector's savings: a body's end by Content-Length, few searches for cycles
    footfall  the collector: limits, per-message checks, keys, origins, bots, addresses, envelope, crc, group commit
    unchecked the collector without those checks of each message: what they cost is the difference
    redis     durable's collector before a Redis stream with ``appendfsync always``
    nats      the same before NATS JetStream with ``sync_interval: always``
    postgres  the same before an INSERT into PostgreSQL as it is installed (fsync and synchronous_commit on)

What is not installed is left out, and named. The load generator runs beside them: on two cores one is the clients'.
Rounds are interleaved and the median is printed, so that what else runs here hits all of them. CPU and memory are the
worker's and its store's together. Above the table stands what the disk takes to confirm a write.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

REPO = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO))

from benchmarks.children import ends_with_me  # noqa: E402
from benchmarks.collectors.load import body_of, load  # noqa: E402
from benchmarks.collectors.servers import KINDS  # noqa: E402
from benchmarks.collectors.stores import MissingError, free_port, store  # noqa: E402
from benchmarks.machine import describe_machine  # noqa: E402

#: Of the steady runs: a share of what the durable collector takes at most, which each server should bear easily.
STEADY = 0.5
STEADY_CONNECTIONS = 64


class Server(msgspec.Struct):
    """One that runs."""

    kind: str
    port: int
    pids: list[int]
    directory: Path

    def all_pids(self) -> list[int]:
        """Its processes and their children. A store's child may end between being listed here and looked at."""
        found, waiting = [], list(self.pids)
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            with contextlib.suppress(OSError):
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
                waiting += [int(child) for child in children]
        return found

    def cpu_seconds(self) -> float:
        ticks = 0
        for pid in self.all_pids():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """Memory of its own, and its share of what it shares (PSS): a store's processes share a cache."""
        kib = 0
        for pid in self.all_pids():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        kib += int(line.split()[1])
        return kib / 1024


class Result(msgspec.Struct):
    """One run of one server: requests a second, milliseconds, CPU microseconds a message, MB."""

    requests: float
    p50: float
    p99: float
    cpu: float
    memory: float


@contextlib.contextmanager
def running(kind: str, directory: Path) -> Iterator[Server]:
    """Start a server, and the store behind it, as processes. Raises MissingError."""
    with store(kind, directory / f"{kind}-store") as (address, store_pid):
        port = free_port()
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "benchmarks.collectors.servers", kind, "--port", str(port)),
                *("--data", str(directory / kind), "--store", address),
            ],
            cwd=REPO,
            start_new_session=True,
            preexec_fn=ends_with_me(),
        )
        try:
            for _ in range(400):
                time.sleep(0.05)
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                if process.poll() is not None:
                    break
            else:
                raise TimeoutError(f"{kind} does not listen")
            if process.poll() is not None:
                raise ChildProcessError(f"{kind} ended as it started: status {process.returncode}")
            time.sleep(0.5)
            pids = [process.pid] if store_pid is None else [process.pid, store_pid]
            yield Server(kind, port, pids, directory / kind)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def measure(
    server: Server, messages: int, connections: int, seconds: float, rate: float = 0.0
) -> Result | None:
    """Warm it up, load it. None where it did not answer, or refused."""
    body = body_of(messages)
    load(server.port, body, connections, 0.3, rate)
    before = server.cpu_seconds()
    times, bad, took = load(server.port, body, connections, seconds, rate)
    spent = server.cpu_seconds() - before
    if bad or not times:
        print(f"{server.kind} did not answer, or refused: {bad}", file=sys.stderr)
        return None
    times.sort()
    return Result(
        requests=len(times) / took,
        p50=times[len(times) // 2] * 1e3,
        p99=times[int(len(times) * 0.99)] * 1e3,
        cpu=spent / (len(times) * messages) * 1e6,
        memory=server.memory_mb(),
    )


def median(results: list[Result]) -> Result:
    return Result(
        *(statistics.median(getattr(one, name) for one in results) for name in Result.__struct_fields__)
    )


def compare(
    servers: list[Server], cell: tuple[int, int], seconds: float, rounds: int, rate: float = 0.0
) -> dict[str, Result]:
    """Every server in turn, so many rounds; the medians. ``cell`` is messages a request and connections."""
    runs: dict[str, list[Result]] = {}
    for _ in range(rounds):
        for server in servers:
            if (one := measure(server, *cell, seconds, rate)) is not None:
                runs.setdefault(server.kind, []).append(one)
            _forget(server)
    best = {kind: median(results) for kind, results in runs.items()}
    for kind, one in best.items():
        of = best["durable"].requests if "durable" in best else one.requests
        print(
            f"| {cell[0]} | {cell[1]} | {kind} | {one.requests:,.0f} | {one.requests * cell[0]:,.0f} | {one.p50:.1f} | "
            f"{one.p99:.1f} | {one.cpu:.1f} | {one.memory:.0f} | {one.requests / of:.0%} |",
            flush=True,
        )
    return best


def _forget(server: Server) -> None:
    """Free the disk of what was written, as far as a file is not in use."""
    for sealed in (server.directory / "landing" / "sealed").glob("*.seg"):
        sealed.unlink()
    with contextlib.suppress(OSError):
        os.truncate(server.directory / "log", 0)


def disk_floor(directory: Path) -> str:
    """What one fdatasync behind an append takes on this disk, for a message and for 64 KB."""
    told = []
    for size, name in ((800, "800 bytes"), (65536, "64 KB")):
        fd = os.open(directory / "probe", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        times = []
        for _ in range(300):
            os.write(fd, bytes(size))
            began = time.perf_counter()
            os.fdatasync(fd)
            times.append((time.perf_counter() - began) * 1e3)
        os.close(fd)
        times.sort()
        told.append(f"{name} p50 {times[150]:.2f} ms, p99 {times[297]:.2f} ms")
    return "append and fdatasync: " + "; ".join(told)


COLUMNS = (
    *("messages a request", "connections", "server", "requests/s", "messages/s"),
    *("p50 ms", "p99 ms", "CPU µs/message", "MB", "of durable"),
)
HEAD = f"| {' | '.join(COLUMNS)} |"
RULE = "| ---: | ---: | --- |" + " ---: |" * 7


def main() -> None:
    """Run the comparison and print it as Markdown tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="64 connections and one round only")
    parser.add_argument("--seconds", type=float, default=2.0, help="load for each run")
    parser.add_argument("--rounds", type=int, help="runs of each server; the median counts (3, quick 1)")
    parser.add_argument("--connections", type=int, nargs="+", help="(1 8 64 512, quick 64)")
    parser.add_argument("--messages", type=int, nargs="+", default=[1, 20, 100], help="messages a request")
    parser.add_argument("--only", choices=KINDS, nargs="+", default=KINDS, help="servers to run")
    parser.add_argument("--data", type=Path, help="directory on the disk to measure (default: temporary)")
    options = parser.parse_args()
    connections = options.connections or ([64] if options.quick else [1, 8, 64, 512])
    rounds = options.rounds or (1 if options.quick else 3)
    directory = Path(tempfile.mkdtemp(prefix="footfall-bench-", dir=options.data))
    began = time.monotonic()
    try:
        print(f"{describe_machine('granian', 'uvloop', 'litestar', 'msgspec')}\n{disk_floor(directory)}")
        with contextlib.ExitStack() as stack:
            servers = []
            for kind in options.only:
                try:
                    servers.append(stack.enter_context(running(kind, directory)))
                except MissingError as reason:
                    print(f"{kind} is left out: {reason}")
            print(f"\nAs fast as they are answered:\n\n{HEAD}\n{RULE}")
            cells = {
                (messages, count): compare(servers, (messages, count), options.seconds, rounds)
                for messages in options.messages
                for count in connections
            }
            print(
                f"\nAt a steady rate, {STEADY:.0%} of what durable took at {STEADY_CONNECTIONS} connections; a request "
                f"that waits for its turn counts the wait:\n\n{HEAD}\n{RULE}"
            )
            for (messages, count), best in cells.items():
                if count == STEADY_CONNECTIONS and "durable" in best:
                    rate = best["durable"].requests * STEADY
                    compare(servers, (messages, count), options.seconds, rounds, rate)
        print(f"\n{disk_floor(directory)} (at the end)\n{time.monotonic() - began:.0f} s\n")
        for (messages, count), best in cells.items():
            if "footfall" in best:
                ours = best["footfall"].requests
                shares = [
                    f"{ours / best[kind].requests:.0%} of {kind}"
                    for kind in ("durable", "lean", "bare")
                    if kind in best
                ]
                print(f"{messages:>4} messages, {count:>3} connections: {', '.join(shares)}")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
