"""Real order lines, imported twice, with importer, collector and pipeline killed on the way: the same numbers."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from footfall.processes import Processes, footfall_command
from footfall.settings import Settings, load_settings
from tests.conftest import new_port
from tests.e2e.conftest import Line, wait_until_sealed

pytestmark = pytest.mark.line

LINES = 6000
NUMBERS = {
    "staged": "select count(*) from stg_footfall__events",
    "orders": "select count(*), sum(revenue) from stg_shop__orders",
    "sessions": "select count(*), sum(events), sum(revenue), min(session_id), max(session_id) from sessions",
    "affinity": "select count(*), round(sum(affinity), 6) from visitor_product_affinity",
    "similar": "select count(*), round(sum(score), 6) from product_recommendations",
    "neighbours": "select count(*), round(sum(score), 6) from visitor_affinity",
    "people": "select count(*), sum(revenue) from visitors",
    "unbalanced": "select count(*) from import_reconciliation where not is_balanced",
    "ledger": "select sum(sent), sum(accepted), sum(staged), sum(failed) from import_reconciliation",
}


@pytest.fixture
def new_line(tmp_path: Path) -> Iterator[Any]:
    """Lines of their own; each has its collector running."""
    with Processes(tmp_path / "logs") as processes:

        def make(name: str) -> Line:
            env = {key: value for key, value in os.environ.items() if not key.startswith("FOOTFALL_")}
            env |= {
                "FOOTFALL_CONFIG": os.devnull,
                "FOOTFALL_DATA": str(tmp_path / name),
                "FOOTFALL_SEAL_SECONDS": "1",
                "FOOTFALL_MIN_FREE_BYTES": "0",
                "FOOTFALL_COLLECTOR_PORT": str(new_port()),
            }
            line = Line(load_settings(env), env, processes)
            line.start(f"collector-{name}", "collect", url=f"{line.settings.collector_url}/readyz")
            return line

        yield make


def numbers(settings: Settings) -> dict[str, Any]:
    with duckdb.connect(str(settings.paths.warehouse), read_only=True) as warehouse:
        return {name: warehouse.execute(query).fetchall() for name, query in NUMBERS.items()}


def killed(line: Line, after: float, *arguments: str) -> bool:
    """Start a verb and SIGKILL its whole process group after so many seconds; whether it was still running."""
    process = subprocess.Popen(
        footfall_command(*arguments),
        env=line.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def test_kills_and_second_runs_change_no_number(new_line: Any, shared: Path) -> None:
    file = str(shared / "data" / "online-retail" / "online_retail.parquet")
    order_lines = ["import", "online-retail", file, "--limit", str(LINES)]

    clean: Line = new_line("clean")
    clean.footfall(*order_lines)
    wait_until_sealed(clean.settings)
    clean.footfall("run")
    expected = numbers(clean.settings)
    assert expected["ledger"] == [(LINES, LINES, LINES, 0)]
    assert expected["unbalanced"] == [(0,)]

    rough: Line = new_line("rough")
    collector = rough.processes.children[-1]
    killed(rough, 2.0, *order_lines)
    os.killpg(collector.process.pid, signal.SIGKILL)
    rough.processes.restart(collector.name)
    rough.processes.wait_ready(rough.processes.children[-1], f"{rough.settings.collector_url}/readyz")
    rough.footfall(*order_lines)
    wait_until_sealed(rough.settings)
    # Python's imports take 5 to 8 s here; the kills fall into the loader, dbt and what follows, on any machine
    # somewhere. The first one is for a machine on which a run takes less than the second.
    interrupted = [killed(rough, seconds, "run") for seconds in (4.0, 11.0)]
    assert any(interrupted)
    rough.footfall(*order_lines)
    time.sleep(rough.settings.seal_seconds)
    wait_until_sealed(rough.settings)
    rough.footfall("run")
    assert numbers(rough.settings) == expected
