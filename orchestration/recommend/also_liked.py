"""Also-liked products, computed from visitors' affinities and weighted by the season.

    pairs = also_liked(seen, season)                      # of a visitors x products matrix
    refresh(paths.derived, warehouse, rule)               # lake/derived/product_also_liked, as the asset does it

An item-item model (EASE, ``ease.py``) says how strongly each product speaks for each other one, all others taken into
account: two things that everybody has say little about each other. Its answer knows no season; the shop's does, so that
a product's weight is multiplied by a root of the share of its interest that is recent. Of each product the best few are
kept: a visitor's score for a product is the sum over what they are drawn to (mart ``visitor_recommendations``).
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from orchestration.recommend.ease import ease_weights, trend
from orchestration.recommend.rebuild import Decision, RebuildRule, fingerprint
from orchestration.recommend.sparse import SCORE_DIGITS, place_in_run, running
from orchestration.recommend.tables import derived_file, pairs_table, write_derived

TABLE = "product_also_liked"
#: What one address adds to a product is bounded (mart ``crowded_affinities``).
_DRAWN = """
    from visitor_product_affinity anti join crowded_affinities using (visitor_id, product_id)
    where affinity > 0
"""
_DAYS = "from int_visitor_product_days where views + carts + purchases > 0"
#: Raised when a change of the code changes results; part of the model version.
_GENERATION = 1

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class AlsoLikedConfig:
    """The settings. What they were chosen by: docs/decisions/0023."""

    top_k: int = 20
    regularisation: float = 300.0
    """Flat between 100 and 1,000 on purchases."""
    most_products: int = 5000
    """Those with the most visitors; all others have no pairs here. 5,000 take 3.5 s and 400 MB, twice as many eight
    times as long."""
    half_life_days: float = 15.0
    season_power: float = 0.5
    """0: no season. On real orders any from 0.5 to 0.75, with half-lives of 10 to 30 days, stayed within 0.015."""

    @property
    def model_version(self) -> str:
        """Names code and settings: two outputs with the same version were made alike."""
        digest = hashlib.sha256(msgspec.json.encode(asdict(self))).hexdigest()[:8]
        return f"also-liked-{_GENERATION}-{digest}"


class Pairs(NamedTuple):
    """Parallel arrays by ``key``, best first: products as columns of the matrix, and how strongly one speaks for the
    other, rounded to ``SCORE_DIGITS``."""

    key: npt.NDArray[np.int64]
    other: npt.NDArray[np.int64]
    score: Floats


def also_liked(seen: sp.csr_matrix[Any], season: Floats, config: AlsoLikedConfig | None = None) -> Pairs:
    """Learn from a visitors x products matrix of ones. season: by product, from 0 to 1 (``ease.trend``).

    Same matrix, same pairs; ties go by column.
    """
    config = config or AlsoLikedConfig()
    kept = _learned(np.asarray(seen.sum(axis=0)).ravel(), config)
    if len(kept) < 2:
        return Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    weights = ease_weights(sp.csr_matrix(seen[:, kept]), config.regularisation)
    weights *= season[kept] ** config.season_power
    np.round(weights, SCORE_DIGITS, out=weights)
    # Sorting whole rows takes eight times as long as finding what is among the best, ties with the last one too.
    least = np.partition(weights, -min(config.top_k, len(kept)), axis=1)[:, -min(config.top_k, len(kept))]
    row, other = np.nonzero((weights >= least[:, None]) & (weights > 0))
    score = weights[row, other]
    order = np.lexsort((other, -score, row))
    order = order[place_in_run(row[order]) < config.top_k]
    return Pairs(kept[row[order]], kept[other[order]], score[order])


def _learned(visitors: npt.NDArray[Any], config: AlsoLikedConfig) -> npt.NDArray[np.int64]:
    """Columns of the products that are learned, in order. visitors: of each product."""
    # One visitor with two products is no taste of anybody's.
    often = np.flatnonzero(visitors > 1)
    return np.sort(often[np.lexsort((often, -visitors[often]))[: config.most_products]])


def refresh(
    derived: Path,
    warehouse: duckdb.DuckDBPyConnection,
    rule: RebuildRule,
    config: AlsoLikedConfig | None = None,
) -> Decision:
    """Rebuild ``lake/derived/product_also_liked`` from the marts of the warehouse where the rule says so."""
    config = config or AlsoLikedConfig()
    path = derived_file(derived, TABLE)
    inputs = _inputs(warehouse, config)
    decision = rule.decide(path, inputs)
    if decision.is_due:
        with rule.recording(path, inputs):
            write_derived(derived, TABLE, _pairs(warehouse, config, rule.now))
    return decision


def _inputs(warehouse: duckdb.DuckDBPyConnection, config: AlsoLikedConfig) -> str:
    """A fingerprint of who is drawn to what, and of the days that the season is counted by."""
    drawn = fingerprint(warehouse, f"select visitor_id, product_id {_DRAWN}")
    days = fingerprint(warehouse, f"select product_id, day, count(*) {_DAYS} group by product_id, day")
    today = "select cast(as_of as date) from int_as_of"
    return fingerprint(warehouse, today, drawn, days, config.model_version)


def _pairs(warehouse: duckdb.DuckDBPyConnection, config: AlsoLikedConfig, now: datetime) -> pa.Table:
    products, seen = _seen(warehouse, config)
    pairs = also_liked(seen, _season(warehouse, products, config), config)
    return pairs_table(
        key=products.take(pa.array(pairs.key)),
        other=products.take(pa.array(pairs.other)),
        rank=place_in_run(pairs.key) + 1,
        score=pairs.score,
        source="ease",
        model_version=config.model_version,
        computed_at=now,
    )


def _seen(
    warehouse: duckdb.DuckDBPyConnection, config: AlsoLikedConfig
) -> tuple[pa.Array, sp.csr_matrix[Any]]:
    """(ids of all products, in order; who is drawn to which of those that are learned, as ones).

    A row is a visitor, in no order; a column is one of all products.
    """
    counted = warehouse.sql(
        f"select product_id, count(*) as visitors {_DRAWN} group by product_id"
    ).to_arrow_table()
    counted = counted.set_column(0, "product_id", counted["product_id"].cast(pa.string())).sort_by(
        "product_id"
    )
    learned = _learned(counted["visitors"].to_numpy(), config).astype(np.int32)
    products = counted["product_id"].combine_chunks()
    warehouse.register(
        "learned_products", pa.table({"product_id": products.take(learned), "number": learned})
    )
    try:
        # Grouped there, so that ids of visitors, 20 times as long as these numbers, need not leave the warehouse.
        lists = warehouse.sql(
            f"""
            select list(number) as numbers
            from (select visitor_id, product_id {_DRAWN}) inner join learned_products using (product_id)
            group by visitor_id
            """
        ).to_arrow_table()["numbers"]
    finally:
        warehouse.unregister("learned_products")
    lengths, product = pc.list_value_length(lists).to_numpy(), pc.list_flatten(lists).to_numpy()
    shape = (len(lengths), len(products))
    return products, sp.csr_matrix((np.ones(len(product)), product, running(lengths)), shape=shape)


def _season(warehouse: duckdb.DuckDBPyConnection, products: pa.Array, config: AlsoLikedConfig) -> Floats:
    """By product; a visitor's day with it counts once."""
    # What a day counts is a decimal: sums of those are the same in any order. And it is looked up by day, since to
    # group by product and day makes half as many groups as there are rows.
    rows = warehouse.sql(
        f"""
        with parts as (
            select
                day,
                cast(pow(0.5, greatest(date_diff('day', day, cast(as_of as date)), 0) / {config.half_life_days})
                    as decimal(18, 15)) as part
            from (select distinct day from int_visitor_product_days) cross join int_as_of
        )
        select product_id, cast(sum(part) as double) as recent, cast(count(*) as double) as ever
        from (select product_id, day {_DAYS}) inner join parts using (day)
        group by product_id
        """
    ).to_arrow_table()
    number = pc.index_in(products, value_set=rows["product_id"].cast(pa.string()))
    recent, ever = (rows[name].take(number).fill_null(0.0).to_numpy() for name in ("recent", "ever"))
    return trend(recent, ever)
