"""A full disk, said in words: Python, SQLite and DuckDB each tell of it in their own, and none says what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

#: By these words. DuckDB sorts on disk until nine tenths of what was free are used, and calls that a lack of memory.
_FULL = (
    os.strerror(errno.ENOSPC),
    os.strerror(errno.EDQUOT),
    "database or disk is full",
    "max_temp_directory_size",
)


class DiskFullError(Exception):
    """There was no room for what was to be written."""


def full_disk_advice(message: str) -> str:
    """Return what to do, to be put behind an error's message; empty where the message is about something else."""
    if any(words in message for words in _FULL):
        return "\nThe disk is full: docs/operator/production.md lists what you may delete. Finished models are kept."
    return ""


@contextmanager
def full_disk_in_words() -> Iterator[None]:
    """Raises DiskFullError, with what to do, in the place of what a full disk raised."""
    try:
        yield
    except Exception as error:
        if advice := full_disk_advice(str(error)):
            raise DiskFullError(f"{error}{advice}") from error
        raise
