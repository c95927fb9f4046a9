"""The documents of a snapshot's lookup tables: the SQL that turns marts into keys with JSON documents.

DuckDB makes the JSON (5 million list entries in 1.3 s on one core), Python only carries bytes into SQLite.
The shapes are those of ``footfall/snapshot/format.py``: a change here is a change there and a new
``FORMAT_VERSION``.
"""

from __future__ import annotations

from dataclasses import dataclass

from footfall.snapshot.format import GUEST, PROVEN, WHOLE_SHOP, Table
from orchestration.serving.marts import LABELS, PRODUCTS, SEEDS, mart

#: Six digits are more than any ranking here distinguishes, and a third of the bytes of a full double.
_SCORE = "round(cast({} as double), 6)"

#: Neighbours served per visitor and source, and products named behind each: a fifth of all that the mart keeps, and
#: still the largest table of a snapshot.
NEIGHBOURS = 20
SHARED = 10

#: The tables made of ``product_recommendations``, each of the kind of its name.
PRODUCT_LISTS = (Table.SIMILAR, Table.VIEWED_TOGETHER, Table.BOUGHT_TOGETHER)

_TIME = "strftime({}, '%Y-%m-%dT%H:%M:%SZ')"
_TIMES = ("last_at", "since")


@dataclass(frozen=True)
class Source:
    """Inputs of a table. The rows are what versions are compared by, so everything that a document shows has to
    be a column of them.
    """

    key: str
    """The key, as an expression over the columns that ``query`` reads."""
    query: str
    """The columns that ``value`` is made of, and where they are from; ``{only}`` stands for a condition."""
    value: str
    """The document, as an expression over the rows r of a key (over the one row, where they aren't grouped)."""
    join: str = ""
    """Joined to the rows where the document is made."""
    is_grouped: bool = True
    shown: str = "true"
    """Filter for the rows, aliased r, in a document; a key without such a row has no document."""

    def rows(self, only: str = "true") -> str:
        """All the rows, or those for which a condition holds: query with the column ``key`` and those of ``query``."""
        return f"select {self.key} as key, {self.query.format(only=only)}"

    def documents(self, wanted: str) -> str:
        """Query (key, value) of the keys in a table ``wanted``."""
        # Filtered where they are read: whatever the rows are joined with, only the wanted ones are.
        rows = self.rows(f"{self.key} in (select key from {wanted})")
        return f"""
            select r.key, {self.value} as value
            from ({rows}) as r
            {self.join}
            where {self.shown}
            {"group by r.key" if self.is_grouped else ""}
        """


def _picks(source: str, key: str, product: str, where: str = "true") -> Source:
    """Lists of Pick by key, without what is sold out. Those rows are compared all the same: what an audit says of a
    list, it says until one of its rows is another, or a product of it comes or goes.
    """
    return Source(
        key=f"r.{key}",
        query=f"""
            r.rank, r.{product} as product_id, {_SCORE.format("r.score")} as score, coalesce(r.source, '') as source,
            {SEEDS[source]} as seed, p.is_available
            from {mart(source)} as r
            left join {PRODUCTS} as p on p.product_id = r.{product}
            where {where} and {{only}}
        """,
        value="""encode('[' || string_agg(
            concat('[', p.product_json, ',', cast(r.score as varchar), ',', l.label, ']'), ',' order by r.rank
        ) || ']')""",
        join=f"""
            join {PRODUCTS} as p on p.product_id = r.product_id
            join {LABELS} as l on l.source = r.source and l.seed = r.seed""",
        shown="r.is_available",
    )


def _document(key: str, fields: dict[str, str], source: str) -> Source:
    """One document a row, an object of these fields."""
    columns = ", ".join(f"{sql} as {name}" for name, sql in fields.items())
    return Source(
        key=key,
        query=f"{columns} from {mart(source)} where {{only}}",
        value="encode(to_json({" + ", ".join(f"'{name}': r.{name}" for name in fields) + "})::varchar)",
        is_grouped=False,
    )


def _lists(
    key: str, entry: tuple[str, ...], order: str, source: str, where: str = "true", place: str = "0"
) -> Source:
    """Lists by key, each entry an array of these values. ``order``: over the entry's columns, which are e1, e2, ...,
    and over ``place``, which isn't told. A value in ``_TIMES`` is told in the words of ``_TIME``: to compare rows, a
    time does as it is, and costs a tenth.
    """
    columns = ", ".join(
        [f"{sql} as e{number}" for number, sql in enumerate(entry, 1)] + [f"{place} as place"]
    )
    names = ", ".join(
        (_TIME if sql in _TIMES else "{}").format(f"r.e{number}") for number, sql in enumerate(entry, 1)
    )
    return Source(
        key=key,
        query=f"{columns} from {mart(source)} where {where} and {{only}}",
        value=f"encode(to_json(list(json_array({names}) order by {order}))::varchar)",
    )


#: What the fields of documents are made of, in the order of the classes in ``footfall.snapshot.format``.
_PRODUCT_CARD = {
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
_VISITOR_CARD = {
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
    # A cart that is not JSON would spoil the whole document; the mart's tests are the place to find it.
    "cart": "case when json_valid(cast(cart as varchar)) then cast(cart as json) end",
}
_PRODUCT_SCORES = (
    "product_id",
    # All their digits: they are multiplied before they are rounded
    *(f"coalesce({part}, 0)" for part in ("view_score", "option_score", "cart_score", "purchase_score")),
    *(f"coalesce(cast({count} as bigint), 0)" for count in ("views", "carts", "purchases")),
    "last_at",
    "epoch_us(scored_at)",
)
_NEIGHBOUR = (
    "other_visitor_id",
    "round(score, 6)",
    "coalesce(source, '')",
    f"coalesce(list_slice(shared, 1, {SHARED}), [])",
)

#: What each lookup table is made of, after ``prepare``.
SOURCES: dict[Table, Source] = {
    Table.PRODUCTS: _document("product_id", _PRODUCT_CARD, "products"),
    Table.ALIASES: Source(
        key="alias",
        query=f"product_id from {mart('product_aliases')} where {{only}}",
        value="encode(to_json(r.product_id)::varchar)",
        is_grouped=False,
    ),
    **{
        table: _picks("product_recommendations", "product_id", "other_product_id", f"r.kind = '{table}'")
        for table in PRODUCT_LISTS
    },
    Table.TRENDING: Source(
        key="coalesce(r.category, '')",
        query=f"""
            r.rank, r.product_id, round(r.score, 6) as score, p.is_available
            from {mart("trending_products")} as r
            left join {PRODUCTS} as p on p.product_id = r.product_id
            where {{only}}
        """,
        value="encode(to_json(list(json_array(r.product_id, r.score) order by r.rank))::varchar)",
        shown="r.is_available",
    ),
    Table.CATALOGUE: Source(
        key=f"'{WHOLE_SHOP}'",
        query=f"""
            product_id, captured_at from {mart("products")}
            where coalesce(is_available, false) and {{only}}
        """,
        value="encode(to_json(list(r.product_id order by r.captured_at desc, r.product_id))::varchar)",
    ),
    Table.IDENTITIES: Source(
        key="identifier",
        query=f"""
            visitor_id from (
                select identifier, visitor_id from {mart("identity_map")}
                union all
                select '{PROVEN}' || substr(identifier, {len(GUEST) + 1}), visitor_id from {mart("identity_map")}
                where is_proven and starts_with(identifier, '{GUEST}')
            ) as known
            where {{only}}
        """,
        value="encode(to_json(r.visitor_id)::varchar)",
        is_grouped=False,
    ),
    Table.VISITORS: _document("visitor_id", _VISITOR_CARD, "visitors"),
    Table.VISITOR_RECOMMENDATIONS: _picks("visitor_recommendations", "visitor_id", "product_id"),
    Table.VISITOR_PRODUCTS: _lists("visitor_id", _PRODUCT_SCORES, "r.e1", "visitor_product_scores"),
    Table.VISITOR_CATEGORIES: _lists(
        "visitor_id",
        ("category", "coalesce(score, 0)", "epoch_us(scored_at)", '"rank"'),
        "r.e4, r.e1",
        "visitor_category_affinity",
        where="category is not null",
    ),
    Table.VISITOR_NEIGHBOURS: _lists(
        "visitor_id",
        _NEIGHBOUR,
        "r.place, r.e3, r.e1",
        "visitor_affinity",
        where=f'"rank" <= {NEIGHBOURS}',
        place='"rank"',
    ),
    Table.VISITOR_SEGMENTS: _lists("visitor_id", ("segment", "since"), "r.e1", "segment_members"),
    Table.LABELS: Source(
        key="cast(label as varchar)",
        query=f"source, seed from {LABELS} where {{only}}",
        value="encode(json_array(r.source, r.seed)::varchar)",
        is_grouped=False,
    ),
}
