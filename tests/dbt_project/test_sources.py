"""The sources are the lake: its columns, where its files are, and how fresh they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from dbt_kit import PROJECT_DIR, Lake, Warehouse, message

from footfall.importing.ledger import LEDGER_SCHEMA
from orchestration.lake import schema
from orchestration.lake.event_columns import EVENT_COLUMNS

pytestmark = pytest.mark.slow  # a parse of its own

PAGE = PROJECT_DIR.parent / "docs" / "reference" / "lake.md"
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


def test_the_base_model_has_every_column_of_an_event(manifest: Any) -> None:
    """Under dbt's names of flags; ``rest`` is for those who read the lake."""
    flags = {
        "trusted": "is_trusted",
        "user_proven": "is_user_proven",
        "gpc": "has_gpc",
        "consent_analytics": "has_analytics_consent",
        "consent_marketing": "has_marketing_consent",
    }
    wanted = {flags.get(column.name, column.name) for column in EVENT_COLUMNS if column.name != "rest"}
    assert wanted <= manifest.nodes["model.footfall.base_footfall__messages"].columns.keys()


def test_the_page_of_the_lake_lists_the_columns_of_an_event(manifest: Any) -> None:
    """Names, types and fields from the declaration, meanings from dbt's source."""
    described = manifest.sources["source.footfall.lake.events"].columns
    rows = ["| column | type | field of the message | meaning |", "| --- | --- | --- | --- |"]
    for column in EVENT_COLUMNS:
        fields = ", ".join(f"`{path}`" for path in column.path.split(", ") if path)
        meaning = described[column.name].description.replace("|", "\\|")
        rows.append(f"| `{column.name}` | {column.type} | {fields} | {meaning} |")
    table = "\n".join(rows)
    if table not in PAGE.read_text():
        pytest.fail(f"the table of columns in {PAGE} should be:\n{table}")
