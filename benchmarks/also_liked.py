"""Time and memory of learning what is also liked at 1x, 10x and 100x, from the marts to Parquet as the asset does.

    python benchmarks/also_liked.py [--visitors 10000] [--scales 1 10 100]

The shop is that of ``visitor_similarity.py``: at 100x a million visitors with 6 million affinities to 50,000
products, of which the 5,000 with the most visitors are learned. Beside it stands one multiplication of two dense
matrices of so many products, on one thread as their inverse is. Last, what a run costs whose inputs are as they were.

Each scale runs in a process of its own, so that its peak of memory is its own (the marts are in it).
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.machine import describe_machine, in_own_process
from benchmarks.visitor_similarity import shop_affinities

NOW = datetime(2026, 6, 1, 12)


class Measured(NamedTuple):
    """One scale; seconds are of CPU."""

    affinities: int
    products: int
    pairs: int
    learn: float
    clock: float
    multiply: float
    again: float
    peak_mb: int


def measure(visitors: int) -> Measured:
    from orchestration.recommend.also_liked import TABLE, refresh
    from orchestration.recommend.rebuild import RebuildRule
    from orchestration.recommend.tables import derived_file

    affinities = shop_affinities(visitors)
    with duckdb.connect() as warehouse, tempfile.TemporaryDirectory() as folder:
        warehouse.execute("set enable_progress_bar = false")
        warehouse.register("shop", affinities)
        warehouse.execute("""
            create table visitor_product_affinity as select visitor_id, product_id, 1.0 as affinity from shop;
            create table int_visitor_product_days as
            select
                visitor_id, product_id, 1 as views, 0 as carts, 0 as purchases,
                date '2026-06-01' - cast(hash(visitor_id, product_id) % 90 as integer) as day
            from shop;
            create table crowded_affinities (visitor_id varchar, product_id varchar);
            create table int_as_of as select timestamp '2026-06-01 09:00:00' as as_of
        """)
        warehouse.unregister("shop")
        begin, clock = time.process_time(), time.perf_counter()
        refresh(Path(folder), warehouse, RebuildRule(1.0, NOW))
        learn, clock = time.process_time() - begin, time.perf_counter() - clock
        begin = time.process_time()
        assert not refresh(Path(folder), warehouse, RebuildRule(1.0, NOW + timedelta(hours=1))).is_due
        again = time.process_time() - begin
        pairs = pq.read_table(derived_file(Path(folder), TABLE), columns=["key"])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    products = len(pc.unique(pairs["key"]))
    square = np.random.default_rng(1).random((products, products))
    with threadpool_limits(1, user_api="blas"):
        begin = time.process_time()
        square @ square
        multiply = time.process_time() - begin
    return Measured(affinities.num_rows, products, pairs.num_rows, learn, clock, multiply, again, peak)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--visitors", type=int, default=10_000, help="visitors at 1x")
    parser.add_argument("--scales", type=int, nargs="+", default=[1, 10, 100])
    arguments = parser.parse_args()
    print(describe_machine("numpy", "duckdb"))
    print(
        f"{'scale':>6} {'visitors':>10} {'affinities':>11} {'learned':>8} {'pairs':>8} {'cpu s':>7} {'clock s':>8} "
        f"{'of a product':>13} {'again cpu s':>12} {'peak MB':>8}"
    )
    for scale in arguments.scales:
        visitors = arguments.visitors * scale
        found = in_own_process(measure, visitors)
        print(
            f"{scale:>5}x {visitors:>10,} {found.affinities:>11,} {found.products:>8,} {found.pairs:>8,} "
            f"{found.learn:>7.2f} {found.clock:>8.2f} {found.learn / max(found.multiply, 1e-9):>13.1f} "
            f"{found.again:>12.3f} {found.peak_mb:>8,}",
            flush=True,
        )


if __name__ == "__main__":
    main()
