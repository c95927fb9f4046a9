"""What `footfall run` says of a failure."""

from __future__ import annotations

import sys

from dagster._utils.error import serializable_error_info_from_exc_info

from orchestration.cli import told_failure


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


def test_a_failure_without_an_error_names_its_step() -> None:
    assert told_failure("load_segments", None) == "load_segments failed"
