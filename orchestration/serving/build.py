"""Write one version of the snapshot: its lookup tables, marts, session index and manifest, audited on the way."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb
import msgspec

from footfall.snapshot.format import (
    FORMAT_VERSION,
    MANIFEST_FILE,
    SESSIONS_FILE,
    Manifest,
    ServedMart,
    Table,
)
from footfall.snapshot.session_index import SessionIndex, SessionIndexError, empty_index
from orchestration.serving.audit import AuditFailedError, audit_marts, audit_written, read_settings
from orchestration.serving.documents import PRODUCT_LISTS, SOURCES
from orchestration.serving.files import Base, Files, Written
from orchestration.serving.marts import (
    PRODUCTS,
    analytics_tables,
    cleanup,
    mart,
    number_labels,
    prepare,
)
from orchestration.serving.sqlite import read_table
from orchestration.storage.atomic_write import fsync_path, write_durably

#: The coverage of products that lead to others.
LEADING = "products_with_lists"


class Inputs(NamedTuple):
    """Inputs of a version, besides the marts of the API's own endpoints."""

    served: dict[str, ServedMart]
    session_index: Path | None
    time_zone: str
    catalogue_problems: list[str]
    link_origins: tuple[str, ...]


def write_version(
    con: duckdb.DuckDBPyConnection, aside: Path, version: str, base: Base | None, inputs: Inputs
) -> tuple[Manifest, Written]:
    """Write the files of a version and its manifest into the empty folder ``aside``, auditing the marts and what was
    written. What did not change since ``base`` is taken over from it. Raises MissingMartError, AuditFailedError.
    """
    known = _known_labels(base)
    files = Files(con, aside, base if known is not None else None)
    try:
        prepare(con, inputs.served, inputs.link_origins)
        blend, fading = read_settings(con)
        _write_tables(con, files, known or {})
        for name, (query, order) in analytics_tables(inputs.served).items():
            files.add_mart(name, query, order)
        written = files.written
        products = _scalar(con, f"select count(*) from {mart('products')}")
        audit_written(aside, written.rows, written.files.keys() - written.reused, products)
        _add_sessions(files, inputs.session_index)
        created_at = datetime.now(UTC)
        manifest = Manifest(
            format_version=FORMAT_VERSION,
            version=version,
            created_at=created_at,
            files=written.files,
            rows=written.rows,
            coverage=_coverage(con, written.rows),
            blend=blend,
            fading=fading,
            dropped_unavailable=written.hidden,
            served=inputs.served,
            time_zone=inputs.time_zone,
            today=_shop_day(con, created_at, inputs.time_zone),
            catalogue_problems=inputs.catalogue_problems,
        )
    finally:
        files.cleanup()
        cleanup(con, inputs.served)
    content = msgspec.json.format(msgspec.json.encode(manifest))
    write_durably(aside / MANIFEST_FILE, lambda path: path.write_bytes(content))
    return manifest, written


def _write_tables(con: duckdb.DuckDBPyConnection, files: Files, known: dict[tuple[str, str], int]) -> None:
    """The lookup tables: compared with the active version, audited, and written as far as they differ. ``known``: the
    numbers that labels have already. Raises AuditFailedError.
    """
    for table, source in SOURCES.items():
        if table is not Table.LABELS:
            files.compare(table, source)
    lists = {
        name: files.rows_to_write(of, mart(name), key)
        for name, (of, key) in {
            "product_recommendations": (PRODUCT_LISTS, "product_id"),
            "visitor_recommendations": ([Table.VISITOR_RECOMMENDATIONS], "visitor_id"),
        }.items()
    }
    audit_marts(con, lists)
    number_labels(con, known, lists)
    files.compare(Table.LABELS, SOURCES[Table.LABELS])
    for table, source in SOURCES.items():
        files.add_table(table, source)


def _shop_day(con: duckdb.DuckDBPyConnection, at: datetime, time_zone: str) -> date:
    """The day of a moment on the shop's calendar, by the rule of the models (macro shop_day): by DuckDB's zones."""
    moment = at.astimezone(UTC).replace(tzinfo=None)
    day: date
    [(day,)] = con.execute(
        "select cast(timezone(?, timezone('UTC', cast(? as timestamp))) as date)", [time_zone, moment]
    ).fetchall()
    return day


def _known_labels(base: Base | None) -> dict[tuple[str, str], int] | None:
    """The numbers that labels have in the version that files are taken over from; None where its disk has damaged them:
    lists that go by them can't be taken over.
    """
    if base is None:
        return {}
    names = [name for name in base.manifest.files if name.startswith(f"{Table.LABELS}.")]
    try:
        if not all(base.is_whole(name) for name in names):
            return None
    except OSError:
        return None
    labels = read_table(base.path, Table.LABELS)
    return {msgspec.json.decode(value, type=tuple[str, str]): int(key) for key, value in labels.items()}


def _add_sessions(files: Files, index: Path | None) -> None:
    """The session index as another name of the asset's file, which is replaced by renaming and never written to: a
    publish every few seconds need not copy it. Raises AuditFailedError where it is none.
    """
    if index is None or not index.exists():
        files.add_ready(SESSIONS_FILE, empty_index().write)
    else:
        files.add_ready(SESSIONS_FILE, lambda path: _another_name(index, path))
    try:
        learned = SessionIndex.open(files.aside / SESSIONS_FILE)
    except SessionIndexError as error:
        raise AuditFailedError([f"session neighbours: {error}"]) from error
    files.written.rows["sessions.products"] = len(learned.products)
    files.written.rows["sessions.sessions"] = learned.sessions


def _another_name(source: Path, path: Path) -> None:
    try:
        path.hardlink_to(source)
    except OSError:  # another disk, or one without hard links
        shutil.copyfile(source, path)
    fsync_path(path)


def _coverage(con: duckdb.DuckDBPyConnection, rows: dict[str, int]) -> dict[str, float]:
    """Share of the products on offer that lead somewhere, and of visitors who have a list of their own. What visitors
    invent is not on offer, so that an order of 500 invented products holds no publish back.
    """
    leading = _scalar(
        con,
        f"""select count(distinct r.product_id) from {mart("product_recommendations")} as r
            inner join {PRODUCTS} as p on p.product_id = r.product_id and p.is_available""",
    )
    offered = _scalar(con, f"select count(*) from {PRODUCTS} where is_available")
    visitors = rows[Table.VISITORS]
    return {
        LEADING: leading / offered if offered else 1.0,
        "visitors_with_lists": rows[Table.VISITOR_RECOMMENDATIONS] / visitors if visitors else 1.0,
    }


def _scalar(con: duckdb.DuckDBPyConnection, query: str) -> int:
    # fetchall: DuckDB does no other work while a result is unfinished, even one of a single row.
    [(value,)] = con.execute(query).fetchall()
    return int(value)
