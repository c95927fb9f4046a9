"""Audits of a snapshot before it is published. Each check describes the problem and its place.

Three looks: at the marts (before the work of writing), at what was written (read back the way the API reads
it), and at the change against the active version (a shop doesn't lose half its products between two clicks;
a broken import does).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Container, Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from footfall.snapshot import format as format_
from footfall.snapshot.format import (
    BLENDED,
    GONE,
    SEEDED,
    Blend,
    Fading,
    Manifest,
    Source,
    Table,
    changes_file,
    mart_rows,
    table_file,
)
from orchestration.serving.marts import ANALYTICS, RECOMMENDED, mart
from orchestration.serving.sqlite import read_entries, read_table

#: A table smaller than this may shrink freely: a new shop's first hours are all jumps.
SMALL_TABLE = 50

#: Keys read back of each file that was written. All rows come out of one query, so a fault shows in the first of them.
READ_BACK = 200

#: Rows named of what is missing.
EXAMPLES = 5

#: What decodes a value of each table: the API's own types.
SHAPES: dict[Table, Any] = {
    Table.PRODUCTS: format_.ProductCard,
    Table.ALIASES: str,
    Table.SIMILAR: list[format_.Pick],
    Table.VIEWED_TOGETHER: list[format_.Pick],
    Table.BOUGHT_TOGETHER: list[format_.Pick],
    Table.TRENDING: list[format_.Trend],
    Table.CATALOGUE: list[str],
    Table.IDENTITIES: str,
    Table.VISITORS: format_.VisitorCard,
    Table.VISITOR_RECOMMENDATIONS: list[format_.Pick],
    Table.VISITOR_PRODUCTS: list[format_.ProductScores],
    Table.VISITOR_CATEGORIES: list[format_.CategoryScore],
    Table.VISITOR_NEIGHBOURS: list[format_.Neighbour],
    Table.VISITOR_SEGMENTS: list[format_.Membership],
    Table.LABELS: format_.Label,
}

#: Tables whose keys are visitors, or what identifies one.
OF_PEOPLE = {
    Table.IDENTITIES,
    Table.VISITORS,
    Table.VISITOR_RECOMMENDATIONS,
    Table.VISITOR_PRODUCTS,
    Table.VISITOR_CATEGORIES,
    Table.VISITOR_NEIGHBOURS,
    Table.VISITOR_SEGMENTS,
}

_FADING = ("affinity_half_life_days", "affinities_as_of")
#: The highest value of a setting, where a million is not it. No date is later than the year 9999.
_LIMITS = {"diversity": 1.0, "affinities_as_of": 253_402_300_799.0}

_CARD = msgspec.json.Decoder(format_.ProductCard)

#: Tables as large as what analysts declare: one who takes three segments out means the fall.
DECLARED = {
    str(Table.VISITOR_SEGMENTS),
    mart_rows("segments"),
    mart_rows("segment_members"),
    mart_rows("funnel_steps"),
    mart_rows("funnel_time_to_convert"),
    mart_rows("funnel_time_histogram"),
    mart_rows("retention_periods"),
}


class AuditFailedError(Exception):
    """The snapshot must not be published; ``problems`` says why, one sentence each.

    Dagster keeps the sentences with the run, whoever is forgotten afterwards: they name products, never a visitor.
    ``held``: the version that was kept for whoever means what it says.
    """

    def __init__(self, problems: Iterable[str], held: str | None = None) -> None:
        self.problems = list(problems)
        remedy = f". If this is intended: footfall publish --once {held} --why WHY" if held else ""
        super().__init__("snapshot not published: " + "; ".join(self.problems) + remedy)


class ChangeError(AuditFailedError):
    """The snapshot is whole, and less than the active one."""


def audit_marts(con: duckdb.DuckDBPyConnection, lists: Mapping[str, str]) -> None:
    """Check the marts themselves, after ``prepare``. Raises AuditFailedError.

    lists: by mart the table or view with the rows to look at, those of lists that are to be written. The others were
    looked at when they were.
    """
    rows = {name: mart(name) for name in (*RECOMMENDED, "segments", "segment_members")} | dict(lists)
    problems = []
    for name, product in RECOMMENDED.items():
        problems += _unknown_products(con, name, rows[name], product)
        problems += _bad_scores(con, name, rows[name])
    problems += _unknown_products(
        con, "product_recommendations", rows["product_recommendations"], "product_id"
    )
    for name, keys, what in (
        ("product_recommendations", ("product_id", "kind", "rank"), "rank"),
        ("product_recommendations", ("product_id", "kind", "other_product_id"), "product"),
        ("visitor_recommendations", ("visitor_id", "rank"), "rank"),
        ("visitor_recommendations", ("visitor_id", "product_id"), "product"),
        ("trending_products", ("category", "rank"), "rank"),
        ("segments", ("segment",), "segment"),
        ("segment_members", ("segment", "visitor_id"), "member"),
    ):
        problems += _twice(con, name, rows[name], keys, what)
    for name in ("product_recommendations", "visitor_recommendations"):
        problems += _unknown_sources(con, name, rows[name])
    problems += _seeds(con, rows["visitor_recommendations"])
    own = _count(con, f"from {rows['product_recommendations']} where product_id = other_product_id")
    if own:
        problems.append(f"product_recommendations: {own} rows recommend a product to itself")
    if problems:
        raise AuditFailedError(problems)


def read_settings(con: duckdb.DuckDBPyConnection) -> tuple[Blend, Fading]:
    """The settings of the request-time blend, and how affinities fade, after ``prepare``. Raises AuditFailedError where
    they make no sense.
    """
    rows = con.execute(f"select setting, value from {mart('recommendation_settings')}").fetchall()
    values = {str(name): float(value) for name, value in rows if value is not None}
    weights = {
        name.removeprefix("weight:"): value for name, value in values.items() if name.startswith("weight:")
    }
    needed = ["rrf_constant", "diversity", *(f"weight:{name}" for name in BLENDED), *_FADING]
    if missing := [name for name in needed if name not in values]:
        raise AuditFailedError([f"recommendation_settings lacks {', '.join(missing)}"])
    wrong = [name for name, value in values.items() if not 0 <= value <= _LIMITS.get(name, 1e6)]
    if not values["affinity_half_life_days"]:
        wrong.append("affinity_half_life_days")
    if wrong:
        raise AuditFailedError([f"recommendation_settings: {', '.join(wrong)} can't be {values[wrong[0]]}"])
    as_of = datetime.fromtimestamp(values["affinities_as_of"], UTC)
    return (
        Blend(
            rrf_constant=values["rrf_constant"],
            diversity=values["diversity"],
            weights=weights,
            returns=values.get("returns", 0.0) > 0,
        ),
        Fading(half_life_days=values["affinity_half_life_days"], as_of=as_of),
    )


def audit_written(version_dir: Path, rows: Mapping[str, int], new: Container[str], products: int) -> None:
    """Read samples of the files in ``new`` back through the API's own types; what was taken over was read then.
    Raises AuditFailedError.

    rows: keys by table.
    products: rows of the products mart.
    """
    problems = []
    if rows[Table.PRODUCTS] != products:
        problems.append(f"{rows[Table.PRODUCTS]} products written, the mart has {products}")
    try:
        cards = read_table(version_dir, Table.PRODUCTS)
        for table, shape in SHAPES.items():
            for name in (table_file(table), changes_file(table)):
                if name in new:
                    problems += _read_back(version_dir / name, table, shape, cards)
    except sqlite3.Error as error:
        problems.append(f"can't read back the written data: {error}")
    if problems:
        raise AuditFailedError(problems)


def audit_change(
    new: Manifest, before: Manifest | None, min_ratio: float, named: Mapping[str, Callable[[], Iterable[str]]]
) -> None:
    """Compare with the active version. Raises ChangeError where a table or a coverage fell below ``min_ratio`` of it.

    named: by table or coverage what gives some of the rows that it lacks, to be named; never a visitor.

    A fall that is meant (a shop that closes a department) is let through once with ``min_ratio=0``; what analysts
    declare may shrink freely, and so may the marts that they have served.
    """
    if before is None:
        return
    free = DECLARED | {mart_rows(name) for name in before.served if name not in ANALYTICS}
    problems = []
    for table, count in before.rows.items():
        now = new.rows.get(table, 0)
        if count >= SMALL_TABLE and now < count * min_ratio and table not in free:
            problems.append(
                f"{table} fell from {count} rows in {before.version} to {now}, under {min_ratio:.0%} of them"
                + _examples(named, table)
            )
    for name, share in before.coverage.items():
        now_share = new.coverage.get(name, 0.0)
        if before.rows.get(Table.PRODUCTS, 0) >= SMALL_TABLE and now_share < share * min_ratio:
            problems.append(
                f"coverage {name} fell from {share:.1%} in {before.version} to {now_share:.1%}"
                + _examples(named, name)
            )
    if problems:
        raise ChangeError(problems)


def _examples(named: Mapping[str, Callable[[], Iterable[str]]], name: str) -> str:
    found = list(islice(named[name](), EXAMPLES)) if name in named else []
    return f": {', '.join(map(repr, found))} and others are missing" if found else ""


def _read_back(path: Path, table: Table, shape: Any, cards: Mapping[str, bytes]) -> list[str]:
    decoder = msgspec.json.Decoder(shape)
    documents = (entry for entry in read_entries(path) if entry[1] != GONE)
    for key, value in islice(documents, READ_BACK):
        try:
            document = decoder.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return [f"{_place(table, key)} doesn't read back: {error}"]
        for product_id in _named_products(table, document):
            card = cards.get(product_id)
            if card is None or not _CARD.decode(card).is_available:
                return [
                    f"{_place(table, key)} recommends {product_id!r}, which is unknown or can't be bought"
                ]
    return []


def _place(table: Table, key: str) -> str:
    return f"a document of {table}" if table in OF_PEOPLE else f"{table}[{key!r}]"


def _named_products(table: Table, document: Any) -> list[str]:
    if table is Table.CATALOGUE:
        return list(document[:READ_BACK])
    if table is Table.TRENDING or SHAPES[table] == list[format_.Pick]:
        return [entry.product_id for entry in document]
    return []


def _count(con: duckdb.DuckDBPyConnection, clause: str) -> int:
    [(count,)] = con.execute(f"select count(*) {clause}").fetchall()
    return int(count)


def _unknown_products(con: duckdb.DuckDBPyConnection, name: str, rows: str, product: str) -> list[str]:
    found = con.execute(
        f"""select r.{product}, count(*) from {rows} as r
            anti join {mart("products")} as p on p.product_id = r.{product}
            group by all order by 1"""
    ).fetchall()
    if not found:
        return []
    shown = ", ".join(repr(row[0]) for row in found[:3])
    return [f"{name}.{product}: {len(found)} ids are not in products, for example {shown}"]


def _unknown_sources(con: duckdb.DuckDBPyConnection, name: str, rows: str) -> list[str]:
    known = ", ".join(f"'{source}'" for source in Source)
    found = con.execute(
        f"select distinct source from {rows} where source is null or source not in ({known}) order by 1"
    ).fetchall()
    return [f"{name}: {row[0]!r} is not a source (footfall/snapshot/format.py names them)" for row in found]


def _seeds(con: duckdb.DuckDBPyConnection, rows: str) -> list[str]:
    """A reason names the product that led there: it has to be one, where the source is about one."""
    named = f"(select seed_product_id from {rows} where seed_product_id is not null)"
    problems = _unknown_products(con, "visitor_recommendations", named, "seed_product_id")
    seeded = ", ".join(f"'{source}'" for source in sorted(SEEDED))
    if without := _count(con, f"from {rows} where source in ({seeded}) and seed_product_id is null"):
        problems.append(f"visitor_recommendations: {without} rows without the product that led to them")
    return problems


def _twice(
    con: duckdb.DuckDBPyConnection, name: str, rows: str, keys: tuple[str, ...], what: str
) -> list[str]:
    columns = ", ".join(keys)
    found = con.execute(
        f"""select {columns}, count(*) as times, count(*) over () as places
            from {rows} group by {columns} having times > 1 order by all limit 1"""
    ).fetchall()
    nulls = _count(con, f"from {rows} where " + " or ".join(f"{key} is null" for key in keys))
    problems = [f"{name}: {nulls} rows without {' or '.join(keys)}"] if nulls else []
    if found:
        *values, times, places = found[0]
        shown = [f"{key} {value!r}" for key, value in zip(keys, values, strict=True) if key != "visitor_id"]
        problems.append(
            f"{name}: the same {what} {times} times at {', '.join(shown)}, one of {places} (group by {columns})"
        )
    return problems


def _bad_scores(con: duckdb.DuckDBPyConnection, name: str, rows: str) -> list[str]:
    bad = _count(con, f"from {rows} where score is null or not isfinite(cast(score as double))")
    return [f"{name}: {bad} rows have no finite score"] if bad else []
