"""Fixtures of these tests; what they hand out is in dbt_kit.py beside this file."""

from __future__ import annotations

import fcntl
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# Tests are imported by path (importmode=importlib), so a helper module beside them needs this.
sys.path.insert(0, str(Path(__file__).parent))

from dbt_kit import Lake, Warehouse


@pytest.fixture(scope="session")
def dbt_target_path(tmp_path_factory: pytest.TempPathFactory, run_folder: Path) -> Path:
    """The target directory of this process, the project parsed in it.

    Of several processes the first one parses (6 CPU-s); the others start from its partial parse (1 CPU-s). dbt accepts
    that only under the same profile, in which the data directory stands: all of them parse with the same one.
    """
    target = tmp_path_factory.mktemp("dbt_target")
    shared = run_folder / "dbt_parsed"
    shared.mkdir(exist_ok=True)
    parsed = shared / "partial_parse.msgpack"
    with (shared / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if parsed.exists():
            shutil.copy(parsed, target)
        Warehouse(shared, target).dbt("parse")
        if not parsed.exists():
            shutil.copy(target / parsed.name, parsed)
    return target


@pytest.fixture(scope="module")
def make_warehouse(
    tmp_path_factory: pytest.TempPathFactory, dbt_target_path: Path
) -> Callable[[], tuple[Lake, Warehouse]]:
    """A new empty data directory with a lake and a warehouse over it."""

    def make() -> tuple[Lake, Warehouse]:
        data = tmp_path_factory.mktemp("data")
        return Lake(data), Warehouse(data, dbt_target_path)

    return make
