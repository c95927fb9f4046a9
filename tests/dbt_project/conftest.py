"""Fixtures of these tests; what they hand out is in dbt_kit.py beside this file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# Tests are imported by path (importmode=importlib), so a helper module beside them needs this.
sys.path.insert(0, str(Path(__file__).parent))

from dbt_kit import Lake, Warehouse


@pytest.fixture(scope="session")
def dbt_target_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One target directory for the session: the project is parsed once."""
    return tmp_path_factory.mktemp("dbt_target")


@pytest.fixture(scope="module")
def make_warehouse(
    tmp_path_factory: pytest.TempPathFactory, dbt_target_path: Path
) -> Callable[[], tuple[Lake, Warehouse]]:
    """A new empty data directory with a lake and a warehouse over it."""

    def make() -> tuple[Lake, Warehouse]:
        data = tmp_path_factory.mktemp("data")
        return Lake(data), Warehouse(data, dbt_target_path)

    return make
