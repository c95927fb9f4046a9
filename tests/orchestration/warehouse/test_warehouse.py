"""Who may open the warehouse: one process, and who waits says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from footfall.runtime.paths import Paths
from footfall.settings import REPO
from orchestration.storage.duckdb_files import (
    WarehouseBusy,
    begin,
    exclusive,
    in_memory,
    is_whole,
    models_file,
    note_whole,
)


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
        f"waiting for another process to release {tmp_path}/.warehouse.lock; `fuser "
        f"{tmp_path}/.warehouse.lock` names it"
    ]


def test_a_new_warehouse_knows_nothing_of_the_one_before_and_is_not_whole_until_published_from(
    tmp_path: Path,
) -> None:
    paths = Paths(tmp_path)
    duckdb.connect(str(paths.warehouse)).close()
    models_file(paths).write_text("{}")
    begin(paths)
    assert is_whole(paths), "an increment, or a warehouse of an earlier release"
    assert models_file(paths).exists()
    paths.warehouse.unlink()
    assert not is_whole(paths)
    begin(paths)
    assert not models_file(paths).exists()
    duckdb.connect(str(paths.warehouse)).close()
    begin(paths)
    assert not is_whole(paths)
    note_whole(paths)
    assert is_whole(paths)


#: More than 40 MB to sort, and to lose when it is killed in the middle.
SORTS = "create table sorted as select hash(range) as h from range(5000000) order by h"


def test_what_is_larger_than_the_memory_is_sorted_in_its_place_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "data"
    place.mkdir()
    # A directory that is gone takes no file, whoever asks: to root, a read-only one would.
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with in_memory(place, "40MB") as connection:
        connection.execute(SORTS)
        (folder,) = place.glob(".spill-*")
        assert [file for file in folder.rglob("*.tmp") if file.stat().st_size], (
            "it was too large for the memory"
        )
    monkeypatch.chdir(tmp_path)
    assert list(place.iterdir()) == []


def test_what_a_killed_one_sorted_goes_with_the_next_and_a_living_one_keeps_its_own(tmp_path: Path) -> None:
    killed = f"""
import os
from pathlib import Path
from orchestration.storage.duckdb_files import in_memory
with in_memory(Path({str(tmp_path)!r}), "40MB") as connection:
    connection.execute("{SORTS}")
    os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", killed], cwd=REPO, env=os.environ).returncode == -9
    (left,) = tmp_path.iterdir()
    with in_memory(tmp_path, "40MB"):
        (first,) = tmp_path.iterdir()
        assert first != left
        with in_memory(tmp_path, "40MB"):
            assert first.exists()
