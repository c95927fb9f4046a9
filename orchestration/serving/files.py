"""The files of a snapshot, each written only when what it is made of has changed.

The rows behind a table are hashed by key in DuckDB and compared with the hashes of the active base. The base stays (a
hard link), and the keys that differ from it go into one small file of changes beside it, until so many do that the base
is rewritten (decision 0048). A mart with the digest of the version before is that version's file.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from footfall.snapshot.format import (
    FORMAT_VERSION,
    GONE,
    FileSeal,
    Manifest,
    Table,
    changes_file,
    keys_file,
    mart_file,
    mart_rows,
    table_file,
)
from orchestration.serving.audit import AuditFailedError
from orchestration.serving.documents import Source
from orchestration.serving.sqlite import PAGE_BYTES, write_entries
from orchestration.storage.atomic_write import fsync_path
from orchestration.storage.duckdb_files import sql_path

#: Files that DuckDB 1.5 opens too: analysts' tools are not always on the newest engine.
STORAGE_VERSION = "v1.5.0"

#: A base is rewritten when more than this share of its keys differ from it.
MOST_CHANGES = 0.1

#: Keys whose documents are made at once. Lists of a million at a time would have to be sorted on disk.
GROUP_KEYS = 50_000

_BATCH = 5_000
_OUT = "snapshot_out"
_WANTED = "snapshot_wanted"
_ROWS = "snapshot_rows"


@dataclass
class Base:
    """The version that files are taken over from."""

    path: Path
    manifest: Manifest

    def is_whole(self, name: str) -> bool:
        """Return whether a file matches the manifest: a damaged one must not be passed on from version to version.

        Raises OSError if it can't be read.
        """
        before = self.manifest.files[name]
        return seal(self.path / name, before.content) == before


@dataclass
class Written:
    """Content of a version's directory."""

    files: dict[str, FileSeal] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    reused: set[str] = field(default_factory=set)
    hidden: int = 0
    """Rows of lists that no document shows, since their product can't be bought now."""


@dataclass(frozen=True)
class _Plan:
    """Part of a table to write: all keys to a new base, or the differing ones to its changes file."""

    made_by: str
    is_base: bool
    keys: int


class Files:
    """Writes the files of one version into ``aside``, or takes them over from ``base``."""

    def __init__(self, con: duckdb.DuckDBPyConnection, aside: Path, base: Base | None) -> None:
        self._con = con
        self.aside = aside
        self._base = base
        self.written = Written()
        self._rows: list[str] = []
        self._plans: dict[Table, _Plan] = {}

    def compare(self, table: Table, source: Source) -> None:
        """See what of a lookup table has to be written, and take over its base if that stays. Raises AuditFailedError
        where a key is missing, or stands twice where it must not.
        """
        keys = self._hash_rows(table, source)
        self.written.rows[table] = keys
        made_by = _digest(source.documents(""), str(PAGE_BYTES))
        is_kept = self._take_over(keys_file(table), made_by)
        count = self._note_todo(table, is_kept)
        if is_kept and (count > MOST_CHANGES * keys or not self._take_over(table_file(table), made_by)):
            self._give_back(keys_file(table))
            is_kept = False
            count = self._note_todo(table, is_kept)
        self._plans[table] = _Plan(made_by, not is_kept, count)
        self._con.execute(
            f"""
            create or replace temp table {_hidden(table)} as select key from {_keys(table)} where h is null;
            drop table {_keys(table)}
            """
        )

    def rows_to_write(self, tables: Sequence[Table], mart: str, key: str) -> str:
        """Name of a table or view: the rows of a mart that are behind what is to be written of some tables, and those
        that no document shows. After ``compare``; it goes with ``cleanup``.
        """
        if any(self._plans[table].is_base for table in tables):
            return mart
        keys = " union ".join(
            f"select key from {_todo(table)} where h is not null union select key from {_hidden(table)}"
            for table in tables
        )
        rows = f"{_ROWS}_{mart}"
        self._con.execute(
            f"create or replace temp table {rows} as select * from {mart} where {key} in ({keys})"
        )
        self._rows.append(rows)
        return rows

    def add_table(self, table: Table, source: Source) -> None:
        """Write what has to be written of a lookup table, after ``compare``. Raises AuditFailedError where a document
        is missing.
        """
        plan = self._plans[table]
        if plan.is_base:
            self._write_documents(table, source, table_file(table), plan)
            self._seal(table_file(table), plan.made_by)
            self._write_keys(table, plan.made_by)
        elif plan.keys:
            content = f"{plan.made_by}-{self._todo_digest(table)}"
            if not self._take_over(changes_file(table), content):
                self._write_documents(table, source, changes_file(table), plan)
                self._seal(changes_file(table), content)
        self._con.execute(f"drop table {_todo(table)}")

    def add_mart(self, name: str, rows: str, order: str) -> None:
        """One mart for analysts' endpoints, as a table of its name."""
        hashed = f"coalesce(sum(hash({', '.join(self._columns(rows))})), 0)"
        total, count = self._row(f"select {hashed}, count(*) from ({rows})")
        self.written.rows[mart_rows(name)] = count
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
        self._seal(path.name, content)

    def add_ready(self, name: str, make: Callable[[Path], object]) -> None:
        """A file that another asset made and that costs nothing to put here."""
        make(self.aside / name)
        self._seal(name, "")
        if self._base and self._base.manifest.files.get(name) == self.written.files[name]:
            self.written.reused.add(name)

    def cleanup(self) -> None:
        """Drop the temporary tables that are left."""
        for name in (
            *self._rows,
            _WANTED,
            *(name(table) for table in Table for name in (_keys, _todo, _hidden)),
        ):
            self._con.execute(f"drop table if exists {name}")

    def _hash_rows(self, table: Table, source: Source) -> int:
        """Note a hash of each key's rows; returns how many keys have a document. Raises AuditFailedError where a key is
        missing, or stands twice where it must not.
        """
        # All that a document is made of; a key that has no more is told by its number of rows
        columns = ", ".join(column for column in self._columns(source.rows()) if column != '"key"') or "0"
        self._con.execute(
            f"""
            create or replace temp table {_keys(table)} as
            select key, count(*) as n, count(*) filter (where {source.shown}) as shown,
                if(shown > 0, hash(sum(hash({columns})), n), null) as h
            from ({source.rows()}) as r group by key
            """
        )
        nameless, most, keys, hidden = self._row(
            f"""
            select count(*) - count(key), coalesce(max(n), 0), count(h), coalesce(sum(n - shown), 0)
            from {_keys(table)}
            """
        )
        if nameless or (most > 1 and not source.is_grouped):
            raise AuditFailedError([f"{table}: a key is missing or duplicated"])
        self.written.hidden += hidden
        return keys

    def _note_todo(self, table: Table, is_kept: bool) -> int:
        """Note the keys to write, in groups of GROUP_KEYS: those that differ from the base if it is kept, without a
        hash where the key is gone, else all that have a document. Returns how many.
        """
        before = "(select null::varchar as key, null::ubigint as h)"
        if is_kept:
            before = f"read_parquet('{sql_path(self.aside / keys_file(table))}')"
        self._con.execute(
            f"""
            create or replace temp table {_todo(table)} as
            select key, h, (row_number() over (order by key) - 1) // {GROUP_KEYS} as batch
            from (
                select coalesce(n.key, b.key) as key, n.h
                from {_keys(table)} as n
                full join {before} as b on b.key = n.key
                where n.h is distinct from b.h
            )
            """
        )
        (count,) = self._row(f"select count(*) from {_todo(table)}")
        return count

    def _todo_digest(self, table: Table) -> str:
        total, count = self._row(f"select coalesce(sum(hash(key, h)), 0), count(*) from {_todo(table)}")
        return f"{total:x}-{count}"

    def _write_documents(self, table: Table, source: Source, name: str, plan: _Plan) -> None:
        try:
            found = write_entries(self.aside / name, self._documents(table, source, plan.keys))
        except sqlite3.IntegrityError as error:
            raise AuditFailedError([f"{table}: a document is missing ({error})"]) from error
        if found != plan.keys:
            raise AuditFailedError([f"{table}: {found} documents for {plan.keys} keys"])

    def _documents(self, table: Table, source: Source, keys: int) -> Iterator[tuple[str, bytes]]:
        """Keys to write with their documents, GONE for a key that is gone, in the order of the keys."""
        for batch in range(-(-keys // GROUP_KEYS)):
            self._con.execute(
                f"create or replace temp table {_WANTED} as from {_todo(table)} where batch = {batch}"
            )
            result = self._con.execute(
                f"""
                {source.documents(_WANTED)}
                union all
                select key, '{GONE.decode()}'::blob from {_WANTED} where h is null
                order by key
                """
            )
            while rows := result.fetchmany(_BATCH):
                yield from rows

    def _write_keys(self, table: Table, made_by: str) -> None:
        path = self.aside / keys_file(table)
        self._con.execute(
            f"""
            copy (select key, h from {_todo(table)} order by key)
            to '{sql_path(path)}' (format parquet, compression zstd)
            """
        )
        fsync_path(path)
        self._seal(path.name, made_by)

    def _take_over(self, name: str, content: str) -> bool:
        """The base's file of this name, if it is made of the same and is what its manifest says."""
        before = self._base.manifest.files.get(name) if self._base else None
        if self._base is None or before is None or before.content != content:
            return False
        try:
            if not self._base.is_whole(name):
                return False
            os.link(self._base.path / name, self.aside / name)
        except OSError:  # gone, unreadable, or a file system without hard links: written again
            return False
        self.written.files[name] = before
        self.written.reused.add(name)
        return True

    def _give_back(self, name: str) -> None:
        (self.aside / name).unlink()
        del self.written.files[name]
        self.written.reused.discard(name)

    def _seal(self, name: str, content: str) -> None:
        self.written.files[name] = seal(self.aside / name, content)

    def _columns(self, rows: str) -> list[str]:
        """The columns of a query, quoted."""
        return [f'"{row[0]}"' for row in self._con.execute(f"describe {rows}").fetchall()]

    def _row(self, query: str) -> tuple[int, ...]:
        [row] = self._con.execute(query).fetchall()
        return tuple(int(value) for value in row)


def seal(path: Path, content: str) -> FileSeal:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileSeal(bytes=path.stat().st_size, sha256=digest, content=content)


def _keys(table: Table) -> str:
    """(key, n, shown, h) of all keys; h is a hash of their rows, null where no document shows any."""
    return f"snapshot_keys_{table}"


def _hidden(table: Table) -> str:
    """(key) of the keys whose rows no document shows."""
    return f"snapshot_hidden_{table}"


def _todo(table: Table) -> str:
    """(key, h, batch) of the keys to write; h is null where the key is gone."""
    return f"snapshot_todo_{table}"


def _digest(*texts: str) -> str:
    """Of what makes a file, beside its rows: the SQL, the format, and the engine, whose hashes may change."""
    text = "\0".join((*texts, str(FORMAT_VERSION), duckdb.__version__))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
