"""Any shop, any visitor: what an answer may and must hold, with new products, new visitors, ties and sold-out goods."""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.items import recommend
from api.snapshots import Snapshot
from footfall.snapshot.blending import RecommendationRequest
from footfall.snapshot.format import Source
from orchestration.recommend.session_neighbours import index_of
from orchestration.serving.publish import build_snapshot
from tests.api.conftest import SCHEMA
from tests.session_cases import clicks_table

pytestmark = pytest.mark.slow

IDS = [f"p{number}" for number in range(9)]
#: p8 is in past sessions and lists of nobody's catalogue: it was withdrawn.
CATALOGUE = IDS[:8]

ids = st.sampled_from(IDS)
several = st.lists(ids, unique=True, max_size=4).map(tuple)


@dataclass(frozen=True)
class Shop:
    """``available`` can be bought; ``similar`` and ``own`` hold tied scores on purpose."""

    available: frozenset[str]
    similar: dict[str, list[str]]
    own: list[str]
    trending: list[str]
    sessions: list[list[str]]
    diversity: float

    @property
    def known(self) -> list[str]:
        """What u_ada had to do with before: of their list every other one."""
        return self.own[::2]


catalogue_ids = st.sampled_from(CATALOGUE)
catalogue_lists = st.lists(catalogue_ids, unique=True, max_size=6)
shops = st.builds(
    Shop,
    available=st.frozensets(catalogue_ids),
    similar=st.dictionaries(catalogue_ids, catalogue_lists, max_size=5),
    own=catalogue_lists,
    trending=catalogue_lists,
    sessions=st.lists(st.lists(ids, min_size=2, max_size=5), max_size=6),
    diversity=st.sampled_from([0.0, 0.1, 1.0]),
)
wishes = st.builds(
    RecommendationRequest,
    visitor_id=st.sampled_from(["u_ada", "g_new", None]),
    viewed=several,
    cart=several,
    exclude=several,
    limit=st.integers(1, 10),
    placement=st.sampled_from([None, "cart"]),
    is_personal=st.booleans(),
    history=st.sampled_from(["any", "new", "again"]),
)


def publish(shop: Shop, folder: Path, order: random.Random) -> Snapshot:
    """The shop's snapshot, its rows inserted in an order of chance."""
    rows: list[tuple[str, list[object]]] = [
        (
            "products",
            [p, p, p, None, None, "Kind", [], None, None, 1, "EUR", p in shop.available, True, "2026-11-01"],
        )
        for p in CATALOGUE
    ]
    for product, others in shop.similar.items():
        kept = [other for other in others if other != product]
        for rank, other in enumerate(kept, 1):
            rows.append(
                (
                    "product_recommendations",
                    [product, "similar", rank, other, 0.5, "similar_text"],
                )
            )
    for rank, product in enumerate(shop.own, 1):
        rows.append(
            ("visitor_recommendations", ["u_ada", rank, product, 0.1, "affinity", None, None, None, None])
        )
    for product in shop.known:
        scores = [1.0, 0.0, 0.0, 0.0, 1, 0, 0, "2026-11-01", "2026-11-01"]
        rows.append(("visitor_product_scores", ["u_ada", product, *scores]))
    for rank, product in enumerate(shop.trending, 1):
        rows.append(("trending_products", [rank, product, 1.0, ""]))
    order.shuffle(rows)
    table = clicks_table(shop.sessions)
    rows_as_they_come = pa.array(order.sample(range(table.num_rows), table.num_rows), pa.int64())
    index_of(table.take(rows_as_they_come)).write(folder / "sessions.index")
    with duckdb.connect() as con:
        con.execute(SCHEMA)
        con.execute(
            "update marts.recommendation_settings set value = ? where setting = 'diversity'", [shop.diversity]
        )
        for mart, row in rows:
            con.execute(f"insert into marts.{mart} values ({', '.join('?' for _ in row)})", row)
        build_snapshot(con, folder / "serving", version="v", session_index=folder / "sessions.index")
    return Snapshot(folder / "serving" / "v")


@settings(max_examples=8)
@given(shop=shops, asked=st.lists(wishes, min_size=1, max_size=8), seed=st.integers(0, 9))
def test_every_answer_is_full_of_what_can_be_bought_and_the_same_again(
    shop: Shop, asked: list[RecommendationRequest], seed: int
) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        snapshot = publish(shop, Path(one), random.Random(seed))
        again = publish(shop, Path(other), random.Random(seed + 1))
        for wanted in asked:
            items = recommend(snapshot, wanted)
            found = [item.product_id for item in items]
            may = shop.available - {*wanted.cart, *wanted.exclude, *wanted.viewed[:1]}
            known = set(shop.known) if wanted.visitor_id == "u_ada" else set()
            if wanted.history == "again":
                may &= known
            elif wanted.history == "new":
                may -= known
            assert set(found) <= may
            assert len(set(found)) == len(found) == min(wanted.limit, len(may))
            assert all(item.source in set(Source) and item.reason for item in items)
            assert items == recommend(snapshot, wanted), "asked again"
            assert items == recommend(again, wanted), "the same shop, its rows in another order"


def shop_of(**given: object) -> Shop:
    base = {"available": frozenset(CATALOGUE), "similar": {}, "own": [], "trending": [], "sessions": []}
    return Shop(**{**base, "diversity": 0.0, **given})  # type: ignore[arg-type]


def answer(shop: Shop, tmp_path: Path, **given: object) -> list[tuple[str, str]]:
    wanted = RecommendationRequest(
        **{"visitor_id": None, "viewed": (), "cart": (), "exclude": (), "limit": 8, **given}
    )  # type: ignore[arg-type]
    found = recommend(publish(shop, tmp_path, random.Random(0)), wanted)
    return [(item.product_id, str(item.source)) for item in found]


def test_a_product_without_any_past_is_found_by_its_text(tmp_path: Path) -> None:
    """p7 is new: no session, no order, no trend; its text is like p0's."""
    past = [["p0", "p1", "p2"], ["p0", "p2", "p1"], ["p3", "p4"]]
    shop = shop_of(similar={"p0": ["p7"], "p7": ["p0"]}, sessions=past)
    assert ("p7", "similar_text") in answer(shop, tmp_path, viewed=("p0",), limit=3)


def test_on_the_page_of_a_new_product_its_text_neighbours_come_first(tmp_path: Path) -> None:
    shop = shop_of(
        similar={"p7": ["p5", "p0"]}, sessions=[["p0", "p1"]], trending=["p1", "p2"], own=["p3", "p4"]
    )
    assert answer(shop, tmp_path, viewed=("p7",), limit=3) == [
        ("p5", "similar_text"), ("p0", "similar_text"), ("p1", "trending"),
    ]  # fmt: skip


def test_a_new_visitor_sees_what_the_session_says_then_what_trends(tmp_path: Path) -> None:
    shop = shop_of(sessions=[["p0", "p1"], ["p3", "p4"]], trending=["p6", "p5"])
    assert answer(shop, tmp_path, viewed=("p0",), visitor_id="g_new", limit=3) == [
        ("p1", "session_neighbours"), ("p6", "trending"), ("p5", "trending"),
    ]  # fmt: skip


def test_a_shop_without_any_past_shows_its_catalogue(tmp_path: Path) -> None:
    assert answer(shop_of(), tmp_path, limit=3) == [(product, "catalogue") for product in IDS[:3]]


def test_diversity_parts_products_that_are_alike(tmp_path: Path) -> None:
    """p0 to p2 are like one another, p3 is like none; the visitor's list has them in this order, all but tied."""
    alike = {one: [other for other in IDS[:3] if other != one] for one in IDS[:3]}
    shop = {"similar": alike, "own": IDS[:5]}
    folders = [tmp_path / name for name in ("none", "some")]
    for folder in folders:
        folder.mkdir()
    plain = answer(shop_of(**shop, diversity=0.0), folders[0], visitor_id="u_ada", limit=4)
    spread = answer(shop_of(**shop, diversity=0.1), folders[1], visitor_id="u_ada", limit=4)
    assert [product for product, _ in plain] == ["p0", "p1", "p2", "p3"]
    assert [product for product, _ in spread] == ["p0", "p3", "p4", "p1"]
