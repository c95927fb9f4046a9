"""Searches files for texts, whatever wrote them: Parquet, DuckDB, SQLite, gzip, zstd or plain bytes."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

_ROWS = 10_000


def files_with(folder: Path, texts: Mapping[str, str]) -> dict[str, set[str]]:
    """By path below ``folder``: the names of those ``texts`` (ASCII) that stand in the file, or in its path.

    A text counts wherever it stands: within a longer value, nested, in base64, in a database's write-ahead log or free
    pages. Raises on a file that begins as one of the formats and can't be read as it.
    """
    forms = {name: _forms(text) for name, text in texts.items()}
    found: dict[str, set[str]] = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        relative = str(path.relative_to(folder))
        for part in (relative.encode(), *_contents(path)):
            if names := {name for name, each in forms.items() if any(form in part for form in each)}:
                found[relative] = found.get(relative, set()) | names
    return found


def _forms(text: str) -> list[bytes]:
    """The text, and in base64 what doesn't depend on its neighbours, at each of the three places to begin."""
    shifted = [b64encode(bytes(shift) + text.encode())[4 if shift else 0 : -4] for shift in range(3)]
    return [text.encode(), *shifted]


def _contents(path: Path) -> Iterator[bytes]:
    raw = path.read_bytes()
    yield raw
    if raw.startswith(b"PAR1"):
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                yield _text(file.read_row_group(group).to_pydict().values())
    elif raw[8:12] == b"DUCK":
        with _copied(path) as copy, closing(duckdb.connect(str(copy))) as database:
            tables = database.sql(
                "select database_name, schema_name, table_name from duckdb_tables()"
            ).fetchall()
            for table in tables:
                rows = database.execute(f"select * from {'.'.join(map(_quoted, table))}")
                while some := rows.fetchmany(_ROWS):
                    yield _text(some)
    elif raw.startswith(b"SQLite format 3\0"):
        with _copied(path) as copy, closing(sqlite3.connect(copy)) as database:
            for (table,) in database.execute(
                "select name from sqlite_master where type = 'table'"
            ).fetchall():
                yield _text(database.execute(f"select * from {_quoted(table)}"))
    elif raw.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd")):
        kind = "gzip" if raw.startswith(b"\x1f") else "zstd"
        with pa.CompressedInputStream(pa.BufferReader(raw), kind) as stream:
            yield stream.read()


def _text(values: Iterable[object]) -> bytes:
    return "\n".join(map(str, values)).encode()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def _copied(path: Path) -> Iterator[Path]:
    """A database with its write-ahead log, so that nobody's lock is in the way."""
    with tempfile.TemporaryDirectory() as folder:
        for part in path.parent.glob(f"{path.name}*wal"):
            shutil.copy(part, folder)
        yield shutil.copy(path, Path(folder) / path.name)
