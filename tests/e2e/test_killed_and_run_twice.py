"""Real order lines, imported twice, with importer, collector and pipeline killed on the way: every line counts once.
So it is after the warehouse was damaged, and the days were rebuilt.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from footfall.landing.directory import unsealed
from footfall.runtime.paths import Paths
from footfall.runtime.supervisor import footfall_command
from orchestration.storage.environment import DBT_PROJECT
from orchestration.warehouse import dbt_runner
from orchestration.warehouse.reconcile import reconcile
from tests.built_shop import wait_until_sealed
from tests.e2e.conftest import Line

pytestmark = pytest.mark.pipeline

LINES = 6000
#: What the file's first lines say: orders and refunds, their lines and revenue.
OF_THE_FILE = """
    with lines as (
      select
        invoice_no,
        quantity < 0 or starts_with(invoice_no, 'C') as is_refund,
        abs(quantity) * cast(unit_price as decimal(18, 4)) * case when is_refund then -1 else 1 end as amount
      from (select * from read_parquet(?) limit ?)
    ),
    invoices as (
      select invoice_no, is_refund, count(*) as lines, round(sum(amount), 2) as revenue from lines group by all
    )
    select is_refund, count(*), sum(lines), cast(sum(revenue) as decimal(18, 2)) from invoices group by all order by all
"""
OF_THE_MART = """
    select is_refund, count(*), sum(lines), cast(sum(revenue) as decimal(18, 2)) from orders group by all order by all
"""


def killed(line: Line, when: Callable[[], Any], *arguments: str) -> bool:
    """Start a command and SIGKILL its whole process group as soon as it has come so far; whether it was still
    running."""
    process = subprocess.Popen(
        footfall_command(*arguments),
        env=line.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while process.poll() is None:
        if when():
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return True
        time.sleep(0.005)
    return False


def the_lake_is_written(paths: Paths) -> bool:
    """The loader is at work, or has just ended."""
    return any(paths.lake.glob("events/received_date=2*/*"))


def a_model_is_built(paths: Paths) -> bool:
    """dbt is at work: so large is the file with a table or two of these lines in it."""
    return paths.warehouse.exists() and paths.warehouse.stat().st_size > 1_000_000


def test_kills_and_second_runs_change_no_number(
    empty_line: Line, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = empty_line
    file = str(shared / "data" / "online-retail" / "online_retail.parquet")
    order_lines = ["import", "online-retail", file, "--limit", str(LINES)]
    settings = line.settings
    collector = line.processes.children[-1]
    killed(line, lambda: unsealed(settings.paths.landing), *order_lines)
    os.killpg(collector.process.pid, signal.SIGKILL)
    line.processes.restart(collector.name)
    line.processes.wait_ready(line.processes.children[-1], f"{settings.collector_url}/readyz")
    line.footfall(*order_lines)
    wait_until_sealed(settings)
    assert killed(line, lambda: the_lake_is_written(settings.paths), "run")
    assert killed(line, lambda: a_model_is_built(settings.paths), "run")
    line.footfall(*order_lines)
    time.sleep(settings.seal_seconds)
    wait_until_sealed(settings)
    line.footfall("run")

    # Neither an increment nor a build of what is new would notice these.
    with duckdb.connect(str(settings.paths.warehouse)) as warehouse:
        for damage in (
            "update base_footfall__messages set order_id = 'o', device = 'd' where message_no % 10 = 0",
            "update stg_shop__orders set revenue = 1 where not is_refund",
            "delete from int_orders where is_refund",
        ):
            assert warehouse.execute(damage).fetchall()[0][0] > 0
    days = sorted(
        folder.name.removeprefix("received_date=") for folder in settings.paths.lake.glob("events/*=2*")
    )
    line.footfall("run", "--days", f"{days[0]}:{days[-1]}")

    with duckdb.connect(str(settings.paths.warehouse), read_only=True) as warehouse:

        def rows(query: str) -> list[Any]:
            return warehouse.execute(query).fetchall()

        assert rows("select count(*) from stg_footfall__events") == [(LINES,)]
        assert rows(
            "select sum(sent), sum(accepted), sum(staged), sum(failed) from import_reconciliation"
        ) == [(LINES, LINES, LINES, 0)]
        assert rows("select count(*) from import_reconciliation where not is_balanced") == [(0,)]
        assert rows(OF_THE_MART) == duckdb.execute(OF_THE_FILE, [file, LINES]).fetchall()
        # Made again by the last run, of tables that are held against others below.
        for made in ("visitor_product_affinity", "visitor_affinity", "product_recommendations"):
            assert rows(f"select count(*) > 0 from {made}") == [(True,)], made

    # Orders, people, links and all else that grows: as a build from nothing has it. Of orders alone no session comes.
    monkeypatch.setenv("FOOTFALL_DATA", str(settings.data))
    manifest = json.loads(dbt_runner.manifest_of(DBT_PROJECT).read_text())
    compared = {each.model: each for each in reconcile(DBT_PROJECT, manifest, settings)}
    assert compared["stg_shop__orders"].rows > 0
    assert [each for each in compared.values() if not each.equal] == []
