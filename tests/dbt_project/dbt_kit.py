"""A small lake of our own and dbt in this process: these tests need no loader and no server.

``Lake`` writes Parquet files as the loader does (its columns, and the file names of the lake's contract);
``Warehouse`` builds the project from it with ``dbtRunner`` into a temporary directory.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from footfall.importing.ledger import LEDGER_SCHEMA
from footfall.runtime.paths import Paths
from orchestration.lake.schema import (
    DERIVED,
    DERIVED_TABLES,
    EVENTS,
    FAILED_EVENTS,
    LANDING_COUNTS,
    PRODUCTS,
    prepare_lake,
)

PROJECT_DIR = Path(__file__).resolve().parents[2] / "dbt_project"
FIXTURES = Path(__file__).resolve().parents[3] / "shared" / "fixtures"

NOON = datetime(2026, 3, 1, 12, 0, 0)


def _write(path: Path, schema: pa.Schema, rows: Sequence[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {name: [row.get(name) for row in rows] for name in schema.names}
    pq.write_table(pa.table(columns, schema=schema), path)


def message(
    event: str | None,
    at: datetime,
    *,
    guest: str | None = "g1",
    user: str | None = None,
    message_id: str | None = None,
    properties: dict[str, Any] | None = None,
    **columns: Any,
) -> dict[str, Any]:
    """One row of lake/events. ``event`` None makes a page message; the message id is a hash of the
    content unless it is given, so that the same call twice is a copy."""
    properties = properties or {}
    row: dict[str, Any] = {
        "source": "shop_pixel",
        "trusted": False,
        "type": "page" if event is None else "track",
        "event": event,
        "guest_token": guest,
        "user_id": user,
        "occurred_at": at,
        "original_at": at,
        "sent_at": at,
        "product_id": properties.get("product_id"),
        "variant_id": properties.get("variant_id"),
        "properties": json.dumps(properties),
        "context": "{}",
        "traits": "{}",
        "is_bot": False,
        **columns,
    }
    if message_id is None:
        message_id = hashlib.sha1(json.dumps(row, default=str, sort_keys=True).encode()).hexdigest()[:16]
    row["message_id"] = message_id
    return row


@dataclass
class Lake:
    """A lake directory. Every call of ``load`` is one loader run."""

    root: Path
    load_id: int = 0
    received_at: datetime = field(default_factory=lambda: datetime(2026, 4, 1, 8, 0, 0))

    def __post_init__(self) -> None:
        prepare_lake(Paths(self.root))

    def load(
        self,
        rows: Iterable[dict[str, Any]],
        *,
        received_at: datetime | None = None,
        failed: Iterable[dict[str, Any]] = (),
    ) -> int:
        """Write one load of messages; all arrive at ``received_at`` unless a row says otherwise."""
        self.load_id += 1
        arrived = received_at or self.received_at + timedelta(minutes=self.load_id)
        segment_id = f"20260401-{self.load_id:06d}"
        place = {"load_id": self.load_id, "segment_id": segment_id, "frame_no": 0}
        days: dict[date, list[dict[str, Any]]] = {}
        for number, row in enumerate(rows):
            full = {"received_at": arrived, **row, **place, "message_no": number}
            days.setdefault(full["received_at"].date(), []).append(full)
        failures = [
            {"received_at": arrived, "stage": "collector", **row, **place, "message_no": 10_000 + n}
            for n, row in enumerate(failed)
        ]
        counts: dict[tuple[str, datetime], list[int]] = {}
        # what fails at load was accepted by the collector
        landed = [(0, row) for day in days.values() for row in day]
        landed += [(int(row["stage"] != "load"), row) for row in failures]
        for index, full in landed:
            hour = full["received_at"].replace(minute=0, second=0, microsecond=0)
            counts.setdefault((full["source"], hour), [0, 0])[index] += 1
        name = f"{self.load_id:012d}-{segment_id}.parquet"
        for day, day_rows in days.items():
            _write(self.root / f"lake/events/received_date={day}/{name}", EVENTS, day_rows)
        partition = f"received_date={arrived.date()}"
        if failures:
            _write(self.root / f"lake/failed_events/{partition}/{name}", FAILED_EVENTS, failures)
        _write(
            self.root / f"lake/landing_counts/{partition}/{name}",
            LANDING_COUNTS,
            [
                {**place, "source": s, "received_hour": h, "frames": 1, "accepted": ok, "rejected": bad}
                for (s, h), (ok, bad) in counts.items()
            ],
        )
        return self.load_id

    def catalog(self, products: Iterable[dict[str, Any]], *, captured_at: datetime = NOON) -> None:
        """Write one capture of the catalog."""
        self.load_id += 1
        rows = [
            {
                "load_id": self.load_id,
                "captured_at": captured_at,
                "handle": product["product_id"],
                "title": product["product_id"].title(),
                "tags": [],
                "collections": [],
                "price": Decimal("10.00"),
                "currency": "EUR",
                "available": True,
                "variants": "[]",
                "source_file": "products.json",
                **product,
            }
            for product in products
        ]
        _write(self.root / f"lake/products/{self.load_id:012d}-capture.parquet", PRODUCTS, rows)

    def derive(
        self,
        name: str,
        rows: Iterable[dict[str, Any]],
        *,
        computed_at: datetime = NOON,
    ) -> None:
        """Replace a table that a Python asset makes."""
        full = [{"model_version": "test", "computed_at": computed_at, **row} for row in rows]
        schema = {**DERIVED, **DERIVED_TABLES}[name]
        _write(self.root / f"lake/derived/{name}/{name}.parquet", schema, full)

    def ledger(self, rows: Iterable[dict[str, Any]]) -> None:
        """Write an importer's ledger."""
        _write(self.root / "ledgers" / "import.parquet", LEDGER_SCHEMA, list(rows))


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@dataclass
class Warehouse:
    """dbt over one data directory. ``select`` of None means every model.

    The project is parsed once for all of them and the manifest handed to each run: nothing in it depends on
    the data directory or on vars, which are looked up when a model is compiled.
    """

    data: Path
    target_path: Path
    _manifests: ClassVar[dict[Path, Any]] = {}

    def dbt(
        self,
        *arguments: str,
        variables: dict[str, Any] | None = None,
        listen: Callable[[Any], None] | None = None,
    ) -> None:
        """Run one dbt command in this process, its events told to ``listen``; a failure fails the test with dbt's own
        messages."""
        command = list(arguments)
        if variables:
            command += ["--vars", json.dumps(variables)]
        if self.target_path not in self._manifests:
            self._manifests[self.target_path] = self._invoke(["parse"], None)
        if arguments[0] != "parse":
            self._invoke([*command, "--no-write-json"], self._manifests[self.target_path], listen)

    def _invoke(self, command: list[str], manifest: Any, listen: Callable[[Any], None] | None = None) -> Any:
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        command += [
            "--project-dir", str(PROJECT_DIR),
            "--profiles-dir", str(PROJECT_DIR),
            "--target-path", str(self.target_path),
            "--log-level-file", "none",
            "--quiet",
        ]  # fmt: skip
        here = Path.cwd()
        try:
            with _environment(FOOTFALL_DATA=str(self.data), DO_NOT_TRACK="1"):
                result = dbtRunner(manifest=manifest, callbacks=[listen] if listen else []).invoke(command)
        finally:
            # dbt-duckdb keeps the file open for the next run in this process; tests read it in between.
            DuckDBConnectionManager.close_all_connections()
            os.chdir(here)
        if not result.success:
            failures = [
                f"{each.node.name}: {each.message}"
                for each in getattr(result.result, "results", [])
                if each.status not in ("success", "pass", "warn")
            ]
            pytest.fail(f"dbt {command[0]} failed: {result.exception or ''}\n" + "\n".join(failures))
        return result.result

    def run(
        self,
        select: str | None = None,
        *,
        full_refresh: bool = False,
        variables: dict[str, Any] | None = None,
        command: str = "run",
        listen: Callable[[Any], None] | None = None,
    ) -> None:
        arguments = [command]
        if select:
            arguments += ["--select", *select.split()]
        if full_refresh:
            arguments.append("--full-refresh")
        self.dbt(*arguments, variables=variables, listen=listen)

    def warnings(self, select: str, *, command: str = "build", **variables: Any) -> list[str]:
        """What dbt warns of while it builds and tests; ends each with how many rows its test had."""
        told: list[str] = []

        def listen(event: Any) -> None:
            if event.info.name == "JinjaLogWarning":
                told.append(event.data.msg)
            elif event.info.name == "LogTestResult" and event.data.status == "warn":
                told.append(f"{event.data.name}: {event.data.num_failures}")

        self.run(select, command=command, variables=variables, listen=listen)
        return told

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query on what dbt built."""
        with (
            _environment(FOOTFALL_DATA=str(self.data)),
            duckdb.connect(str(self.data / "warehouse.duckdb"), read_only=True) as connection,
        ):
            return connection.execute(sql).fetchall()
