"""Which marts a snapshot is made of, and the SQL that turns each into keys with JSON documents.

DuckDB makes the JSON (5 million list entries in 1.3 s on one core), Python only carries bytes into SQLite.
The shapes are those of ``footfall/snapshot.py``: a change here is a change there and a new
``FORMAT_VERSION``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from footfall.snapshot import WHOLE_SHOP, Table

#: Who must not be addressed in person, and is therefore in no snapshot.
OBJECTIONS = "marketing_objections"

#: Mart -> columns read here. The marts' own contract is in dbt; this says what the snapshot can't do without.
MARTS: dict[str, tuple[str, ...]] = {
    "products": (
        "product_id", "handle", "title", "vendor", "product_type", "url", "image_url", "price", "currency",
        "is_available", "captured_at",
    ),
    "product_recommendations": (
        "product_id", "kind", "rank", "other_product_id", "score", "source", "reason",
    ),
    "visitor_recommendations": ("visitor_id", "rank", "product_id", "score", "source", "reason"),
    "recommendation_settings": ("setting", "value"),
    "trending_products": ("rank", "product_id", "score", "category"),
    "identity_map": ("identifier", "visitor_id"),
    OBJECTIONS: ("visitor_id",),
    "visitors": (
        "visitor_id", "is_guest", "user_id", "first_seen_at", "last_seen_at", "sessions", "orders", "revenue",
        "last_product_id", "first_guest_token", "cart",
    ),
    "visitor_product_affinity": (
        "visitor_id", "product_id", "affinity", "view_score", "option_score", "cart_score", "purchase_score",
        "views", "carts", "purchases", "last_at", "has_purchased",
    ),
    "visitor_category_affinity": ("visitor_id", "category", "affinity", "rank"),
    "visitor_affinity": ("visitor_id", "other_visitor_id", "rank", "score", "source", "shared"),
    "sessions_daily": (
        "day", "is_guest", "sessions", "visitors", "bounces", "page_views", "orders", "revenue",
        "median_duration_seconds",
    ),
    "funnel_steps": (
        "funnel", "step", "step_name", "scope", "reached", "drop_off", "conversion_from_first",
        "conversion_from_previous",
    ),
    "funnel_time_to_convert": ("funnel", "step", "p25", "p50", "p75", "p90", "mean"),
    "funnel_time_histogram": ("funnel", "step", "bucket_from_s", "bucket_to_s", "n"),
    "segments": ("segment", "description", "members", "reachable_members"),
    "segment_members": (
        "segment", "visitor_id", "user_id", "since", "top_category", "last_product_id", "last_product_title",
        "top_product_not_bought", "top_product_not_bought_title", "last_query_without_result", "orders",
        "revenue", "cart_value",
    ),
    "navigation_paths": ("from_type", "from_path", "to_type", "to_path", "steps", "sessions", "share"),
    "search_terms": (
        "query", "searches", "visitors", "without_result", "with_product_view", "with_cart", "with_order",
        "conversion_rate", "last_searched_at",
    ),
    "retention_cohorts": ("cohort_week", "weeks_later", "visitors", "returned", "retention"),
    "retention_periods": ("retention", "period_days", "visitors", "retained", "share"),
    "experiments": (
        "experiment", "arm", "salt", "recommender", "arm_number", "share_from", "share_until", "starts_on",
        "ends_on",
    ),
    "experiment_results": (
        "experiment", "arm", "recommender", "arm_number", "visitors", "crossed_visitors", "views", "clicks",
        "converted", "orders", "revenue", "conversion", "conversion_low", "conversion_high",
        "revenue_per_visitor", "revenue_per_visitor_low", "revenue_per_visitor_high", "conversion_difference",
        "conversion_difference_low", "conversion_difference_high", "revenue_difference",
        "revenue_difference_low", "revenue_difference_high", "expected_share", "ratio_chi_square", "is_ratio_ok",
    ),
}  # fmt: skip

#: Marts copied as they are, for analysts' endpoints, with the order that keeps a file the same for the same input.
ANALYTICS: dict[str, str] = {
    "sessions_daily": "day, is_guest",
    "funnel_steps": "funnel, step",
    "funnel_time_to_convert": "funnel, step",
    "funnel_time_histogram": "funnel, step, bucket_from_s",
    "trending_products": "category, rank",
    "segments": "segment",
    # The order that pages of members are read in: a page is a range of few row groups.
    "segment_members": "segment, visitor_id",
    "navigation_paths": "from_type, from_path, to_type, to_path",
    "search_terms": "query",
    "retention_cohorts": "cohort_week, weeks_later",
    "retention_periods": "retention, period_days",
    "experiments": "experiment, arm_number",
    "experiment_results": "experiment, arm_number",
}

#: Temporary view per mart, so that the SQL below doesn't depend on the schema that dbt put the mart in.
_VIEW = "snapshot_in_{}"

_LABELS = "snapshot_labels"
_KNOWN_LABELS = "snapshot_known_labels"
_AVAILABLE = "snapshot_available"

#: Six digits are more than any ranking here distinguishes, and a third of the bytes of a full double.
_SCORE = "cast(round(cast({} as double), 6) as varchar)"

#: Neighbours served per visitor and source, and products named behind each: a fifth of all that the mart keeps, and
#: still the largest table of a snapshot.
NEIGHBOURS = 20
SHARED = 10

_TIME = "strftime({}, '%Y-%m-%dT%H:%M:%SZ')"


class MissingMartError(Exception):
    """The warehouse lacks a mart, or a column of one, that the snapshot is made of."""


def mart(name: str) -> str:
    """The name under which ``prepare`` made a mart readable."""
    return _VIEW.format(name)


def _find(con: duckdb.DuckDBPyConnection, names: Iterable[str]) -> dict[str, tuple[str, set[str]]]:
    """Each mart's qualified name and columns, by name. A mart in several schemas: the connection's own comes
    first.
    """
    rows = con.execute(
        """
        select table_name, schema_name, list(column_name), schema_name = current_schema() as is_own
        from duckdb_columns()
        where database_name = current_database() and not internal
        group by table_name, schema_name
        order by is_own, schema_name desc
        """
    ).fetchall()
    wanted = set(names)
    return {
        table: (f'"{schema}"."{table}"', set(columns))
        for table, schema, columns, _ in rows
        if table in wanted
    }


def prepare(con: duckdb.DuckDBPyConnection, labels: Mapping[tuple[str, str], int] | None = None) -> None:
    """Make the marts readable under ``mart(name)`` and number the labels.

    labels: numbers by (source, reason) of the version before. A label that is still there keeps its number: other
    numbers would make new files of lists that are what they were.

    Raises MissingMartError naming every table and column that isn't there. Only temporary objects are made:
    a read-only connection will do.
    """
    found = _find(con, MARTS)
    problems = [f"{name} (the whole table)" for name in MARTS if name not in found]
    for name, columns in MARTS.items():
        if name in found and (missing := [column for column in columns if column not in found[name][1]]):
            problems.append(f"{name} ({', '.join(missing)})")
    if problems:
        raise MissingMartError(
            "the warehouse lacks what a snapshot is made of: "
            + "; ".join(problems)
            + ". Has `dbt build` run?"
        )
    objecting = f"(select visitor_id from {found[OBJECTIONS][0]})"
    for name, columns in MARTS.items():
        allowed = " and ".join(
            f"{column} not in {objecting}"
            for column in columns
            if column in ("visitor_id", "other_visitor_id")
        )
        where = f"where {allowed}" if allowed and name != OBJECTIONS else ""
        con.execute(f"create or replace temp view {mart(name)} as select * from {found[name][0]} {where}")
    con.execute(
        f"""
        create or replace temp table {_AVAILABLE} as
        select product_id, to_json(product_id) as product_json
        from {mart("products")} where coalesce(is_available, false)
        """
    )
    known = labels or {}
    con.register(
        _KNOWN_LABELS,
        pa.table(
            {
                "source": pa.array([source for source, _ in known], pa.string()),
                "reason": pa.array([reason for _, reason in known], pa.string()),
                "label": pa.array(known.values(), pa.int64()),
            }
        ),
    )
    con.execute(
        f"""
        create or replace temp table {_LABELS} as
        with labels as (
            select coalesce(source, '') as source, coalesce(reason, '') as reason
            from {mart("product_recommendations")}
            union
            select coalesce(source, ''), coalesce(reason, '')
            from {mart("visitor_recommendations")}
        ),
        numbered as (
            select labels.source, labels.reason, known.label,
                row_number() over (partition by known.label is null order by labels.source, labels.reason) as n
            from labels
            left join {_KNOWN_LABELS} as known on known.source = labels.source and known.reason = labels.reason
        )
        select coalesce(label, n + {max(known.values(), default=0)}) as label, source, reason from numbered
        """
    )
    con.unregister(_KNOWN_LABELS)


def cleanup(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what ``prepare`` made."""
    for name in MARTS:
        con.execute(f"drop view if exists {mart(name)}")
    for name in (_AVAILABLE, _LABELS):
        con.execute(f"drop table if exists {name}")


@dataclass(frozen=True)
class Source:
    """What a table is made of. The rows are what its files are compared by, so everything that a document shows has to
    be a column of them.
    """

    rows: str
    """Query with the column ``key``, and the columns that ``value`` is made of."""
    value: str
    """The document, as an expression over the rows r of a key (over the one row, where they aren't grouped)."""
    join: str = ""
    """Joined to the rows where the document is made."""
    is_grouped: bool = True

    def documents(self, wanted: str) -> str:
        """Query (part, key, value), by part and key, of the keys in a table ``wanted`` (key, part)."""
        group = "group by w.part, r.key" if self.is_grouped else ""
        return f"""
            select w.part, r.key, {self.value} as value
            from ({self.rows}) as r
            join {wanted} as w on w.key = r.key
            {self.join}
            {group}
            order by w.part, r.key
        """


def _picks(source: str, key: str, product: str, where: str = "true") -> Source:
    """Lists of Pick by key. The join with the available products is what keeps sold-out ones out of every
    list.
    """
    return Source(
        rows=f"""
            select r.{key} as key, r.rank, a.product_json, {_SCORE.format("r.score")} as score,
                coalesce(r.source, '') as source, coalesce(r.reason, '') as reason
            from {mart(source)} as r
            join {_AVAILABLE} as a on a.product_id = r.{product}
            where {where}
        """,
        value="""encode('[' || string_agg(
            concat('[', r.product_json, ',', r.score, ',', l.label, ']'), ',' order by r.rank) || ']')""",
        join=f"join {_LABELS} as l on l.source = r.source and l.reason = r.reason",
    )


def _document(key: str, fields: dict[str, str], source: str) -> Source:
    """One document a row, an object of these fields."""
    columns = ", ".join(f"{sql} as {name}" for name, sql in fields.items())
    return Source(
        rows=f"select {key} as key, {columns} from {mart(source)}",
        value="encode(to_json({" + ", ".join(f"'{name}': r.{name}" for name in fields) + "})::varchar)",
        is_grouped=False,
    )


def _lists(key: str, entry: tuple[str, ...], order: str, source: str, place: str = "0") -> Source:
    """Lists by key, each entry an array of these values. ``order``: over the entry's columns, which are e1, e2, ...,
    and over ``place``, which isn't told.
    """
    columns = ", ".join(
        [f"{sql} as e{number}" for number, sql in enumerate(entry, 1)] + [f"{place} as place"]
    )
    names = ", ".join(f"r.e{number}" for number in range(1, len(entry) + 1))
    return Source(
        rows=f"select {key} as key, {columns} {source}",
        value=f"encode(to_json(list(json_array({names}) order by {order}))::varchar)",
    )


def sources() -> dict[Table, Source]:
    """Per table what it is made of, after ``prepare``."""
    product = {
        "product_id": "product_id",
        "title": "coalesce(title, product_id)",
        "handle": "handle",
        "url": "url",
        "image_url": "image_url",
        "price": "cast(price as varchar)",
        "currency": "currency",
        "vendor": "vendor",
        "product_type": "product_type",
        "is_available": "coalesce(is_available, false)",
    }
    visitor = {
        "visitor_id": "visitor_id",
        "is_guest": "is_guest",
        "user_id": "user_id",
        "first_seen_at": _TIME.format("first_seen_at"),
        "last_seen_at": _TIME.format("last_seen_at"),
        "sessions": "coalesce(cast(sessions as bigint), 0)",
        "orders": "coalesce(cast(orders as bigint), 0)",
        "revenue": "cast(revenue as varchar)",
        "last_product_id": "last_product_id",
        "first_guest": "first_guest_token",
        # A cart that is no JSON would spoil the whole document; the mart's tests are the place to find it.
        "cart": "case when json_valid(cast(cart as varchar)) then cast(cart as json) end",
    }
    affinity = (
        "product_id",
        *(f"round(coalesce({part}, 0), 6)" for part in ("affinity", "view_score", "option_score")),
        *(f"round(coalesce({part}, 0), 6)" for part in ("cart_score", "purchase_score")),
        *(f"coalesce(cast({count} as bigint), 0)" for count in ("views", "carts", "purchases")),
        _TIME.format("last_at"),
        "coalesce(has_purchased, false)",
    )
    neighbour = (
        "other_visitor_id",
        "round(score, 6)",
        "coalesce(source, '')",
        f"coalesce(list_slice(shared, 1, {SHARED}), [])",
    )
    return {
        Table.PRODUCTS: _document("product_id", product, "products"),
        **{
            table: _picks("product_recommendations", "product_id", "other_product_id", f"r.kind = '{table}'")
            for table in (Table.SIMILAR, Table.VIEWED_TOGETHER, Table.BOUGHT_TOGETHER)
        },
        Table.TRENDING: Source(
            rows=f"""
                select coalesce(r.category, '') as key, r.rank, r.product_id, round(r.score, 6) as score
                from {mart("trending_products")} as r
                join {_AVAILABLE} as a on a.product_id = r.product_id
            """,
            value="encode(to_json(list(json_array(r.product_id, r.score) order by r.rank))::varchar)",
        ),
        Table.CATALOGUE: Source(
            rows=f"""
                select '{WHOLE_SHOP}' as key, p.product_id, p.captured_at
                from {mart("products")} as p
                join {_AVAILABLE} as a on a.product_id = p.product_id
            """,
            value="encode(to_json(list(r.product_id order by r.captured_at desc, r.product_id))::varchar)",
        ),
        Table.IDENTITIES: Source(
            rows=f"select identifier as key, visitor_id from {mart('identity_map')}",
            value="encode(to_json(r.visitor_id)::varchar)",
            is_grouped=False,
        ),
        Table.VISITORS: _document("visitor_id", visitor, "visitors"),
        Table.VISITOR_RECOMMENDATIONS: _picks("visitor_recommendations", "visitor_id", "product_id"),
        Table.VISITOR_PRODUCTS: _lists(
            "visitor_id", affinity, "r.e2 desc, r.e1", f"from {mart('visitor_product_affinity')}"
        ),
        Table.VISITOR_CATEGORIES: _lists(
            "visitor_id",
            ("category", "round(coalesce(affinity, 0), 6)", '"rank"'),
            "r.e3, r.e1",
            f"from {mart('visitor_category_affinity')} where category is not null",
        ),
        Table.VISITOR_NEIGHBOURS: _lists(
            "visitor_id",
            neighbour,
            "r.place, r.e3, r.e1",
            f"""from {mart("visitor_affinity")} where "rank" <= {NEIGHBOURS}""",
            place='"rank"',
        ),
        Table.VISITOR_SEGMENTS: _lists(
            "visitor_id",
            ("segment", _TIME.format("since")),
            "r.e1",
            f"from {mart('segment_members')}",
        ),
        Table.LABELS: Source(
            rows=f"select cast(label as varchar) as key, source, reason from {_LABELS}",
            value="encode(json_array(r.source, r.reason)::varchar)",
            is_grouped=False,
        ),
    }


def analytics_tables() -> dict[str, tuple[str, str]]:
    """Per mart of the analysts' endpoints its rows, and the order they are written in, after ``prepare``."""
    return {
        name: (f"select {', '.join(map(_quoted, MARTS[name]))} from {mart(name)}", order)
        for name, order in ANALYTICS.items()
    }


def count_dropped(con: duckdb.DuckDBPyConnection) -> int:
    """Recommendations in the marts whose product exists but can't be bought now: they are left out of the
    lists.
    """
    parts = " union all ".join(
        f"""select count(*) as n from {mart(name)} as r
            join {mart("products")} as p on p.product_id = r.{product}
            where not coalesce(p.is_available, false)"""
        for name, product in RECOMMENDED.items()
    )
    row = con.execute(f"select cast(sum(n) as bigint) from ({parts})").fetchone()
    return int(row[0]) if row else 0


#: Marts that recommend products, with the column that names the recommended one.
RECOMMENDED = {
    "product_recommendations": "other_product_id",
    "visitor_recommendations": "product_id",
    "trending_products": "product_id",
}


def _quoted(column: str) -> str:
    return f'"{column}"'
