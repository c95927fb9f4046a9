"""Selects the marts of a snapshot, maps each to one name, and lists those that are copied unchanged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb
import pyarrow as pa

from footfall.runtime.origins import OriginRule, own_link, web_address
from footfall.snapshot.format import ServedMart

#: Who must not be addressed in person, and is therefore in no snapshot.
OBJECTIONS = "marketing_objections"

#: Mart -> columns read here. The marts' own contract is in dbt; this says what the snapshot can't do without.
MARTS: dict[str, tuple[str, ...]] = {
    "products": (
        "product_id", "handle", "title", "vendor", "product_type", "url", "image_url", "price", "currency",
        "is_available", "is_in_catalog", "captured_at",
    ),
    "product_aliases": ("alias", "product_id"),
    "product_recommendations": ("product_id", "kind", "rank", "other_product_id", "score", "source"),
    "visitor_recommendations": ("visitor_id", "rank", "product_id", "score", "source", "seed_product_id"),
    "recommendation_settings": ("setting", "value"),
    "trending_products": ("rank", "product_id", "score", "category"),
    "identity_map": ("identifier", "visitor_id", "is_proven"),
    OBJECTIONS: ("visitor_id",),
    "visitors": (
        "visitor_id", "is_guest", "user_id", "first_seen_at", "last_seen_at", "sessions", "orders", "revenue",
        "last_product_id", "first_guest_token", "cart",
    ),
    "visitor_product_scores": (
        "visitor_id", "product_id", "view_score", "option_score", "cart_score", "purchase_score", "views", "carts",
        "purchases", "last_at", "scored_at",
    ),
    "visitor_category_affinity": ("visitor_id", "category", "score", "scored_at", "rank"),
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
        "revenue", "cart_value", "cart_currency",
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

#: What ``prepare`` makes beside the views: (product_id, product_json, is_available).
PRODUCTS = "snapshot_products"
#: What ``prepare`` makes of addresses that no answer may have as they are: (product_id, url, image_url).
_LINKS = "snapshot_links"
#: What leads to the products of a list, as an expression over its rows r; the list of a product says it by its key.
SEEDS = {"product_recommendations": "''", "visitor_recommendations": "coalesce(r.seed_product_id, '')"}
#: What ``number_labels`` makes: (label, source, seed).
LABELS = "snapshot_labels"
_KNOWN_LABELS = "snapshot_known_labels"


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


def servable(
    con: duckdb.DuckDBPyConnection, served: Mapping[str, ServedMart]
) -> tuple[dict[str, ServedMart], dict[str, str]]:
    """The marts of these that can be served now, and why each of the others can't: a mart of an analyst's own must not
    hold back what the shop shows.
    """
    found = _find(con, served)
    good: dict[str, ServedMart] = {}
    left_out: dict[str, str] = {}
    for name, wanted in served.items():
        strange = [column for column in wanted.order if column not in wanted.columns]
        missing = [column for column in wanted.columns if name in found and column not in found[name][1]]
        if not wanted.order or strange:
            left_out[name] = f"meta.served must name columns to order by; it names {list(wanted.order)}"
        elif name not in found:
            left_out[name] = "not built yet"
        elif missing:
            left_out[name] = f"built before it had {', '.join(missing)}"
        else:
            good[name] = wanted
    return good, left_out


def prepare(
    con: duckdb.DuckDBPyConnection,
    served: Mapping[str, ServedMart] | None = None,
    link_origins: Iterable[str] = (),
) -> None:
    """Make the marts readable under ``mart(name)``.

    served: marts to serve as they are, as ``servable`` found them.
    link_origins: the origins that a product may lead to which no catalog names (``footfall.runtime.origins.own_link``).

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
            "the warehouse lacks models that a snapshot needs: "
            + "; ".join(problems)
            + ". The full pipeline builds it: footfall run"
        )
    objecting = f"(select visitor_id from {found[OBJECTIONS][0]})"
    wanted = {name: tuple(one.columns) for name, one in (served or {}).items()}
    found |= _find(con, wanted)
    for name, columns in (wanted | MARTS).items():
        # A row that names nobody stays: without the first half it would go with the first objection, null not in (...)
        # being null.
        allowed = " and ".join(
            f"({column} is null or {column} not in {objecting})"
            for column in columns
            if column in ("visitor_id", "other_visitor_id")
        )
        where = f"where {allowed}" if allowed and name != OBJECTIONS else ""
        rows = _with_safe_links(con, found[name][0], link_origins) if name == "products" else found[name][0]
        con.execute(f"create or replace temp view {mart(name)} as select * from {rows} {where}")
    con.execute(
        f"""
        create or replace temp table {PRODUCTS} as
        select product_id, to_json(product_id) as product_json, coalesce(is_available, false) as is_available
        from {mart("products")}
        """
    )


def _with_safe_links(con: duckdb.DuckDBPyConnection, products: str, link_origins: Iterable[str]) -> str:
    """The products, each with the addresses that a shop's block may lead to, as a relation. The catalog is the shop's
    own word; what visitors name has to be the shop's own page.
    """
    rule = OriginRule(link_origins)
    changed = []
    for product_id, url, image_url, is_in_catalog in con.execute(
        f"""select product_id, url, image_url, coalesce(is_in_catalog, false) from {products}
            where url is not null or image_url is not null"""
    ).fetchall():
        judged = [
            text and (web_address(text) if is_in_catalog else own_link(text, rule))
            for text in (url, image_url)
        ]
        if judged != [url, image_url]:
            changed.append((product_id, *judged))
    columns = zip(*changed, strict=True) if changed else ((), (), ())
    names = ("product_id", "url", "image_url")
    found = pa.table(
        {name: pa.array(values, pa.string()) for name, values in zip(names, columns, strict=True)}
    )
    con.register(f"{_LINKS}_found", found)
    con.execute(f"create or replace temp table {_LINKS} as from {_LINKS}_found")
    con.unregister(f"{_LINKS}_found")
    shown = ", ".join(
        f"case when l.product_id is null then p.{name} else l.{name} end as {name}" for name in names[1:]
    )
    return f"(select p.* replace ({shown}) from {products} as p left join {_LINKS} as l using (product_id))"


def number_labels(
    con: duckdb.DuckDBPyConnection, known: Mapping[tuple[str, str], int], lists: Mapping[str, str]
) -> None:
    """Give a number to every label of lists to be written, after ``prepare``.

    known: numbers by (source, seed) of the version that files are taken over from. They stay, since lists in those
    files go by them: a label that no list has any more goes with the next version that is made from nothing.
    lists: by mart the name of a table or view with the rows of the lists that are to be written.
    """
    found = " union ".join(
        f"select distinct coalesce(r.source, '') as source, {SEEDS[name]} as seed from {rows} as r"
        for name, rows in lists.items()
    )
    con.register(
        _KNOWN_LABELS,
        pa.table(
            {
                "source": pa.array([source for source, _ in known], pa.string()),
                "seed": pa.array([seed for _, seed in known], pa.string()),
                "label": pa.array(known.values(), pa.int64()),
            }
        ),
    )
    con.execute(
        f"""
        create or replace temp table {LABELS} as
        with found as (
            {found}
        )
        from {_KNOWN_LABELS}
        union all by name
        select source, seed, row_number() over (order by source, seed) + {max(known.values(), default=0)} as label
        from found anti join {_KNOWN_LABELS} using (source, seed)
        """
    )
    con.unregister(_KNOWN_LABELS)


def cleanup(con: duckdb.DuckDBPyConnection, served: Iterable[str] = ()) -> None:
    """Drop what ``prepare`` made."""
    for name in {*MARTS, *served}:
        con.execute(f"drop view if exists {mart(name)}")
    for name in (PRODUCTS, LABELS, _LINKS):
        con.execute(f"drop table if exists {name}")


def analytics_tables(served: Mapping[str, ServedMart]) -> dict[str, tuple[str, str]]:
    """Per mart that is copied as it is its rows, and the order they are written in, after ``prepare``."""
    tables = {name: (MARTS[name], order) for name, order in ANALYTICS.items()}
    for name, wanted in served.items():
        # The other columns break ties, so that the same rows are the same file.
        order = dict.fromkeys((*wanted.order, *wanted.columns))
        tables.setdefault(name, (tuple(wanted.columns), ", ".join(map(_quoted, order))))
    return {
        name: (f"select {', '.join(map(_quoted, columns))} from {mart(name)}", order)
        for name, (columns, order) in tables.items()
    }


#: Marts that recommend products, with the column that names the recommended one.
RECOMMENDED = {
    "product_recommendations": "other_product_id",
    "visitor_recommendations": "product_id",
    "trending_products": "product_id",
}


def _quoted(column: str) -> str:
    return f'"{column}"'
