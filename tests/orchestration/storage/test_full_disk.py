"""What is said when the disk is full, whoever ran into it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.storage.full_disk import DiskFullError, full_disk_in_words

FULL = Path("/dev/full")


def python(_: Path) -> None:
    FULL.write_bytes(b"x")


def sqlite(_: Path) -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("pragma max_page_count = 2")
        connection.execute("create table entries as select zeroblob(100000)")


def duckdb_writes(_: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"copy (select range from range(100000)) to '{FULL}' (format csv)")


def duckdb_sorts(folder: Path) -> None:
    config = {"memory_limit": "40MB", "threads": 1, "temp_directory": str(folder)}
    with duckdb.connect(config=config) as connection:
        connection.execute("set max_temp_directory_size = '1MB'")
        connection.execute("create table sorted as select hash(range) as h from range(10000000) order by h")


@pytest.mark.parametrize("ran_into", [python, sqlite, duckdb_writes, duckdb_sorts])
def test_whoever_ran_into_it_says_what_to_do(ran_into: Callable[[Path], None], tmp_path: Path) -> None:
    with (
        pytest.raises(DiskFullError, match=r"(?s).\nThe disk is full: docs/operator/production.md"),
        full_disk_in_words(),
    ):
        ran_into(tmp_path)


def test_what_is_about_something_else_stays_what_it_is() -> None:
    with pytest.raises(ZeroDivisionError), full_disk_in_words():
        1 / 0  # noqa: B018
