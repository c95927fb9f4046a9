"""Session neighbours at 1x, 10x and 100x: learning the index, its file, and the answer to a running session.

    python benchmarks/session_neighbours.py [--sessions 25000] [--scales 1 10 100]

Sessions of 2 to 40 clicks (median 6) on a fiftieth as many products (500 to 50,000), popularity after Zipf, each
session around one part of the catalogue. At 100x: 2,500,000 sessions on 50,000 products, some 18 million clicks.

learn    beside one sort of the same clicks by product and session: no index of them can be had for less.
request  next_products for running sessions of 1 to 5 products, as the API asks it, beside the same overlap counted by a
         scan of every click.

Each scale runs in a process of its own, so that its peak of memory is its own (the clicks as a table are in it).
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.machine import describe_machine, in_own_process

REQUESTS, SCANS = 2_000, 10


class Measured(NamedTuple):
    """One scale: seconds, milliseconds, megabytes."""

    products: int
    clicks: int
    sort: float
    learn: float
    peak_mb: int
    file_mb: float
    p50_ms: float
    p99_ms: float
    scan_ms: float


def shop_sessions(
    sessions: int, seed: int = 1
) -> tuple[pa.Table, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(the mart session_products, session number and product number of its rows)."""
    dice = np.random.default_rng(seed)
    products = min(max(sessions // 50, 500), 50_000)
    lengths = np.clip(dice.lognormal(mean=1.8, sigma=0.7, size=sessions).astype(int), 2, 40)
    session = np.repeat(np.arange(sessions), lengths)
    # Half of a session's clicks near its own part of the catalogue, half on what is popular.
    popular = np.minimum(dice.zipf(1.3, len(session)) - 1, products - 1)
    near = (
        np.repeat(dice.integers(0, products, sessions), lengths) + dice.integers(0, 30, len(session))
    ) % products
    product = np.where(dice.random(len(session)) < 0.5, popular, near)
    firsts = np.cumsum(lengths) - lengths
    place = np.arange(len(session)) - np.repeat(firsts, lengths)
    number = np.arange(sessions)
    ended = np.datetime64("2026-01-01", "us") + np.repeat(number, lengths) * np.timedelta64(1, "s")
    table = pa.table(
        {
            "session_id": pa.array([f"{n:032x}" for n in number.tolist()]).take(pa.array(session)),
            "product_id": pa.array([str(7_000_000 + n) for n in range(products)]).take(pa.array(product)),
            "place": pa.array(place, pa.int32()),
            "ended_at": pa.array(ended),
        }
    )
    return table, session, product


def running_sessions(products: int) -> list[list[str]]:
    dice = np.random.default_rng(2)
    return [
        [
            str(7_000_000 + n)
            for n in np.minimum(dice.zipf(1.3, dice.integers(1, 6)) - 1, products - 1).tolist()
        ]
        for _ in range(REQUESTS)
    ]


def run(sessions: int) -> Measured:
    from footfall.snapshot.session_index import SessionIndex
    from orchestration.recommend.session_neighbours import index_of

    clicks, session, product = shop_sessions(sessions)
    products = int(product.max()) + 1
    begin = time.perf_counter()
    np.lexsort((session, product))
    sort = time.perf_counter() - begin
    begin = time.perf_counter()
    learnt = index_of(clicks)
    learn = time.perf_counter() - begin
    running = running_sessions(products)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sessions.index"
        learnt.write(path)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        index = SessionIndex.open(path)
        took = []
        for viewed in running:
            begin = time.perf_counter()
            index.next_products(viewed, 50)
            took.append((time.perf_counter() - begin) * 1000)
        size = path.stat().st_size / 2**20
    scans = []
    for viewed in running[:SCANS]:
        begin = time.perf_counter()
        wanted = np.isin(product, [int(each) - 7_000_000 for each in viewed])
        overlap = np.bincount(session[wanted], minlength=sessions)
        nearest = np.argpartition(overlap, -100)[-100:]
        np.bincount(product[np.isin(session, nearest)], minlength=products)
        scans.append((time.perf_counter() - begin) * 1000)
    cuts = statistics.quantiles(took, n=100)
    scan = statistics.median(scans)
    return Measured(products, clicks.num_rows, sort, learn, peak, size, cuts[49], cuts[98], scan)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sessions", type=int, default=25_000, help="sessions at 1x")
    parser.add_argument("--scales", type=int, nargs="+", default=[1, 10, 100])
    arguments = parser.parse_args()
    print(describe_machine("numpy", "pyarrow"))
    print(
        f"{'scale':>6} {'sessions':>10} {'products':>9} {'clicks':>11} {'learn s':>8} {'of sort':>8} {'peak MB':>8} "
        f"{'file MB':>8} {'p50 ms':>7} {'p99 ms':>7} {'of scan':>8}"
    )
    for scale in arguments.scales:
        count = arguments.sessions * scale
        found = in_own_process(run, count)
        print(
            f"{scale:>5}x {count:>10,} {found.products:>9,} {found.clicks:>11,} {found.learn:>8.2f} "
            f"{found.learn / found.sort:>8.1f} {found.peak_mb:>8,} {found.file_mb:>8.1f} {found.p50_ms:>7.2f} "
            f"{found.p99_ms:>7.2f} {found.p50_ms / found.scan_ms:>8.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
