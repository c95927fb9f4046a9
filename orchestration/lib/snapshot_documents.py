"""The documents of a snapshot's lookup tables: the SQL that turns marts into keys with JSON documents.

DuckDB makes the JSON (5 million list entries in 1.3 s on one core), Python only carries bytes into SQLite.
The shapes are those of ``footfall/snapshot.py``: a change here is a change there and a new
``FORMAT_VERSION``.
"""

from __future__ import annotations

from dataclasses import dataclass

from footfall.snapshot import WHOLE_SHOP, Table
from orchestration.lib.snapshot_marts import AVAILABLE, LABELS, mart

#: Six digits are more than any ranking here distinguishes, and a third of the bytes of a full double.
_SCORE = "cast(round(cast({} as double), 6) as varchar)"

#: Neighbours served per visitor and source, and products named behind each: a fifth of all that the mart keeps, and
#: still the largest table of a snapshot.
NEIGHBOURS = 20
SHARED = 10

_TIME = "strftime({}, '%Y-%m-%dT%H:%M:%SZ')"


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
            join {AVAILABLE} as a on a.product_id = r.{product}
            where {where}
        """,
        value="""encode('[' || string_agg(
            concat('[', r.product_json, ',', r.score, ',', l.label, ']'), ',' order by r.rank) || ']')""",
        join=f"join {LABELS} as l on l.source = r.source and l.reason = r.reason",
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
        Table.ALIASES: Source(
            rows=f"select alias as key, product_id from {mart('product_aliases')}",
            value="encode(to_json(r.product_id)::varchar)",
            is_grouped=False,
        ),
        **{
            table: _picks("product_recommendations", "product_id", "other_product_id", f"r.kind = '{table}'")
            for table in (Table.SIMILAR, Table.VIEWED_TOGETHER, Table.BOUGHT_TOGETHER)
        },
        Table.TRENDING: Source(
            rows=f"""
                select coalesce(r.category, '') as key, r.rank, r.product_id, round(r.score, 6) as score
                from {mart("trending_products")} as r
                join {AVAILABLE} as a on a.product_id = r.product_id
            """,
            value="encode(to_json(list(json_array(r.product_id, r.score) order by r.rank))::varchar)",
        ),
        Table.CATALOGUE: Source(
            rows=f"""
                select '{WHOLE_SHOP}' as key, p.product_id, p.captured_at
                from {mart("products")} as p
                join {AVAILABLE} as a on a.product_id = p.product_id
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
            rows=f"select cast(label as varchar) as key, source, reason from {LABELS}",
            value="encode(json_array(r.source, r.reason)::varchar)",
            is_grouped=False,
        ),
    }
