"""What `footfall run` says of a failure."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from dagster._utils.error import serializable_error_info_from_exc_info
from sqlalchemy import create_engine, text

from footfall.runtime.paths import Paths
from orchestration.commands import retention
from orchestration.commands import run as run_module
from orchestration.commands.run import compact, run, told_failure
from orchestration.lake import compaction
from orchestration.lake.schema import prepare_lake
from orchestration.storage.duckdb_files import WarehouseBusy


def test_what_went_wrong_is_the_last_thing_said() -> None:
    try:
        try:
            raise ValueError("no stemmer for 'klingon'")
        except ValueError as cause:
            raise RuntimeError("error occurred while executing op") from cause
    except RuntimeError:
        said = told_failure(
            "derived__product_similarity", serializable_error_info_from_exc_info(sys.exc_info())
        )
    assert "test_what_went_wrong" in said  # the stack
    assert said.splitlines()[-1] == "derived__product_similarity: ValueError: no stemmer for 'klingon'"


def test_the_fast_lane_says_what_to_do_where_it_has_nothing_to_add_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path))
    answered = CliRunner().invoke(run, ["--lane", "fast"])
    assert answered.exit_code == 1
    assert f"{tmp_path}/warehouse.duckdb is missing or unfinished" in answered.output
    assert answered.output.endswith("footfall run\n")


def test_a_disk_too_full_for_dagsters_own_log_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def note_what_a_step_says(*_: object) -> None:
        with create_engine("sqlite://").begin() as dagsters:
            dagsters.execute(text("pragma max_page_count = 2"))
            dagsters.execute(text("create table event_logs (event blob)"))
            dagsters.execute(text("insert into event_logs values (:event)"), {"event": "x" * 100_000})

    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path))
    monkeypatch.setattr(run_module, "_execute", note_what_a_step_says)
    monkeypatch.setattr(run_module, "export", lambda *_: None)  # this process keeps its environment
    answered = CliRunner().invoke(run)
    assert answered.exit_code == 1
    assert "database or disk is full\nThe disk is full: docs/operator/production.md" in answered.output
    assert "xxx" not in answered.output
    assert isinstance(answered.exception, SystemExit), "no stack"


def test_a_failure_without_an_error_names_its_step() -> None:
    assert told_failure("load_segments", None) == "load_segments failed"


@pytest.mark.parametrize("command", [compact, retention.retain])
def test_a_warehouse_that_does_not_come_free_is_said_in_words(
    paths: Paths, command: click.Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise WarehouseBusy("the warehouse was in use")

    monkeypatch.setenv("FOOTFALL_DATA", str(paths.data))
    monkeypatch.setenv("FOOTFALL_RETENTION_DAYS", "31")
    monkeypatch.setattr(compaction, "compact", busy)
    monkeypatch.setattr(retention, "remove", busy)
    prepare_lake(paths)
    (paths.lake / "events" / "received_date=2020-01-01").mkdir()
    answered = CliRunner().invoke(command, ["--yes"] if command is retention.retain else [])
    assert answered.exit_code == 1
    assert "Error: the warehouse was in use" in answered.output
