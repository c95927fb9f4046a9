"""What a failed dbt run says."""

from __future__ import annotations

from pathlib import Path

import pytest

from footfall.settings import load_settings
from orchestration.lib.dbt_runner import DbtFailed, close_warehouse, invoke
from orchestration.lib.lake_schema import prepare_lake

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"


def test_who_runs_out_of_memory_is_told_the_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path))
    monkeypatch.setenv("FOOTFALL_WAREHOUSE_MEMORY", "1MB")
    close_warehouse()
    prepare_lake(load_settings().paths)
    with pytest.raises(DbtFailed, match=r"(?s)Out of Memory.*may use 1MB.*warehouse_memory"):
        invoke(PROJECT, ["run", "--select", "+stg_footfall__events"])
    close_warehouse()
