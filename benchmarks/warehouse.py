"""Cost of the warehouse: full build and increment against hand-written SQL of the same sessions and the scan floor.

A lake of generated events with realistic skew (a few huge visitors, a long tail, copies, logins, orders) is built
by dbt into a temporary directory, then one per cent more events arrive and are built as an increment. Beside it
stand a plain DuckDB script that makes the same sessions from the same files, and the time to read the files.

Run: python benchmarks/warehouse.py [--events 100000 --events 1000000] [--lane sessions --lane fast]
100 million events need about 100 GB of disk and an hour. Exits 1 where the two disagree on a session.
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

from benchmarks.machine import describe_machine
from footfall.settings import load_settings
from orchestration.lib.lake_schema import prepare_lake

PROJECT = Path(__file__).resolve().parents[1] / "dbt_project"
THREADS = 2
#: What is built: sessions alone (comparable to the script), or all that a click rebuilds.
LANES = {"sessions": "+int_sessions", "fast": "tag:fast"}


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


def generate(con: duckdb.DuckDBPyConnection, lake: Path, events: int, load_id: int, seed: int) -> None:
    """Write one load: sessions of about eight events of visitors picked by a power law, 2 % of messages twice."""
    con.execute(f"select setseed({seed / 1000})")
    segment = f"bench-{load_id:06d}"
    target = lake / "events" / "received_date=2026-04-01" / f"{load_id:012d}-{segment}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    schema = lake / "events" / "received_date=1970-01-01" / "000000000000-schema.parquet"
    columns = con.execute(
        f"describe select * from read_parquet('{schema}', hive_partitioning = false)"
    ).fetchall()
    con.execute(f"""
        create or replace temp table generated as
        with visits as (
            select
                range as visit,
                cast(greatest({events} / 25, 10) * pow(random(), 3) as bigint) as visitor,
                timestamp '2026-03-01' + to_seconds(cast(random() * 2592000 as bigint))
                    + to_days({30 if load_id > 1 else 0}) as started_at,
                cast(least(1 - ln(random()) * 7, 200) as integer) as length
            from range(cast({events} / 8.0 as bigint))
        ),
        clicks as (
            select visit, visitor, started_at, unnest(range(length)) as step from visits
        )
        select
            'g' || visitor as guest,
            -- every fifth visitor logs in on the third event of a visit
            case when visitor % 5 = 0 and step >= 2 then 'u' || visitor // 2 end as user_id,
            started_at + to_milliseconds(cast(step * 45000 + random() * 40000 as bigint)) as happened_at,
            case step % 8
                when 0 then null when 1 then 'Product Clicked' when 2 then 'Product Viewed' when 3 then 'Product Viewed'
                when 4 then 'Element Clicked' when 5 then 'Product Option Selected' when 6 then 'Product Added'
                else case when visitor % 3 = 0 then 'Order Completed' else 'Product Viewed' end
            end as event,
            'm{load_id}-' || visit || '-' || step as message_id,
            'p' || cast(2000 * pow(random(), 2) as integer) as product_id,
            step
        from clicks
        limit {events}
    """)
    values = {
        "load_id": str(load_id),
        "segment_id": f"'{segment}'",
        "frame_no": "0",
        "message_no": "row_number() over () - 1",
        "source": "'shop_pixel'",
        "trusted": "false",
        "message_id": "message_id",
        "type": "case when event is null then 'page' else 'track' end",
        "event": "event",
        "guest_token": "guest",
        "user_id": "user_id",
        "occurred_at": "happened_at",
        "original_at": "happened_at",
        "sent_at": "happened_at",
        "received_at": f"timestamp '2026-04-01 08:00:00' + to_minutes({load_id})",
        "page_path": "'/products/' || product_id",
        "page_url": "'https://shop.example/products/' || product_id",
        "page_referrer": "case when step = 0 then 'https://www.google.com/' end",
        "product_id": "case when event like 'Product%' then product_id end",
        "properties": (
            "case when event = 'Order Completed' then json_object('order_id', message_id, 'currency', 'EUR', "
            "'products', [{'product_id': product_id, 'price': 20, 'quantity': 1}])::varchar "
            'when event is null then \'{"page_type": "product"}\' '
            "else json_object('product_id', product_id, 'name', 'Product ' || product_id, 'price', 20)::varchar end"
        ),
        "context": "'{}'",
        "traits": "'{}'",
        "is_bot": "false",
    }
    chosen = ", ".join(f"cast({values.get(name, 'null')} as {kind}) as {name}" for name, kind, *_ in columns)
    con.execute(f"""
        copy (
            select {chosen}
            from (select * from generated union all select * from generated using sample 2 percent (bernoulli, 1))
        ) to '{target}' (format parquet, compression zstd)
    """)


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


def dbt(data: Path, select: str, *, views: bool = True) -> Build:
    """Run the selected models in a process of its own. Raises CalledProcessError where a model fails.

    Without ``views`` as the pipeline's fast lane does: a view stands.
    """
    target = data / "target"
    command = [
        sys.executable,
        "-c",
        RUN,
        "--quiet",
        "run",
        "--select",
        *select.split(),
        *(() if views else ("--exclude", "config.materialized:view")),
    ]
    command += ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(target)]
    environment = {**os.environ, "FOOTFALL_DATA": str(data), "DO_NOT_TRACK": "1", "DBT_LOG_PATH": str(data)}
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


def by_hand(data: Path, files: str) -> tuple[float, float]:
    """Seconds and CPU seconds of the script."""
    with duckdb.connect(str(data / "by_hand.duckdb"), config={"threads": THREADS}) as con:
        con.execute("set preserve_insertion_order = false")
        started, cpu_started = time.perf_counter(), time.process_time()
        con.execute(BY_HAND.format(files=files))
        return time.perf_counter() - started, time.process_time() - cpu_started


def scan_floor(files: str) -> float:
    """Seconds to read every column of the files once."""
    with duckdb.connect(config={"threads": THREADS}) as con:
        started = time.perf_counter()
        con.execute(
            f"select bit_xor(hash(columns(*))) from read_parquet('{files}', hive_partitioning = false)"
        ).fetchall()
        return time.perf_counter() - started


def agree(data: Path) -> bool:
    """Both made the same sessions: device, first and last moment, number of events."""
    with duckdb.connect(config={"threads": THREADS}) as con:
        con.execute(
            f"attach '{data / 'warehouse.duckdb'}' as dbt (read_only); attach '{data / 'by_hand.duckdb'}' as hand"
        )
        ((differences,),) = con.execute("""
            select count(*) from (
                (select device, started_at, ended_at, events from dbt.int_sessions
                 except all select guest_token, started_at, ended_at, events from hand.sessions)
                union all
                (select guest_token, started_at, ended_at, events from hand.sessions
                 except all select device, started_at, ended_at, events from dbt.int_sessions)
            )
        """).fetchall()
        return bool(differences == 0)


def measure(events: int, lane: str, directory: Path) -> bool:
    data = directory / f"{lane}-{events}"
    lake = data / "lake"
    os.environ["FOOTFALL_DATA"] = str(data)
    prepare_lake(load_settings().paths)
    with duckdb.connect(config={"threads": THREADS}) as con:
        generate(con, lake, events, 1, 7)
    files = f"{lake}/events/*/*.parquet"
    # the fast lane reads two slow tables as they were last built
    full = dbt(
        data, LANES[lane] if lane == "sessions" else f"{LANES[lane]} product_co_views product_co_purchases"
    )
    line = f"{lane:9} {events:>11,}  full {full.seconds:7.1f} s {full.peak_mb:7,.0f} MB"
    same = True
    if lane == "sessions":
        (hand, hand_cpu), floor = by_hand(data, files), scan_floor(files)
        same = agree(data)
        line += f"  by hand {hand:6.1f} s (x{full.seconds / hand:4.2f}, by CPU x{full.cpu_seconds / hand_cpu:4.2f})"
        line += f"  scan {floor:5.1f} s (x{full.seconds / floor:4.1f})"
        line += "  same sessions" if same else "  SESSIONS DIFFER"
    with duckdb.connect(config={"threads": THREADS}) as con:
        generate(con, lake, max(events // 100, 1), 2, 8)
    more = dbt(data, LANES[lane], views=False)
    print(f"{line}  +1 % {more.seconds:6.1f} s ({more.seconds / full.seconds:6.1%})")
    print(
        f"{'':22} CPU: full {full.cpu_seconds:.1f} s, +1 % {more.cpu_seconds:.1f} s"
        f" ({more.cpu_seconds / full.cpu_seconds:.1%})"
    )
    print(f"{'':22} dbt's own start: full {full.start_seconds:.1f} s, +1 % {more.start_seconds:.1f} s")
    for model, seconds in sorted(full.models.items(), key=lambda item: -item[1]):
        print(f"{'':22} {model:32} full {seconds:8.2f} s   +1 % {more.models.get(model, 0):8.2f} s")
    sys.stdout.flush()
    return same


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, action="append", help="default 100000 and 1000000")
    parser.add_argument("--lane", choices=list(LANES), action="append", help="default both")
    parser.add_argument(
        "--directory", type=Path, help="where the lake is made (default: a temporary directory)"
    )
    arguments = parser.parse_args()
    print(describe_machine("duckdb", "dbt-duckdb"), flush=True)
    same = True
    with tempfile.TemporaryDirectory(dir=arguments.directory) as directory:
        for events in arguments.events or [100_000, 1_000_000]:
            for lane in arguments.lane or list(LANES):
                same &= measure(events, lane, Path(directory))
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
