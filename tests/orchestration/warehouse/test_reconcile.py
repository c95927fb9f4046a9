"""The reconciliation finds what increments missed, and nothing where they missed nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import duckdb
import msgspec
import pytest

from footfall.settings import Settings
from orchestration.storage.environment import DBT_PROJECT
from orchestration.warehouse import dbt_runner
from orchestration.warehouse.reconcile import SELECT, Comparison, differences_file, reconcile
from tests.dbt_project import dbt_kit as kit

pytestmark = pytest.mark.slow

BUILD = ["build", *SELECT, "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]


@pytest.fixture
def line(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("FOOTFALL_DATA", str(settings.paths.data))
    yield settings
    dbt_runner.close_warehouse()


def test_an_event_that_no_increment_saw_is_found(line: Settings) -> None:
    lake = kit.Lake(line.paths.data)

    def views(guest: str, *minutes: int) -> list[dict[str, Any]]:
        return [
            kit.message(
                "Product Viewed",
                kit.NOON + timedelta(minutes=each),
                guest=guest,
                properties={"product_id": "p"},
            )
            for each in minutes
        ]

    def build() -> None:
        dbt_runner.invoke(DBT_PROJECT, BUILD)
        dbt_runner.close_warehouse()

    def differing() -> dict[str, Comparison]:
        manifest = json.loads(dbt_runner.manifest_of(DBT_PROJECT).read_text())
        compared = reconcile(DBT_PROJECT, manifest, line)
        assert {"base_footfall__messages", "int_sessions", "stg_shop__orders"} <= {
            each.model for each in compared
        }
        different = [each for each in compared if not each.equal]
        left = [differences_file(line.paths)] if different else []
        assert [file for file in (line.paths.data / "reconcile").rglob("*") if file.is_file()] == left
        for file in left:
            assert msgspec.json.decode(file.read_bytes(), type=list[Comparison]) == different
        return {each.model: each for each in different}

    lake.load(views("early", 0, 40))
    lake.load_id = 100
    lake.load(views("late", 0))
    build()
    lake.load(views("late", 10))
    build()
    # loaded, not staged yet: no difference
    lake.load(views("next", 0))
    assert differing() == {}

    # A load from before the lookback, as after a restored backup: between the two sessions of `early`.
    newest, lake.load_id = lake.load_id, 2
    lake.load(views("early", 20))
    lake.load_id = newest
    build()
    found = differing()
    assert found["base_footfall__messages"].only_in_rebuild == 1
    sessions = found["int_sessions"]
    assert (sessions.only_in_warehouse, sessions.only_in_rebuild) == (2, 1)
    assert any("early" in sample for sample in sessions.samples)


def test_a_row_changed_by_hand_is_found(line: Settings) -> None:
    lake = kit.Lake(line.paths.data)
    lake.load([kit.message("Product Viewed", kit.NOON, guest="g", properties={"product_id": "p"})])
    dbt_runner.invoke(DBT_PROJECT, BUILD)
    dbt_runner.close_warehouse()
    with duckdb.connect(str(line.paths.warehouse)) as warehouse:
        warehouse.execute("update int_sessions set events = events + 1")
    manifest = json.loads(dbt_runner.manifest_of(DBT_PROJECT).read_text())
    found = {each.model: each for each in reconcile(DBT_PROJECT, manifest, line) if not each.equal}
    assert found["int_sessions"].only_in_warehouse == found["int_sessions"].only_in_rebuild == 1
