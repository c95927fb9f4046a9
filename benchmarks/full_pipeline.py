"""Time and memory of each step of the full pipeline, over real order lines.

    python benchmarks/full_pipeline.py ../shared/data/online-retail/online_retail.parquet [--limit N]

Sends the file through a real collector, then runs the whole asset graph in this process, and samples the
process's memory while each step runs. The floor it is held against: DuckDB reading the same file into a table once.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.machine import describe_machine
from footfall.landing.directory import unsealed
from footfall.runtime.supervisor import Processes, footfall_command
from footfall.settings import load_settings

PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> int:
    """Bytes of memory that this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


class Steps:
    """Seconds and peak memory of each step, from Dagster's events and a sampling thread."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, float, int]] = []
        self.name, self.began, self.peak = "", 0.0, 0
        threading.Thread(target=self._sample, daemon=True).start()

    def _sample(self) -> None:
        while True:
            self.peak = max(self.peak, resident())
            time.sleep(0.02)

    def see(self, entry: Any) -> None:
        event = entry.dagster_event
        if event is None or event.step_key is None:
            return
        if event.is_step_start:
            self.name, self.began, self.peak = event.step_key, time.perf_counter(), resident()
        elif event.is_step_success or event.is_step_failure:
            self.rows.append((self.name, time.perf_counter() - self.began, self.peak))


def land(file: str, limit: int | None, env: dict[str, str]) -> tuple[float, float]:
    """Send the file through the collector; seconds of the import, and of sealing what it sent."""
    settings = load_settings(env)
    with Processes(settings.paths.logs) as processes:
        collector = processes.start("collector", footfall_command("collect"), env)
        processes.wait_ready(collector, f"{settings.collector_url}/readyz")
        began = time.perf_counter()
        limits = ["--limit", str(limit)] if limit else []
        subprocess.run(
            footfall_command("import", "online-retail", file, *limits),
            env=env,
            check=True,
            capture_output=True,
        )
        sent = time.perf_counter()
        while unsealed(settings.paths.landing):
            time.sleep(0.05)
        return sent - began, time.perf_counter() - sent


def run_line(env: dict[str, str]) -> tuple[Steps, float, Any]:
    os.environ.update(env)
    began = time.perf_counter()
    from orchestration.storage.environment import export

    export(load_settings(), os.environ)
    import dagster as dg
    from dagster._core.utils import make_new_run_id

    from orchestration.definitions import defs

    loaded = time.perf_counter() - began
    steps, run_id = Steps(), make_new_run_id()
    with dg.DagsterInstance.get() as instance:
        instance.add_event_listener(run_id, steps.see)
        result = defs.resolve_job_def("full_pipeline").execute_in_process(
            instance=instance,
            run_id=run_id,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    return steps, loaded, result


def floor(file: str) -> float:
    import duckdb

    began = time.perf_counter()
    duckdb.sql(f"create table lines as select * from '{file}'")
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file")
    parser.add_argument("--limit", type=int)
    arguments = parser.parse_args()
    file = str(Path(arguments.file).absolute())
    print(describe_machine())
    with tempfile.TemporaryDirectory() as data:
        env = {
            **os.environ, "FOOTFALL_DATA": data, "FOOTFALL_SEAL_SECONDS": "1", "FOOTFALL_CURRENCY": "GBP",
            "FOOTFALL_COLLECTOR_PORT": "18710", "FOOTFALL_MIN_FREE_BYTES": "0",
        }  # fmt: skip
        sent, sealed = land(file, arguments.limit, env)
        steps, loaded, result = run_line(env)
        print(f"\n{'step':<34}{'seconds':>9}{'peak MiB':>10}")
        print(f"{'import through the collector':<34}{sent:>9.1f}\n{'sealing':<34}{sealed:>9.1f}")
        print(f"{'loading definitions':<34}{loaded:>9.1f}")
        for name, seconds, peak in steps.rows:
            print(f"{name:<34}{seconds:>9.1f}{peak / 2**20:>10.0f}")
        total = sent + sealed + loaded + sum(seconds for _, seconds, _ in steps.rows)
        scan = floor(file)
        print(f"{'all':<34}{total:>9.1f}")
        print(
            f"\nDuckDB reads the file into a table in {scan:.2f} s: "
            f"the full pipeline takes {total / scan:.0f} times that"
        )
        if not result.success:
            sys.exit("the run failed; its steps are above")


if __name__ == "__main__":
    main()
