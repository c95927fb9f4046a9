"""What the collector's tests share: disks that fail on request, servers that are real processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from collector.cli import HEADER_MILLISECONDS
from collector.files import OsFiles
from collector.writer import SegmentWriter
from footfall.landing.segments import Buffer, Envelope, Frame, decode_envelope, read_segment
from tests.conftest import new_port

REPO = Path(__file__).resolve().parents[2]
WRITE_KEY = "ff_demo_write_key"


class FailingFiles(OsFiles):
    """The real disk, with failures queued by operation: ``fail["sync_data"] = [None, EIO]`` fails the second call."""

    def __init__(self) -> None:
        self.fail: dict[str, list[int | None]] = {}
        self.short_writes: list[int] = []
        self.free: int | None = None
        self.calls: list[str] = []

    def _maybe(self, name: str) -> None:
        self.calls.append(name)
        queue = self.fail.get(name)
        if queue and (code := queue.pop(0)) is not None:
            raise OSError(code, os.strerror(code))

    def write(self, fd: int, parts: Sequence[Buffer]) -> int:
        self._maybe("write")
        if self.short_writes:
            return super().write(fd, [b"".join(parts)[: self.short_writes.pop(0)]])
        return super().write(fd, parts)

    def truncate(self, fd: int, length: int) -> None:
        self._maybe("truncate")
        super().truncate(fd, length)

    def sync_data(self, fd: int) -> None:
        self._maybe("sync_data")
        super().sync_data(fd)

    def sync_file(self, fd: int) -> None:
        self._maybe("sync_file")
        super().sync_file(fd)

    def sync_directory(self, path: Path) -> None:
        self._maybe("sync_directory")
        super().sync_directory(path)

    def rename(self, source: Path, target: Path) -> None:
        self._maybe("rename")
        super().rename(source, target)

    def create(self, path: Path) -> int:
        self._maybe("create")
        return super().create(path)

    def free_bytes(self, path: Path) -> int:
        return super().free_bytes(path) if self.free is None else self.free


@pytest.fixture
def disk() -> FailingFiles:
    return FailingFiles()


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    return tmp_path / "landing"


@pytest.fixture
def new_writer(landing: Path, disk: FailingFiles) -> Callable[..., SegmentWriter]:
    """Makes writers on the test's landing directory and failing disk."""

    def make(**chosen: Any) -> SegmentWriter:
        options: dict[str, Any] = {"seal_bytes": 2**20, "seal_seconds": 15.0, "min_free_bytes": 0, **chosen}
        writer = SegmentWriter(landing, options.pop("ops", disk), **options)
        writer.landing.prepare()
        return writer

    return make


def frames_of(path: Path) -> list[bytes]:
    return [part.payload for part in read_segment(path) if isinstance(part, Frame)]


@pytest.fixture
def sealed_payloads(landing: Path) -> Callable[[], list[bytes]]:
    """All good payloads in sealed segments, in the order of the segments' names."""

    def read() -> list[bytes]:
        return [payload for path in sorted((landing / "sealed").glob("*.seg")) for payload in frames_of(path)]

    return read


@pytest.fixture
def message() -> Callable[..., dict[str, Any]]:
    """Makes a good track message; keywords replace or add fields, None removes one."""

    def make(**fields: Any) -> dict[str, Any]:
        base = {
            "type": "track",
            "event": "Product Viewed",
            "messageId": "0190c0de-0000-7000-8000-000000000001",
            "anonymousId": "9f3c1e5a7b2d4c6e8f0a1b2c3d4e5f60",
            "timestamp": "2026-11-24T10:00:00.000Z",
            "properties": {"product_id": "p1", "price": 12.5},
        }
        return {key: value for key, value in {**base, **fields}.items() if value is not None}

    return make


class Server:
    """A collector as a process of its own."""

    def __init__(
        self,
        data: Path,
        log: Path,
        environment: dict[str, str],
        arguments: list[str],
        header_milliseconds: int,
    ) -> None:
        self.port = new_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.data = data
        self.log = log
        started = f"from collector import cli; cli.HEADER_MILLISECONDS = {header_milliseconds}; cli.collect()"
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-c", started),
                    *("--port", str(self.port), "--data", str(data), *arguments),
                ],
                cwd=REPO,
                env={**os.environ, "FOOTFALL_MIN_FREE_BYTES": "0", **environment},
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self, seconds: float = 180.0) -> Server:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/readyz", timeout=1).status_code == 200:
                    return self
            if self.process.poll() is not None:
                break
            time.sleep(0.03)
        raise AssertionError(f"the collector did not start:\n{self.log.read_text()}")

    def kill(self) -> None:
        """SIGKILL the server and its workers, as the kernel does when memory runs out; returns when they are gone."""
        workers = self.workers() if self.process.poll() is None else []
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)
        _wait_until_gone(workers)

    def kill_worker(self, pid: int) -> None:
        """SIGKILL one worker; returns when it is gone, its connections with it."""
        os.kill(pid, signal.SIGKILL)
        _wait_until_gone([pid])

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(30)

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]


def _wait_until_gone(pids: list[int], seconds: float = 30.0) -> None:
    """A killed process in the middle of an fsync lives until that returns, and holds its segment's lock as long."""
    deadline = time.monotonic() + seconds
    while any(_is_alive(pid) for pid in pids):
        assert time.monotonic() < deadline, f"killed, and not gone after {seconds} s: {pids}"
        time.sleep(0.005)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts collectors on the test's data directory; whatever still runs at the end is killed."""
    started: list[Server] = []

    def start(
        *arguments: str, wait: bool = True, header_milliseconds: int = HEADER_MILLISECONDS, **environment: str
    ) -> Server:
        log = tmp_path / "collector.log"
        server = Server(tmp_path / "data", log, environment, list(arguments), header_milliseconds)
        started.append(server)
        return server.wait() if wait else server

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def landed(tmp_path: Path) -> Callable[[], list[Envelope]]:
    """Every envelope in the sealed segments below the test's data directory."""

    def read() -> list[Envelope]:
        paths = sorted((tmp_path / "data" / "landing" / "sealed").glob("*.seg"))
        return [decode_envelope(payload) for path in paths for payload in frames_of(path)]

    return read


@pytest.fixture
def landed_ids(landed: Callable[[], list[Envelope]]) -> Callable[[], list[str]]:
    def read() -> list[str]:
        return [msgspec.json.decode(raw)["messageId"] for envelope in landed() for raw in envelope.batch]

    return read
