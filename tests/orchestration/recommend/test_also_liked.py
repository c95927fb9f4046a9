"""What those like who like a product: planted tastes are found, what everybody has is not, and when it is learned."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.recommend.also_liked import TABLE, AlsoLikedConfig, also_liked, refresh
from orchestration.recommend.ease import trend
from orchestration.recommend.rebuild import RebuildRule
from orchestration.recommend.tables import derived_file

NOW = datetime(2026, 6, 1, 12)
RULE = RebuildRule(1.0, NOW)
TASTES, GOODS = 3, 8
BAG = "bag"
CONFIG = AlsoLikedConfig(regularisation=5.0)


def likes(visitors: int = 90, seed: int = 1) -> list[tuple[str, str]]:
    """Visitors of three tastes; nearly everybody has the bag."""
    dice = random.Random(seed)
    rows = []
    for visitor in range(visitors):
        goods = dice.sample(range(GOODS), 4)
        rows += [(f"v{visitor:03d}", f"t{visitor % TASTES}-{number}") for number in goods]
        if dice.random() < 0.9:
            rows.append((f"v{visitor:03d}", BAG))
    return rows


def fill(warehouse: duckdb.DuckDBPyConnection, rows: list[tuple[str, str]], age: int = 3) -> None:
    warehouse.execute("""
        create or replace table visitor_product_affinity (visitor_id varchar, product_id varchar, affinity double);
        create or replace table int_visitor_product_days (
            visitor_id varchar, product_id varchar, day date, views integer, carts integer, purchases integer
        );
        create or replace table int_as_of as select timestamp '2026-06-01 09:00:00' as as_of;
        create or replace table crowded_affinities (visitor_id varchar, product_id varchar);
    """)
    if rows:
        warehouse.executemany("insert into visitor_product_affinity values (?, ?, 1.0)", rows)
    warehouse.execute(f"""
        insert into int_visitor_product_days
        select visitor_id, product_id, date '2026-06-01' - {age}, 1, 0, 0 from visitor_product_affinity
    """)


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        fill(connection, likes())
        yield connection


def pairs_of(derived: Path) -> dict[str, list[tuple[str, float]]]:
    rows = pq.read_table(derived_file(derived, TABLE)).to_pylist()
    found: dict[str, list[tuple[str, float]]] = {}
    for row in rows:
        found.setdefault(row["key"], []).append((row["other"], row["score"]))
        assert row["rank"] == len(found[row["key"]])
    return found


def test_goods_speak_for_their_own_taste_and_what_everybody_has_for_all(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    refresh(tmp_path, warehouse, RULE, CONFIG)
    found = pairs_of(tmp_path)
    assert len(found) == TASTES * GOODS + 1
    for product, others in found.items():
        assert all(score > 0 for _, score in others)
        assert [score for _, score in others] == sorted((score for _, score in others), reverse=True)
        tastes = {other[:2] for other, _ in others if other != BAG}
        # Whoever has the bag has anything; goods of one taste speak against those of others.
        assert len(tastes) == (TASTES if product == BAG else 1)
        if product != BAG:
            assert tastes == {product[:2]}


def test_what_was_liked_lately_comes_before_what_is_over() -> None:
    seen = sp.csr_matrix(
        np.array([[1, 1, 1, 0]] * 20 + [[1, 0, 0, 1]] * 20 + [[0, 1, 1, 0]] * 5, dtype=float)
    )
    even = also_liked(seen, np.ones(4), CONFIG)
    assert even.score[(even.key == 0) & (even.other == 1)] == even.score[(even.key == 0) & (even.other == 2)]
    season = also_liked(seen, np.array([1.0, 0.25, 1.0, 1.0]), CONFIG)
    [fresh], [over] = (season.score[(season.key == 0) & (season.other == other)] for other in (2, 1))
    assert over == pytest.approx(fresh / 2, abs=1e-8)  # the root of a quarter


def test_the_same_affinities_give_the_same_bytes_in_any_order(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    refresh(tmp_path / "one", warehouse, RULE, CONFIG)
    rows = likes()
    random.Random(7).shuffle(rows)
    fill(warehouse, rows)
    refresh(tmp_path / "other", warehouse, RULE, CONFIG)
    one, other = (derived_file(tmp_path / name, TABLE).read_bytes() for name in ("one", "other"))
    assert one == other


def test_only_products_that_many_like_are_learned() -> None:
    seen = sp.csr_matrix(
        np.array([[1, 1, 1, 1]] * 3 + [[1, 1, 0, 0]] * 3 + [[0, 0, 0, 0, 1][:4]], dtype=float)
    )
    few = also_liked(seen, np.ones(4), AlsoLikedConfig(most_products=2, regularisation=1.0))
    assert set(few.key.tolist()) | set(few.other.tolist()) == {0, 1}
    lonely = sp.csr_matrix(np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    assert len(also_liked(lonely, np.ones(3)).key) == 0
    assert len(also_liked(sp.csr_matrix((0, 0)), np.ones(0)).key) == 0


@settings(max_examples=40)
@given(
    drawn=st.sets(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=50),
    days=st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 6), st.integers(-2, 40), st.integers(0, 3)), max_size=30
    ),
    most=st.integers(1, 6),
)
def test_the_warehouse_is_read_as_a_loop_would(
    drawn: set[tuple[int, int]], days: list[tuple[int, int, int, int]], most: int
) -> None:
    """Pairs by the whole matrix, the season counted day by day. Nobody is drawn to product 6; a day of kind 0 is an
    option that was picked, no more."""
    config = AlsoLikedConfig(regularisation=5.0, most_products=most, half_life_days=10.0)
    rows = [
        (
            f"v{visitor}",
            f"p{product}",
            date(2026, 6, 1) - timedelta(age),
            *(int(kind == n) for n in (1, 2, 3)),
        )
        for visitor, product, age, kind in days
    ]
    with duckdb.connect() as warehouse, tempfile.TemporaryDirectory() as folder:
        fill(warehouse, [(f"v{visitor}", f"p{product}") for visitor, product in drawn])
        warehouse.execute("""
            delete from int_visitor_product_days;
            insert into visitor_product_affinity values ('v0', 'p6', 0), ('v1', 'p6', -1)
        """)
        if rows:
            warehouse.executemany("insert into int_visitor_product_days values (?, ?, ?, ?, ?, ?)", rows)
        refresh(Path(folder), warehouse, RULE, config)
        found = pairs_of(Path(folder))
    products = sorted({product for _, product in drawn})
    seen, recent, ever = np.zeros((10, len(products))), np.zeros(len(products)), np.zeros(len(products))
    for visitor, product in drawn:
        seen[visitor, products.index(product)] = 1.0
    for _, product, age, kind in days:
        if kind and product in products:
            ever[products.index(product)] += 1
            recent[products.index(product)] += 0.5 ** (max(age, 0) / 10.0)
    wanted = also_liked(sp.csr_matrix(seen), trend(recent, ever), config)
    names = [
        (f"p{products[key]}", f"p{products[other]}")
        for key, other in zip(wanted.key, wanted.other, strict=True)
    ]
    assert {(key, other): score for key, others in found.items() for other, score in others} == pytest.approx(
        dict(zip(names, wanted.score.tolist(), strict=True)), abs=1e-8
    )


def test_it_is_learned_again_when_what_it_was_learned_from_changed(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    def is_learned(hours: int, config: AlsoLikedConfig = CONFIG) -> bool:
        return refresh(tmp_path, warehouse, RebuildRule(1.0, NOW + timedelta(hours=hours)), config).is_due

    assert is_learned(0)
    before = derived_file(tmp_path, TABLE).read_bytes()
    assert not is_learned(1)
    assert derived_file(tmp_path, TABLE).read_bytes() == before
    fill(warehouse, [*likes(), *(("late", f"t0-{number}") for number in range(8))])
    assert is_learned(2)
    fill(warehouse, [*likes(), *(("late", f"t0-{number}") for number in range(8))], age=4)
    assert is_learned(3), "the season is another one"
    warehouse.execute("insert into crowded_affinities values ('late', 't0-1')")
    assert is_learned(4)
    warehouse.execute("update int_as_of set as_of = as_of + interval 1 hour")
    assert not is_learned(5), "the season goes by days"
    warehouse.execute("update int_as_of set as_of = as_of + interval 1 day")
    assert is_learned(6)
    assert is_learned(7, AlsoLikedConfig(top_k=3))
    assert max(map(len, pairs_of(tmp_path).values())) == 3


def test_a_shop_that_nobody_has_visited_has_no_pairs(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    for rows in ([], [("v1", "only")]):
        fill(warehouse, rows)
        refresh(tmp_path / str(len(rows)), warehouse, RULE, CONFIG)
        assert pairs_of(tmp_path / str(len(rows))) == {}
