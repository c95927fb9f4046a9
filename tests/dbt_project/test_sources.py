"""The sources are the lake: its columns, where its files are, and how fresh they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from dbt_kit import Lake, Warehouse, message

from footfall.importing.ledger import LEDGER_SCHEMA
from orchestration.lake import schema

TABLES: dict[str, dict[str, pa.Schema]] = {
    "lake": {**schema.GROWING, "set_aside": schema.SET_ASIDE},
    "derived": {**schema.DERIVED, **schema.DERIVED_TABLES},
    "ledgers": {"imports": LEDGER_SCHEMA},
}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return Warehouse(tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("target"))


@pytest.fixture(scope="module")
def manifest(warehouse: Warehouse) -> Any:
    """Of this data directory: where a source's files are is looked up when the project is parsed."""
    return warehouse._invoke(["parse"], None)


def test_freshness_is_that_of_the_lake(warehouse: Warehouse, manifest: Any) -> None:
    """The newest message counts: a day old it is an error, half a day a warning."""
    lake = Lake(warehouse.data)
    now = datetime.now(UTC).replace(tzinfo=None)
    for name in ("product_also_liked", "visitor_affinity"):
        lake.derive(name, [{"key": "a", "other": "b", "rank": 1, "score": 0.5}], computed_at=now)

    def freshness(age: timedelta) -> dict[str, str]:
        lake.load([message("Product Viewed", now - age)], received_at=now - age)
        found = warehouse._invoke(["source", "freshness"], manifest).results
        return {each.node.name: str(each.status) for each in found if each.node.resource_type == "source"}

    with pytest.raises(pytest.fail.Exception, match="events: "):
        freshness(timedelta(hours=25))
    others = {"product_also_liked": "pass", "visitor_affinity": "pass"}
    assert freshness(timedelta(hours=13)) == {"events": "warn", **others}
    assert freshness(timedelta(hours=1)) == {"events": "pass", **others}


def test_sources_describe_the_columns_that_the_loader_writes(manifest: Any) -> None:
    found: dict[str, dict[str, list[str]]] = {}
    for node in manifest.sources.values():
        found.setdefault(node.source_name, {})[node.name] = list(node.columns)
        assert all(column.description.strip() for column in node.columns.values()), node.name
    assert found == {
        source: {name: schema.names for name, schema in each.items()} for source, each in TABLES.items()
    }
