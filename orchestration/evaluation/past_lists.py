"""The shop on the split day as the API would have it: what ``footfall.snapshot.blending`` chooses from.

So an answer that is measured is the answer of the same function, with the same settings, that a visitor gets. All of
the catalogue can be bought: what was sold out then isn't known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import duckdb

from footfall.snapshot.blending import History, RecommendationRequest, recommend
from footfall.snapshot.format import WHOLE_SHOP, Blend, Label, ProductCard, Table, Trend
from orchestration.recommend.session_neighbours import NextItem, SoFar

#: Of each table the products that are listed under a key, best first, as the snapshot has them. Nobody is asked about
#: with a cart, so what is bought together is not among them.
_PICKS = {
    Table.SIMILAR: "select product_id, other_product_id, similarity from stg_derived__product_similarity "
    "order by product_id, similarity_rank",
    Table.VISITOR_RECOMMENDATIONS: "select visitor_id, product_id, score from visitor_recommendations "
    'order by visitor_id, "rank"',
}
#: Reasons aren't measured.
_NO_REASON = Label("", "")


class OwnProduct(NamedTuple):
    product_id: str


class OwnCategory(NamedTuple):
    category: str
    affinity: float


class PastLists:
    """``footfall.snapshot.blending.Lists`` of a past warehouse.

    next_item: learned from the visits before the split, over the numbers ``number_of`` that products have. An unknown
    product has no number. Raises duckdb.Error.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        blend: Blend,
        next_item: NextItem | None,
        number_of: Mapping[str, int],
    ) -> None:
        self.blend = blend
        self._connection = connection
        self._next_item = next_item
        self._number_of = number_of
        self._name_of = {number: name for name, number in number_of.items()}
        self._cards = {
            row[0]: ProductCard(row[0], "", None, None, None, None, None, None, row[1], True)
            for row in self._rows("select product_id, product_type from products")
        }
        by_entry = "select product_id from products order by captured_at desc, product_id"
        self._catalogue = [str(row[0]) for row in self._rows(by_entry)]
        self._picks = {table: self._grouped(query) for table, query in _PICKS.items()}
        self._trends: dict[str, list[Trend]] = defaultdict(list)
        for category, product_id, score in self._rows(
            'select category, product_id, score from trending_products order by category, "rank"'
        ):
            self._trends[category or WHOLE_SHOP].append(Trend(product_id, score))

    def product(self, product_id: str) -> ProductCard | None:
        return self._cards.get(product_id)

    def picks(self, table: Table, key: str) -> Sequence[tuple[str, float, int]]:
        return self._picks.get(table, {}).get(key, ())

    def label(self, number: int) -> Label:
        return _NO_REASON

    def next_products(
        self, viewed: Sequence[str], top: int, *, returns: bool = False
    ) -> list[tuple[str, float]]:
        if self._next_item is None or not viewed:
            return []
        unknown = -1
        session = SoFar()
        for name in reversed(viewed):
            session.add(self._number_of.get(name, unknown))
            unknown -= 1
        found = self._next_item.next_items(session, top, drop_seen=not returns).tolist()
        return [
            (self._name_of[number], 1.0 / place)
            for place, number in enumerate(found, 1)
            if number in self._name_of
        ]

    def trending(self, category: str = WHOLE_SHOP) -> Sequence[Trend]:
        return self._trends.get(category, ())

    def catalogue(self) -> Sequence[str]:
        return self._catalogue

    def product_affinities(self, visitor_id: str) -> Sequence[OwnProduct]:
        return self._own_products.get(visitor_id, ())

    def category_affinities(self, visitor_id: str) -> Sequence[OwnCategory]:
        return self._own_categories.get(visitor_id, ())

    @cached_property
    def _own_products(self) -> dict[str, list[OwnProduct]]:
        found = defaultdict(list)
        for visitor_id, product_id in self._rows(
            "select visitor_id, product_id from visitor_product_affinity"
        ):
            found[visitor_id].append(OwnProduct(product_id))
        return found

    @cached_property
    def _own_categories(self) -> dict[str, list[OwnCategory]]:
        found = defaultdict(list)
        for visitor_id, category, affinity in self._rows(
            "select visitor_id, category, affinity from visitor_category_affinity where category is not null "
            'order by visitor_id, "rank"'
        ):
            found[visitor_id].append(OwnCategory(category, affinity))
        return found

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query).fetchall()

    def _grouped(self, query: str) -> dict[str, list[tuple[str, float, int]]]:
        found = defaultdict(list)
        for key, other, score in self._rows(query):
            found[key].append((other, score, 0))
        return found


def blend_of(variables: Mapping[str, Any]) -> Blend:
    """The settings of the request-time blend, from dbt's vars: as the mart ``recommendation_settings`` has them."""
    return Blend(
        rrf_constant=variables["rrf_constant"],
        diversity=variables["recommendation_diversity"],
        weights=variables["request_weights"],
        returns=bool(variables["recommendation_returns"]),
    )


class Ask(Protocol):
    """Product ids of an answer, best first. viewed: last first."""

    def __call__(
        self,
        visitor_id: str | None = None,
        *,
        viewed: Sequence[str] = (),
        exclude: Sequence[str] = (),
        history: History = "any",
    ) -> list[str]: ...


def answers(lists: PastLists, limit: int) -> Ask:
    """What the API answers from these lists."""

    def ask(
        visitor_id: str | None = None,
        *,
        viewed: Sequence[str] = (),
        exclude: Sequence[str] = (),
        history: History = "any",
    ) -> list[str]:
        wanted = RecommendationRequest(visitor_id, tuple(viewed), (), tuple(exclude), limit, history=history)
        return [chosen.product_id for chosen in recommend(lists, wanted)]

    return ask
