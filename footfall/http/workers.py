"""State that the workers of one server (collector, API) share, so that each can answer for all.

A folder that lives as long as the server: a file for each worker, written again every second, and the buckets of
``footfall.http.rate_limit``.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import secrets
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

log = logging.getLogger("footfall")

#: The variable that says which folder it is, to workers that are given nothing but their environment.
TOGETHER = "FOOTFALL_TOGETHER"
#: How often a worker writes down how it fares.
TELL_SECONDS = 1.0
#: A worker that has not written for this long is gone: its counters still count, its gauges don't.
GONE_SECONDS = 5.0
#: In memory where there is such a place: what is mapped there is never written to a disk.
_MEMORY = Path("/dev/shm")
#: Room that a server needs there: 1.6 MB of quotas, a kilobyte or two a worker. A container's is 64 MB, or what
#: somebody set it to, for all of its processes.
_ROOM = 4 * 2**20

#: Held by a server and its workers for as long as one of them lives: a folder whose lock is free is a killed server's.
_LOCK = "lock"


@contextmanager
def shared_folder(name: str) -> Iterator[Path]:
    """A folder for the workers of one server, gone with it; one that was killed leaves its folder to the next start."""
    in_memory = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM
    with own_folder(_MEMORY if in_memory else Path(tempfile.gettempdir()), name) as folder:
        yield folder


@contextmanager
def own_folder(place: Path, name: str) -> Iterator[Path]:
    """A folder in ``place`` that lasts as long as this process, and those that it forks, work in it. Folders of that
    ``name`` that killed processes left behind are removed first.
    """
    _remove_left(place, name)
    with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=place, ignore_cleanup_errors=True) as folder:
        unnamed = Path(folder) / f".{_LOCK}"
        with unnamed.open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            unnamed.rename(unnamed.with_name(_LOCK))  # no start finds it before it is held
            yield Path(folder)


def _remove_left(place: Path, name: str) -> None:
    """Remove what servers left that are gone, workers and all: the kernel let go of their locks."""
    for lock in place.glob(f"{name}-*/{_LOCK}"):
        try:
            with lock.open("rb") as handle:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for folder in Path(tempfile.gettempdir()).glob(f"{lock.parent.name}-*"):
                    shutil.rmtree(folder)
                shutil.rmtree(lock.parent)
        except OSError:  # held, another user's, or removed by another start at this moment
            continue


def folder_on_disk() -> Path:
    """A folder's name below the system's temporary directory (TMPDIR), for what doesn't fit into a worker's memory. The
    caller makes and removes it; where the server is killed meanwhile, its next start removes it.

    Raises OSError where there is no such directory.
    """
    server = Path(os.environ.get(TOGETHER, "footfall")).name
    return Path(tempfile.gettempdir()) / f"{server}-{secrets.token_hex(8)}"


#: What asks a process to end.
STOPS = (signal.SIGTERM, signal.SIGINT)


def hear_signals_from_birth() -> None:
    """Let SIGTERM and SIGINT end a worker that is still loading: it has promised nothing yet.

    A forked worker inherits its parent's handlers, which only note that a signal came: nobody in the worker reads the
    note, and the parent would wait until it kills, 10 or 20 s. Once the application is loaded, granian sets
    handlers that drain. During the fork itself signals are blocked, since Python drops, in the child, one that comes
    between the system's fork and its own work after it (2 of 50 stops within 4 ms of a start).
    """

    def hold() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)

    def release() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)

    def listen() -> None:
        for number in STOPS:
            signal.signal(number, signal.SIG_DFL)
        release()

    os.register_at_fork(before=hold, after_in_parent=release, after_in_child=listen)


def end_with(parent: int) -> None:
    """Let this worker end, gracefully, when its parent process is gone: otherwise it would hold the port for ever."""

    def follow() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=follow, name="footfall-parent", daemon=True).start()


class Report(Struct, kw_only=True):
    """The state of one worker."""

    at: float
    """Seconds since 1970."""
    series: dict[str, float]
    """Its counts since it started (``footfall.http.metrics``)."""
    gauges: dict[str, float] = {}
    """How it stands now."""
    is_gone: bool = False


_decoder = msgspec.json.Decoder(Report)


def report_name(process: int) -> str:
    """The file of a worker's report, in the folder that all of them share."""
    return f"{process}.json"


class Workers:
    """The reports of all workers. Without a folder there is only this one."""

    def __init__(self, folder: Path | None, own: Callable[[], Report]) -> None:
        self._folder = folder
        self._own = own
        self._name = report_name(os.getpid())

    def tell(self) -> None:
        """Write this worker's report down, for the others. A folder that can't be written to is logged."""
        if self._folder is None:
            return
        # With another ending: `reports` must not find it, and `*.json` matches names that begin with a dot too.
        aside = self._folder / f"{self._name}.aside"
        try:
            aside.write_bytes(msgspec.json.encode(self._own()))
            aside.replace(self._folder / self._name)
        except OSError as error:
            log.error("can't report this worker's metrics to the other workers: %s", error)

    async def keep_telling(self) -> None:
        """Tell the others every second, until it is cancelled."""
        while True:
            self.tell()
            await asyncio.sleep(TELL_SECONDS)

    def reports(self) -> list[Report]:
        """All workers' reports: this one's as it is now, the others' at most a second old. Of those that are gone only
        what they counted.
        """
        found = [self._own()]
        for file in sorted(self._folder.glob("*.json")) if self._folder else ():
            if file.name != self._name:
                report = _decoder.decode(file.read_bytes())
                if time.time() - report.at > GONE_SECONDS:
                    report = Report(at=report.at, series=report.series, is_gone=True)
                found.append(report)
        return found
