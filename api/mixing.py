"""What to show a visitor now: published lists, mixed at request time with what they did a second ago.

The order of the chain (design: serving.md, recommendations.md):

1. reciprocal-rank fusion of what past sessions like this one saw next (from ``viewed``), of products whose text is
   like the ones viewed, and of the visitor's published list,
2. bought together with the cart (for the placement ``cart`` this comes into the fusion instead),
3. what trends in the category at hand, then in the whole shop,
4. the rest of the catalogue, so that a shop without any history still fills its page,
5. what the visitor saw earlier in this session, only where nothing else is left.

Nothing is computed that the lists don't say: each product keeps the source and the reason it came with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

from api.answers import ProductItem
from api.snapshots import Snapshot
from footfall.snapshot import Table, Trend

#: Reciprocal-rank fusion's constant: Cormack, Clarke, Buettcher 2009, who found 60 robust; not tuned here.
RRF_K = 60
#: Each step back in the session counts this much of the one after it, over so many last products
#: (recommendations.md, "Session next item").
SESSION_DECAY = 0.6
SESSION_DEPTH = 5
#: Entries of a product's list that are looked at, and of a mixed list that are kept: as many as are published.
LIST_DEPTH = 50

#: Past sessions' next products that are looked at: more than are kept, as some of them are sold out by now.
NEXT_DEPTH = 2 * LIST_DEPTH

#: What a list counts in the fusion; 1 where it isn't named. Text neighbours fill in what no past session knows; they
#: must not push aside what many did. Not tuned: no public data has sessions and texts.
WEIGHTS = {"similar_text": 0.5}

SESSION_NEIGHBOURS = "session_neighbours"
SIMILAR_TEXT = "similar_text"
TRENDING = "trending"
CATALOGUE = "catalogue"
SEEN_EARLIER = "seen_earlier"


class Why(NamedTuple):
    """Source and reason of an item."""

    source: str
    reason: str


class Ranked(NamedTuple):
    """A list in rank order. ``why`` explains one of its products: only the few that are shown get asked for it."""

    scores: dict[str, float]
    why: Callable[[str], Why]
    weight: float = 1.0
    """What the list counts beside others."""


class Wish(NamedTuple):
    """What a request asks for. ``viewed`` is last first; ids are unique within each tuple."""

    visitor_id: str | None
    viewed: tuple[str, ...]
    cart: tuple[str, ...]
    exclude: tuple[str, ...]
    limit: int
    placement: str | None = None
    is_personal: bool = True
    """False: what is popular, the same for everybody (an arm of an experiment)."""


def recommend(snapshot: Snapshot, wish: Wish) -> list[ProductItem]:
    """Up to ``limit`` products, best first, none twice, all of them to be had.

    Never a product of ``cart`` or ``exclude``, nor the one being looked at (the first of ``viewed``).
    """
    barred = {*wish.cart, *wish.exclude, *wish.viewed[:1]}
    earlier = [product_id for product_id in wish.viewed[1:] if product_id not in barred]
    # Earlier products wait for the end of the chain: there they are let through.
    items = _take(snapshot, _chain(snapshot, wish), barred.union(earlier), wish.limit)
    if len(items) < wish.limit:
        seen = Ranked(dict.fromkeys(earlier, 0.0), lambda _: Why(SEEN_EARLIER, "You looked at this earlier"))
        items += _take(snapshot, [seen], barred, wish.limit - len(items))
    return items


def product_list(
    snapshot: Snapshot, product_id: str, order: Sequence[Table], limit: int, *, fallback: bool
) -> list[ProductItem]:
    """The first list of ``order`` that has something to show; after them, with fallback, what trends."""
    barred = {product_id}
    for table in order if fallback else order[:1]:
        if items := _take(snapshot, [_published(snapshot, table, product_id)], barred, limit):
            return items
    if not fallback:
        return []
    card = snapshot.product(product_id)
    categories = [card.product_type] if card and card.product_type else []
    return _take(snapshot, chain(_trends(snapshot, categories), _shelf(snapshot)), barred, limit)


def fuse(lists: Sequence[Ranked]) -> Ranked:
    """Reciprocal-rank fusion: a product's score is the sum of weight / (60 + rank) over the lists that name it. The
    list that gives most explains it, the earlier one where they tie. A single list keeps its own scores.
    """
    filled = [ranked for ranked in lists if ranked.scores]
    if len(filled) == 1:
        return filled[0]
    scores: dict[str, float] = {}
    best: dict[str, tuple[float, Ranked]] = {}
    for ranked in filled:
        for rank, product_id in enumerate(ranked.scores, 1):
            part = ranked.weight / (RRF_K + rank)
            if product_id in scores:
                scores[product_id] += part
                if part > best[product_id][0]:
                    best[product_id] = (part, ranked)
            else:
                scores[product_id] = part
                best[product_id] = (part, ranked)
    return Ranked(_by_score(scores), lambda product_id: best[product_id][1].why(product_id))


def _chain(snapshot: Snapshot, wish: Wish) -> Iterator[Ranked]:
    """The lists to take from, in order; each is made only when the ones before were not enough."""
    if not wish.is_personal:
        yield from _trends(snapshot, ())
        yield from _shelf(snapshot)
        return
    session = _next(snapshot, wish.viewed)
    alike = _around(
        snapshot, wish.viewed[:SESSION_DEPTH], Table.SIMILAR, decay=SESSION_DECAY, source=SIMILAR_TEXT
    )
    own = Ranked({}, _nothing)
    if wish.visitor_id is not None:
        own = _published(snapshot, Table.VISITOR_RECOMMENDATIONS, wish.visitor_id)
    bought = _around(snapshot, wish.cart, Table.BOUGHT_TOGETHER, decay=1.0)
    if wish.placement == "cart":
        yield fuse([bought, session, alike, own])
    else:
        yield fuse([session, alike, own])
        yield bought
    yield from _trends(snapshot, _categories(snapshot, wish))
    yield from _shelf(snapshot)


def _next(snapshot: Snapshot, viewed: Sequence[str]) -> Ranked:
    """What past sessions that are like this one saw next."""
    found = snapshot.next_products(viewed, NEXT_DEPTH)
    why = Why(SESSION_NEIGHBOURS, "Others looked at this next")
    return Ranked(dict(found), lambda _: why, WEIGHTS.get(SESSION_NEIGHBOURS, 1.0))


def _around(
    snapshot: Snapshot, products: Sequence[str], table: Table, *, decay: float, source: str | None = None
) -> Ranked:
    """Products around some others: each list entry counts decay^position / (60 + rank), summed over lists. The entry
    that counts most gives the reason."""
    scores: dict[str, float] = {}
    best: dict[str, tuple[float, int, str]] = {}
    for position, through in enumerate(products):
        weight = decay**position
        for rank, (product_id, _, label) in enumerate(snapshot.picks(table, through)[:LIST_DEPTH], 1):
            part = weight / (RRF_K + rank)
            if product_id in scores:
                scores[product_id] += part
                if part > best[product_id][0]:
                    best[product_id] = (part, label, through)
            else:
                scores[product_id] = part
                best[product_id] = (part, label, through)

    def why(product_id: str) -> Why:
        _, number, through = best[product_id]
        label = snapshot.label(number)
        return Why(source or label.source, label.reason or f"Goes with {_title(snapshot, through)}")

    return Ranked(_by_score(scores), why, WEIGHTS.get(source or "", 1.0))


def _published(snapshot: Snapshot, table: Table, key: str) -> Ranked:
    picks = snapshot.picks(table, key)
    labels = {product_id: label for product_id, _, label in picks}

    def why(product_id: str) -> Why:
        label = snapshot.label(labels[product_id])
        return Why(label.source or str(table), label.reason)

    return Ranked({product_id: score for product_id, score, _ in picks}, why)


def _categories(snapshot: Snapshot, wish: Wish) -> list[str]:
    """Categories at hand: of the product being looked at, then the visitor's own favourite."""
    categories = []
    card = snapshot.product(wish.viewed[0]) if wish.viewed else None
    if card is not None and card.product_type:
        categories.append(card.product_type)
    own = snapshot.category_affinities(wish.visitor_id) if wish.visitor_id is not None else []
    if own and own[0].affinity > 0:
        categories.append(own[0].category)
    return categories


def _trends(snapshot: Snapshot, categories: Iterable[str]) -> Iterator[Ranked]:
    for category in categories:
        yield _trend(snapshot.trending(category), f"Popular in {category}")
    yield _trend(snapshot.trending(), "Popular in the shop")


def _trend(trends: Iterable[Trend], reason: str) -> Ranked:
    return Ranked({trend.product_id: trend.score for trend in trends}, lambda _: Why(TRENDING, reason))


def _shelf(snapshot: Snapshot) -> Iterator[Ranked]:
    yield Ranked(dict.fromkeys(snapshot.catalogue(), 0.0), lambda _: Why(CATALOGUE, "From the catalogue"))


def _nothing(product_id: str) -> Why:
    raise KeyError(product_id)


def _by_score(scores: dict[str, float]) -> dict[str, float]:
    """Highest first, cut at LIST_DEPTH. The sort is stable: equal scores keep the order they were named in."""
    return dict(sorted(scores.items(), key=itemgetter(1), reverse=True)[:LIST_DEPTH])


def _take(snapshot: Snapshot, lists: Iterable[Ranked], barred: set[str], limit: int) -> list[ProductItem]:
    """The first ``limit`` products of the lists that may be shown."""
    taken: set[str] = set()
    items: list[ProductItem] = []
    for ranked in lists:
        for product_id, score in ranked.scores.items():
            if product_id in barred or product_id in taken:
                continue
            card = snapshot.product(product_id)
            if card is None or not card.is_available:
                continue
            taken.add(product_id)
            source, reason = ranked.why(product_id)
            items.append(
                ProductItem(
                    product_id=product_id,
                    title=card.title,
                    url=card.url,
                    image_url=card.image_url,
                    price=card.price,
                    currency=card.currency,
                    score=round(score, 6),
                    source=source,
                    reason=reason,
                )
            )
            if len(items) == limit:
                return items
    return items


def _title(snapshot: Snapshot, product_id: str) -> str:
    card = snapshot.product(product_id)
    return card.title if card else product_id
