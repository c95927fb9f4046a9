"""The file operations the landing is built on, behind one small interface.

Everything that can fail on a disk goes through here, so that tests can make each of them fail, and can
forget what was never fsynced, without a patched ``os``.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from footfall.landing.segments import Buffer


class FileOps(Protocol):
    """The file operations that writer and recovery need. Every method may raise OSError."""

    def make_directory(self, path: Path) -> None: ...
    def create(self, path: Path) -> int: ...
    def open_existing(self, path: Path) -> int: ...
    def lock(self, fd: int) -> bool: ...
    def write(self, fd: int, parts: Sequence[Buffer]) -> int: ...
    def truncate(self, fd: int, length: int) -> None: ...
    def sync_data(self, fd: int) -> None: ...
    def sync_file(self, fd: int) -> None: ...
    def sync_directory(self, path: Path) -> None: ...
    def close(self, fd: int) -> None: ...
    def rename(self, source: Path, target: Path) -> None: ...
    def unlink(self, path: Path) -> None: ...
    def read(self, path: Path) -> bytes: ...
    def names(self, directory: Path) -> list[str]: ...
    def free_bytes(self, path: Path) -> int: ...


class OsFiles:
    """The real thing."""

    def make_directory(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)

    def create(self, path: Path) -> int:
        """A new file open for reading and writing; FileExistsError where one stands already."""
        return os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o640)

    def open_existing(self, path: Path) -> int:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def lock(self, fd: int) -> bool:
        """Take the file for this process; False where a living one has it. The kernel frees it at death."""
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def write(self, fd: int, parts: Sequence[Buffer]) -> int:
        """Bytes written: may be fewer than given, on a disk that fills up."""
        return os.writev(fd, parts)

    def truncate(self, fd: int, length: int) -> None:
        os.ftruncate(fd, length)
        os.lseek(fd, length, os.SEEK_SET)

    def sync_data(self, fd: int) -> None:
        os.fdatasync(fd)

    def sync_file(self, fd: int) -> None:
        os.fsync(fd)

    def sync_directory(self, path: Path) -> None:
        """Makes names durable: a file that was fsynced can still lose its name in a power cut."""
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def close(self, fd: int) -> None:
        os.close(fd)

    def rename(self, source: Path, target: Path) -> None:
        source.rename(target)

    def unlink(self, path: Path) -> None:
        path.unlink()

    def read(self, path: Path) -> bytes:
        return path.read_bytes()

    def names(self, directory: Path) -> list[str]:
        return sorted(entry.name for entry in directory.iterdir())

    def free_bytes(self, path: Path) -> int:
        """Bytes an unprivileged process may still write to the disk of ``path``."""
        stats = os.statvfs(path)
        return stats.f_bavail * stats.f_frsize
