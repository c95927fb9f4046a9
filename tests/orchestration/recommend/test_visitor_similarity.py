"""Visitor similarity against a plain numpy oracle, and the rules on who is whose neighbour."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.lake.schema import VISITOR_PAIRS
from orchestration.recommend import visitor_similarity
from orchestration.recommend.rebuild import RebuildRule
from orchestration.recommend.tables import derived_file
from orchestration.recommend.visitor_similarity import (
    TABLE,
    VisitorSimilarity,
    VisitorSimilarityConfig,
    refresh,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
Row = tuple[str, str, float, float]  # visitor, product, view score, purchase score


def affinities(rows: Iterable[Row]) -> pa.Table:
    rows = list(rows)
    return pa.table(
        {
            "visitor_id": pa.array([r[0] for r in rows], pa.string()),
            "product_id": pa.array([r[1] for r in rows], pa.string()),
            "view_score": pa.array([r[2] for r in rows], pa.float64()),
            "option_score": pa.array([0.0] * len(rows), pa.float64()),
            "cart_score": pa.array([None] * len(rows), pa.float64()),
            "purchase_score": pa.array([r[3] for r in rows], pa.float64()),
        }
    )


def pairs(rows: Iterable[Row], **settings_of: Any) -> list[dict[str, Any]]:
    similarity = VisitorSimilarity(affinities(rows), VisitorSimilarityConfig(**settings_of))
    return pa.concat_tables([VISITOR_PAIRS.empty_table(), *similarity.tables(NOW)]).to_pylist()


def lists(found: list[dict[str, Any]], source: str) -> dict[str, list[str]]:
    result: dict[str, list[str]] = defaultdict(list)
    for row in found:
        if row["source"] == source:
            result[row["key"]].append(row["other"])
    return dict(result)


CAMPERS = [
    *[("anna", p, 1.0, 0.0) for p in ("tent", "lamp", "mug")],
    *[("ben", p, 2.0, 0.0) for p in ("tent", "lamp", "axe")],
    *[("cleo", p, 1.0, 10.0) for p in ("teapot", "cup", "plate")],
    *[("dora", p, 1.0, 10.0) for p in ("teapot", "cup", "bowl")],
    ("guest", "tent", 1.0, 0.0),
    ("other guest", "tent", 1.0, 0.0),
    ("nobody", "tent", -3.0, 0.0),
]


def test_alike_visitors_find_each_other() -> None:
    found = pairs(CAMPERS)
    behaviour = lists(found, "behaviour")
    assert behaviour["anna"] == ["ben"]
    assert behaviour["cleo"] == ["dora"]
    assert lists(found, "purchase") == {"cleo": ["dora"], "dora": ["cleo"]}
    assert lists(found, "blend")["anna"] == ["ben"]


def test_a_guest_with_one_product_has_neighbours_but_is_none() -> None:
    behaviour = lists(pairs(CAMPERS), "behaviour")
    assert set(behaviour["guest"]) == {"anna", "ben"}
    assert all("guest" not in other for others in behaviour.values() for other in others)


def test_scores_of_zero_and_below_are_no_affinity() -> None:
    assert "nobody" not in lists(pairs(CAMPERS), "behaviour")


def test_products_behind_a_pair_come_by_what_they_add() -> None:
    found = [row for row in pairs(CAMPERS) if (row["source"], row["key"]) == ("behaviour", "anna")]
    assert found[0]["shared"] == ["lamp", "tent"]  # more people saw the tent: it says less
    assert set(found[0]) == set(VISITOR_PAIRS.names)
    only_one = [row for row in pairs(CAMPERS, shared=1) if row["key"] == "anna"]
    assert only_one[0]["shared"] == ["lamp"]


def test_products_of_everybody_are_cut() -> None:
    crowd = [(f"v{n}", "voucher", 1.0, 0.0) for n in range(30)]
    found = pairs([*CAMPERS, *crowd], max_product_visitors=20)
    assert not any(key.startswith("v") for key in lists(found, "behaviour"))
    similarity = VisitorSimilarity(
        affinities([*CAMPERS, *crowd]), VisitorSimilarityConfig(max_product_visitors=20)
    )
    assert similarity.reports["behaviour"].cut_products == 1


def test_blend_is_both_side_by_side() -> None:
    rows = [
        *[("a", p, 1.0, 1.0) for p in "xyz"],
        *[("b", p, 1.0, 0.0) for p in "xyz"],
        *[("b", p, 0.0, 1.0) for p in "uvw"],
        *[("c", p, 1.0, 1.0) for p in "xyz"],
    ]
    blend = {(r["key"], r["other"]): r["score"] for r in pairs(rows) if r["source"] == "blend"}
    assert blend["a", "c"] == pytest.approx(1.0)
    assert blend["a", "b"] == pytest.approx(0.5)
    heavy = {
        (r["key"], r["other"]): r["score"] for r in pairs(rows, purchase_share=0.9) if r["source"] == "blend"
    }
    assert heavy["a", "b"] == pytest.approx(0.1)


def test_a_product_seen_and_bought_is_one_product() -> None:
    rows = [("a", "x", 1.0, 1.0), ("a", "y", 1.0, 1.0), *[("b", p, 1.0, 1.0) for p in "xyz"]]
    assert lists(pairs(rows), "blend") == {"a": ["b"]}


def test_empty_and_lonely_shops() -> None:
    assert pairs([]) == []
    assert pairs([("a", "x", 1.0, 0.0)]) == []


rows_of_any_shop = st.lists(
    st.tuples(
        st.sampled_from([f"v{n}" for n in range(9)]),
        st.sampled_from([f"p{n}" for n in range(7)]),
        st.sampled_from([0.0, 0.5, 1.0, 3.0, -1.0]),
        st.sampled_from([0.0, 0.0, 10.0]),
    ),
    max_size=60,
    unique_by=lambda row: row[:2],
)


@given(rows_of_any_shop, st.integers(1, 4))
@settings(max_examples=60)
def test_against_plain_numpy(rows: list[Row], min_products: int) -> None:
    found = pairs(rows, min_products=min_products, min_score=0.01)
    for source, column in (("behaviour", 2), ("purchase", 3)):
        expected = oracle(rows, column, min_products)
        ours = {(r["key"], r["other"]): r["score"] for r in found if r["source"] == source}
        assert ours.keys() == expected.keys()
        for pair, score in expected.items():
            assert ours[pair] == pytest.approx(score, abs=1e-8)


def oracle(rows: list[Row], column: int, min_products: int) -> dict[tuple[str, str], float]:
    scores: dict[str, dict[str, float]] = defaultdict(dict)
    for row in rows:
        if row[column] > 0:  # type: ignore[operator]
            scores[row[0]][row[1]] = float(row[column])
    visitors_of: dict[str, int] = defaultdict(int)
    for products in scores.values():
        for product in products:
            visitors_of[product] += 1
    vectors = {
        visitor: {p: math.log1p(s) * math.log1p(len(scores) / visitors_of[p]) for p, s in products.items()}
        for visitor, products in scores.items()
    }
    result = {}
    for key, mine in vectors.items():
        for other, theirs in vectors.items():
            if key == other or len(theirs) < min_products:
                continue
            dot = sum(mine[p] * theirs[p] for p in mine.keys() & theirs.keys())
            cosine = dot / math.hypot(*mine.values()) / math.hypot(*theirs.values())
            if cosine >= 0.01:
                result[key, other] = cosine
    return result


@given(rows_of_any_shop, st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_order_of_rows_and_size_of_chunks_change_nothing(rows: list[Row], dice: Any) -> None:
    first = pairs(rows)
    shuffled = rows.copy()
    dice.shuffle(shuffled)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(visitor_similarity, "_CHUNK_ROWS", 2)
        patch.setattr(visitor_similarity, "_CHUNK_NUMBERS", 5)
        assert pairs(shuffled) == first


def test_ranks_are_cut_and_without_gaps() -> None:
    rows = [(f"v{n:02}", f"p{k}", 1.0, 0.0) for n in range(20) for k in range(4)]
    found = [row for row in pairs(rows, top_k=5) if row["source"] == "behaviour"]
    by_key: dict[str, list[int]] = defaultdict(list)
    for row in found:
        by_key[row["key"]].append(row["rank"])
    assert all(ranks == [1, 2, 3, 4, 5] for ranks in by_key.values())
    assert lists(found, "behaviour")["v07"] == ["v00", "v01", "v02", "v03", "v04"]  # all alike: by id


def test_memory_is_bounded_by_chunks() -> None:
    """2,000 visitors with 20 common products: every table that comes out stays small."""
    dice = np.random.default_rng(1)
    rows = [(f"v{n}", f"p{p}", 1.0, 0.0) for n in range(2000) for p in dice.choice(200, 20, replace=False)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(visitor_similarity, "_CHUNK_ROWS", 500)
        patch.setattr(visitor_similarity, "_CHUNK_NUMBERS", 100_000)
        tables = list(VisitorSimilarity(affinities(rows)).tables(NOW))
    assert max(table.num_rows for table in tables) <= 100_000 / 20 + 1
    assert sum(table.num_rows for table in tables) == 2 * 2000 * 50


def test_lists_are_rebuilt_whole_when_affinities_changed(tmp_path: Path) -> None:
    """A file is what all affinities of its moment give: nobody who is gone stands in it, nobody who came is missing."""

    def run(rows: list[Row], at: datetime, **rule: Any) -> bool:
        with duckdb.connect() as warehouse:
            warehouse.register("visitor_product_affinity", affinities(rows))
            decision, similarity = refresh(tmp_path, warehouse, RebuildRule(0.05, at, **rule))
        assert decision.is_due == (similarity is not None)
        return decision.is_due

    def written() -> list[dict[str, Any]]:
        rows = pq.read_table(derived_file(tmp_path, TABLE)).to_pylist()
        return [{name: value for name, value in row.items() if name != "computed_at"} for row in rows]

    def made(rows: list[Row]) -> list[dict[str, Any]]:
        return [{name: value for name, value in row.items() if name != "computed_at"} for row in pairs(rows)]

    later = [row for row in CAMPERS if row[0] != "ben"] + [
        ("ida", p, 1.0, 0.0) for p in ("tent", "lamp", "mug")
    ]
    hour = timedelta(hours=1)
    assert run(CAMPERS, NOW)
    assert written() == made(CAMPERS) != []
    before = derived_file(tmp_path, TABLE).read_bytes()
    assert not run(CAMPERS[::-1], NOW + hour), "the same affinities in another order"
    assert derived_file(tmp_path, TABLE).read_bytes() == before
    assert run(later, NOW + 2 * hour)
    assert written() == made(later)
    assert not {"ben"} & {name for row in written() for name in (row["key"], row["other"])}
    assert run(later, NOW + 3 * hour, not_from_before=NOW + 2.5 * hour), "somebody was forgotten since"
    assert run(later, NOW + 3 * hour, is_forced=True)
