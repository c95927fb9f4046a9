"""A server (collector, API) that reads its settings again without a restart: what is read, and how workers change."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from footfall.http.workers import report_name
from footfall.settings import Settings, SettingsError, load_settings, variable_of

log = logging.getLogger("footfall")

#: A new worker that doesn't listen after this long is no longer waited for: the old one ends nevertheless.
SLOW_SECONDS = 120.0
_LOOK_SECONDS = 0.05


class SettingsInForce:
    """The settings that the next worker starts with. They are read in the process above the workers, so that wrong ones
    are noticed before a worker with good ones ends.

    ``chosen``: values of the command line, None where it gives none. ``started_with``: names of settings that a running
    server can't change.
    """

    def __init__(
        self,
        chosen: Mapping[str, Any],
        started_with: Sequence[str],
        check: Callable[[Settings], None] = lambda settings: None,
    ) -> None:
        """Raises SettingsError, as ``check`` may at each reading too."""
        self._check = check
        self._chosen = {name: value for name, value in chosen.items() if value is not None}
        self._started_with = started_with
        self.settings = self._read()
        check(self.settings)

    def read_again(self) -> None:
        """Take over what changed. Settings that can't be read leave all as it was: that is logged."""
        try:
            found = self._read()
        except SettingsError as error:
            log.error("the settings are unchanged: %s", error)
            return
        stays = {name: getattr(self.settings, name) for name in self._started_with}
        try:
            self._check(msgspec.structs.replace(found, **stays))
        except SettingsError as error:
            log.error("the settings are unchanged: %s", error)
            return
        if others := [name for name, value in stays.items() if getattr(found, name) != value]:
            log.warning("a reload doesn't change %s: restart to change it", ", ".join(others))
        self.settings = msgspec.structs.replace(found, **stays)

    def _read(self) -> Settings:
        # A variable of a setting that the command line gives is not read at all, so it may be empty or wrong.
        unsaid = {variable_of(name) for name in self._chosen}
        env = {name: value for name, value in os.environ.items() if name not in unsaid}
        if "data" in self._chosen:  # not every name is one for a data directory
            env["FOOTFALL_DATA"] = str(self._chosen["data"])
        return msgspec.structs.replace(load_settings(env), **self._chosen)


def change_when_ready(server: Any, together: Path) -> None:
    """Let a reload of granian's ``server`` end each old worker when the new one beside it listens, and SIGTERM cut the
    reload short. ``together``: the folder of the workers' reports.

    Left to itself granian ends the old one after a fixed time. Each has a socket of its own, so where the new one took
    longer nobody listened; and it sleeps that time for each worker, whatever signal comes: with four workers of the API
    for a minute, after 40 s of which a service manager kills them.
    """
    assert callable(server._respawn_workers), "granian replaces workers in a different way now"

    def change(workers: Sequence[int], target: Any, loader: Any, delay: float = 0.0) -> None:
        for index in workers:
            if server.interrupt_signal:
                return
            server.respawned_wrks[index] = time.monotonic()
            old = server.wrks.pop(index)
            new = server._spawn_worker(idx=index, target=target, callback_loader=loader)
            new.start()
            server.wrks.insert(index, new)
            server._metrics.incr_spawn(1)
            if delay:
                _wait_until_it_listens(server, new, together, delay)
            _end(server, old)

    server._respawn_workers = change


def _wait_until_it_listens(server: Any, new: Any, together: Path, delay: float) -> None:
    """A worker listens when it has reported twice: first as it starts, then from the loop in which it answers. For one
    that died ``delay`` seconds are waited, as granian does, which takes workers that die faster for a loop of crashes.
    """
    report, started = together / report_name(new._id()), time.monotonic()
    told: set[int] = set()
    while len(told) < 2 and not server.interrupt_signal:
        if time.monotonic() - started > (SLOW_SECONDS if new.is_alive() else delay):
            return
        with contextlib.suppress(FileNotFoundError):
            told.add(report.stat().st_mtime_ns)
        time.sleep(_LOOK_SECONDS)


def _end(server: Any, old: Any) -> None:
    """End a worker, by force where it takes too long. Where all are to end, it ends with them."""
    if not server.interrupt_signal:
        old.terminate()
        until = time.monotonic() + server.workers_kill_timeout
        while old.is_alive() and time.monotonic() < until and not server.interrupt_signal:
            old.join(_LOOK_SECONDS)
    if server.interrupt_signal:
        server.wrks.append(old)
    elif old.is_alive():
        log.warning("a worker did not end in time, and is killed")
        old.kill()
        old.join()
