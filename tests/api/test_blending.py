"""Mixing lists at request time: fusion, the chain, and what may never be shown."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.items import product_list, recommend
from api.snapshots import Snapshot
from footfall.snapshot.blending import Explanation, Ranked, RecommendationRequest, diversified, fuse
from footfall.snapshot.format import Table


@pytest.fixture(scope="module")
def snapshot(published: Path) -> Snapshot:
    return Snapshot(published / "serving" / "v1")


def wanted(**given: object) -> RecommendationRequest:
    base = {"visitor_id": None, "viewed": (), "cart": (), "exclude": (), "limit": 8, "placement": None}
    return RecommendationRequest(**{**base, **given})  # type: ignore[arg-type]


def ids(items: list) -> list[str]:  # type: ignore[type-arg]
    return [item.product_id for item in items]


def sources(items: list) -> dict[str, str]:  # type: ignore[type-arg]
    return {item.product_id: item.source for item in items}


def ranked(name: str, *products: str) -> Ranked:
    return Ranked(
        {product: 9.0 - place for place, product in enumerate(products)}, lambda _: Explanation(name)
    )


def test_fusion_by_hand() -> None:
    one, two = ranked("one", "a", "b"), ranked("two", "b", "c")

    fused = fuse([one, two], 60)

    # a: 1/61; b: 1/62 + 1/61; c: 1/62
    assert list(fused.scores.items()) == [("b", 1 / 62 + 1 / 61), ("a", 1 / 61), ("c", 1 / 62)]
    assert fused.why("b").source == "two", "b stands higher in the second list, so that one explains it"
    assert fuse([one, ranked("empty")], 60) is one, "a single list keeps its own scores"
    assert fuse([], 60).scores == {}


scored = st.sampled_from([0.1, 0.2, 0.3, 0.35, 1.0])
pages = st.dictionaries(st.sampled_from("abcdefgh"), scored, max_size=8)


@given(
    scores=pages,
    likeness=st.dictionaries(st.sampled_from("abcdefgh"), pages),
    diversity=scored,
    limit=st.integers(1, 9),
)
def test_diversity_is_maximal_marginal_relevance_written_out(
    scores: dict[str, float], likeness: dict[str, dict[str, float]], diversity: float, limit: int
) -> None:
    shop = SimpleNamespace(
        blend=SimpleNamespace(diversity=diversity),
        product=lambda product: None if product == "h" else SimpleNamespace(is_available=product != "a"),
        picks=lambda _, product: [(other, alike, 0) for other, alike in likeness.get(product, {}).items()],
    )
    shown = {product: score for product, score in scores.items() if product not in "abh"}
    best, left, placed = max(shown.values(), default=1.0), list(shown), list[str]()
    while left and len(placed) < limit:
        worth = [
            (1 - diversity) * shown[product] / best
            - diversity * max((likeness.get(one, {}).get(product, 0.0) for one in placed), default=0.0)
            for product in left
        ]
        placed.append(left.pop(worth.index(max(worth))))
    found = diversified(shop, Ranked(scores, lambda _: Explanation("")), {"b"}, limit)  # type: ignore[arg-type]
    assert list(found.scores.items()) == [(product, shown[product]) for product in [*placed, *left]]


def test_what_past_sessions_saw_next_comes_first(snapshot: Snapshot) -> None:
    items = recommend(snapshot, wanted(viewed=("p01",), limit=4))
    # All five sessions with p01 and p03 vote for p03; two of them went on to p05, further from p01.
    assert [(item.product_id, item.source) for item in items[:1]] == [("p03", "session_neighbours")]
    assert items[0].reason == "Others looked at this next"
    assert sources(items)["p05"] == "session_neighbours"


def test_text_neighbours_stand_in_where_no_session_saw_the_product(snapshot: Snapshot) -> None:
    items = recommend(snapshot, wanted(viewed=("p06", "p05"), limit=20))
    assert snapshot.next_products(("p06",), 10) == []
    known = recommend(snapshot, wanted(viewed=("p02",), limit=3))
    assert ("p01", "session_neighbours") in sources(known).items()
    assert sources(items)["p07"] == "similar_text", "p05 is like p07, and no session saw both"
    assert next(item.reason for item in items if item.product_id == "p07") == 'Similar to Thing "5" — größe'


def test_the_last_click_counts_most(snapshot: Snapshot) -> None:
    nine = dict(snapshot.next_products(("p09", "p02"), 10))
    two = dict(snapshot.next_products(("p02", "p09"), 10))
    assert nine["p10"] > nine["p01"]
    assert two["p10"] < two["p01"]


def test_fusion_weighs_its_lists() -> None:
    strong, weak = ranked("strong", "a", "b"), ranked("weak", "c", "b")._replace(weight=0.5)
    fused = fuse([strong, weak], 60)
    # b: 1/62 + 0.5/62; a: 1/61; c: 0.5/61
    assert list(fused.scores.items()) == [("b", 1.5 / 62), ("a", 1 / 61), ("c", 0.5 / 61)]
    assert fused.why("b").source == "strong"


def test_published_list_and_session_alternate(snapshot: Snapshot) -> None:
    items = recommend(snapshot, wanted(visitor_id="u_ada", viewed=("p01",), limit=4))
    assert {"session_neighbours", "affinity"} <= set(sources(items).values())


def test_cart_brings_bought_together(snapshot: Snapshot) -> None:
    items = recommend(snapshot, wanted(visitor_id="u_ada", cart=("p05",)))
    assert ids(items)[:3] == ["p06", "p07", "p02"], "the visitor's own list first"
    assert ids(items)[3:5] == ["p08", "p01"]
    assert items[3].reason == 'Often bought together with Thing "5" — größe'


def test_placement_cart_puts_bought_together_in_front(snapshot: Snapshot) -> None:
    items = recommend(snapshot, wanted(visitor_id="u_ada", cart=("p05",), placement="cart"))
    assert ids(items)[0] == "p08"


def test_cold_visitor_gets_what_trends_then_the_catalogue(snapshot: Snapshot) -> None:
    items = recommend(snapshot, wanted(limit=50))
    assert ids(items)[:3] == ["p07", "p01", "p09"]
    assert len(items) == 11, "everything that can be bought, each once"
    assert items[-1].source == "catalogue"


def test_category_at_hand_trends_first(snapshot: Snapshot) -> None:
    items = recommend(snapshot, wanted(viewed=("p08",), limit=2))  # a mug without lists of its own
    assert [(item.product_id, item.reason) for item in items] == [
        ("p06", "Popular in Mugs"),
        ("p07", "Popular now"),
    ]


def test_never_barred_products_and_seen_ones_only_at_the_end(snapshot: Snapshot) -> None:
    items = recommend(
        snapshot,
        wanted(visitor_id="u_ada", viewed=("p01", "p02"), cart=("p06",), exclude=("p07",), limit=50),
    )
    found = ids(items)
    assert not {"p01", "p06", "p07", "p12"} & set(found)
    assert found[-1] == "p02"
    assert items[-1].source == "seen_earlier"


def test_everything_barred_is_honestly_empty(snapshot: Snapshot) -> None:
    everything = tuple(f"p{number:02d}" for number in range(1, 13))
    assert recommend(snapshot, wanted(exclude=everything)) == []


@pytest.mark.parametrize(
    ("product", "first", "source"),
    [
        ("p01", "p02", "similar_text"),
        ("p09", "p10", "viewed_together"),  # nothing similar: viewed together steps in and says so
        ("p08", "p06", "trending_in_category"),  # no list at all: its category's trend
        ("p11", "p07", "trending"),  # nor that: the shop's
    ],
)
def test_similar_falls_back_down_the_chain(snapshot: Snapshot, product: str, first: str, source: str) -> None:
    order = (Table.SIMILAR, Table.VIEWED_TOGETHER, Table.BOUGHT_TOGETHER)
    items = product_list(snapshot, product, order, 5, fallback=True)
    assert (items[0].product_id, items[0].source) == (first, source)
    assert product not in ids(items)
    if source != "similar_text":
        assert product_list(snapshot, product, order, 5, fallback=False) == []


def test_new_and_again_divide_what_is_shown(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"p01", "p05"}  # what Ada looked at and bought
    asked = wanted(visitor_id="u_ada", limit=20)
    everything = ids(recommend(snapshot, asked))
    assert own & set(everything)
    new = ids(recommend(snapshot, asked._replace(history="new")))
    assert new == [product for product in everything if product not in own]
    # Her published list names none of them, then one.
    again = asked._replace(history="again")
    assert recommend(snapshot, again) == []
    [(_, _, label), *_] = snapshot.picks(Table.VISITOR_RECOMMENDATIONS, "u_ada")
    monkeypatch.setattr(snapshot, "picks", lambda table, key: [("p06", 0.9, label), ("p05", 0.8, label)])
    assert ids(recommend(snapshot, again)) == ["p05"]
    assert recommend(snapshot, again._replace(exclude=("p05",))) == []


def test_a_stranger_has_no_history(snapshot: Snapshot) -> None:
    assert recommend(snapshot, wanted(history="again")) == []
    assert recommend(snapshot, wanted(history="new")) == recommend(snapshot, wanted())
