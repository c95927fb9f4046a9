"""What `footfall run` says of a failure."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from dagster._utils.error import serializable_error_info_from_exc_info

from orchestration.cli import run, told_failure


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
    assert f"{tmp_path}/warehouse.duckdb is not there" in answered.output
    assert answered.output.endswith("footfall run\n")


def test_a_failure_without_an_error_names_its_step() -> None:
    assert told_failure("load_segments", None) == "load_segments failed"
