"""Blends published lists with what the visitor did a second ago: for the API, and for the evaluation of the past.

The order of the chain (weights, constant and diversity: vars of the dbt project, published with the snapshot):

1. reciprocal-rank fusion of what past sessions like this one saw next (from ``viewed``), of products whose text is
   like the ones viewed, and of the visitor's published list, diversified,
2. bought together with the cart (for the placement ``cart`` this comes into the fusion instead),
3. what trends in the category at hand, then in the whole shop,
4. the rest of the catalogue, so that a shop without any history still fills its page,
5. what the visitor saw earlier in this session, only where nothing else is left; with ``Blend.returns`` it comes into
   the fusion like everything else, unless only new products are asked for.

Each product keeps the source (``footfall.snapshot.format.Source``) it came with, and the product that led there (the
seed): the reason is made of the two, in the words asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import Literal, NamedTuple, Protocol

from footfall.snapshot.format import Blend, Label, ProductCard, Source, Table, Trend

#: Each step back in the session counts this much of the one after it, over so many last products.
SESSION_DECAY = 0.6
SESSION_DEPTH = 5
#: Entries of a product's list that are looked at, and of a mixed list that are kept: as many as are published.
LIST_DEPTH = 50

#: Past sessions' next products that are looked at: more than are kept, as some of them are sold out by now.
NEXT_DEPTH = 2 * LIST_DEPTH


class OwnProduct(Protocol):
    """A product of a visitor's history."""

    @property
    def product_id(self) -> str: ...


class OwnCategory(Protocol):
    """A category that a visitor is close to."""

    @property
    def category(self) -> str: ...
    @property
    def affinity(self) -> float: ...


class Lists(Protocol):
    """What is blended: a published snapshot (``api/snapshots.py``, which says what each method gives), or the shop's
    past (``orchestration/evaluation/past_lists.py``).
    """

    @property
    def blend(self) -> Blend: ...
    def product(self, product_id: str) -> ProductCard | None: ...
    def picks(self, table: Table, key: str) -> Sequence[tuple[str, float, int]]: ...
    def label(self, number: int) -> Label: ...
    def next_products(
        self, viewed: Sequence[str], top: int, *, returns: bool = False
    ) -> list[tuple[str, float]]: ...
    def trending(self, category: str = ...) -> Sequence[Trend]: ...
    def catalogue(self) -> Sequence[str]: ...
    def product_affinities(self, visitor_id: str) -> Sequence[OwnProduct]: ...
    def category_affinities(self, visitor_id: str) -> Sequence[OwnCategory]: ...


class Explanation(NamedTuple):
    """Source of an item, and the product that led there; None where the source is about none."""

    source: str
    seed: str | None = None


class Ranked(NamedTuple):
    """A list in rank order. ``why`` explains one of its products: only the few that are shown get asked for it."""

    scores: dict[str, float]
    why: Callable[[str], Explanation]
    weight: float = 1.0
    """Weight of the list relative to others."""


class Chosen(NamedTuple):
    """A product of an answer."""

    product_id: str
    score: float
    card: ProductCard
    why: Callable[[str], Explanation]
    """Explains the product, by its id."""


History = Literal["any", "new", "again"]


class RecommendationRequest(NamedTuple):
    """A request for recommendations. ``viewed`` is last first; ids are unique within each tuple."""

    visitor_id: str | None
    viewed: tuple[str, ...]
    cart: tuple[str, ...]
    exclude: tuple[str, ...]
    limit: int
    placement: str | None = None
    is_personal: bool = True
    """False: what is popular, the same for everybody (an arm of an experiment)."""
    history: History = "any"
    """How to treat products from the visitor's history: include them, leave them out, or list only them."""


def recommend(snapshot: Lists, wanted: RecommendationRequest) -> list[Chosen]:
    """Up to ``limit`` products, best first, none twice, all of them to be had.

    Never a product of ``cart`` or ``exclude``, nor the one being looked at (the first of ``viewed``). Of the own
    history alone there may be few, or none; everything else fills up.
    """
    barred = {*wanted.cart, *wanted.exclude, *wanted.viewed[:1]}
    if wanted.history == "again":
        again = [_again(snapshot, wanted.visitor_id)] if wanted.visitor_id is not None else []
        return _take(snapshot, again, barred, wanted.limit)
    if wanted.history == "new" and wanted.visitor_id is not None:
        barred |= _own(snapshot, wanted.visitor_id)
    earlier = [product_id for product_id in wanted.viewed[1:] if product_id not in barred]
    returns = snapshot.blend.returns and wanted.history == "any"
    # Earlier products wait for the end of the chain: there they are let through.
    waiting = barred if returns else barred.union(earlier)
    items = _take(snapshot, _chain(snapshot, wanted, waiting, returns=returns), waiting, wanted.limit)
    if len(items) < wanted.limit and not returns:
        seen = Ranked(dict.fromkeys(earlier, 0.0), _always(Explanation(Source.SEEN_EARLIER)))
        items += _take(snapshot, [seen], barred, wanted.limit - len(items))
    return items


def _own(snapshot: Lists, visitor_id: str) -> set[str]:
    """Products that the visitor looked at, put in the cart or bought."""
    return {own.product_id for own in snapshot.product_affinities(visitor_id)}


def _again(snapshot: Lists, visitor_id: str) -> Ranked:
    """Of the published list what is the visitor's own: in its order, and without what was bought a moment ago."""
    own = _own(snapshot, visitor_id)
    published = _published(snapshot, Table.VISITOR_RECOMMENDATIONS, visitor_id)
    return published._replace(scores={each: score for each, score in published.scores.items() if each in own})


def product_list(
    snapshot: Lists,
    product_id: str,
    order: Sequence[Table],
    limit: int,
    *,
    fallback: bool,
) -> list[Chosen]:
    """The first list of ``order`` that has something to show; after them, with fallback, what trends."""
    barred = {product_id}
    for table in order if fallback else order[:1]:
        if items := _take(snapshot, [_published(snapshot, table, product_id)], barred, limit):
            return items
    if not fallback:
        return []
    card = snapshot.product(product_id)
    categories = [card.product_type] if card and card.product_type else []
    return _take(snapshot, chain(_trends(snapshot, categories), _catalogue_fallback(snapshot)), barred, limit)


def fuse(lists: Sequence[Ranked], constant: float) -> Ranked:
    """Reciprocal-rank fusion: a product's score is the sum of weight / (constant + rank) over the lists that name it.
    The list that gives most explains it, the earlier one where they tie. A single list keeps its own scores.
    """
    filled = [ranked for ranked in lists if ranked.scores]
    if len(filled) == 1:
        return filled[0]
    fusion = _Fusion(constant)
    for ranked in filled:
        fusion.add(ranked.scores, ranked.weight, ranked.why)
    return fusion.ranked()


class _Fusion:
    """Reciprocal ranks, summed by product; what adds most explains it, the earlier one where they tie."""

    def __init__(self, constant: float) -> None:
        self._constant = constant
        self._scores: dict[str, float] = {}
        self._most: dict[str, tuple[float, Callable[[str], Explanation]]] = {}

    def add(self, product_ids: Iterable[str], weight: float, why: Callable[[str], Explanation]) -> None:
        """A list in rank order: each product gains weight / (constant + rank)."""
        scores, most = self._scores, self._most
        for rank, product_id in enumerate(product_ids, 1):
            part = weight / (self._constant + rank)
            if product_id not in scores:
                scores[product_id] = part
                most[product_id] = (part, why)
                continue
            scores[product_id] += part
            if part > most[product_id][0]:
                most[product_id] = (part, why)

    def ranked(self, weight: float = 1.0) -> Ranked:
        """The best LIST_DEPTH of them. weight: what the list counts beside others."""
        most = self._most
        return Ranked(_by_score(self._scores), lambda product_id: most[product_id][1](product_id), weight)


def _chain(
    snapshot: Lists, wanted: RecommendationRequest, barred: Collection[str], *, returns: bool
) -> Iterator[Ranked]:
    """The lists to take from, in order; each is made only when the ones before were not enough."""
    if not wanted.is_personal:
        yield from _trends(snapshot, ())
        yield from _catalogue_fallback(snapshot)
        return
    blend = snapshot.blend
    session = _next(snapshot, wanted.viewed, returns=returns)
    alike = _around(
        snapshot, wanted.viewed[:SESSION_DEPTH], Table.SIMILAR, SESSION_DECAY, Source.SIMILAR_TEXT
    )
    lists = [session, alike]
    if wanted.visitor_id is not None:
        own = _published(snapshot, Table.VISITOR_RECOMMENDATIONS, wanted.visitor_id)
        lists.append(own._replace(weight=blend.weights["published"]))
    if wanted.placement == "cart":
        lists.insert(0, _bought(snapshot, wanted))
    yield diversified(snapshot, fuse(lists, blend.rrf_constant), barred, wanted.limit)
    if wanted.placement != "cart":
        yield _bought(snapshot, wanted)
    yield from _trends(snapshot, _categories(snapshot, wanted))
    yield from _catalogue_fallback(snapshot)


def _bought(snapshot: Lists, wanted: RecommendationRequest) -> Ranked:
    return _around(snapshot, wanted.cart, Table.BOUGHT_TOGETHER, 1.0, Source.BOUGHT_TOGETHER)


def diversified(snapshot: Lists, ranked: Ranked, barred: Collection[str], limit: int) -> Ranked:
    """The list re-ordered for its first ``limit`` places, without what can't be shown.

    Maximal marginal relevance: each place goes to the product with the largest (1 - diversity) x score / best score
    - diversity x likeness to any product placed before. Likeness is the published text similarity. The scores stay.
    """
    diversity, card_of = snapshot.blend.diversity, snapshot.product
    shown = {
        product_id: score
        for product_id, score in ranked.scores.items()
        if product_id not in barred and (card := card_of(product_id)) is not None and card.is_available
    }
    best = max(shown.values(), default=0.0)
    if not diversity or best <= 0:
        return ranked._replace(scores=shown)
    worth = {product_id: (1 - diversity) * score / best for product_id, score in shown.items()}
    waiting = worth.copy()  # less what a product loses by those placed
    order: list[str] = []
    while waiting and len(order) < limit:
        # max takes the first of equals: the one that stands higher in the list.
        placed = max(waiting, key=waiting.__getitem__)
        del waiting[placed]
        order.append(placed)
        for product_id, likeness, _ in snapshot.picks(Table.SIMILAR, placed):
            # A product loses by the one that it is most like.
            if (
                product_id in waiting
                and (left := worth[product_id] - diversity * likeness) < waiting[product_id]
            ):
                waiting[product_id] = left
    return ranked._replace(scores={product_id: shown[product_id] for product_id in [*order, *waiting]})


def _next(snapshot: Lists, viewed: Sequence[str], *, returns: bool) -> Ranked:
    """Return the products that similar past sessions saw next."""
    found = dict(snapshot.next_products(viewed, NEXT_DEPTH, returns=returns))
    why = _always(Explanation(Source.SESSION_NEIGHBOURS))
    return Ranked(found, why, snapshot.blend.weights[Source.SESSION_NEIGHBOURS])


def _around(snapshot: Lists, products: Sequence[str], table: Table, decay: float, source: Source) -> Ranked:
    """The lists of some products, fused; each counts ``decay`` of the one before. The seed is the product whose list
    adds most.
    """
    fusion = _Fusion(snapshot.blend.rrf_constant)
    for position, through in enumerate(products):
        picks = snapshot.picks(table, through)[:LIST_DEPTH]
        fusion.add(map(itemgetter(0), picks), decay**position, _always(Explanation(source, through)))
    return fusion.ranked(snapshot.blend.weights[source])


def _published(snapshot: Lists, table: Table, key: str) -> Ranked:
    """A list as it was published. The seed of all of a product's list is that product."""
    through = None if table is Table.VISITOR_RECOMMENDATIONS else key
    picks = snapshot.picks(table, key)
    labels = {product_id: label for product_id, _, label in picks}

    def why(product_id: str) -> Explanation:
        label = snapshot.label(labels[product_id])
        return Explanation(label.source, through or label.seed or None)

    return Ranked({product_id: score for product_id, score, _ in picks}, why)


def _categories(snapshot: Lists, wanted: RecommendationRequest) -> list[str]:
    """Categories at hand: of the product being looked at, then the visitor's own favourite."""
    categories = []
    card = snapshot.product(wanted.viewed[0]) if wanted.viewed else None
    if card is not None and card.product_type:
        categories.append(card.product_type)
    own = snapshot.category_affinities(wanted.visitor_id) if wanted.visitor_id is not None else []
    if own and own[0].affinity > 0:
        categories.append(own[0].category)
    return categories


def _trends(snapshot: Lists, categories: Iterable[str]) -> Iterator[Ranked]:
    for category in categories:
        yield _trend(snapshot.trending(category), Source.TRENDING_IN_CATEGORY)
    yield _trend(snapshot.trending(), Source.TRENDING)


def _trend(trends: Iterable[Trend], source: Source) -> Ranked:
    return Ranked({trend.product_id: trend.score for trend in trends}, _always(Explanation(source)))


def _catalogue_fallback(snapshot: Lists) -> Iterator[Ranked]:
    yield Ranked(dict.fromkeys(snapshot.catalogue(), 0.0), _always(Explanation(Source.CATALOGUE)))


def _always(why: Explanation) -> Callable[[str], Explanation]:
    """One explanation for every product of a list."""
    return lambda _: why


def _by_score(scores: dict[str, float]) -> dict[str, float]:
    """Highest first, cut at LIST_DEPTH. The sort is stable: equal scores keep the order they were named in."""
    return dict(sorted(scores.items(), key=itemgetter(1), reverse=True)[:LIST_DEPTH])


def _take(snapshot: Lists, lists: Iterable[Ranked], barred: set[str], limit: int) -> list[Chosen]:
    """The first ``limit`` products of the lists that may be shown."""
    taken: set[str] = set()
    items: list[Chosen] = []
    for ranked in lists:
        for product_id, score in ranked.scores.items():
            if product_id in barred or product_id in taken:
                continue
            card = snapshot.product(product_id)
            if card is None or not card.is_available:
                continue
            taken.add(product_id)
            items.append(Chosen(product_id, score, card, ranked.why))
            if len(items) == limit:
                return items
    return items
