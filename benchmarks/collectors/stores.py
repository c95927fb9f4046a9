"""What a shop would put events into instead, set to promise the same: on disk before it is acknowledged.

Each runs as a process of its own, from what is installed on the machine, in a directory that is deleted afterwards.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.children import ends_with_me


class MissingError(Exception):
    """It is not installed here, or did not start; the text says which."""


@contextlib.contextmanager
def store(kind: str, directory: Path) -> Iterator[tuple[str, int | None]]:
    """Start the store behind that handler; yields (its address, its process id). Raises MissingError."""
    starts = {"redis": redis_stream, "nats": nats_jetstream, "postgres": postgres_table}
    if kind not in starts:
        yield "", None
        return
    directory.mkdir()
    with starts[kind](directory) as started:
        yield started


@contextlib.contextmanager
def redis_stream(directory: Path) -> Iterator[tuple[str, int]]:
    """A stream in the append-only file, fsynced before each answer (once for what came in together)."""
    path = directory / "redis.sock"
    command = [
        *(_found("redis-server"), "--port", "0", "--unixsocket", str(path), "--dir", str(directory)),
        *("--appendonly", "yes", "--appendfsync", "always", "--save", "", "--daemonize", "no"),
    ]
    with _running(command) as process:
        _wait(process, path.exists, "redis-server")
        yield str(path), process.pid


@contextlib.contextmanager
def nats_jetstream(directory: Path) -> Iterator[tuple[str, int]]:
    """A JetStream file store with ``sync_interval: always``: an fsync for each message."""
    port = free_port()
    config = directory / "nats.conf"
    config.write_text(
        f'listen: "127.0.0.1:{port}"\nmax_payload: 8MB\n'
        f'jetstream {{ store_dir: "{directory}", sync_interval: always }}\n'
    )
    with _running([_found("nats-server"), "--config", str(config)]) as process:
        _wait(process, lambda: _listens(port), "nats-server")
        address = f"nats://127.0.0.1:{port}"
        _in_loop(_make_stream(address))
        yield address, process.pid


async def _make_stream(address: str) -> None:
    import nats

    client = await nats.connect(address)
    await client.jetstream().add_stream(name="events", subjects=["events"])
    await client.close()


@contextlib.contextmanager
def postgres_table(directory: Path) -> Iterator[tuple[str, int]]:
    """A table without an index, as installed: fsync and synchronous_commit are on."""
    # It refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(directory, user)
        directory.parent.chmod(0o755)
    data = directory / "data"
    subprocess.run(
        [_found("initdb"), "--pgdata", str(data), "--username", "bench", "--auth", "trust", "--no-sync"],
        check=True, user=user, stdout=subprocess.DEVNULL, cwd=directory,
    )  # fmt: skip
    command = [_found("postgres"), "-D", str(data), "-k", str(directory), "-c", "listen_addresses="]
    with _running(command, user) as process:
        socket_file = directory / ".s.PGSQL.5432"
        _wait(process, socket_file.exists, "postgres")
        address = f"postgresql://bench@/postgres?host={directory}"
        _in_loop(_make_table(address))
        yield address, process.pid


async def _make_table(address: str) -> None:
    import asyncio

    import asyncpg

    for attempt in range(50):
        try:
            connection = await asyncpg.connect(address)
            break
        except (OSError, asyncpg.CannotConnectNowError):
            if attempt == 49:
                raise
            await asyncio.sleep(0.1)
    await connection.execute("create table events (at timestamptz default now(), body bytea)")
    await connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _in_loop(made: object) -> None:
    import asyncio

    asyncio.run(made)  # type: ignore[arg-type]


def _found(name: str) -> str:
    places = [os.environ.get("PATH", ""), "/usr/sbin", *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        raise MissingError(f"{name} is not installed")
    return found


@contextlib.contextmanager
def _running(command: list[str], user: str | None = None) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=user,
        start_new_session=True,
        preexec_fn=ends_with_me(),
    )
    try:
        yield process
    finally:
        # The first process of each of these ends its children itself.
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _wait(process: subprocess.Popen[bytes], is_up: object, name: str) -> None:
    for _ in range(200):
        if is_up():  # type: ignore[operator]
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise MissingError(f"{name} is installed and did not start")
