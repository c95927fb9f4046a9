"""What many small files cost a reader of the lake, and what merging them costs and saves.

    python benchmarks/compaction.py [--files 100 1000 10000]

A day of so many sealed segments of 40 messages each, as the loader writes it. Printed: a look at every row (what the
reconciliation does hourly) and the listing of the names (what every increment does), before and after; and what the
merge takes beside one DuckDB statement that reads the same files and writes one, without names, marks or locks.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.machine import describe_machine
from footfall.runtime.paths import Paths
from orchestration.lake.compaction import compact
from orchestration.lake.schema import EVENTS, LANDING_COUNTS, prepare_lake

MESSAGES = 40
DAY = datetime(2026, 3, 1)


def make_day(paths: Paths, files: int) -> None:
    """One file of events and one mark for each segment."""
    prepare_lake(paths)
    for number in range(files):
        segment = f"20260301T{number:09d}Z"
        name = f"{number + 1:012d}-{segment}.parquet"
        at = DAY + timedelta(seconds=number)
        rows = [
            {
                "load_id": number + 1, "segment_id": segment, "frame_no": 0, "message_no": each, "source": "shop_pixel",
                "trusted": False, "message_id": f"{number}-{each}", "type": "track", "event": "Product Viewed",
                "guest_token": f"g{(number * 7 + each) % 5000}", "occurred_at": at, "received_at": at,
                "page_url": f"https://shop.example/products/{each}", "page_path": f"/products/{each}",
                "product_id": f"p{each}", "properties": '{"product_id": "p"}', "context": "{}", "is_bot": False,
            }
            for each in range(MESSAGES)
        ]  # fmt: skip
        count = {
            "load_id": number + 1, "segment_id": segment, "source": "shop_pixel", "received_hour": DAY, "frames": 1,
            "accepted": MESSAGES, "rejected": 0, "segment_digest": "0" * 32, "segment_bytes": 30_000,
        }  # fmt: skip
        for table, schema, content in (("events", EVENTS, rows), ("landing_counts", LANDING_COUNTS, [count])):
            path = paths.lake / table / "received_date=2026-03-01" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(content, schema), path, compression="zstd")


def seconds(statement: str) -> float:
    began = time.perf_counter()
    duckdb.sql(statement).fetchall()
    return time.perf_counter() - began


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, nargs="+", default=[100, 1_000, 10_000])
    print(describe_machine("duckdb", "pyarrow"))
    print(
        f"{'files':>7} {'':>7} {'MiB':>6} {'read all s':>11} {'list s':>7} {'merge s':>8} {'of one statement':>17}"
    )
    for files in parser.parse_args().files:
        with tempfile.TemporaryDirectory() as folder:
            paths = Paths(Path(folder))
            make_day(paths, files)
            pattern = f"{paths.lake}/events/*/*.parquet"
            look = f"select count(*), max(occurred_at) from read_parquet('{pattern}', union_by_name = true)"
            listing = f"select count(*) from glob('{pattern}')"
            rows = duckdb.sql(look).fetchall()
            for state in ("before", "after"):
                merge = ratio = ""
                if state == "after":
                    floor = seconds(
                        f"copy (from read_parquet('{pattern}', union_by_name = true)) to '{folder}/floor.parquet'"
                        " (format parquet, compression zstd)"
                    )
                    began = time.perf_counter()
                    compact(paths, today=date(2026, 4, 1), recent_loads=0)
                    took = time.perf_counter() - began
                    merge, ratio = f"{took:.1f}", f"{took / floor:.1f}"
                    assert duckdb.sql(look).fetchall() == rows
                size = sum(file.stat().st_size for file in paths.lake.rglob("*.parquet")) / 2**20
                print(
                    f"{files:>7,} {state:>7} {size:>6.1f} {seconds(look):>11.3f} {seconds(listing):>7.3f}"
                    f" {merge:>8} {ratio:>17}"
                )


if __name__ == "__main__":
    main()
