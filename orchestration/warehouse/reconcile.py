"""Is the warehouse that grew by increments the one that a build from nothing would give?

A second warehouse is built whole from the lake, up to the newest load that is staged, and every incremental model that
depends on events alone is held against it. What looks back only so far (``lake_lookback_loads``, ``dedup_days``) can
miss something older; this is where it shows.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from footfall.runtime.paths import Paths
from footfall.settings import Settings
from orchestration.storage.atomic_write import write_durably
from orchestration.storage.duckdb_files import exclusive, in_memory, notice_damage, sql_path
from orchestration.storage.personal_data import RECONCILE
from orchestration.warehouse import dbt_runner

#: When a row was computed is no part of what it says.
BOOKKEEPING = frozenset({"staged_at", "built_at", "linked_at"})
#: dbt tag of models that tell what each run did, or are as of the run that wrote a row, and so differ with the runs.
LOG = "log"
#: Sums of doubles depend on the order of their parts in the last bits; decayed scores are told to six decimals.
DECIMALS = 6
SAMPLES = 3
SELECT = ["--select", "+config.materialized:incremental", "--exclude", "source:derived+"]


class Comparison(msgspec.Struct, frozen=True):
    """One model: its rows, and how many stand in one warehouse alone. ``samples`` are some of those, as JSON."""

    model: str
    rows: int
    only_in_warehouse: int = 0
    only_in_rebuild: int = 0
    samples: list[str] = []

    @property
    def equal(self) -> bool:
        return not (self.only_in_warehouse or self.only_in_rebuild)


def reconcile(project: Path, manifest: Mapping[str, Any], settings: Settings) -> list[Comparison]:
    """Build the second warehouse, compare, remove it. The warehouse is held meanwhile: nothing else can grow it.

    What differs stands in ``differences_file`` afterwards: rows name people, and Dagster's log could not forget them.

    Takes as long as a build from nothing and as much disk as the warehouse. Raises DbtFailed where the build fails,
    duckdb.IOException where there is no warehouse yet, WarehouseDamaged where a block of it can't be read.
    """
    place = settings.paths.data / RECONCILE
    with exclusive(settings.paths), notice_damage(settings.paths):
        with duckdb.connect(str(settings.paths.warehouse), read_only=True) as warehouse:
            found = warehouse.execute(
                "select coalesce(max(load_id), 0) from base_footfall__messages"
            ).fetchall()
        _remove(place)
        place.mkdir()
        try:
            dbt_runner.invoke(
                project,
                [
                    "build", "--full-refresh", *SELECT,
                    "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test",
                    "--vars", json.dumps({"lake_last_load": found[0][0]}),
                ],
                target="reconcile",
            )  # fmt: skip
            dbt_runner.close_warehouse()
            compared = _compare(settings, place / "warehouse.duckdb", manifest)
        finally:
            dbt_runner.close_warehouse()
            _remove(place)
        if different := [each for each in compared if not each.equal]:
            content = msgspec.json.format(msgspec.json.encode(different))
            write_durably(differences_file(settings.paths), lambda aside: aside.write_bytes(content))
        return compared


def differences_file(paths: Paths) -> Path:
    """Samples of the rows that the last comparison found different; not there where it found none."""
    return paths.data / RECONCILE / "differences.json"


def _remove(place: Path) -> None:
    if place.exists():
        shutil.rmtree(place)


def _compare(settings: Settings, rebuilt: Path, manifest: Mapping[str, Any]) -> list[Comparison]:
    models = sorted(
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        and node["config"]["materialized"] == "incremental"
        and LOG not in node["tags"]
    )
    with in_memory(settings.paths.data, settings.warehouse_memory) as connection:
        connection.execute(f"attach '{sql_path(settings.paths.warehouse)}' as grown (read_only)")
        connection.execute(f"attach '{sql_path(rebuilt)}' as rebuilt (read_only)")
        tables = set(
            connection.execute(
                "select database_name, table_name from duckdb_tables() where not internal"
            ).fetchall()
        )
        return [
            _compare_model(connection, name, is_built=("grown", name) in tables)
            for name in models
            if ("rebuilt", name) in tables
        ]


def _compare_model(connection: duckdb.DuckDBPyConnection, model: str, *, is_built: bool) -> Comparison:
    if not is_built:
        rows = connection.execute(f"select count(*) from rebuilt.main.{model}").fetchall()[0][0]
        return Comparison(model, 0, only_in_rebuild=rows, samples=["the warehouse has no such table yet"])
    columns = ", ".join(
        f'round("{name}", {DECIMALS}) as "{name}"' if kind == "DOUBLE" else f'"{name}"'
        for name, kind in connection.execute(
            "select column_name, data_type from duckdb_columns() where database_name = 'rebuilt' and table_name = ?"
            " order by column_name",
            [model],
        ).fetchall()
        if name not in BOOKKEEPING
    )
    both = {place: f"(select {columns} from {place}.main.{model})" for place in ("grown", "rebuilt")}
    # A sum of hashes first: rows by the hundred million are compared one with another only where they differ.
    sums = {
        place: connection.execute(
            f"select count(*), sum(cast(hash(each) as hugeint)) from {rows} as each"
        ).fetchall()[0]
        for place, rows in both.items()
    }
    if sums["grown"] == sums["rebuilt"]:
        return Comparison(model, sums["grown"][0])
    alone = {
        place: f"(select * from {both[place]} except all select * from {both[other]})"
        for place, other in (("grown", "rebuilt"), ("rebuilt", "grown"))
    }
    counts = {
        place: connection.execute(f"select count(*) from {rows}").fetchall()[0][0]
        for place, rows in alone.items()
    }
    samples = [
        f"{place}: {row}"
        for place, rows in alone.items()
        for (row,) in connection.execute(
            f"select to_json(each) from {rows} as each limit {SAMPLES}"
        ).fetchall()
    ]
    return Comparison(model, sums["grown"][0], counts["grown"], counts["rebuilt"], samples)
