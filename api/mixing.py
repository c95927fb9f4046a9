"""What to show a visitor now: published lists, mixed at request time with what they did a second ago.

The order of the chain (design: serving.md, recommendations.md):

1. reciprocal-rank fusion of the in-session list (from ``viewed``) with the visitor's published list,
2. bought together with the cart (for the placement ``cart`` this comes into the fusion instead),
3. what trends in the category at hand, then in the whole shop,
4. the rest of the catalogue, so that a shop without any history still fills its page,
5. what the visitor saw earlier in this session, only where nothing else is left.

Nothing is computed that the lists don't say: each product keeps the source and the reason it came with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from api.answers import ProductItem
from api.snapshots import Snapshot
from footfall.snapshot import Table

#: Reciprocal-rank fusion's constant: Cormack, Clarke, Buettcher 2009, who found 60 robust; not tuned here.
RRF_K = 60
#: Each step back in the session counts this much of the one after it, over so many last products
#: (recommendations.md, "Session next item").
SESSION_DECAY = 0.6
SESSION_DEPTH = 5
#: Entries of a product's list that the session looks at.
SESSION_LIST = 30

IN_SESSION = "in_session"
TRENDING = "trending"
CATALOGUE = "catalogue"
SEEN_EARLIER = "seen_earlier"


class Candidate(NamedTuple):
    product_id: str
    score: float
    source: str
    reason: str


class Wish(NamedTuple):
    """What a request asks for. ``viewed`` is last first; ids are unique within each tuple."""

    visitor_id: str | None
    viewed: tuple[str, ...]
    cart: tuple[str, ...]
    exclude: tuple[str, ...]
    limit: int
    placement: str | None = None


def recommend(snapshot: Snapshot, wish: Wish) -> list[ProductItem]:
    """Up to ``limit`` products, best first, none twice, all of them to be had.

    Never a product of ``cart`` or ``exclude``, nor the one being looked at (the first of ``viewed``).
    """
    barred = {*wish.cart, *wish.exclude, *wish.viewed[:1]}
    earlier = [product_id for product_id in wish.viewed[1:] if product_id not in barred]
    return _take(snapshot, _chain(snapshot, wish, earlier), barred, earlier, wish.limit)


def product_list(
    snapshot: Snapshot, product_id: str, order: Sequence[Table], limit: int, *, fallback: bool
) -> list[ProductItem]:
    """The first list of ``order`` that has something to show; after them, with fallback, what trends."""
    barred = {product_id}
    for table in order if fallback else order[:1]:
        if items := _take(snapshot, _published(snapshot, table, product_id), barred, (), limit):
            return items
    if not fallback:
        return []
    card = snapshot.product(product_id)
    rest = _trends(snapshot, [card.product_type] if card and card.product_type else [])
    return _take(snapshot, _then(rest, _shelf(snapshot)), barred, (), limit)


def fuse(lists: Sequence[Sequence[Candidate]]) -> list[Candidate]:
    """Reciprocal-rank fusion: a product's score is the sum of 1 / (60 + rank) over the lists that name it. It
    keeps the source and reason of the list that ranks it highest, the earlier list's where they tie.
    """
    filled = [candidates for candidates in lists if candidates]
    if len(filled) == 1:
        return list(filled[0])
    scores: dict[str, float] = {}
    best: dict[str, tuple[int, Candidate]] = {}
    for candidates in filled:
        for rank, candidate in enumerate(candidates, 1):
            product_id = candidate.product_id
            scores[product_id] = scores.get(product_id, 0.0) + 1 / (RRF_K + rank)
            if product_id not in best or rank < best[product_id][0]:
                best[product_id] = (rank, candidate)
    # Python's sort is stable: equal scores keep the order in which the lists named them.
    order = sorted(scores, key=lambda product_id: -scores[product_id])
    return [best[product_id][1]._replace(score=round(scores[product_id], 6)) for product_id in order]


def _chain(snapshot: Snapshot, wish: Wish, earlier: Sequence[str]) -> Iterator[Candidate]:
    in_session = _in_session(snapshot, wish.viewed)
    published: list[Candidate] = []
    if wish.visitor_id is not None:
        published = list(_published(snapshot, Table.VISITOR_RECOMMENDATIONS, wish.visitor_id))
    bought = _around(snapshot, wish.cart, (Table.BOUGHT_TOGETHER,), decay=1.0)
    if wish.placement == "cart":
        yield from fuse([bought, in_session, published])
    else:
        yield from fuse([in_session, published])
        yield from bought
    yield from _trends(snapshot, _categories(snapshot, wish))
    yield from _shelf(snapshot)
    for product_id in earlier:
        yield Candidate(product_id, 0.0, SEEN_EARLIER, "You looked at this earlier")


def _in_session(snapshot: Snapshot, viewed: Sequence[str]) -> list[Candidate]:
    found = _around(
        snapshot, viewed[:SESSION_DEPTH], (Table.VIEWED_TOGETHER, Table.SIMILAR), decay=SESSION_DECAY
    )
    return [candidate._replace(source=IN_SESSION) for candidate in found]


def _around(
    snapshot: Snapshot, products: Sequence[str], tables: Sequence[Table], *, decay: float
) -> list[Candidate]:
    """Products around some others: each list entry counts decay^position / (60 + rank), summed over lists."""
    scores: dict[str, float] = {}
    best: dict[str, tuple[float, int, str]] = {}
    for position, product_id in enumerate(products):
        weight = decay**position
        for table in tables:
            for rank, pick in enumerate(snapshot.picks(table, product_id)[:SESSION_LIST], 1):
                part = weight / (RRF_K + rank)
                scores[pick.product_id] = scores.get(pick.product_id, 0.0) + part
                if pick.product_id not in best or part > best[pick.product_id][0]:
                    best[pick.product_id] = (part, pick.label, product_id)
    candidates = []
    for product_id in sorted(scores, key=lambda found: (-scores[found], found)):
        _, label_number, through = best[product_id]
        label = snapshot.label(label_number)
        reason = label.reason or f"Goes with {_title(snapshot, through)}"
        candidates.append(Candidate(product_id, round(scores[product_id], 6), label.source, reason))
    return candidates


def _published(snapshot: Snapshot, table: Table, key: str) -> Iterator[Candidate]:
    for pick in snapshot.picks(table, key):
        label = snapshot.label(pick.label)
        yield Candidate(pick.product_id, pick.score, label.source or str(table), label.reason)


def _categories(snapshot: Snapshot, wish: Wish) -> list[str]:
    """Categories at hand: of the product being looked at, then the visitor's own favourite."""
    categories = []
    card = snapshot.product(wish.viewed[0]) if wish.viewed else None
    if card is not None and card.product_type:
        categories.append(card.product_type)
    if wish.visitor_id is not None and (own := snapshot.category_affinities(wish.visitor_id)):
        categories.append(own[0].category)
    return categories


def _trends(snapshot: Snapshot, categories: Iterable[str]) -> Iterator[Candidate]:
    for category in categories:
        for trend in snapshot.trending(category):
            yield Candidate(trend.product_id, trend.score, TRENDING, f"Popular in {category}")
    for trend in snapshot.trending():
        yield Candidate(trend.product_id, trend.score, TRENDING, "Popular in the shop")


def _shelf(snapshot: Snapshot) -> Iterator[Candidate]:
    for product_id in snapshot.catalogue():
        yield Candidate(product_id, 0.0, CATALOGUE, "From the catalogue")


def _then(*parts: Iterable[Candidate]) -> Iterator[Candidate]:
    for part in parts:
        yield from part


def _take(
    snapshot: Snapshot, candidates: Iterable[Candidate], barred: set[str], earlier: Iterable[str], limit: int
) -> list[ProductItem]:
    """The first ``limit`` candidates that may be shown; ``earlier`` ones only at the chain's end."""
    waiting = set(earlier)
    taken: set[str] = set()
    items: list[ProductItem] = []
    for product_id, score, source, reason in candidates:
        if product_id in barred or product_id in taken or (product_id in waiting and source != SEEN_EARLIER):
            continue
        card = snapshot.product(product_id)
        if card is None or not card.is_available:
            continue
        taken.add(product_id)
        items.append(
            ProductItem(
                product_id=product_id,
                title=card.title,
                url=card.url,
                image_url=card.image_url,
                price=card.price,
                currency=card.currency,
                score=score,
                source=source,
                reason=reason,
            )
        )
        if len(items) == limit:
            break
    return items


def _title(snapshot: Snapshot, product_id: str) -> str:
    card = snapshot.product(product_id)
    return card.title if card else product_id
