"""One open snapshot, and the store that follows the pointer from one to the next.

Point lookups run on the event loop's own thread (9 microseconds each: a hop to a thread costs more), so a
snapshot needs one SQLite connection per worker process. Analytical queries run on threads, each with a DuckDB
cursor of its own. A snapshot is closed when the last request that holds it lets go; Python's reference count
is the lease.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import sqlite3
import weakref
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from footfall.session_index import SessionIndex, SessionIndexError
from footfall.snapshot import (
    ANALYTICS_FILE,
    FORMAT_VERSION,
    POINTER_FILE,
    SESSIONS_FILE,
    SQLITE_FILE,
    WHOLE_SHOP,
    CategoryAffinity,
    Label,
    Manifest,
    Membership,
    Neighbour,
    ProductAffinity,
    ProductCard,
    SnapshotError,
    Table,
    Trend,
    VisitorCard,
    check_sizes,
    read_manifest,
    read_pointer,
)

log = logging.getLogger("footfall.api")

#: How often the pointer is looked at. One stat call; the promise is "followed within a second".
POLL_SECONDS = 0.3
#: A version that could not be opened is tried again after this long: its disk may have been the trouble.
RETRY_SECONDS = 5.0
#: Checksums are verified at opening up to this size (about 0.2 s); above it sizes and probes must do, or
#: every worker would read the whole snapshot at each publish.
VERIFY_BYTES = 256 * 2**20
#: Product cards kept decoded, about 1 KB each.
CARDS_KEPT = 20_000

_PRODUCT = msgspec.json.Decoder(ProductCard)
_PICKS = msgspec.json.Decoder(list[tuple[str, float, int]])
_LABEL = msgspec.json.Decoder(Label)
_TRENDS = msgspec.json.Decoder(list[Trend])
_TEXT = msgspec.json.Decoder(str)
_TEXTS = msgspec.json.Decoder(list[str])
_VISITOR = msgspec.json.Decoder(VisitorCard)
_PRODUCT_AFFINITIES = msgspec.json.Decoder(list[ProductAffinity])
_CATEGORY_AFFINITIES = msgspec.json.Decoder(list[CategoryAffinity])
_MEMBERSHIPS = msgspec.json.Decoder(list[Membership])
_NEIGHBOURS = msgspec.json.Decoder(list[Neighbour])

_SELECT = {table: f"select value from {table} where key = ?" for table in Table}


class NoSnapshotError(Exception):
    """Nothing has been published yet, or nothing that can be opened."""


class Snapshot:
    """Typed lookups in one published version. Everything but ``query`` belongs to the event loop's thread."""

    def __init__(self, version_dir: Path) -> None:
        """Open and check a version. Raises SnapshotError where it is not as its manifest says."""
        self.manifest: Manifest = read_manifest(version_dir)
        check_sizes(version_dir, self.manifest)
        for name, seal in self.manifest.files.items():
            if seal.bytes <= VERIFY_BYTES:
                _verify(version_dir / name, seal.sha256)
        open_things: list[Any] = []
        self._closer = weakref.finalize(self, _close, open_things)
        try:
            self._sqlite = _open_sqlite(version_dir / SQLITE_FILE)
            open_things.append(self._sqlite)
            self._analytics = duckdb.connect(
                str(version_dir / ANALYTICS_FILE),
                read_only=True,
                config={"threads": 1, "memory_limit": "512MB"},
            )
            open_things.append(self._analytics)
            self._sessions = SessionIndex.open(version_dir / SESSIONS_FILE)
            self._probe()
        except (SessionIndexError, sqlite3.Error, duckdb.Error, msgspec.DecodeError) as error:
            self._closer()
            raise SnapshotError(f"snapshot {version_dir.name} can't be opened: {error}") from error
        self._cards: dict[str, ProductCard | None] = {}
        self._labels: dict[int, Label] = {}
        self._trending: dict[str, list[Trend]] = {}
        self._catalogue: list[str] | None = None

    @property
    def version(self) -> str:
        return self.manifest.version

    @property
    def generated_at(self) -> datetime:
        return self.manifest.created_at

    def product(self, product_id: str) -> ProductCard | None:
        """The card of a product known from the catalogue or from events."""
        try:
            return self._cards[product_id]
        except KeyError:
            value = self._get(Table.PRODUCTS, product_id)
            if value is None:
                return None
            if len(self._cards) >= CARDS_KEPT:
                self._cards.clear()
            card = self._cards[product_id] = _PRODUCT.decode(value)
            return card

    def picks(self, table: Table, key: str) -> list[tuple[str, float, int]]:
        """A published list, best first, as (product id, score, label number); empty where there is none. These are
        Picks: as tuples they unpack in half the time, and a request goes through hundreds.
        """
        value = self._get(table, key)
        return _PICKS.decode(value) if value else []

    def label(self, number: int) -> Label:
        """Source and reason behind a label number."""
        label = self._labels.get(number)
        if label is None:
            value = self._get(Table.LABELS, str(number))
            if value is None:
                raise SnapshotError(f"snapshot {self.version} has no label {number}")
            label = self._labels[number] = _LABEL.decode(value)
        return label

    def next_products(self, viewed: Sequence[str], top: int) -> list[tuple[str, float]]:
        """What past sessions like this one saw next, best first; ``viewed`` is last first. Empty where no past
        session saw any of these products.
        """
        return self._sessions.next_products(viewed[::-1], top)

    def trending(self, category: str = WHOLE_SHOP) -> list[Trend]:
        """What trends in a category, or in the whole shop."""
        found = self._trending.get(category)
        if found is None:
            value = self._get(Table.TRENDING, category)
            if value is None:
                return []
            found = self._trending[category] = _TRENDS.decode(value)
        return found

    def catalogue(self) -> list[str]:
        """Ids of every product that can be bought, newest catalogue entry first."""
        if self._catalogue is None:
            value = self._get(Table.CATALOGUE, WHOLE_SHOP)
            self._catalogue = _TEXTS.decode(value) if value else []
        return self._catalogue

    def visitor_of(self, identifier: str) -> str | None:
        """Canonical visitor behind 'guest:<token>' or 'user:<id>'."""
        value = self._get(Table.IDENTITIES, identifier)
        return _TEXT.decode(value) if value else None

    def visitor(self, visitor_id: str) -> VisitorCard | None:
        value = self._get(Table.VISITORS, visitor_id)
        return _VISITOR.decode(value) if value else None

    def product_affinities(self, visitor_id: str) -> list[ProductAffinity]:
        value = self._get(Table.VISITOR_PRODUCTS, visitor_id)
        return _PRODUCT_AFFINITIES.decode(value) if value else []

    def category_affinities(self, visitor_id: str) -> list[CategoryAffinity]:
        value = self._get(Table.VISITOR_CATEGORIES, visitor_id)
        return _CATEGORY_AFFINITIES.decode(value) if value else []

    def neighbours(self, visitor_id: str) -> list[Neighbour]:
        value = self._get(Table.VISITOR_NEIGHBOURS, visitor_id)
        return _NEIGHBOURS.decode(value) if value else []

    def memberships(self, visitor_id: str) -> list[Membership]:
        """The segments that a visitor is in, by name."""
        value = self._get(Table.VISITOR_SEGMENTS, visitor_id)
        return _MEMBERSHIPS.decode(value) if value else []

    def query(self, sql: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
        """Rows of an analytical query, times in UTC. Call it from a worker thread; each call has a cursor of its own,
        because a second statement on one connection ends the first one's result.
        """
        with contextlib.closing(self._analytics.cursor()) as cursor:
            cursor.execute(sql, parameters or [])
            names = [column[0] for column in cursor.description or []]
            return [dict(zip(names, map(_in_utc, row), strict=True)) for row in cursor.fetchall()]

    def _get(self, table: Table, key: str) -> bytes | None:
        row = self._sqlite.execute(_SELECT[table], (key,)).fetchone()
        return row[0] if row else None

    def _probe(self) -> None:
        (found,) = self._sqlite.execute("pragma user_version").fetchone()
        if found != FORMAT_VERSION:
            raise SnapshotError(f"{SQLITE_FILE} has format {found}, this version reads {FORMAT_VERSION}")
        for table in Table:
            row = self._sqlite.execute(f"select value from {table} limit 1").fetchone()
            if (row is None) != (self.manifest.rows.get(table, 0) == 0):
                raise SnapshotError(f"table {table} of {SQLITE_FILE} is not what the manifest says")
            if row is not None:
                msgspec.json.decode(row[0])
        for name, count in self.manifest.rows.items():
            if name.startswith("analytics."):
                mart = name.removeprefix("analytics.")
                if self.query(f'select count(*) as n from "{mart}"')[0]["n"] != count:
                    raise SnapshotError(f"table {mart} of {ANALYTICS_FILE} is not what the manifest says")


class SnapshotStore:
    """Holds the snapshot in force and moves to the next one when ``current.json`` changes."""

    def __init__(self, serving_dir: Path) -> None:
        self._dir = serving_dir
        self._current: Snapshot | None = None
        self._seen: tuple[int, int, int] | None = None
        self._tried_at = 0.0
        self.problem: str | None = None
        """Why the pointer could not be followed; None when all is well."""

    @property
    def snapshot(self) -> Snapshot | None:
        return self._current

    def current(self) -> Snapshot:
        """The snapshot in force. Raises NoSnapshotError while there is none."""
        if self._current is None:
            raise NoSnapshotError(self.problem or "nothing has been published yet")
        return self._current

    async def follow(self) -> None:
        """Watch the pointer until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(POLL_SECONDS)

    async def look(self) -> None:
        """Move to the published version if it is another one. A version that can't be opened leaves the old
        one in force, and the reason in ``problem`` and the log.
        """
        mark = _mark(self._dir / POINTER_FILE)
        now = asyncio.get_running_loop().time()
        retry = self.problem is not None and now - self._tried_at >= RETRY_SECONDS
        if mark == self._seen and not retry:
            return
        self._seen, self._tried_at = mark, now
        try:
            opened = await asyncio.to_thread(self._open_published)
        except Exception as error:  # whatever is wrong with a new version must not stop the old one
            self._complain(
                str(error) if isinstance(error, SnapshotError) else f"{type(error).__name__}: {error}"
            )
            return
        if opened is not None:
            log.info("serving snapshot %s", opened.version)
            self._current = opened
        self.problem = None

    def _open_published(self) -> Snapshot | None:
        """The published version, opened; None where it is in force already, or nothing is published."""
        pointer = read_pointer(self._dir)
        if pointer is None:
            if self._current is not None:
                raise SnapshotError(f"{POINTER_FILE} has vanished")
            return None
        if self._current is not None and pointer.version == self._current.version:
            return None
        return Snapshot(self._dir / pointer.version)

    def _complain(self, problem: str) -> None:
        if problem != self.problem:
            kept = self._current.version if self._current else "nothing"
            log.error("can't follow the published snapshot, %s goes on serving: %s", kept, problem)
        self.problem = problem


def _in_utc(value: Any) -> Any:
    """The marts' timestamps are UTC and don't say so; an answer has to."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def _open_sqlite(path: Path) -> sqlite3.Connection:
    """Read-only and immutable: no locks, no journal lookups. Opened on a thread, used on the loop's, never on
    both at once; memory-mapping is left out because a file that shrank under it would kill the process.
    """
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro&immutable=1",
        uri=True,
        check_same_thread=False,
        isolation_level=None,
    )


def _verify(path: Path, sha256: str) -> None:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SnapshotError(f"{path.name} can't be read: {error}") from error
    if found != sha256:
        raise SnapshotError(f"{path.name} of snapshot {path.parent.name} is damaged: its checksum is another")


def _mark(path: Path) -> tuple[int, int, int] | None:
    """What tells one pointer file from the next: each publish renames a new file into place."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _close(things: list[Any]) -> None:
    for thing in things:
        thing.close()
