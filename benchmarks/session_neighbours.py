"""Session neighbours at 1x, 10x and 100x: learning the index, its file, and the answer to a running session.

    python benchmarks/session_neighbours.py [--sessions 25000] [--scales 1 10 100]

Sessions of 2 to 40 clicks (median 6) on a fiftieth as many products (500 to 50,000), popularity after Zipf, each
session around one part of the catalogue. At 100x: 2,500,000 sessions on 50,000 products, some 18 million clicks.

learn    beside one sort of the same clicks by product and session: no index of them can be had for less.
+1 %     one per cent more sessions, a tenth as many old ones with one click more: what is on disk is brought up to
         date from the table of a warehouse file, as the asset does it, beside the same from nothing.
+1/30    the same with a thirtieth: a day of a shop that keeps a month.
days     ten such days in a row from a rebuild on, each run counted, merges and rebuilds too: what a day of them costs.
         Then one more, refreshed each hour. As shares of the rebuild, which had no more than the first day's sessions.
request  next_products for running sessions of 1 to 5 products, as the API asks it, beside the same overlap counted by a
         scan of every click; and of the index with those changes beside it, in CPU milliseconds, which the answers of
         the index alone take turns with.

Each scale runs in a process of its own, so that its peak of memory is its own (the clicks as a table are in it).
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.machine import describe_machine, in_own_process

REQUESTS, SCANS, DAYS, HOURS = 2_000, 10, 10, 24
#: A day is one in so many of the days that a shop keeps.
DAY = 30
FIRST = datetime(2026, 6, 1)


class Measured(NamedTuple):
    """One scale: seconds, of CPU from ``whole`` to ``day`` and of the days; milliseconds; megabytes."""

    products: int
    clicks: int
    sort: float
    learn: float
    peak_mb: int
    file_mb: float
    p50_ms: float
    p99_ms: float
    scan_ms: float
    whole: float
    more: float
    day: float
    history_mb: float
    changes_mb: float
    alone_ms: float
    changed_ms: float
    first: float
    by_days: float
    large_by_days: int
    by_hours: float
    large_by_hours: int


def shop_sessions(
    sessions: int, seed: int = 1, *, more_of: int | None = None
) -> tuple[pa.Table, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(the mart session_products, session number and product number of its rows).

    more_of: these come after so many others of the same shop.
    """
    dice = np.random.default_rng(seed)
    products = min(max((more_of or sessions) // 50, 500), 50_000)
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
    number = (more_of or 0) + np.arange(sessions)
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


def mart(clicks: pa.Table, built_at: datetime) -> pa.Table:
    """Clicks as the warehouse has them."""
    moments = pa.array(np.full(clicks.num_rows, np.datetime64(built_at, "us")))
    return clicks.append_column("built_at", moments)


def later(clicks: pa.Table, sessions: int, one_in: int) -> pa.Table:
    """The mart with one in so many sessions more, and a tenth as many old ones with one click more."""
    later = datetime(2026, 6, 2)
    more, _, _ = shop_sessions(max(sessions // one_in, 1), seed=3, more_of=sessions)
    goes_on = sessions - max(sessions // (10 * one_in), 1)
    is_old = pc.less(clicks["session_id"], f"{goes_on:032x}")
    old, going = clicks.filter(is_old), clicks.filter(pc.invert(is_old))
    last = going.group_by("session_id").aggregate([("place", "max"), ("ended_at", "max")])
    once_more = pa.table(
        {
            "session_id": last["session_id"],
            "product_id": pa.array(["7000000"] * last.num_rows),
            "place": pc.add(last["place_max"], pa.scalar(1, pa.int32())),
            "ended_at": last["ended_at_max"],
        },
        schema=clicks.schema,
    )
    return pa.concat_tables([mart(old, FIRST), *(mart(part, later) for part in (going, once_more, more))])


def running_sessions(products: int) -> list[list[str]]:
    dice = np.random.default_rng(2)
    return [
        [
            str(7_000_000 + n)
            for n in np.minimum(dice.zipf(1.3, dice.integers(1, 6)) - 1, products - 1).tolist()
        ]
        for _ in range(REQUESTS)
    ]


def increments(sessions: int) -> tuple[float, float, float, float, float, float, float]:
    """(CPU seconds of a rebuild by the asset's way, of an increment of 1 % and of 1/30, MB of the history and of the
    changes, CPU milliseconds of an answer without and with them). Changes are those of 1 %.
    """
    from footfall.snapshot.session_index import SessionIndex
    from orchestration.recommend.session_refresh import refresh
    from orchestration.recommend.tables import session_changes_file, session_history_file, session_index_file

    clicks, _, _ = shop_sessions(sessions)
    took = []
    with tempfile.TemporaryDirectory() as name, duckdb.connect(str(Path(name, "shop.duckdb"))) as warehouse:
        folder = Path(name)
        warehouse.execute(
            "set enable_progress_bar = false; create table crowded_sessions (session_id varchar)"
        )
        # 1 % last: its changes are what answers are asked of.
        for one_in in (None, DAY, 100):
            warehouse.register("rows", later(clicks, sessions, one_in) if one_in else mart(clicks, FIRST))
            warehouse.execute("create or replace table session_products as from rows")
            warehouse.unregister("rows")
            begin = time.process_time()
            refreshed = refresh(folder, warehouse, FIRST)
            took.append(time.process_time() - begin)
            assert (refreshed.why_whole is None) == (one_in is not None)
        assert refreshed.learned >= sessions // 100
        files = [session_history_file(folder), session_changes_file(folder)]
        history, changes = (file.stat().st_size / 2**20 for file in files)
        indexes = SessionIndex.open(session_index_file(folder)), refreshed.index
        answers = [0.0, 0.0]
        for viewed in running_sessions(refreshed.index.seen_products):
            for which, index in enumerate(indexes):
                begin = time.process_time()
                index.next_products(viewed, 50)
                answers[which] += time.process_time() - begin
    whole, day, more = took
    return whole, more, day, history, changes, *(1000 * seconds / REQUESTS for seconds in answers)


def goes_on(warehouse: duckdb.DuckDBPyConnection, sessions: int, came: int, now: datetime) -> None:
    """So many sessions more in the warehouse, and a tenth as many of the last ones with one click more."""
    more, _, _ = shop_sessions(came, seed=10 + sessions, more_of=sessions)
    warehouse.register("rows", mart(more, now))
    first = f"{sessions - max(came // 10, 1):032x}"
    warehouse.execute("update session_products set built_at = ? where session_id >= ?", [now, first])
    warehouse.execute(
        """
        insert into session_products
        select session_id, '7000000', max(place) + 1, max(ended_at), max(built_at)
        from session_products where session_id >= ? group by session_id
        """,
        [first],
    )
    warehouse.execute("insert into session_products from rows")
    warehouse.unregister("rows")


def days(sessions: int) -> tuple[float, float, int, float, int]:
    """(CPU seconds of the rebuild; of a day where each is one run, how many of these runs were more than an increment;
    the same of a day of as many runs as hours)."""
    from orchestration.recommend.session_refresh import refresh

    with tempfile.TemporaryDirectory() as name, duckdb.connect(str(Path(name, "shop.duckdb"))) as warehouse:
        folder = Path(name)
        warehouse.execute(
            "set enable_progress_bar = false; create table crowded_sessions (session_id varchar)"
        )
        warehouse.register("rows", mart(shop_sessions(sessions)[0], FIRST))
        warehouse.execute("create table session_products as from rows")
        warehouse.unregister("rows")
        begin = time.process_time()
        refresh(folder, warehouse, FIRST)
        found: list[float] = [time.process_time() - begin]
        now, there = FIRST, sessions
        for runs, in_a_day in ((DAYS, 1), (HOURS, HOURS)):
            took, large = 0.0, 0
            for _ in range(runs):
                came, now = sessions // (DAY * in_a_day), now + timedelta(days=1) / in_a_day
                goes_on(warehouse, there, came, now)
                there += came
                begin = time.process_time()
                refreshed = refresh(folder, warehouse, now)
                took += time.process_time() - begin
                large += refreshed.merged or refreshed.why_whole is not None
            assert refreshed.index.sessions == there
            found += [took * in_a_day / runs, large]
    first, by_days, large_by_days, by_hours, large_by_hours = found
    return first, by_days, int(large_by_days), by_hours, int(large_by_hours)


def run(sessions: int) -> Measured:
    """Three processes, each with a peak of its own."""
    return Measured(
        *in_own_process(learning, sessions),
        *in_own_process(increments, sessions),
        *in_own_process(days, sessions),
    )


def learning(sessions: int) -> tuple[int, int, float, float, int, float, float, float, float]:
    """The first part of ``Measured``."""
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
    return products, clicks.num_rows, sort, learn, peak, size, cuts[49], cuts[98], scan


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
        f"{'file MB':>8} {'p50 ms':>7} {'p99 ms':>7} {'of scan':>8} {'whole cpu s':>12} {'+1 % cpu s':>11} "
        f"{'share':>6} {'+1/30':>6} {'share':>6} {'history MB':>11} {'changes MB':>11} {'cpu ms':>7} {'changed':>8} "
        f"{'a day':>7} {'share':>6} {'large':>6} {'by hours':>9} {'share':>6} {'large':>6}"
    )
    for scale in arguments.scales:
        count = arguments.sessions * scale
        found = run(count)
        print(
            f"{scale:>5}x {count:>10,} {found.products:>9,} {found.clicks:>11,} {found.learn:>8.2f} "
            f"{found.learn / found.sort:>8.1f} {found.peak_mb:>8,} {found.file_mb:>8.1f} {found.p50_ms:>7.2f} "
            f"{found.p99_ms:>7.2f} {found.p50_ms / found.scan_ms:>8.3f} {found.whole:>12.2f} {found.more:>11.2f} "
            f"{found.more / found.whole:>6.1%} {found.day:>6.2f} "
            f"{found.day / found.whole:>6.1%} {found.history_mb:>11.1f} {found.changes_mb:>11.1f} "
            f"{found.alone_ms:>7.3f} {found.changed_ms:>8.3f} "
            f"{found.by_days:>7.2f} {found.by_days / found.first:>6.1%} {found.large_by_days:>6} "
            f"{found.by_hours:>9.2f} {found.by_hours / found.first:>6.1%} {found.large_by_hours:>6}",
            flush=True,
        )


if __name__ == "__main__":
    main()
