"""The files of a snapshot, each written again only when what it is made of has changed.

The rows behind a table are hashed by key in DuckDB and compared with the hashes that stand beside the parts of the
version in force. Parts stay (a hard link), and what differs from them goes into one small file beside them, until a
part has changed so much that it is written again (decision 0020). A mart with the digest of the version before is that
version's file.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import duckdb

from footfall.snapshot.format import (
    FORMAT_VERSION,
    GONE,
    PART_SQL,
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

#: A table has so many parts that each holds about this many keys; the number changes when it is off by more than the
#: factor two, since with it every file does.
PART_KEYS = 10_000
#: Each part is a file that every API process holds open.
MAX_PARTS = 32

#: A part is written again when more than this share of its keys changed since.
MOST_CHANGES = 0.1
#: The one that changed most is from this share on: a part a publish, instead of all in one.
MANY_CHANGES = 0.03
#: Parts of fewer keys are written again whatever changed: that costs what a file of changes would.
FEW_KEYS = 500

#: Keys whose documents are made at once. Lists of a million at a time would have to be sorted on disk.
GROUP_KEYS = 50_000

_BATCH = 5_000
_OUT = "snapshot_out"
_WANTED = "snapshot_wanted"
_ROWS = "snapshot_rows"
#: Where ``_WANTED`` says which part a key is to be written to: to none, but to the changes.
_CHANGES = -1


@dataclass
class Base:
    """The version that files are taken over from."""

    path: Path
    manifest: Manifest

    def is_whole(self, name: str) -> bool:
        """Whether a file is what the manifest says: one that its disk has damaged must not be handed on from version to
        version. Raises OSError where it can't be read.
        """
        before = self.manifest.files[name]
        return seal(self.path / name, before.content) == before


@dataclass
class Written:
    """What stands in a version's directory."""

    files: dict[str, FileSeal] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    reused: set[str] = field(default_factory=set)
    hidden: int = 0
    """Rows of lists that no document shows, since their product can't be bought now."""


@dataclass(frozen=True)
class _Plan:
    """What of a table has to be written: how many keys (changed or gone) to the changes, and to each part."""

    made_by: str
    changes: int
    parts: dict[int, int]
    is_whole: bool
    """Nothing was taken over: every key has to be written."""


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
        """See what of a lookup table has to be written, and take over the parts that stay. Raises AuditFailedError
        where a key is missing, or stands twice where it must not.
        """
        keys = self._hash_rows(table, source)
        self.written.rows[table] = keys
        parts = choose_parts(keys, self._base.manifest.parts.get(table) if self._base else None)
        self.written.parts[table] = parts
        made_by = _digest(source.documents(""), str(parts), str(PAGE_BYTES))
        kept = {number for number in range(parts) if self._take_over_part(table, number, made_by)}
        changed = self._changed(table, kept)
        again = (set(range(parts)) - kept) | _to_write_anew(
            {number: count for number, count in changed.items() if number in kept}, keys / parts
        )
        for number in again & kept:
            self._give_back(table_file(table, number))
            self._give_back(keys_file(table, number))
        counts = self._note_todo(table, again)
        self._plans[table] = _Plan(
            made_by=made_by,
            changes=counts.get(_CHANGES, 0),
            parts={number: counts.get(number, 0) for number in sorted(again)},
            is_whole=not kept,
        )
        self._con.execute(
            f"""
            create or replace temp table {_hidden(table)} as select key from {_keys(table)} where h is null;
            drop table {_keys(table)};
            drop table {_changed(table)}
            """
        )

    def rows_to_write(self, tables: Sequence[Table], mart: str, key: str) -> str:
        """Name of a table or view: the rows of a mart that are behind what is to be written of some tables, and those
        that no document shows. After ``compare``; it goes with ``cleanup``.
        """
        if any(self._plans[table].is_whole for table in tables):
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
        counts = dict(plan.parts)
        changes = f"{plan.made_by}-{self._changes_digest(table)}"
        if plan.changes and not self._take_over(changes_file(table), changes):
            counts[_CHANGES] = plan.changes
        for group in _groups(counts):
            self._write_group(table, source, group, counts)
            for number in group:
                if number == _CHANGES:
                    self._seal(changes_file(table), changes)
                else:
                    self._seal(table_file(table, number), plan.made_by)
                    self._write_keys(table, number, plan.made_by)
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
            *(name(table) for table in Table for name in (_keys, _changed, _todo, _hidden)),
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
            raise AuditFailedError([f"{table}: a key is missing or stands twice"])
        self.written.hidden += hidden
        return keys

    def _note_todo(self, table: Table, again: set[int]) -> dict[int, int]:
        """Note the keys to write: all of the parts ``again``, what changed of the others. Returns how many by part."""
        part = PART_SQL.format(parts=self.written.parts[table])
        self._con.execute(
            f"""
            create or replace temp table {_todo(table)} as
            select key, h, {_CHANGES} as part from {_changed(table)} where not list_contains($1, part)
            union all
            select key, h, part
            from (select key, h, {part} as part from {_keys(table)} where h is not null)
            where list_contains($1, part)
            """,
            [sorted(again)],
        )
        return dict(self._con.execute(f"select part, count(*) from {_todo(table)} group by part").fetchall())

    def _changed(self, table: Table, kept: set[int]) -> dict[int, int]:
        """Note the keys whose rows are others than those of the parts taken over, without a hash where the key is
        gone; returns how many by part.
        """
        paths = ", ".join(f"'{sql_path(self.aside / keys_file(table, number))}'" for number in sorted(kept))
        before = f"read_parquet([{paths}])" if kept else "(select null::varchar as key, null::ubigint as h)"
        part = PART_SQL.format(parts=self.written.parts[table])
        self._con.execute(
            f"""
            create or replace temp table {_changed(table)} as
            select key, h, {part} as part
            from (
                select coalesce(n.key, b.key) as key, n.h
                from {_keys(table)} as n
                full join {before} as b on b.key = n.key
                where n.h is distinct from b.h
            )
            """
        )
        rows = self._con.execute(f"select part, count(*) from {_changed(table)} group by part").fetchall()
        return dict(rows)

    def _changes_digest(self, table: Table) -> str:
        total, count = self._row(
            f"select coalesce(sum(hash(key, h)), 0), count(*) from {_todo(table)} where part = {_CHANGES}"
        )
        return f"{total:x}-{count}"

    def _write_group(self, table: Table, source: Source, group: list[int], counts: dict[int, int]) -> None:
        """The documents of some parts, made by one query."""
        self._con.execute(
            f"create or replace temp table {_WANTED} as from {_todo(table)} where list_contains($1, part)",
            [group],
        )
        result = self._con.execute(
            f"""
            select part, key, value from ({source.documents(_WANTED)})
            union all
            select part, key, '{GONE.decode()}'::blob from {_WANTED} where h is null
            order by part, key
            """
        )
        found = dict.fromkeys(group, 0)
        for number, of_part in groupby(_rows(result), key=lambda row: row[0]):
            path = self.aside / _file(table, number)
            try:
                found[number] = write_entries(path, ((key, value) for _, key, value in of_part))
            except sqlite3.IntegrityError as error:
                raise AuditFailedError([f"{table}: a document is missing ({error})"]) from error
        for number in group:
            if not counts[number]:
                write_entries(self.aside / _file(table, number), iter(()))
            if found[number] != counts[number]:
                raise AuditFailedError([f"{table}: {found[number]} documents for {counts[number]} keys"])

    def _write_keys(self, table: Table, number: int, made_by: str) -> None:
        path = self.aside / keys_file(table, number)
        self._con.execute(
            f"""
            copy (select key, h from {_todo(table)} where part = {number} order by key)
            to '{sql_path(path)}' (format parquet, compression zstd)
            """
        )
        fsync_path(path)
        self._seal(path.name, made_by)

    def _take_over_part(self, table: Table, number: int, made_by: str) -> bool:
        """A part and its keys, both or none."""
        if not self._take_over(keys_file(table, number), made_by):
            return False
        if self._take_over(table_file(table, number), made_by):
            return True
        self._give_back(keys_file(table, number))
        return False

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


def _to_write_anew(changed: dict[int, int], part_keys: float) -> set[int]:
    """Which parts of a table changed too much to stay beside their changes, by how many of their keys did."""
    if part_keys < FEW_KEYS:
        return set(changed)
    again = {number for number, count in changed.items() if count > MOST_CHANGES * part_keys}
    most = max(changed, key=lambda number: (changed[number], number), default=0)
    if changed.get(most, 0) > MANY_CHANGES * part_keys:
        again.add(most)
    return again


def _groups(counts: dict[int, int]) -> Iterator[list[int]]:
    """Parts by the group whose documents are made at once, in order."""
    group: list[int] = []
    keys = 0
    for number, count in sorted(counts.items()):
        if group and keys + count > GROUP_KEYS:
            yield group
            group, keys = [], 0
        group.append(number)
        keys += count
    if group:
        yield group


def _rows(result: duckdb.DuckDBPyConnection) -> Iterator[tuple[int, str, bytes]]:
    while batch := result.fetchmany(_BATCH):
        yield from batch


def _file(table: Table, number: int) -> str:
    return changes_file(table) if number == _CHANGES else table_file(table, number)


def _keys(table: Table) -> str:
    """(key, n, shown, h) of all keys; h is a hash of their rows, null where no document shows any."""
    return f"snapshot_keys_{table}"


def _changed(table: Table) -> str:
    """(key, h, part) of the keys that are others than in the parts taken over."""
    return f"snapshot_changed_{table}"


def _hidden(table: Table) -> str:
    """(key) of the keys whose rows no document shows."""
    return f"snapshot_hidden_{table}"


def _todo(table: Table) -> str:
    """(key, h, part) of the keys to write; h is null where the key is gone."""
    return f"snapshot_todo_{table}"


def _digest(*texts: str) -> str:
    """Of what makes a file, beside its rows: the SQL, the format, and the engine, whose hashes may change."""
    text = "\0".join((*texts, str(FORMAT_VERSION), duckdb.__version__))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
