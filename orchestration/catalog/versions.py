"""Versions of the shop's catalog: what a file said when it was read, as rows of ``lake/products``."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.catalog.model import CatalogFile, Product, Variant
from orchestration.lake.schema import PRODUCTS, lake_time
from orchestration.storage.atomic_write import write_durably

#: Footer key under which a version says which inbox file it is of.
_SOURCE_KEY = b"footfall.source_file"
_HASH_KEY = b"footfall.content_hash"
#: In the last version of a file that is no longer in the inbox.
_WITHDRAWN_KEY = b"footfall.withdrawn"
_OF_THE_LOAD = frozenset({"load_id", "captured_at"})


def write_products(folder: Path, catalog: CatalogFile, *, load_id: int, captured_at: datetime) -> Path | None:
    """Write a catalog version to ``lake/products``; None where nothing changed since the file's version
    before.

    A product that stood in the version before and is gone now is written once more, as not available: the
    shop took it out, and what customers saw of it still has a name. One that could not be read this time
    keeps its old row. Same input, same bytes.
    """
    rows = [_row(product) for product in catalog.products]
    before = latest_version(folder, catalog.source_file)
    old = pq.read_table(before).to_pylist() if before else []
    missing = {row["product_id"]: row for row in old if row["available"]}
    for product in catalog.products:
        missing.pop(product.product_id, None)
    unread = {failed.key for failed in catalog.failed}
    kept = [
        {name: row[name] for name in PRODUCTS.names if name not in _OF_THE_LOAD}
        for row in missing.values()
        if None in unread or unread & {row["product_id"], row["handle"]}
    ]
    rows += kept
    digest = _content_hash(catalog.source_file, rows)
    if before and _metadata(before)[_HASH_KEY] == digest.encode():
        return None
    for row in kept:
        del missing[row["product_id"]]
    rows += [row | {"available": False} for row in missing.values()]
    about = {_SOURCE_KEY: catalog.source_file, _HASH_KEY: digest}
    return _write_version(folder, rows, about, load_id=load_id, captured_at=captured_at)


def withdraw_missing(
    folder: Path, files: Collection[str], *, load_id: int, captured_at: datetime
) -> list[str]:
    """Write a last version for each file that is gone from the inbox: products that it alone named are no longer
    available. Returns the names of the files that are gone.

    ``files`` are the names in the inbox now; where none of them is known nothing is written, since a disk may be
    missing. The newest version of a product counts, whatever file it is of. So for a product that another file names
    too, the last version repeats what that file says. Does nothing the second time.
    """
    latest: dict[str, Path] = {}
    for path in sorted(folder.glob("*.parquet")):
        if source := _metadata(path).get(_SOURCE_KEY):
            latest[source.decode()] = path
    present = [name for name in latest if name in files]
    gone = [name for name in latest if name not in files and _WITHDRAWN_KEY not in _metadata(latest[name])]
    if not present or not gone:
        return []  # as with nearly every run: no file's rows are read
    named = [row for name in present for row in pq.read_table(latest[name]).to_pylist()]
    listed = {row["product_id"]: row for row in sorted(named, key=lambda row: row["captured_at"])}
    for name in gone:
        rows = [
            listed.get(row["product_id"], row | {"available": False}) | {"source_file": name}
            for row in pq.read_table(latest[name]).to_pylist()
        ]
        said = [{key: value for key, value in row.items() if key not in _OF_THE_LOAD} for row in rows]
        about = {_SOURCE_KEY: name, _HASH_KEY: _content_hash(name, said), _WITHDRAWN_KEY: "true"}
        _write_version(folder, said, about, load_id=load_id, captured_at=captured_at)
    return gone


def _write_version(
    folder: Path, rows: list[dict[str, Any]], about: dict[bytes, str], *, load_id: int, captured_at: datetime
) -> Path:
    moment = lake_time(captured_at)
    stamped = [row | {"load_id": load_id, "captured_at": moment} for row in rows]
    schema = PRODUCTS.with_metadata({key: value.encode() for key, value in about.items()})
    table = pa.Table.from_pylist(stamped, schema=schema)
    path = folder / f"{load_id:012d}-{about[_HASH_KEY]}.parquet"
    write_durably(path, lambda aside: pq.write_table(table, aside, compression="zstd"))
    return path


def latest_version(folder: Path, source_file: str) -> Path | None:
    """The newest file of ``lake/products`` that was made from this inbox file."""
    for path in sorted(folder.glob("*.parquet"), reverse=True):
        if _metadata(path).get(_SOURCE_KEY) == source_file.encode():
            return path
    return None


def version_time(folder: Path, source_file: str) -> datetime | None:
    """Return when the newest version of an inbox file was read (UTC, without a zone); None where none holds a
    product.
    """
    version = latest_version(folder, source_file)
    if version is None:
        return None
    moments: list[datetime] = pq.read_table(version, columns=["captured_at"])["captured_at"].to_pylist()
    return moments[0] if moments else None


def _metadata(path: Path) -> dict[bytes, bytes]:
    return pq.read_metadata(path).metadata or {}


def _content_hash(source_file: str, rows: list[dict[str, Any]]) -> str:
    """Hash of what the catalog says (16 hex digits), independent of when and in which load it was read."""
    return hashlib.sha256(msgspec.json.encode([source_file, rows])).hexdigest()[:16]


def _row(product: Product) -> dict[str, Any]:
    return {
        "product_id": product.product_id,
        "handle": product.handle,
        "title": product.title,
        "body_text": product.body_text,
        "vendor": product.vendor,
        "product_type": product.product_type,
        "tags": list(product.tags),
        "url": product.url,
        "image_url": product.image_url,
        "price": product.price,
        "currency": product.currency,
        "available": product.available,
        "published_at": product.published_at,
        "position": product.position,
        "variants": msgspec.json.encode([_variant(each) for each in product.variants]).decode(),
        "collections": list(product.collections),
        "source_file": product.source_file,
    }


def _variant(variant: Variant) -> dict[str, Any]:
    known = {
        "variant_id": variant.variant_id,
        "title": variant.title,
        "sku": variant.sku,
        # JSON number in a text column; money that counts is the DECIMAL column
        "price": None if variant.price is None else float(variant.price),
        "available": variant.available,
        "options": variant.options,
    }
    # Most catalogues have none: a version that says so would differ from all before it
    if variant.url:
        known["url"] = variant.url
    if variant.image_url:
        known["image_url"] = variant.image_url
    return known
