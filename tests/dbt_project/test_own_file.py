"""The target dev: a file of an analyst's own, whose increments don't mix the rules that it was built with."""

from __future__ import annotations

from pathlib import Path

import pytest
from dbt_kit import NOON, Lake, Warehouse, message


def test_other_rules_ask_for_a_full_refresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTFALL_DBT_TARGET", "dev")
    lake, warehouse = Lake(tmp_path / "data"), Warehouse(tmp_path / "data", tmp_path / "target")
    (tmp_path / "data" / "dev").mkdir()
    lake.load([message("page", NOON, guest="a")])
    model = "base_footfall__messages"
    warehouse.run(model)
    warehouse.run(model)
    other = {"session_gap_seconds": 60, "server_side_events": ["It's paid"]}
    told = r"session_gap_seconds was 1800 and is 60; server_side_events was .* Build with --full-refresh"
    with pytest.raises(pytest.fail.Exception, match=told):
        warehouse.run(model, variables=other)
    warehouse.run(model, variables=other, full_refresh=True)
    warehouse.run(model, variables=other)
    with pytest.raises(pytest.fail.Exception, match="session_gap_seconds was 60 and is 1800"):
        warehouse.run(model)
    warehouse.run(model, full_refresh=True)
    with pytest.raises(pytest.fail.Exception, match="dev_from was None and is 2026-11-24"):
        warehouse.run(model, variables={"dev_from": "2026-11-24"})
