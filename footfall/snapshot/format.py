"""The published snapshot: what its files are called, what stands in them, how to find the current one.

The writer (``orchestration/serving/publish.py``) and the reader (``api/``) share this module and nothing else. A
snapshot is a directory ``serving/<version>/`` that never changes once it has its name, with
``serving/current.json`` pointing at the active one::

    <table>.sqlite          the base: entries (key TEXT, value BLOB) WITHOUT ROWID; each value a JSON document, shapes
                            below
    <table>.changes.sqlite  the same, for keys whose document differs from the base's; looked up first. GONE in place of
                            a document: the key is gone. Not there where nothing changed
    <table>.keys            what the base was made of (Parquet), for the writer alone
    sessions.index          what follows in a session (footfall/snapshot/session_index.py), mapped into memory
    <mart>.duckdb           a mart for analysts' endpoints as a table of its name, readable by DuckDB 1.5 and later
    manifest.json           what the writer counted, and each file's size, SHA-256 and what it was made of

A file that did not change since the version before is that version's file, under a second name (a hard link).
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import msgspec

#: Raised by one whenever a reader of the old format could misread the new one.
FORMAT_VERSION = 9

SESSIONS_FILE = "sessions.index"
MANIFEST_FILE = "manifest.json"
POINTER_FILE = "current.json"

#: What stands in a file of changes for a key that is gone: no document is empty.
GONE = b""

#: Ends the names of files that no reader of a snapshot opens.
KEYS_SUFFIX = ".keys"

#: A version is a directory name: no separators, no leading dot (those are the writer's unfinished work).
VERSION_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")

#: Key of the whole-shop list in ``trending`` and of the only row of ``catalogue``.
WHOLE_SHOP = ""
#: What identifiers of guest tokens begin with; of those that the user behind them proved, there is a second one.
GUEST = "guest:"
PROVEN = "proven:"

#: Begins the names of marts in ``Manifest.rows``: some are called as a table is.
_MART = "analytics."

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


class SnapshotError(Exception):
    """A pointer, manifest or file of a snapshot that is missing, torn or of another format."""


class Source(StrEnum):
    """Where a recommendation comes from: the words of marts, snapshot and API. The docs of each are in
    docs/reference/recommendation-sources.md.
    """

    SESSION_NEIGHBOURS = "session_neighbours"
    """Past sessions like the running one saw it next."""
    SIMILAR_TEXT = "similar_text"
    """Its text is like that of a product that was looked at."""
    VIEWED_TOGETHER = "viewed_together"
    """Seen in the same sessions as a product that was looked at."""
    BOUGHT_TOGETHER = "bought_together"
    """In the same orders as a product of the cart, or one that was wanted or bought."""
    SIMILAR_VISITORS = "similar_visitors"
    """Visitors with a similar taste are drawn to it."""
    ALSO_LIKED = "also_liked"
    """Liked by those who like what the visitor is drawn to."""
    AFFINITY = "affinity"
    """The visitor's own history: looked at and not bought."""
    BOUGHT_BEFORE = "bought_before"
    """The visitor's own history: bought some time ago."""
    TRENDING_IN_CATEGORY = "trending_in_category"
    """What many look at and buy these days in a category that fits."""
    TRENDING = "trending"
    """The same in the whole shop."""
    CATALOGUE = "catalogue"
    """Nothing is known: what the shop has, newest first."""
    SEEN_EARLIER = "seen_earlier"
    """Seen earlier in this session; nothing else was left."""


#: The sources that lead from one product, the seed, to another.
SEEDED = frozenset({Source.SIMILAR_TEXT, Source.VIEWED_TOGETHER, Source.BOUGHT_TOGETHER, Source.ALSO_LIKED})


class Table(StrEnum):
    """Lookup tables, with their keys and values."""

    PRODUCTS = "products"
    """product_id -> ProductCard"""
    ALIASES = "aliases"
    """handle, or what else a page calls a product -> product_id"""
    SIMILAR = "similar"
    """product_id -> list[Pick]: products whose text is alike"""
    VIEWED_TOGETHER = "viewed_together"
    """product_id -> list[Pick]"""
    BOUGHT_TOGETHER = "bought_together"
    """product_id -> list[Pick]"""
    TRENDING = "trending"
    """category ('' = whole shop) -> list[Trend]"""
    CATALOGUE = "catalogue"
    """'' -> list of the ids of all available products, newest catalogue entry first: the last resort"""
    IDENTITIES = "identities"
    """'guest:<token>' | 'user:<id>' | 'proven:<token>' -> visitor_id; the last only of tokens with a proven login"""
    VISITORS = "visitors"
    """visitor_id -> VisitorCard"""
    VISITOR_RECOMMENDATIONS = "visitor_recommendations"
    """visitor_id -> list[Pick]"""
    VISITOR_PRODUCTS = "visitor_products"
    """visitor_id -> list[ProductScores], by product"""
    VISITOR_CATEGORIES = "visitor_categories"
    """visitor_id -> list[CategoryScore], highest affinity first"""
    VISITOR_NEIGHBOURS = "visitor_neighbours"
    """visitor_id -> list[Neighbour], most alike first"""
    VISITOR_SEGMENTS = "visitor_segments"
    """visitor_id -> list[Membership], by segment"""
    LABELS = "labels"
    """label number -> Label. Sources and seeds repeat by the million, so a Pick carries a number instead"""


class ProductCard(msgspec.Struct, frozen=True):
    """Data to show a product. ``price`` is written as text: no float ever rounds money."""

    product_id: str
    title: str
    handle: str | None
    url: str | None
    image_url: str | None
    price: Decimal | None
    currency: str | None
    vendor: str | None
    product_type: str | None
    is_available: bool


class Pick(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One recommended product of a list, in rank order; ``label`` is a key of ``Table.LABELS``."""

    product_id: str
    score: float
    label: int


class Label(msgspec.Struct, frozen=True, array_like=True):
    """Where a recommendation comes from; what it says to people is said when asked, in their language."""

    source: str
    seed: str
    """The product that led there, in a visitor's list; else '': in the list of a product that is the product."""


class Trend(msgspec.Struct, frozen=True, array_like=True, gc=False):
    product_id: str
    score: float


class ProductScores(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A visitor's affinity to a product at ``scored_at``; ``Fading`` computes its decayed value."""

    product_id: str
    view_score: float
    option_score: float
    cart_score: float
    purchase_score: float
    views: int
    carts: int
    purchases: int
    last_at: datetime | None
    scored_at: int
    """Microseconds since 1970, UTC."""


class CategoryScore(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A visitor's affinity to a category at ``scored_at`` (microseconds since 1970, UTC)."""

    category: str
    score: float
    scored_at: int
    rank: int


class Neighbour(msgspec.Struct, frozen=True, array_like=True):
    """Another visitor with a similar taste; ``shared`` are the ids of the products behind it."""

    visitor_id: str
    score: float
    source: str
    shared: list[str]


class Membership(msgspec.Struct, frozen=True, array_like=True):
    """A segment that a visitor is in, and since when by the segment's own clock."""

    segment: str
    since: datetime | None


class VisitorCard(msgspec.Struct, frozen=True):
    """One visitor. ``cart`` is the open cart as the mart wrote it (JSON), or null."""

    visitor_id: str
    is_guest: bool
    user_id: str | None
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    sessions: int
    orders: int
    revenue: Decimal | None
    last_product_id: str | None
    first_guest: str | None = None
    """Guest token of the device seen first: experiments are dealt by it."""
    cart: msgspec.Raw = msgspec.Raw(b"null")


class Pointer(msgspec.Struct, frozen=True):
    """Content of ``current.json``."""

    version: str
    published_at: datetime


class FileSeal(msgspec.Struct, frozen=True):
    """Size in bytes and SHA-256 (hex) of one file of a snapshot."""

    bytes: int
    sha256: str
    content: str = ""
    """For the writer alone: a digest of what the file was made of. For the base of a table it covers only how it was
    made; what of, key by key, stands in its ``keys_file``.
    """


class Blend(msgspec.Struct, frozen=True):
    """How the API blends lists at request time; the numbers are the dbt project's vars."""

    rrf_constant: float
    diversity: float
    """0: by score alone; towards 1: a product like one that stands before it comes later."""
    weights: dict[str, float]
    """By list: ``published`` is the visitor's own, the others are called by their Source."""
    returns: bool = False
    """Whether products seen earlier in the session are blended like others, or only fill up."""


#: The lists that need a weight in ``Blend``.
BLENDED = ("published", Source.SESSION_NEIGHBOURS, Source.SIMILAR_TEXT, Source.BOUGHT_TOGETHER)


class Fading(msgspec.Struct, frozen=True):
    """How scores fade: the dbt project's half-life, and the moment that affinities are as of (its var as_of: the latest
    event, not the clock).
    """

    half_life_days: float
    as_of: datetime

    def share_left(self, scored_at: int) -> float:
        """Decayed value at ``as_of`` of a score of ``scored_at`` (microseconds since 1970): the macro decay."""
        age = max((self.as_of - _EPOCH) // _MICROSECOND - scored_at, 0) / 1e6
        return float(0.5 ** (age / (86_400.0 * self.half_life_days)))


class ServedMart(msgspec.Struct, frozen=True):
    """A mart whose dbt properties ask for it to be served as it is (docs/analyst/add-a-mart.md)."""

    description: str
    columns: dict[str, str]
    """Description by name, in the mart's order."""
    order: tuple[str, ...]
    """Columns that the rows are ordered by."""


class Manifest(msgspec.Struct, frozen=True):
    """Content of ``manifest.json``: written last, so a directory that has it is whole."""

    format_version: int
    version: str
    created_at: datetime
    files: dict[str, FileSeal]
    rows: dict[str, int]
    """Keys by ``Table``, and rows of each mart by ``mart_rows``."""
    coverage: dict[str, float]
    """Shares between 0 and 1, compared with the version before when the next one is audited."""
    blend: Blend
    fading: Fading
    dropped_unavailable: int
    """Recommendations in the marts that were left out because the product can't be bought now."""
    today: date
    """The day of ``created_at`` on the shop's calendar, which is not over."""
    served: dict[str, ServedMart] = {}
    """The marts of ``/v1/marts``, each in its ``mart_file``."""
    time_zone: str = "UTC"
    """The zone of the shop's calendar, by which the marts count days."""
    catalogue_problems: list[str] = []
    """Why which files of the catalogue could not be read, for the shop's owner."""

    @property
    def marts(self) -> dict[str, int]:
        """The marts for analysts' endpoints, by name with their number of rows."""
        return {
            name.removeprefix(_MART): count for name, count in self.rows.items() if name.startswith(_MART)
        }


class _Format(msgspec.Struct, frozen=True):
    """Fields common to the manifests of all formats."""

    format_version: int


def table_file(table: str) -> str:
    """The base of a table: every document, as it stood when the base was written."""
    return f"{table}.sqlite"


def changes_file(table: str) -> str:
    """The documents that differ from a table's base; in the manifest where any do."""
    return f"{table}.changes.sqlite"


def keys_file(table: str) -> str:
    """The keys of a table's base, each with a hash of what its document was made of."""
    return f"{table}{KEYS_SUFFIX}"


def mart_rows(name: str) -> str:
    """The name under which ``Manifest.rows`` has a mart for analysts' endpoints."""
    return f"{_MART}{name}"


def mart_file(name: str) -> str:
    """The file with a mart for analysts' endpoints."""
    return f"{name}.duckdb"


def read_pointer(serving_dir: Path) -> Pointer | None:
    """The published version, or None while nothing has been published.

    Raises SnapshotError where ``current.json`` exists but doesn't name a version.
    """
    try:
        content = (serving_dir / POINTER_FILE).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SnapshotError(f"{POINTER_FILE} can't be read: {error}") from error
    try:
        pointer = msgspec.json.decode(content, type=Pointer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SnapshotError(f"{POINTER_FILE} is not a pointer: {error}") from error
    if not VERSION_PATTERN.fullmatch(pointer.version):
        raise SnapshotError(f"{POINTER_FILE} names {pointer.version!r}, which can't be a version")
    return pointer


def read_manifest(version_dir: Path) -> Manifest:
    """The manifest of one version. Raises SnapshotError where it is missing, torn or of another format."""
    path = version_dir / MANIFEST_FILE
    try:
        content = path.read_bytes()
        found = msgspec.json.decode(content, type=_Format).format_version
        if found != FORMAT_VERSION:
            raise SnapshotError(
                f"snapshot {version_dir.name} has format {found}, this reads {FORMAT_VERSION}"
            )
        return msgspec.json.decode(content, type=Manifest)
    except OSError as error:
        raise SnapshotError(
            f"snapshot {version_dir.name} has no readable {MANIFEST_FILE}: {error}"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SnapshotError(f"{MANIFEST_FILE} of snapshot {version_dir.name} is damaged: {error}") from error


def is_outgrown(version_dir: Path) -> bool:
    """Return whether an earlier release wrote this version in a format that this one no longer reads."""
    try:
        content = (version_dir / MANIFEST_FILE).read_bytes()
        return msgspec.json.decode(content, type=_Format).format_version < FORMAT_VERSION
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return False


def check_sizes(version_dir: Path, manifest: Manifest) -> None:
    """Raise SnapshotError unless every file of the manifest is there with its size (cheap: no content is
    read).
    """
    for name, seal in manifest.files.items():
        try:
            found = (version_dir / name).stat().st_size
        except OSError as error:
            raise SnapshotError(f"{name} of snapshot {version_dir.name} is missing: {error}") from error
        if found != seal.bytes:
            raise SnapshotError(
                f"{name} of snapshot {version_dir.name} has {found} bytes, its manifest says {seal.bytes}"
            )


def check_digest(path: Path, sha256: str) -> None:
    """Raise SnapshotError unless a version's file has this digest (every byte is read)."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SnapshotError(f"{path.name} can't be read: {error}") from error
    if found != sha256:
        raise SnapshotError(f"{path.name} of snapshot {path.parent.name} is damaged: its checksum differs")
