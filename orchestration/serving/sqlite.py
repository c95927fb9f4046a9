"""The SQLite files of a snapshot's lookup tables: written front to back, read whole by audits."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from footfall.snapshot.format import FORMAT_VERSION, GONE, Table, changes_file, table_file
from orchestration.storage.atomic_write import fsync_path

#: SQLite's page. Lists take 1 to 4 KB, and what doesn't fit a quarter of a page spills into pages of its own. At 4 KB
#: pages: 549 MiB and 17 us a lookup for 100,000 visitors with 50 recommendations each; at 16 KB: 230 MiB and 6 us.
#: 4,372 customers of a real shop: 133 MiB at 4 KB, 110 at 8, 88 at 16, 93 at 32.
PAGE_BYTES = 16_384


def write_entries(path: Path, rows: Iterable[tuple[str, bytes]]) -> int:
    """Rows come in key order, so the b-tree is written front to back and its pages stay full: there is nothing for
    VACUUM to do. A crash throws the whole file away, so neither a journal nor a sync is needed before the one at
    the end. Returns how many rows there were. Raises sqlite3.IntegrityError where a value is null.
    """
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as sink:
        sink.execute(f"pragma page_size = {PAGE_BYTES}")
        sink.execute("pragma journal_mode = off")
        sink.execute("pragma synchronous = off")
        sink.execute("pragma locking_mode = exclusive")
        sink.execute(f"pragma user_version = {FORMAT_VERSION}")
        sink.execute("begin")
        # WITHOUT ROWID: the value stands in the leaf that the key leads to, one descent instead of two.
        sink.execute("create table entries (key text primary key, value blob not null) without rowid")
        count = sink.executemany("insert into entries values (?, ?)", rows).rowcount
        sink.execute("commit")
    fsync_path(path)
    return count


def read_entries(path: Path) -> Iterator[tuple[str, bytes]]:
    """Keys and values of a file. Raises sqlite3.Error."""
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as con:
        yield from con.execute("select key, value from entries")


def read_table(version_dir: Path, table: Table) -> dict[str, bytes]:
    """Every document of a table, as a reader finds it. Raises sqlite3.Error."""
    found = dict(read_entries(version_dir / table_file(table)))
    if (changes := version_dir / changes_file(table)).exists():
        found |= read_entries(changes)
    return {key: value for key, value in found.items() if value != GONE}
