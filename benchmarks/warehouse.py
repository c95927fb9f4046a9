"""Cost of the warehouse: full build and increment against hand-written SQL of the same sessions and the scan floor.

A lake of generated events with realistic skew (a few huge visitors, a long tail, copies, logins, orders) is built
by dbt into a temporary directory. Then come increments: nothing new, one per cent more events, a batch. Beside it
stand a plain DuckDB script that makes the same sessions from the same files, the time to read the files, and, over the
events as dbt staged them, sessions by lag and a running sum beside the models that do just that.

Run: python benchmarks/warehouse.py [--events 100000 --events 1000000] [--sessions-only] [--memory 8GB]
100 million events need about 60 GB of disk and an hour. Exits 1 where the two disagree on a session.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.events import generate, history_of, increments_of
from benchmarks.machine import describe_machine
from footfall.settings import load_settings
from orchestration.lake.schema import prepare_lake

PROJECT = Path(__file__).resolve().parents[1] / "dbt_project"
THREADS = 2
#: What is built: sessions first (comparable to the script), then the rest of what a click rebuilds.
SESSIONS = ["--select", "+int_sessions"]
REST_OF_FAST = ["--select", "tag:fast", "--exclude", "+int_sessions"]
#: Slow tables that the fast lane reads as they were last built.
SLOW_INPUTS = ["--select", "product_co_views", "product_co_purchases"]
#: As the pipeline's fast lane does it: a view stands.
NO_VIEWS = ["--exclude", "config.materialized:view"]


@dataclass(frozen=True)
class Build:
    """One dbt run. ``seconds`` from the first model's start to the last one's end; dbt's own start stands apart.

    ``cpu_seconds`` are the same stretch by the process's own clock, which other work on the machine stretches less.
    ``models`` are the seconds of each model, dbt's compiling included; two run at once, so they add up to more.
    """

    seconds: float
    cpu_seconds: float
    start_seconds: float
    peak_mb: float
    models: dict[str, float]

    def __add__(self, other: Build) -> Build:
        """One after the other."""
        return Build(
            self.seconds + other.seconds,
            self.cpu_seconds + other.cpu_seconds,
            self.start_seconds + other.start_seconds,
            max(self.peak_mb, other.peak_mb),
            {**self.models, **other.models},
        )


#: dbt in a process of its own; prints the CPU seconds from the first model's start to the last one's end.
RUN = """
import sys, time
from dbt.cli.main import dbtRunner
marks = []
def note(event):
    if event.info.name in ("NodeStart", "NodeFinished"):
        marks.append(time.process_time())
result = dbtRunner(callbacks=[note]).invoke(sys.argv[1:])
if not result.success:
    sys.exit(1)
print("CPU", marks[-1] - marks[0])
"""


def dbt(data: Path, selection: list[str]) -> Build:
    """Run the selected models in a process of its own. Raises CalledProcessError where a model fails."""
    target = data / "target"
    command = [sys.executable, "-c", RUN, "--quiet", "run", *selection]
    command += ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(target)]
    environment = {
        **os.environ,
        "FOOTFALL_DATA": str(data),
        "PYTHONPATH": str(PROJECT.parent),
        "DO_NOT_TRACK": "1",
        "DBT_LOG_PATH": str(data),
    }
    began = time.time()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise subprocess.CalledProcessError(status, command)
    results = json.loads((target / "run_results.json").read_text())["results"]
    moments = [
        datetime.fromisoformat(t[k]).timestamp()
        for r in results
        for t in r["timing"]
        for k in ("started_at", "completed_at")
    ]
    return Build(
        seconds=max(moments) - min(moments),
        cpu_seconds=float(output.rsplit("CPU", 1)[1]),
        start_seconds=min(moments) - began,
        peak_mb=usage.ru_maxrss / 1024,
        models={r["unique_id"].split(".")[-1]: r["execution_time"] for r in results},
    )


def written_rows(data: Path) -> dict[str, tuple[int, int]]:
    """Of each model that notes when its rows were made: how many the last run made, if not all, and of how many."""
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as con:
        noted = con.execute("""
            select table_name, max(column_name) filter (column_name = 'built_at'), max(column_name)
            from duckdb_columns() semi join duckdb_tables() using (table_name)
            where column_name in ('built_at', 'staged_at')
            group by table_name
        """).fetchall()
        return {
            table: con.execute(
                f"select count(*) filter ({built or staged} = newest and newest > oldest), count(*) from {table}"
                f" cross join (select min({built or staged}) as oldest, max({built or staged}) as newest from {table})"
            ).fetchall()[0]
            for table, built, staged in noted
        }


#: What somebody in a hurry would write: copies dropped, gaps by lag, one aggregate. No caps, channels, stitching.
BY_HAND = """
    create or replace table events as
    select * exclude (copy) from (
        select *, row_number() over (partition by source, message_id order by load_id, message_no) as copy
        from read_parquet('{files}', hive_partitioning = false)
        where not is_bot
    ) where copy = 1;
    create or replace table sessionized as
    select *, sum(case when opens then 1 else 0 end) over (
        partition by guest_token order by occurred_at, message_id
    ) as session_number
    from (
        select *, coalesce(occurred_at - lag(occurred_at) over (
            partition by guest_token order by occurred_at, message_id
        ) > interval 30 minutes, true) as opens
        from events
    );
    create or replace table sessions as
    select
        guest_token, session_number, min(occurred_at) as started_at, max(occurred_at) as ended_at, count(*) as events,
        arg_max(user_id, occurred_at) as user_id, arg_min(page_path, occurred_at) as landing_page,
        arg_max(page_path, occurred_at) as exit_page, arg_min(page_referrer, occurred_at) as referrer,
        count(*) filter (type = 'page') as page_views,
        count(*) filter (event in ('Element Clicked', 'Product Clicked', 'Product Option Selected')) as clicks,
        count(distinct product_id) filter (event = 'Product Viewed') as products_viewed,
        count(*) filter (event = 'Product Added') as carts,
        count(*) filter (event = 'Order Completed') as orders
    from sessionized
    group by guest_token, session_number;
"""


#: What an aggregate by session reads of an event, beside its time.
NARROW = "event_id, device, guest_token, user_id, type, event, product_id, page_path, page_url, page_referrer, campaign"
#: The two steps of a plain sessionization over staged events: ids by gap, then an aggregate.
WINDOWS = (
    """
    create or replace table sessionized as
    select *, sum(opens) over (partition by device order by occurred_at, event_id) as session_number
    from (
        select
            {columns}, occurred_at,
            case when occurred_at - lag(occurred_at) over (partition by device order by occurred_at, event_id)
                <= interval 30 minutes then 0 else 1 end as opens
        from warehouse.stg_footfall__events
        where not is_bot
    )
    """,
    """
    create or replace table sessions as
    select
        md5(device || '|' || session_number) as session_id, device, session_number, max(guest_token) as guest_token,
        arg_max(user_id, occurred_at) as user_id, min(occurred_at) as started_at, max(occurred_at) as ended_at,
        arg_min(page_path, occurred_at) as landing_page, arg_max(page_path, occurred_at) as exit_page,
        arg_min(page_url, occurred_at) as landing_url, arg_min(page_referrer, occurred_at) as referrer,
        arg_min(campaign, occurred_at) as campaign, count(*) as events,
        count(*) filter (type = 'page') as page_views,
        count(*) filter (event in ('Element Clicked', 'Product Clicked', 'Product Option Selected')) as clicks,
        count(distinct product_id) filter (event = 'Product Viewed') as products_viewed,
        count(*) filter (event = 'Product Added') as carts
    from sessionized
    group by device, session_number
    """,
)
#: What dbt does of that, on the whole of what is staged.
SAME_STEPS = ["--full-refresh", "--select", "int_sessionized_events", "int_sessions"]


def limited(database: Path | str = ":memory:") -> duckdb.DuckDBPyConnection:
    """A connection that may use as much as dbt's."""
    return duckdb.connect(
        str(database), config={"threads": THREADS, "memory_limit": load_settings().warehouse_memory}
    )


def by_hand(data: Path, files: str) -> tuple[float, float] | None:
    """Seconds and CPU seconds of the script; None where memory and disk don't suffice for it."""
    with limited(data / "by_hand.duckdb") as con:
        con.execute("set preserve_insertion_order = false")
        started, cpu_started = time.perf_counter(), time.process_time()
        try:
            con.execute(BY_HAND.format(files=files))
        except duckdb.OutOfMemoryException as error:
            print(f"by hand: {error}", file=sys.stderr)
            return None
        return time.perf_counter() - started, time.process_time() - cpu_started


def by_windows(data: Path, columns: str) -> tuple[float, float] | None:
    """Seconds and CPU seconds of WINDOWS that carry these columns; None where memory and disk don't suffice."""
    database = data / "by_windows.duckdb"
    with limited(database) as con:
        con.execute("set preserve_insertion_order = false")
        con.execute(f"attach '{data / 'warehouse.duckdb'}' as warehouse (read_only)")
        started, cpu_started = time.perf_counter(), time.process_time()
        try:
            for step in WINDOWS:
                con.execute(step.format(columns=columns))
        except duckdb.OutOfMemoryException as error:
            print(f"by windows: {error}", file=sys.stderr)
            return None
        finally:
            database.unlink()
        return time.perf_counter() - started, time.process_time() - cpu_started


def beside_windows(data: Path) -> str:
    """What dbt takes for the two steps, and a plain sessionization of few columns and of all that dbt carries."""
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as con:
        carried = con.execute("""
            select string_agg(column_name, ', ')
            from (describe int_sessionized_events) semi join (describe stg_footfall__events) using (column_name)
            where column_name != 'occurred_at'
        """).fetchall()[0][0]
    plain = {"few columns": by_windows(data, NARROW), "all columns": by_windows(data, carried)}
    ours = dbt(data, SAME_STEPS)
    words = [f"by dbt {ours.seconds:.1f} s, {ours.cpu_seconds:.1f} CPU-s"]
    for name, taken in plain.items():
        words.append(
            f"by windows, {name}: out of memory and disk"
            if taken is None
            else f"by windows, {name}: {taken[0]:.1f} s, {taken[1]:.1f} CPU-s, dbt x{ours.seconds / taken[0]:.2f},"
            f" by CPU x{ours.cpu_seconds / taken[1]:.2f}"
        )
    return "; ".join(words)


def scan_floor(files: str) -> float:
    """Seconds to read every column of the files once."""
    with duckdb.connect(config={"threads": THREADS}) as con:
        started = time.perf_counter()
        con.execute(
            f"select bit_xor(hash(columns(*))) from read_parquet('{files}', hive_partitioning = false)"
        ).fetchall()
        return time.perf_counter() - started


def agree(data: Path) -> bool:
    """Both made the same sessions: device, first and last moment, number of events.

    Of devices that go on for longer than a session may last, which the script doesn't cut, nothing is compared.
    """
    with duckdb.connect(config={"threads": THREADS}) as con:
        con.execute(
            f"attach '{data / 'warehouse.duckdb'}' as dbt (read_only); attach '{data / 'by_hand.duckdb'}' as hand"
        )
        con.execute("""
            create temp table compared as
            select guest_token as device from hand.sessions
            group by guest_token having max(ended_at - started_at) <= interval 24 hours
        """)
        ((differences,),) = con.execute("""
            with by_dbt as (
                select device, started_at, ended_at, events from dbt.int_sessions semi join compared using (device)
            ),
            by_hand as (
                select device, started_at, ended_at, events
                from (select *, guest_token as device from hand.sessions) semi join compared using (device)
            )
            select count(*) from (
                (from by_dbt except all from by_hand) union all (from by_hand except all from by_dbt)
            )
        """).fetchall()
        return bool(differences == 0)


def measure(events: int, with_fast: bool, directory: Path) -> bool:
    """Build and print, whole, with nothing new, with 1 % more, and with a batch.

    False where the script found other sessions.
    """
    data = directory / str(events)
    lake = data / "lake"
    visitors = max(events // 25, 10)
    os.environ["FOOTFALL_DATA"] = str(data)
    prepare_lake(load_settings().paths)
    with limited() as con:
        for span in history_of(events):
            generate(con, lake, span, visitors)
    files = f"{lake}/events/*/*.parquet"
    sessions = dbt(data, SESSIONS)
    script, floor = by_hand(data, files), scan_floor(files)
    same = script is None or agree(data)
    (data / "by_hand.duckdb").unlink()
    print(f"{events:>11,}  {beside(sessions, script, floor, same)}", flush=True)
    print(f"{events:>11,}  staged events, {beside_windows(data)}", flush=True)
    fast = sessions + dbt(data, [*REST_OF_FAST, *SLOW_INPUTS]) if with_fast else None
    for span in (None, *increments_of(events)):
        if span:
            with limited() as con:
                generate(con, lake, span, visitors)
        more_events = span.events if span else 0
        more_sessions = dbt(data, [*SESSIONS, *NO_VIEWS])
        report("sessions", events, more_events, sessions, more_sessions)
        if fast:
            more = more_sessions + dbt(data, [*REST_OF_FAST, *NO_VIEWS])
            report("fast", events, more_events, fast, more)
            rows = written_rows(data) if span else {}
            for model, seconds in sorted(fast.models.items(), key=lambda item: -item[1]):
                written, of_all = rows.get(model, (0, 0))
                print(
                    f"{'':22} {model:32} full {seconds:8.2f} s   +{more_events:,} {more.models.get(model, 0):8.2f} s"
                    + (f"   {written:,} of {of_all:,} rows ({written / of_all:.1%})" if of_all else "")
                )
        sys.stdout.flush()
    return same


def beside(sessions: Build, script: tuple[float, float] | None, floor: float, same: bool) -> str:
    """What dbt took beside the script and the scan, in words."""
    of_scan = f"x{sessions.seconds / floor:.1f} of the scan ({floor:.1f} s)"
    if script is None:
        return f"by hand: out of memory and disk; sessions by dbt {of_scan}"
    seconds, cpu_seconds = script
    return (
        f"by hand {seconds:.1f} s, {cpu_seconds:.1f} CPU-s; sessions by dbt x{sessions.seconds / seconds:.2f},"
        f" by CPU x{sessions.cpu_seconds / cpu_seconds:.2f} of by hand, {of_scan};"
        f" {'same sessions' if same else 'SESSIONS DIFFER'}"
    )


def report(lane: str, events: int, more_events: int, full: Build, more: Build) -> None:
    print(
        f"{lane:9} {events:>11,}  CPU: full {full.cpu_seconds:.1f} s, +{more_events:,} {more.cpu_seconds:.1f} s"
        f" ({more.cpu_seconds / full.cpu_seconds:.1%});"
        f" clock: full {full.seconds:.1f} s, +{more_events:,} {more.seconds:.1f} s ({more.seconds / full.seconds:.1%});"
        f" peak {full.peak_mb:,.0f} and {more.peak_mb:,.0f} MB;"
        f" dbt's own start {full.start_seconds:.1f} and {more.start_seconds:.1f} s"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, action="append", help="default 100000 and 1000000")
    parser.add_argument("--sessions-only", action="store_true", help="leave out the rest of the fast lane")
    parser.add_argument(
        "--directory", type=Path, help="where the lake is made (default: a temporary directory)"
    )
    parser.add_argument("--memory", default="4GB", help="of each DuckDB connection (default: %(default)s)")
    arguments = parser.parse_args()
    os.environ["FOOTFALL_WAREHOUSE_MEMORY"] = arguments.memory
    print(describe_machine("duckdb", "dbt-duckdb"), flush=True)
    same = True
    with tempfile.TemporaryDirectory(dir=arguments.directory) as directory:
        for events in arguments.events or [100_000, 1_000_000]:
            same &= measure(events, not arguments.sessions_only, Path(directory))
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
