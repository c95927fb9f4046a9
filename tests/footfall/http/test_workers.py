"""What the workers of one server tell each other, and the folder that they share: whose it is, what becomes of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from footfall.http import workers
from footfall.http.workers import TOGETHER, Report, Workers, folder_on_disk, shared_folder
from footfall.settings import REPO

#: A server: says where its folder is; with "forked" in a worker that outlives it.
SERVER = """
import os, sys
from pathlib import Path
from footfall.http import workers
workers._MEMORY = Path(sys.argv[1])
with workers.shared_folder(sys.argv[2]) as folder:
    if sys.argv[3:] and os.fork():
        os.kill(os.getpid(), 9)
    print(folder, flush=True)
    input()
"""


Start = Callable[..., tuple[subprocess.Popen[str], Path]]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a server: its process, and its folder. All of them end with the test."""
    monkeypatch.setattr(workers, "_MEMORY", tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    started: list[subprocess.Popen[str]] = []

    def server(*arguments: str) -> tuple[subprocess.Popen[str], Path]:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(tmp_path), *arguments],
            cwd=REPO,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        return process, Path(process.stdout.readline().strip())

    yield server
    for process in started:
        process.communicate(timeout=60)  # ends the input; a worker that outlived the server reads the same


def test_what_a_killed_door_left_goes_with_the_next_start(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed, left = start("collector")
    (left / "quotas").write_bytes(b"spent")
    monkeypatch.setenv(TOGETHER, str(left))
    (sorted_there := folder_on_disk()).mkdir()
    (sorted_there / "block").write_bytes(b"rows")
    killed.kill()
    killed.wait(60)
    assert left.is_dir()
    with shared_folder("collector") as own:
        assert [own] == list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())


def test_a_start_leaves_alone_what_somebody_lives_in(start: Start, tmp_path: Path) -> None:
    _, running = start("collector")
    outlived, of_worker = start("collector", "forked")
    assert outlived.wait(60) == -9
    other, of_other = start("api")
    other.kill()
    other.wait(60)
    (before := tmp_path / "collector-of-an-older-release").mkdir()
    with shared_folder("collector") as own:
        assert {own, running, of_worker, of_other, before} == set(tmp_path.iterdir())


def worker(folder: Path, pid: int, counted: float, monkeypatch: pytest.MonkeyPatch) -> Workers:
    with monkeypatch.context() as process:
        process.setattr(os, "getpid", lambda: pid)
        return Workers(folder, lambda: Report(at=time.time(), series={"n": counted}))


def test_one_that_is_killed_while_it_writes_is_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = worker(tmp_path, 1, 1.0, monkeypatch)
    killed.tell()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as process:
        process.setattr(Path, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            killed.tell()
    left = [file for file in tmp_path.iterdir() if file.name != "1.json"]
    other = worker(tmp_path, 2, 2.0, monkeypatch)
    assert [report.series["n"] for report in other.reports()] == [2.0, 1.0]
    # Or half a word earlier.
    assert len(left) == 1
    left[0].write_bytes(b'{"at":1')
    assert len(other.reports()) == 2


def test_a_door_stays_out_of_a_memory_without_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory, disk = tmp_path / "memory", tmp_path / "disk"
    memory.mkdir()
    disk.mkdir()
    monkeypatch.setattr(workers, "_MEMORY", memory)
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    with shared_folder("server") as folder:
        assert folder.parent == memory
    free = shutil.disk_usage(tmp_path).free
    monkeypatch.setattr(workers, "_ROOM", 2 * free)
    with shared_folder("server") as folder:
        assert folder.parent == disk
