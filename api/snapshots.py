"""One open snapshot: typed lookups, and analytical queries.

Point lookups run on the event loop's own thread (9 microseconds each: a hop to a thread costs more), so a
snapshot needs one SQLite connection for each of its files per worker process. Analytical queries run on
threads, each with a DuckDB cursor of its own. A snapshot is closed when the last request that holds it lets go;
Python's reference count is the lease.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from api.affinities import CategoryAffinity, ProductAffinity, category_affinities, product_affinities
from footfall.http.workers import folder_on_disk
from footfall.snapshot.experiments import Arm, Experiment
from footfall.snapshot.format import (
    FORMAT_VERSION,
    GONE,
    KEYS_SUFFIX,
    SESSIONS_FILE,
    WHOLE_SHOP,
    Blend,
    CategoryScore,
    Label,
    Manifest,
    Membership,
    Neighbour,
    ProductCard,
    ProductScores,
    SnapshotError,
    Table,
    Trend,
    VisitorCard,
    changes_file,
    check_digest,
    check_sizes,
    mart_file,
    read_manifest,
    table_file,
)
from footfall.snapshot.session_index import SessionIndex, SessionIndexError

log = logging.getLogger("footfall.api")

#: Checksums are verified at opening up to this size (about 0.2 s) of files that the version before didn't have; above
#: it sizes and probes must do, or every worker would read the whole snapshot.
VERIFY_BYTES = 256 * 2**20
#: Product cards kept decoded, about 1 KB each.
CARDS_KEPT = 20_000
#: Lists of similar products kept decoded, about 7 KB each: what is shown is what is popular, again and again.
LISTS_KEPT = 4_000
#: What DuckDB may hold for the analytical queries of a version. A sort of more goes on on disk.
ANALYTICS_MEMORY = "512MB"
#: Rows of an analytical query that are made Python's objects at once.
_ROWS = 10_000

_PRODUCT = msgspec.json.Decoder(ProductCard)
_PICKS = msgspec.json.Decoder(list[tuple[str, float, int]])
_LABEL = msgspec.json.Decoder(Label)
_TRENDS = msgspec.json.Decoder(list[Trend])
_TEXT = msgspec.json.Decoder(str)
_TEXTS = msgspec.json.Decoder(list[str])
_VISITOR = msgspec.json.Decoder(VisitorCard)
_PRODUCT_SCORES = msgspec.json.Decoder(list[ProductScores])
_CATEGORY_SCORES = msgspec.json.Decoder(list[CategoryScore])
_MEMBERSHIPS = msgspec.json.Decoder(list[Membership])
_NEIGHBOURS = msgspec.json.Decoder(list[Neighbour])

_SELECT = "select value from entries where key = ?"
#: SQLite's own cache of each file, KiB. The system caches files once for all processes; this is for the upper pages.
_CACHE_KB = 256


class Snapshot:
    """Typed lookups in one published version. Everything but ``query`` belongs to the event loop's thread."""

    def __init__(self, version_dir: Path, before: Snapshot | None = None) -> None:
        """Open and check a version. Files that it shares with the one ``before`` were checked then.

        Raises SnapshotError where it is not as its manifest says.
        """
        self.manifest: Manifest = read_manifest(version_dir)
        check_sizes(version_dir, self.manifest)
        self._files = {
            name: (_inode(version_dir / name), seal.sha256)
            for name, seal in self.manifest.files.items()
            if not name.endswith(KEYS_SUFFIX)
        }
        known = set(before._files.values()) if before else set()
        new = [name for name, file in self._files.items() if file not in known]
        if sum(self.manifest.files[name].bytes for name in new) <= VERIFY_BYTES:
            for name in new:
                check_digest(version_dir / name, self.manifest.files[name].sha256)
        opened = contextlib.ExitStack()
        self._closer = weakref.finalize(self, opened.close)
        try:
            self._tables = {table: self._open_table(version_dir, table, opened) for table in Table}
            self._analytics = _open_duckdb(opened)
            self._open_marts(version_dir)
            self._sessions = SessionIndex.open(version_dir / SESSIONS_FILE)
            self._probe()
        except (SessionIndexError, sqlite3.Error, duckdb.Error, msgspec.DecodeError) as error:
            self._closer()
            raise SnapshotError(f"snapshot {version_dir.name} can't be opened: {error}") from error
        self._cards: dict[str, ProductCard | None] = {}
        self._similar: dict[str, list[tuple[str, float, int]]] = {}
        self._labels: dict[int, Label] = {}
        self._trending: dict[str, list[Trend]] = {}
        self._catalogue: list[str] | None = None
        self.experiments: tuple[Experiment, ...] = self._read_experiments()

    @property
    def version(self) -> str:
        return self.manifest.version

    @property
    def generated_at(self) -> datetime:
        return self.manifest.created_at

    @property
    def blend(self) -> Blend:
        """How lists are blended at request time."""
        return self.manifest.blend

    def product(self, product_id: str) -> ProductCard | None:
        """The card of a product known from the catalogue or from events, by its id or a name that a page has for it."""
        try:
            return self._cards[product_id]
        except KeyError:
            value = self._get(Table.PRODUCTS, product_id)
            if value is None and (named := self._get(Table.ALIASES, product_id)) is not None:
                value = self._get(Table.PRODUCTS, _TEXT.decode(named))
            if value is None:
                return None
            if len(self._cards) >= CARDS_KEPT:
                self._cards.clear()
            card = self._cards[product_id] = _PRODUCT.decode(value)
            return card

    def title(self, product_id: str) -> str:
        """Title of a product; its id if the snapshot no longer has it."""
        card = self.product(product_id)
        return card.title if card else product_id

    def product_ids(self, names: Iterable[str]) -> tuple[str, ...]:
        """The ids of products, by whatever name a page has for them, each once; an unknown name stays as it is."""
        found = (card.product_id if (card := self.product(name)) else name for name in names)
        return tuple(dict.fromkeys(found))

    def picks(self, table: Table, key: str) -> list[tuple[str, float, int]]:
        """A published list, best first, as (product id, score, label number); empty where there is none. The caller
        must not change it. These are ``Pick``s: as tuples they unpack in half the time, and a request goes through
        hundreds.
        """
        if table is not Table.SIMILAR:
            value = self._get(table, key)
            return _PICKS.decode(value) if value else []
        found = self._similar.get(key)
        if found is None:
            value = self._get(table, key)
            if len(self._similar) >= LISTS_KEPT:
                self._similar.clear()
            found = self._similar[key] = _PICKS.decode(value) if value else []
        return found

    def label(self, number: int) -> Label:
        """Source and seed behind a label number."""
        label = self._labels.get(number)
        if label is None:
            value = self._get(Table.LABELS, str(number))
            if value is None:
                raise SnapshotError(f"snapshot {self.version} has no label {number}")
            label = self._labels[number] = _LABEL.decode(value)
        return label

    def next_products(
        self, viewed: Sequence[str], top: int, *, returns: bool = False
    ) -> list[tuple[str, float]]:
        """Products that similar past sessions saw next, best first; ``viewed`` is last first. Empty where no past
        session saw any of these products. returns: with those of ``viewed``, but for the last.
        """
        return self._sessions.next_products(viewed[::-1], top, returns=returns)

    def trending(self, category: str = WHOLE_SHOP) -> list[Trend]:
        """Trending products of a category, or of the whole shop."""
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
        """The products that a visitor is close to, the closest first."""
        value = self._get(Table.VISITOR_PRODUCTS, visitor_id)
        return product_affinities(_PRODUCT_SCORES.decode(value), self.manifest.fading) if value else []

    def category_affinities(self, visitor_id: str) -> list[CategoryAffinity]:
        """The categories that a visitor is close to, the closest first."""
        value = self._get(Table.VISITOR_CATEGORIES, visitor_id)
        return category_affinities(_CATEGORY_SCORES.decode(value), self.manifest.fading) if value else []

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
        return [row for page in self.pages(sql, parameters or [], _ROWS) for row in page]

    def pages(self, sql: str, parameters: list[Any], size: int) -> Iterator[list[dict[str, Any]]]:
        """The rows of ``query`` by the ``size``: for answers that must not stand in memory as Python's objects."""
        with contextlib.closing(self._analytics.cursor()) as cursor:
            cursor.execute(sql, parameters)
            names = [column[0] for column in cursor.description or []]
            while rows := cursor.fetchmany(size):
                yield [dict(zip(names, map(_in_utc, row), strict=True)) for row in rows]

    def _read_experiments(self) -> tuple[Experiment, ...]:
        """Read once: every request for recommendations asks."""
        rows = self.query("select * from experiments order by experiment, arm_number")
        return tuple(
            Experiment(
                name=name,
                salt=arms[0]["salt"],
                starts_on=arms[0]["starts_on"],
                ends_on=arms[0]["ends_on"],
                arms=tuple(
                    Arm(arm["arm"], arm["share_from"], arm["share_until"], arm["recommender"]) for arm in arms
                ),
            )
            for name, arms in ((name, list(found)) for name, found in groupby(rows, itemgetter("experiment")))
        )

    def _get(self, table: Table, key: str) -> bytes | None:
        for file in self._tables[table].values():
            row = file.execute(_SELECT, (key,)).fetchone()
            if row is not None:
                return None if row[0] == GONE else row[0]
        return None

    def _open_table(
        self, version_dir: Path, table: Table, opened: contextlib.ExitStack
    ) -> dict[str, sqlite3.Connection]:
        """The files of a table by name, in the order in which keys are looked up: its changes, then its base."""
        if table_file(table) not in self.manifest.files:
            raise SnapshotError(f"the manifest names no base of {table}")
        names = [name for name in (changes_file(table), table_file(table)) if name in self.manifest.files]
        return {name: _open_sqlite(version_dir / name, opened) for name in names}

    def _open_marts(self, version_dir: Path) -> None:
        """Each mart stands in a file of its own; queries see them side by side."""
        for name in self.manifest.marts:
            path = str(version_dir / mart_file(name)).replace("'", "''")
            self._analytics.execute(f"""attach '{path}' as "in_{name}" (read_only)""")
            self._analytics.execute(f"""create view "{name}" as from "in_{name}"."{name}" """)

    def _probe(self) -> None:
        for table, files in self._tables.items():
            found = []
            for name, file in files.items():
                (format_version,) = file.execute("pragma user_version").fetchone()
                if format_version != FORMAT_VERSION:
                    raise SnapshotError(f"{name} has format {format_version}, this reads {FORMAT_VERSION}")
                found += file.execute("select value from entries limit 1").fetchall()
            holds = self.manifest.rows.get(table, 0) > 0
            # Where changes say that all keys are gone, the base holds them still
            if holds != bool(found) and (holds or len(files) == 1):
                raise SnapshotError(f"table {table} does not match the manifest")
            for (value,) in found:
                if value != GONE:
                    msgspec.json.decode(value)
        for name, count in self.manifest.marts.items():
            if self.query(f'select count(*) as n from "{name}"')[0]["n"] != count:
                raise SnapshotError(f"mart {name} does not match the manifest")


def _in_utc(value: Any) -> Any:
    """The marts' timestamps are UTC and don't say so; an answer has to. One with a zone comes in the machine's own.

    Those in lists and records are meant too.
    """
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, list):
        return [_in_utc(each) for each in value]
    if isinstance(value, dict):
        return {key: _in_utc(each) for key, each in value.items()}
    return value


def _open_sqlite(path: Path, opened: contextlib.ExitStack) -> sqlite3.Connection:
    """Read-only and immutable: no locks, no journal lookups. Opened on a thread, used on the loop's, never on
    both at once; memory-mapping is left out because a file that shrank under it would kill the process.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro&immutable=1",
        uri=True,
        check_same_thread=False,
        isolation_level=None,
    )
    opened.callback(connection.close)
    connection.execute(f"pragma cache_size = -{_CACHE_KB}")
    return connection


def _inode(path: Path) -> tuple[int, int]:
    """Identity of a file, to distinguish files of the same content."""
    stat = path.stat()
    return stat.st_dev, stat.st_ino


def _open_duckdb(opened: contextlib.ExitStack) -> duckdb.DuckDBPyConnection:
    """A database in memory, to attach marts to. Left to itself it would sort below the working directory, which may be
    read-only: it gets a folder of the version's own, which DuckDB makes when it spills, and removes.
    """
    spill = ""
    try:
        spill = str(folder_on_disk())
    except OSError as error:
        log.warning("no directory for sorts larger than %s: %s", ANALYTICS_MEMORY, error)
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": 1,
        "memory_limit": ANALYTICS_MEMORY,
        "temp_directory": spill,
    }
    return opened.enter_context(duckdb.connect(config=config))
