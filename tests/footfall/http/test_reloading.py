"""How the workers of a server change: the old one stays until the new one listens, and SIGTERM waits for nobody."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from footfall.http import reloading
from footfall.http.reloading import change_when_ready
from footfall.http.workers import report_name


class Worker:
    """A worker as granian holds it."""

    def __init__(self, number: int) -> None:
        self.number, self.started, self.ended = number, threading.Event(), threading.Event()

    def _id(self) -> int:
        return self.number

    def start(self) -> None:
        self.started.set()

    def is_alive(self) -> bool:
        return not self.ended.is_set()

    def terminate(self) -> None:
        self.ended.set()

    def join(self, _seconds: float | None = None) -> None:
        assert self.ended.is_set()


class Server(SimpleNamespace):
    """granian's server, as far as a reload goes: two workers, 1 and 2, whose successors are 11 and 12."""

    def __init__(self) -> None:
        super().__init__(
            interrupt_signal=False, workers_kill_timeout=60, respawned_wrks={}, wrks=[Worker(1), Worker(2)]
        )
        self.new = [Worker(11), Worker(12)]
        self._metrics = SimpleNamespace(incr_spawn=lambda _count: None)

    def _spawn_worker(self, idx: int, **_: Any) -> Worker:
        return self.new[idx]

    def _respawn_workers(self) -> None: ...

    def reload(self) -> threading.Thread:
        thread = threading.Thread(target=self._respawn_workers, args=([0, 1], None, None, 5.0))  # type: ignore[call-arg]
        thread.start()
        return thread


def tell(together: Path, worker: Worker, at: int) -> None:
    file = together / report_name(worker.number)
    file.touch()
    os.utime(file, (at, at))


def test_an_old_worker_ends_when_the_new_one_listens(tmp_path: Path) -> None:
    server = Server()
    change_when_ready(server, tmp_path)
    first, second = server.wrks
    reload = server.reload()
    for old, new in ((first, server.new[0]), (second, server.new[1])):
        assert new.started.wait(60)
        tell(tmp_path, new, 1)
        assert not old.ended.wait(0.3), "it has only begun"
        tell(tmp_path, new, 2)
        assert old.ended.wait(60)
    reload.join(60)
    assert server.wrks == server.new


def test_a_new_worker_that_never_listens_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reloading, "SLOW_SECONDS", 0.0)
    server = Server()
    change_when_ready(server, tmp_path)
    server.reload().join(60)
    assert server.wrks == server.new


def test_sigterm_ends_a_reload_and_all_workers_with_it(tmp_path: Path) -> None:
    server = Server()
    change_when_ready(server, tmp_path)
    first, second = server.wrks
    reload = server.reload()
    assert server.new[0].started.wait(60)
    server.interrupt_signal = True
    reload.join(60)
    assert not reload.is_alive()
    assert server.wrks == [server.new[0], second, first], "all that granian ends next"
    assert not server.new[1].started.is_set()
