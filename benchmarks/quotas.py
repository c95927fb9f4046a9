"""What a quota costs a request, and how much more than it says processes that share it let through.

    python benchmarks/quotas.py [--seconds 3] [--processes 4]

Costs are CPU time, the least of five rounds; the peer is a token bucket of one process, which shares nothing. For the
second table every process spends from one bucket, a unit at a time: without a pause, which no collector does, and with
the 25 microseconds that a worker's request takes at least.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.machine import describe_machine
from footfall.http.rate_limit import Buckets, Quota, QuotaSpentError

RATE = 5_000.0
BURST = 500.0
CALLS = 100_000


class Alone:
    """A token bucket as one writes it for one process."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst, self.level, self.stamp = rate, burst, burst, time.monotonic()

    def spend(self, address: str | None) -> None:
        now = time.monotonic()
        self.level = min(self.burst, self.level + (now - self.stamp) * self.rate)
        self.stamp = now
        if self.level < 1:
            raise QuotaSpentError("key", (1 - self.level) / self.rate)
        self.level -= 1


def cost(spend: Callable[[str], None], addresses: int = 1) -> float:
    """Microseconds of CPU for one spending that passes."""
    names = [f"192.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(addresses)]
    for name in names:
        spend(name)
    rounds = []
    for _ in range(5):
        started = time.process_time()
        for number in range(CALLS):
            spend(names[number % addresses])
        rounds.append(time.process_time() - started)
    return min(rounds) / CALLS * 1e6


def spend(file: Path, pause: float, begin: float, end: float) -> int:
    """Spend for so long, with so many seconds between; returns what passed."""
    quota = Quota(RATE, None, BURST, buckets=Buckets(1, file))
    passed = 0
    while time.monotonic() < begin:
        pass
    while (now := time.monotonic()) < end:
        with contextlib.suppress(QuotaSpentError):
            quota.spend(None)
            passed += 1
        while time.monotonic() < now + pause:
            pass
    return passed


def excess(processes: int, pause: float, seconds: float) -> float:
    """The share that passes above the quota."""
    with (
        tempfile.TemporaryDirectory() as folder,
        multiprocessing.get_context("spawn").Pool(processes) as pool,
    ):
        begin = time.monotonic() + 3
        about = (Path(folder) / "quotas", pause, begin, begin + seconds)
        return sum(pool.starmap(spend, [about] * processes)) / (BURST + RATE * seconds) - 1


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--processes", type=int, default=4)
    options = parser.parse_args()
    print(describe_machine())
    peer = cost(Alone(1e9, 1e9).spend)
    print(f"{'a bucket of one process':<28}{peer:6.2f} us")
    for name, quota, addresses in (
        ("no quota", Quota(None, None), 1),
        ("of the key", Quota(1e9, None), 1),
        ("and of 1,000 addresses", Quota(1e9, 1e6), 1_000),
        ("and of 50,000 addresses", Quota(1e9, 1e6), 50_000),
    ):
        microseconds = cost(quota.spend, addresses)
        print(f"{name:<28}{microseconds:6.2f} us  x{microseconds / peer:.2f}")
    for pause in (0.0, 25e-6):
        above = excess(options.processes, pause, options.seconds)
        text = f"{options.processes} processes, {pause * 1e6:.0f} us between"
        print(f"{text:<28}{above:+6.2%} of {RATE:,.0f} a second")


if __name__ == "__main__":
    main()
