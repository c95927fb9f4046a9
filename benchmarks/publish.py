"""What a publish costs: everything again, nothing changed, one price changed, and a batch of clicks.

    python benchmarks/publish.py [--scale 1 10 100] [--batches 50] [--json OUT]

At scale 1 a synthetic shop has 2,000 visitors with 50 recommendations, 20 neighbours, 10 affinities and a segment
each, and 10,000 products with three lists of 30. A batch of clicks touches one visitor in a thousand (their card,
their list and their scores), and every affinity fades. More of them follow, each by other visitors: their mean has in
it what rewriting a base costs once a tenth of its keys changed. The peer, in the same run: the files of the full
publish, copied and synced, which is what a writer that only copied would take. Shares of the full publish are of CPU
time, which other work on the machine disturbs least.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.machine import describe_machine
from benchmarks.shop import click, make_marts
from footfall.snapshot.format import read_manifest
from orchestration.serving.publish import SnapshotReport, build_snapshot, prune, publish

PRODUCTS, VISITORS = 10_000, 2_000
MEMORY = "4GB"
MANY = "batches, mean"


def copy_synced(version_dir: Path, to: Path) -> float:
    """Seconds to read a version's files and write them elsewhere, durably."""
    to.mkdir()
    started = time.perf_counter()
    for name in read_manifest(version_dir).files:
        with (version_dir / name).open("rb") as source, (to / name).open("wb") as sink:
            while chunk := source.read(1 << 20):
                sink.write(chunk)
            sink.flush()
            os.fsync(sink.fileno())
    return time.perf_counter() - started


def neighbours(visitors: int) -> str:
    """Twenty other visitors for each, with five products behind it: in a real shop the largest table."""
    return f"""
        create or replace table visitor_affinity as
        select 'g_' || i as visitor_id, 'g_' || ((i + n * 7) % {visitors}) as other_visitor_id, n as rank,
            1.0 / n as score, 'blend' as source, ['p' || n, 'p' || (n + i % 100), 'p7', 'p8', 'p9'] as shared
        from range({visitors}) as r(i), range(1, 21) as q(n)
    """


def measure(scale: int, batches: int) -> dict[str, Any]:
    visitors = VISITORS * scale
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as directory:
        serving = Path(directory) / "serving"
        with duckdb.connect(config={"memory_limit": MEMORY}) as con:
            make_marts(con, PRODUCTS, visitors)
            con.execute(neighbours(visitors))

            def next_version(name: str) -> dict[str, Any]:
                before = time.process_time()
                report: SnapshotReport = build_snapshot(con, serving, version=name)
                cpu = time.process_time() - before
                publish(serving, name)
                prune(serving, keep=2)
                return {
                    "seconds": report.seconds,
                    "cpu_seconds": round(cpu, 3),
                    "written_mib": round(report.bytes_written / 2**20, 1),
                    "files": f"{report.files_written}/{report.files}",
                }

            result: dict[str, Any] = {"visitors": visitors, "everything": next_version("full")}
            result["copy_synced_seconds"] = round(copy_synced(serving / "full", Path(directory) / "copy"), 3)
            result["nothing"] = next_version("same")
            con.execute("update products set price = price + 1 where product_id = 'p1'")
            result["a price"] = next_version("price")
            click(con, visitors, 0)
            result["clicks"] = next_version("clicks")
            later = []
            for batch in range(1, batches + 1):
                click(con, visitors, batch)
                later.append(next_version(f"batch{batch}"))
            if later:
                result[MANY] = {
                    "seconds": round(sum(row["seconds"] for row in later) / batches, 3),
                    "cpu_seconds": round(sum(row["cpu_seconds"] for row in later) / batches, 3),
                    "written_mib": round(sum(row["written_mib"] for row in later) / batches, 1),
                    "files": later[-1]["files"],
                    "most_cpu_seconds": max(row["cpu_seconds"] for row in later),
                }
            return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--batches", type=int, default=50, help="batches of clicks that follow")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print(describe_machine("duckdb"))
    heads = f"{'seconds':>9}{'CPU s':>9}{'of full':>9}{'of copy':>9}{'MiB written':>13}{'files':>9}"
    print(f"{'visitors':>9}  {'what changed':14}{heads}")
    results = []
    for scale in options.scale:
        result = measure(scale, options.batches)
        results.append(result)
        full, copied = result["everything"]["cpu_seconds"], result["copy_synced_seconds"]
        for name in ("everything", "nothing", "a price", "clicks", MANY):
            if (row := result.get(name)) is None:
                continue
            print(
                f"{result['visitors']:>9,}  {name:14}{row['seconds']:>9.2f}{row['cpu_seconds']:>9.2f}"
                f"{row['cpu_seconds'] / full:>9.2f}{row['seconds'] / copied:>9.1f}"
                f"{row['written_mib']:>13,.1f}{row['files']:>9}",
                flush=True,
            )
        print(f"{result['visitors']:>9,}  {'(copy, synced)':14}{copied:>9.2f}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
