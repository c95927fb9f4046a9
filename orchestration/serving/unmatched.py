"""Counts the products of pages that no catalogue has, in the warehouse that is about to be published."""

from __future__ import annotations

import duckdb

from footfall.status.unmatched_products import Unmatched

#: One that looks like something says the most.
_FOUND = """
select product_id, candidate_kind, candidate_name, candidate_product_id, seen_products, count(*) over ()
from unmatched_products
order by candidate_kind is null, product_id
limit 1
"""


def unmatched(connection: duckdb.DuckDBPyConnection) -> Unmatched | None:
    """What the last full run counted; None where all that was seen is in the catalogue, or there is none."""
    built = "select count(*) from duckdb_tables() where table_name = 'unmatched_products'"
    if connection.execute(built).fetchall() == [(0,)]:
        return None
    for example, kind, name, product_id, seen, number in connection.execute(_FOUND).fetchall():
        return Unmatched(number, seen, example, kind, name, product_id)
    return None
