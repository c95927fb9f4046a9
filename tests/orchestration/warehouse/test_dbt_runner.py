"""What a dbt run says when it fails, and while it is at work."""

from __future__ import annotations

import queue
import shutil
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest

from footfall.settings import load_settings
from orchestration.lake.schema import prepare_lake
from orchestration.warehouse.dbt_runner import (
    DbtFailed,
    Elsewhere,
    close_warehouse,
    invoke,
    next_event,
    with_query,
)

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).resolve().parents[3] / "dbt_project"


def test_who_runs_out_of_memory_is_told_the_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path))
    monkeypatch.setenv("FOOTFALL_WAREHOUSE_MEMORY", "1MB")
    close_warehouse()
    prepare_lake(load_settings().paths)
    with pytest.raises(DbtFailed, match=r"(?s)Out of Memory.*may use 1MB.*warehouse_memory"):
        invoke(PROJECT, ["run", "--select", "+stg_footfall__events"])
    close_warehouse()


def test_who_finds_the_warehouse_open_elsewhere_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path))
    close_warehouse()
    prepare_lake(load_settings().paths)
    code = f"import duckdb; c = duckdb.connect({str(tmp_path / 'warehouse.duckdb')!r}); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as analyst:
        assert analyst.stdout is not None
        assert analyst.stdout.readline() == b"1\n"
        with pytest.raises(DbtFailed, match=r"(?s)PID \d+.*close it.*--target dev"):
            invoke(PROJECT, ["run", "--select", "+stg_footfall__events"])
    close_warehouse()


def test_who_has_a_damaged_file_in_the_lake_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path))
    close_warehouse()
    paths = load_settings().paths
    prepare_lake(paths)
    whole = next((paths.lake / "events").rglob("*.parquet"))
    (whole.parent / "000000000001-s1.parquet").write_bytes(whole.read_bytes()[:-20])
    with pytest.raises(
        DbtFailed, match=r"(?s)000000000001-s1.parquet.*is damaged: restore it from your backup"
    ):
        invoke(PROJECT, ["run", "--select", "+stg_footfall__events"])
    close_warehouse()


def test_a_long_build_says_what_is_at_work() -> None:
    events: queue.SimpleQueue[str] = queue.SimpleQueue()
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        events.put("the next one")

    assert (
        next_event(events, {"int_sessionized_events": time.monotonic() - 60}, say, seconds=0.01)
        == "the next one"
    )
    assert said == ["at work: int_sessionized_events (60 s)"]


def test_the_project_stays_as_it_is_whatever_is_built_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Who runs a unit or a container may not write there.
    project, data, past = tmp_path / "project", tmp_path / "data", tmp_path / "past"
    ignored = shutil.ignore_patterns("target", "logs", ".user.yml")
    shutil.copytree(PROJECT, project, ignore=ignored)
    monkeypatch.setenv("FOOTFALL_DATA", str(data))
    for folder in (data, past):
        monkeypatch.setenv("FOOTFALL_DATA", str(folder))
        prepare_lake(load_settings().paths)
    monkeypatch.setenv("FOOTFALL_DATA", str(data))
    before = sorted(project.rglob("*"))
    try:
        Elsewhere(project).run(past, ["+stg_footfall__events"], {})
        invoke(project, ["parse"])
        assert not [
            file for file in Path("/proc/self/fd").iterdir() if str(file.resolve()).endswith("dbt.log")
        ]
    finally:
        close_warehouse()
    assert (past / "warehouse.duckdb").exists()
    assert sorted(project.rglob("*")) == before


@pytest.mark.parametrize(
    ("file", "path", "compiled"),
    [
        ("tests/assert_a.sql", "assert_a.sql", "tests/assert_a.sql"),
        ("models/m/_m.yml", "not_null_m_a.sql", "models/m/_m.yml/not_null_m_a.sql"),
    ],
)
def test_a_test_that_found_rows_says_by_which_query(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, path: str, compiled: str
) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path))
    node = {"package_name": "footfall", "original_file_path": file, "path": path}
    found = dg.AssetCheckResult(passed=False, asset_key="m", check_name="a", metadata={"rows": 2})
    assert with_query(found, node) == found, "dbt compiled nothing"
    query = tmp_path / "dbt_target" / "compiled" / "footfall" / compiled
    query.parent.mkdir(parents=True)
    query.write_text("\nselect a from m where a is null\n")
    told = dg.MetadataValue.md("```sql\nselect a from m where a is null\n```")
    assert with_query(found, node).metadata == {**found.metadata, "rows_found_by": told}
    passed = found._replace(passed=True)
    assert with_query(passed, node) == passed
