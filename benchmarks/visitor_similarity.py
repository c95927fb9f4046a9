"""Time and memory of visitor similarity at 1x, 10x and 100x, written to Parquet as the asset does.

    python benchmarks/visitor_similarity.py [--visitors 2000] [--scales 1 10 100]

Visitors look at 1 to 60 products (median 4), popularity after Zipf over a tenth as many products as
visitors (at most 50,000), a twelfth of them buy. Each scale runs in a process of its own, so that its peak
of memory is its own.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

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


def run(visitors: int, threads: int) -> tuple[int, int, float, float, float, int, int]:
    """(affinities, pairs, seconds, processor seconds, megabytes on disk, peak MB, products cut)."""
    from orchestration.lib.derived import write_derived
    from orchestration.lib.visitor_similarity import VisitorSimilarity

    table = shop_affinities(visitors)
    begin, cpu = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        similarity = VisitorSimilarity(table, threads=threads)
        pairs = 0

        def counted() -> Iterator[pa.Table]:
            nonlocal pairs
            for part in similarity.tables(datetime(2026, 3, 1)):
                pairs += part.num_rows
                yield part

        path = write_derived(Path(folder), "visitor_affinity", counted())
        size = path.stat().st_size / 2**20
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return table.num_rows, pairs, seconds, cpu, size, peak, similarity.reports["behaviour"].cut_products


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--visitors", type=int, default=2000, help="visitors at 1x")
    parser.add_argument("--scales", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    print(describe_machine("numpy", "scipy", "sparse-dot-topn"))
    print(
        f"{'scale':>6} {'visitors':>9} {'affinities':>11} {'pairs':>11} {'seconds':>8} {'cpu s':>7} {'peak MB':>8} "
        f"{'file MB':>8} {'cut':>5}"
    )
    for scale in arguments.scales:
        count = arguments.visitors * scale
        rows, pairs, seconds, cpu, size, peak, cut = in_own_process(run, count, arguments.threads)
        print(
            f"{scale:>5}x {count:>9,} {rows:>11,} {pairs:>11,} {seconds:>8.1f} {cpu:>7.1f} "
            f"{peak:>8,} {size:>8.1f} {cut:>5}",
            flush=True,
        )


if __name__ == "__main__":
    main()
