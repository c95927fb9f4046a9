"""Time and memory of visitor similarity at 1x, 10x and 100x, written to Parquet as the asset does.

    python benchmarks/visitor_similarity.py [--visitors 2000] [--scales 1 10 100] [--days 1 7 30]

Visitors look at 1 to 60 products (median 4), popularity after Zipf over a tenth as many products as
visitors (at most 50,000), a twelfth of them buy. Each scale runs in a process of its own, so that its peak of memory is
its own.

Last, how old lists fare: some days pass, in each of which one visitor in a hundred looks at more and one in a hundred
is new, and everything fades (half-life 30 days); of the visitors without news, how much of the list of before stands
in the one that would be made now (source blend, at 10x).
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.machine import describe_machine, in_own_process


def shop_affinities(visitors: int, seed: int = 1) -> pa.Table:
    """A ``visitor_product_affinity`` of a shop with so many visitors."""
    dice = np.random.default_rng(seed)
    products = min(max(visitors // 10, 200), 50_000)
    lengths = np.clip(dice.lognormal(mean=1.4, sigma=1.0, size=visitors).astype(int), 1, 60)
    popularity = 1.0 / np.arange(1, products + 1) ** 0.8
    visitor = np.repeat(np.arange(visitors), lengths)
    product = np.searchsorted(np.cumsum(popularity / popularity.sum()), dice.random(len(visitor)))
    pairs = np.unique(visitor * products + np.minimum(product, products - 1))
    visitor, product = pairs // products, pairs % products
    rows = len(visitor)
    buys = dice.random(rows) < 1 / 12
    names = pa.array([f"g_{n:08}" for n in range(visitors)])
    codes = pa.array([str(7_000_000 + n) for n in range(products)])
    return pa.table(
        {
            "visitor_id": names.take(pa.array(visitor)),
            "product_id": codes.take(pa.array(product)),
            "view_score": dice.exponential(2.0, rows),
            "option_score": np.where(dice.random(rows) < 0.2, 2.0, 0.0),
            "cart_score": np.where(buys, 4.0, 0.0),
            "purchase_score": np.where(buys, 10.0, 0.0),
        }
    )


class Measured(NamedTuple):
    """One scale: seconds by the clock and of CPU, megabytes."""

    affinities: int
    pairs: int
    clock: float
    cpu: float
    peak_mb: int
    file_mb: float
    cut: int


def run(visitors: int, threads: int) -> Measured:
    from orchestration.recommend.tables import derived_file, write_derived
    from orchestration.recommend.visitor_similarity import TABLE, VisitorSimilarity

    table = shop_affinities(visitors)
    with tempfile.TemporaryDirectory() as folder:
        derived = Path(folder)
        begin, cpu = time.perf_counter(), time.process_time()
        similarity = VisitorSimilarity(table, threads=threads)
        write_derived(derived, TABLE, similarity.tables(datetime(2026, 3, 1)))
        clock, cpu = time.perf_counter() - begin, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        path = derived_file(derived, TABLE)
        size, pairs = path.stat().st_size / 2**20, pq.read_metadata(path).num_rows
        cut = similarity.reports["behaviour"].cut_products
    return Measured(table.num_rows, pairs, clock, cpu, peak, size, cut)


def aged(visitors: int, days: int) -> tuple[float, float]:
    """(share of the first ten, share of all neighbours) of before that are among as many first ones after the days."""
    from orchestration.recommend.visitor_similarity import VisitorSimilarity

    dice = np.random.default_rng(3)
    news = max(visitors * days // 100, 1)
    now = shop_affinities(visitors + news)
    visitor = np.array([int(name[2:]) for name in now["visitor_id"].to_pylist()])
    is_touched = np.zeros(visitors + news, dtype=bool)
    is_touched[dice.choice(visitors, news, replace=False)] = True
    is_old = (visitor < visitors) & ~(is_touched[visitor] & (dice.random(len(visitor)) < 0.5))
    fade = np.where(is_old, 0.5 ** (days / 30), 1.0)
    faded = now
    for place, name in enumerate(now.column_names):
        if name.endswith("_score"):
            faded = faded.set_column(place, name, pa.array(now[name].to_numpy() * fade))
    lists = []
    for table in (now.filter(pa.array(is_old)), faded):
        found: dict[str, list[str]] = {}
        for part in VisitorSimilarity(table).tables(datetime(2026, 3, 1)):
            blend = part.filter(pc.equal(part["source"], "blend"))
            for key, other in zip(blend["key"].to_pylist(), blend["other"].to_pylist(), strict=True):
                found.setdefault(key, []).append(other)
        lists.append(found)
    before, after = lists
    kept = [key for key in before if not is_touched[int(key[2:])]]

    def share(first: int) -> float:
        shares = [
            len({*before[key][:first]} & {*after.get(key, [])[:first]}) / len(before[key][:first])
            for key in kept
        ]
        return float(np.mean(shares))

    return share(10), share(50)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--visitors", type=int, default=2000, help="visitors at 1x")
    parser.add_argument("--scales", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--days", type=int, nargs="*", default=[1, 7, 30])
    arguments = parser.parse_args()
    print(describe_machine("numpy", "scipy", "sparse-dot-topn"))
    print(
        f"{'scale':>6} {'visitors':>9} {'affinities':>11} {'pairs':>11} {'seconds':>8} {'cpu s':>7} {'peak MB':>8} "
        f"{'file MB':>8} {'cut':>5}"
    )
    for scale in arguments.scales:
        count = arguments.visitors * scale
        found = in_own_process(run, count, arguments.threads)
        print(
            f"{scale:>5}x {count:>9,} {found.affinities:>11,} {found.pairs:>11,} {found.clock:>8.1f} "
            f"{found.cpu:>7.1f} {found.peak_mb:>8,} {found.file_mb:>8.1f} {found.cut:>5}",
            flush=True,
        )
    for days in arguments.days:
        ten, every = aged(10 * arguments.visitors, days)
        print(
            f"{days:>5} days: of a list of before {ten:.1%} of the first ten stand, {every:.1%} of all",
            flush=True,
        )


if __name__ == "__main__":
    main()
