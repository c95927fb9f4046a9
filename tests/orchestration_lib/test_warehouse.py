"""Who may open the warehouse: one process, and who waits says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from footfall.settings import Paths
from orchestration.lib.warehouse import WarehouseBusy, exclusive


def test_who_waits_for_the_warehouse_says_so_once_and_gives_up_in_the_end(tmp_path: Path) -> None:
    said: list[str] = []
    paths = Paths(tmp_path)
    with exclusive(paths, say=said.append):
        assert said == []
        with (
            pytest.raises(WarehouseBusy, match="names the process"),
            exclusive(paths, wait_seconds=0.3, say=said.append),
        ):
            pass
    assert said == [
        f"waits for another process to let go of {tmp_path}/.warehouse.lock; `fuser "
        f"{tmp_path}/.warehouse.lock` names it"
    ]
