"""What it costs to find the rows of a few thousand visitors in a table of millions, by how the table is laid out.

A table like int_visitor_product_days, some fifteen rows a visitor by a power law, in the order of time; in the
order of its visitors; with a hash of the visitor id beside it; and in the order of its visitors with a quarter of
the rows appended since, batch by batch. Printed are CPU seconds, the least of three.

Run: python benchmarks/clustering.py [--rows 5200000]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.machine import describe_machine

THREADS = 2
#: Rows that an increment of 10,000 events appends.
BATCH = 9_000
#: How many visitors are looked for: those of 1 % more events, and of a batch.
TOUCHED = {"13,000 visits": 13_000, "1,250 visits": 1_250}
#: Tables by name, as a select over the rows in the order of time.
LAYOUTS = {
    "in the order of time": "select * from days",
    "with a hash": "select *, hash(visitor_id) as visitor_key from days",
    "clustered": "select * from days order by hash(visitor_id)",
    "clustered, with a hash": "select *, hash(visitor_id) as visitor_key from days order by hash(visitor_id)",
}
BY_TEXT = "from laid_out as d inner join touched as t on d.visitor_id = t.visitor_id"
BY_HASH = "from laid_out as d inner join touched as t on d.visitor_key = t.visitor_key"
#: What is asked of a table, and whether it takes a hash column.
LOOKUPS = {
    "text: count": ("select count(*) " + BY_TEXT, False),
    "text: two columns": ("select max(d.product_id), max(d.last_at) " + BY_TEXT, False),
    "text: all columns": ("select bit_xor(hash(d)) " + BY_TEXT, False),
    "hash: count": ("select count(*) " + BY_HASH, True),
    "hash: two columns": ("select max(d.product_id), max(d.last_at) " + BY_HASH, True),
    "hash: all columns": ("select bit_xor(hash(d)) " + BY_HASH, True),
    "hash, then text: two columns": (
        "select max(d.product_id), max(d.last_at)"
        " from (select * from laid_out where visitor_key in (select visitor_key from touched)) as d"
        " inner join touched as t on d.visitor_id = t.visitor_id",
        True,
    ),
    "row ids by hash: two columns": (
        "with found as materialized"
        " (select rowid as row_id from laid_out where visitor_key in (select visitor_key from touched))"
        " select max(product_id), max(last_at) from laid_out where rowid in (select row_id from found)",
        True,
    ),
}


def cpu_seconds(con: duckdb.DuckDBPyConnection, query: str, times: int = 1) -> float:
    taken = []
    for _ in range(times):
        started = time.process_time()
        con.execute(query).fetchall()
        taken.append(time.process_time() - started)
    return min(taken)


def visitor(visitors: int) -> str:
    """The id of a visitor picked by a power law, as SQL: as long as a pixel's token."""
    return f"'g_' || substr(md5(cast(cast({visitors} * pow(random(), 3) as bigint) as varchar)), 1, 22)"


def generate(con: duckdb.DuckDBPyConnection, rows: int) -> None:
    con.execute("select setseed(0.5)")
    happened_at = f"timestamp '2026-03-01' + to_seconds(range * 2592000.0 / {rows})"
    con.execute(f"""
        create table days as
        select
            {visitor(rows // 15)} as visitor_id,
            'p' || cast(2000 * pow(random(), 2) as integer) as product_id,
            cast(random() * 3 as bigint) as views,
            cast(random() * 2 as bigint) as carts,
            0::bigint as purchases,
            cast({happened_at} as date) as day,
            {happened_at} as last_view_at,
            case when random() < 0.3 then {happened_at} end as last_cart_at,
            {happened_at} as last_at,
            timestamp '2026-04-01' as built_at
        from range({rows})
    """)


def measure(con: duckdb.DuckDBPyConnection, layout: str, has_hash: bool, visitors: int) -> None:
    con.execute("checkpoint")
    for name, visits in TOUCHED.items():
        con.execute("select setseed(0.25)")
        con.execute(f"""
            create or replace temp table touched as
            select visitor_id, hash(visitor_id) as visitor_key
            from (select distinct {visitor(visitors)} as visitor_id from range({visits}))
        """)
        ((found, rows),) = con.execute(
            "select (select count(*) from touched), count(*) from laid_out semi join touched using (visitor_id)"
        ).fetchall()
        print(f"{layout}: the {rows:,} rows of {found:,} visitors ({name})")
        for lookup, (query, takes_hash) in LOOKUPS.items():
            if has_hash or not takes_hash:
                print(f"    {lookup:32} {cpu_seconds(con, query, 3):7.3f}", flush=True)


def append_batches(con: duckdb.DuckDBPyConnection) -> float:
    """Three quarters of the rows in order, then the rest in batches; CPU seconds to put all in order again."""
    con.execute(
        "create table laid_out as select * from days where hash(last_at) % 4 != 0 order by hash(visitor_id)"
    )
    con.execute("create temp table later as select * from days where hash(last_at) % 4 = 0")
    ((rows,),) = con.execute("select count(*) from later").fetchall()
    for first in range(0, rows, BATCH):
        con.execute(f"""
            insert into laid_out
            select * from later where rowid between {first} and {first + BATCH - 1} order by hash(visitor_id)
        """)
    return cpu_seconds(con, "create table again as select * from laid_out order by hash(visitor_id)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=5_200_000, help="default: %(default)s")
    arguments = parser.parse_args()
    visitors = arguments.rows // 15
    print(describe_machine("duckdb"), flush=True)
    with (
        tempfile.TemporaryDirectory() as directory,
        duckdb.connect(f"{directory}/days.duckdb", config={"threads": THREADS, "memory_limit": "4GB"}) as con,
    ):
        con.execute("set preserve_insertion_order = false")
        generate(con, arguments.rows)
        for layout, rows in LAYOUTS.items():
            written = cpu_seconds(con, f"create table laid_out as {rows}")
            print(f"{layout}: written in {written:.2f} CPU-s")
            measure(con, layout, "hash" in layout, visitors)
            con.execute("drop table laid_out")
        again = append_batches(con)
        print(f"clustered, a quarter appended since: in order again in {again:.2f} CPU-s")
        measure(con, "clustered, a quarter appended since", False, visitors)
    return 0


if __name__ == "__main__":
    sys.exit(main())
