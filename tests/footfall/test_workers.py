"""What the workers of one door tell each other."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from footfall.workers import Report, Workers


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
