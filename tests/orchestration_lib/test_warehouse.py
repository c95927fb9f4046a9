"""Who may open the warehouse: one process, and who waits says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from footfall.paths import Paths
from orchestration.lib.warehouse import WarehouseBusy, begin, exclusive, is_whole, models_file, note_whole


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


def test_a_new_warehouse_knows_nothing_of_the_one_before_and_is_not_whole_until_published_from(
    tmp_path: Path,
) -> None:
    paths = Paths(tmp_path)
    paths.warehouse.touch()
    models_file(paths).write_text("{}")
    begin(paths)
    assert is_whole(paths), "an increment, or a warehouse of an earlier release"
    assert models_file(paths).exists()
    paths.warehouse.unlink()
    assert not is_whole(paths)
    begin(paths)
    assert not models_file(paths).exists()
    paths.warehouse.touch()
    begin(paths)
    assert not is_whole(paths)
    note_whole(paths)
    assert is_whole(paths)
