"""The files of a snapshot, each written anew only when what it is made of has changed.

The rows behind a table are hashed by key in DuckDB, the keys' hashes summed by part. A part, or a mart, with the same
digest as in the version before is that version's file under a second name: nothing is rendered, written or synced.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import duckdb

from footfall.snapshot import FORMAT_VERSION, PART_SQL, FileSeal, Manifest, Table, mart_file, table_file
from orchestration.lib.durable import fsync_path
from orchestration.lib.snapshot_audit import AuditFailedError
from orchestration.lib.snapshot_documents import Source
from orchestration.lib.warehouse import sql_path

#: Files that DuckDB 1.5 opens too: analysts' tools are not always on the newest engine.
STORAGE_VERSION = "v1.5.0"

#: SQLite's page. Lists take 1 to 4 KB, and what doesn't fit a quarter of a page spills into pages of its own. At 4 KB
#: pages: 549 MiB and 17 us a lookup for 100,000 visitors with 50 recommendations each; at 16 KB: 230 MiB and 6 us.
#: 4,372 customers of a real shop: 133 MiB at 4 KB, 110 at 8, 88 at 16, 93 at 32.
PAGE_BYTES = 16_384

#: A table has so many parts that each holds about this many keys; the number changes when it is off by more than the
#: factor two, since with it every file does.
PART_KEYS = 10_000
#: Each part is a file that every API process holds open.
MAX_PARTS = 32

#: Keys whose documents are made at once. Lists of a million at a time would have to be sorted on disk.
GROUP_KEYS = 50_000

_BATCH = 5_000
_OUT = "snapshot_out"
_KEYS = "snapshot_keys"
_WANTED = "snapshot_wanted"


@dataclass
class Base:
    """The version that files are taken over from."""

    path: Path
    manifest: Manifest


@dataclass
class Written:
    """What stands in a version's directory."""

    files: dict[str, FileSeal] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    reused: set[str] = field(default_factory=set)


class Files:
    """Writes the files of one version into ``aside``, or takes them over from ``base``."""

    def __init__(self, con: duckdb.DuckDBPyConnection, aside: Path, base: Base | None) -> None:
        self._con = con
        self.aside = aside
        self._base = base
        self.written = Written()

    def add_table(self, table: Table, source: Source) -> None:
        """One lookup table. Raises AuditFailedError where a key is missing, or stands twice where it must not."""
        hashed = f"sum(hash({', '.join(self._columns(source.rows)) or '0'}))"
        self._con.execute(
            f"create or replace temp table {_KEYS} as"
            f" select key, {hashed} as h, count(*) as n from ({source.rows}) group by key"
        )
        keys, nameless, most = self._row(
            f"select count(*), count(*) - count(key), coalesce(max(n), 0) from {_KEYS}"
        )
        if nameless or (most > 1 and not source.is_grouped):
            raise AuditFailedError([f"{table}: a key is missing or stands twice"])
        before = self._base.manifest.parts.get(table) if self._base else None
        parts = choose_parts(keys, before)
        part = PART_SQL.format(parts=parts)
        digests = {
            number: (f"{total:x}-{count}", count)
            for number, total, count in self._con.execute(
                f"select {part}, sum(hash(key, h, n)), count(*) from {_KEYS} group by all"
            ).fetchall()
        }
        made_by = _digest(source.documents(""), str(parts), str(PAGE_BYTES))
        changed: dict[int, tuple[str, int]] = {}
        for number in range(parts):
            digest, count = digests.get(number, ("", 0))
            content = f"{made_by}-{digest}"
            if not self._take_over(table_file(table, number), content):
                changed[number] = (content, count)
        self._write_parts(table, source, parts, changed)
        self.written.parts[table] = parts
        self.written.rows[table] = keys
        self._con.execute(f"drop table {_KEYS}")

    def add_mart(self, name: str, rows: str, order: str) -> None:
        """One mart for analysts' endpoints, as a table of its name."""
        hashed = f"coalesce(sum(hash({', '.join(self._columns(rows))})), 0)"
        total, count = self._row(f"select {hashed}, count(*) from ({rows})")
        self.written.rows[f"analytics.{name}"] = count
        content = f"{_digest(rows, order, STORAGE_VERSION)}-{total:x}-{count}"
        if self._take_over(mart_file(name), content):
            return
        path = self.aside / mart_file(name)
        self._con.execute(
            f"attach '{sql_path(path)}' as {_OUT} (read_write, storage_version '{STORAGE_VERSION}')"
        )
        try:
            self._con.execute(f"create table {_OUT}.{name} as {rows} order by {order}")
            self._con.execute(f"checkpoint {_OUT}")
        finally:
            self._con.execute(f"detach {_OUT}")
        fsync_path(path)
        self.written.files[path.name] = seal(path, content)

    def add_ready(self, name: str, make: Callable[[Path], object]) -> None:
        """A file that another asset made and that costs nothing to put here."""
        path = self.aside / name
        make(path)
        self.written.files[name] = seal(path, "")
        if self._base and self._base.manifest.files.get(name) == self.written.files[name]:
            self.written.reused.add(name)

    def _write_parts(
        self, table: Table, source: Source, parts: int, changed: dict[int, tuple[str, int]]
    ) -> None:
        for group in _groups(changed):
            self._con.execute(
                f"""
                create or replace temp table {_WANTED} as
                select key, part from (select key, {PART_SQL.format(parts=parts)} as part from {_KEYS})
                where list_contains($1, part)
                """,
                [group],
            )
            found = dict.fromkeys(group, 0)
            result = self._con.execute(source.documents(_WANTED))
            rows = iter_rows(result)
            left = set(group)
            for number, of_part in groupby(rows, key=lambda row: row[0]):
                left.discard(number)
                found[number] = self._write_part(table, number, ((key, value) for _, key, value in of_part))
            for number in left:
                self._write_part(table, number, iter(()))
            for number in group:
                content, count = changed[number]
                if found[number] != count:
                    raise AuditFailedError([f"{table}: {found[number]} documents for {count} keys"])
                path = self.aside / table_file(table, number)
                self.written.files[path.name] = seal(path, content)

    def _write_part(self, table: Table, number: int, rows: Iterator[tuple[str, bytes]]) -> int:
        """Rows come in key order, so the b-tree is written front to back and its pages stay full: there is nothing for
        VACUUM to do. A crash throws the whole file away, so neither a journal nor a sync is needed before the one at
        the end. Returns how many rows there were.
        """
        path = self.aside / table_file(table, number)
        sink = sqlite3.connect(path, isolation_level=None)
        try:
            sink.execute(f"pragma page_size = {PAGE_BYTES}")
            sink.execute("pragma journal_mode = off")
            sink.execute("pragma synchronous = off")
            sink.execute("pragma locking_mode = exclusive")
            sink.execute(f"pragma user_version = {FORMAT_VERSION}")
            sink.execute("begin")
            # WITHOUT ROWID: the value stands in the leaf that the key leads to, one descent instead of two.
            sink.execute("create table entries (key text primary key, value blob not null) without rowid")
            sink.executemany("insert into entries values (?, ?)", rows)
            (count,) = sink.execute("select count(*) from entries").fetchone()
            sink.execute("commit")
        except sqlite3.IntegrityError as error:
            raise AuditFailedError([f"{table}: a document is missing ({error})"]) from error
        finally:
            sink.close()
        fsync_path(path)
        return int(count)

    def _take_over(self, name: str, content: str) -> bool:
        """The base's file of this name, if it is made of the same and is what its manifest says."""
        before = self._base.manifest.files.get(name) if self._base else None
        if self._base is None or before is None or before.content != content:
            return False
        path = self._base.path / name
        try:
            # Read once more: a file that its disk has damaged must not be handed on from version to version.
            if seal(path, content) != before:
                return False
            os.link(path, self.aside / name)
        except OSError:  # gone, unreadable, or a file system without hard links: written anew
            return False
        self.written.files[name] = before
        self.written.reused.add(name)
        return True

    def _columns(self, rows: str) -> list[str]:
        """The columns of a query but for its key."""
        described = self._con.execute(f"describe {rows}").fetchall()
        return [f'"{row[0]}"' for row in described if row[0] != "key"]

    def _row(self, query: str) -> tuple[int, ...]:
        row = self._con.execute(query).fetchone()
        assert row is not None
        return tuple(int(value) for value in row)


def choose_parts(keys: int, before: int | None) -> int:
    """A power of two, at most MAX_PARTS, so that a part holds about PART_KEYS; as before while that still fits."""
    if before is not None and PART_KEYS / 2 <= keys / before <= PART_KEYS * 2:
        return before
    parts = 1
    while parts < MAX_PARTS and keys / parts > PART_KEYS:
        parts *= 2
    return parts


def seal(path: Path, content: str) -> FileSeal:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileSeal(bytes=path.stat().st_size, sha256=digest, content=content)


def iter_rows(result: duckdb.DuckDBPyConnection) -> Iterator[tuple[int, str, bytes]]:
    while batch := result.fetchmany(_BATCH):
        yield from batch


def _groups(changed: dict[int, tuple[str, int]]) -> Iterator[list[int]]:
    """Parts by the group whose documents are made at once, in order."""
    group: list[int] = []
    keys = 0
    for number, (_, count) in sorted(changed.items()):
        if group and keys + count > GROUP_KEYS:
            yield group
            group, keys = [], 0
        group.append(number)
        keys += count
    if group:
        yield group


def _digest(*texts: str) -> str:
    """Of what makes a file, beside its rows: the SQL, the format, and the engine, whose hashes may change."""
    text = "\0".join((*texts, str(FORMAT_VERSION), duckdb.__version__))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
