"""The shop's recommendations and their baselines, measured on the shop's own past.

Four problems, each with its truth:

- ``visit``: the next product of a running visit, revealed click by click (measure: MRR@20 and HR@20).
- ``return``: the products that a visitor who came back looked at, put in the cart or bought in the days after.
- ``want``: of those the ones put in the cart or bought.
- ``text``: same-type share of the ten nearest products, type and tags kept out of the text.

``served`` names the arm that the shop is served: the answers of ``footfall.snapshot.blending.recommend``, the API's own
function, over the lists of the split day. The others say what it is worth. In ``text`` it is the published similarity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from footfall.snapshot.blending import History
from footfall.snapshot.format import Blend
from orchestration.evaluation.backtest import Past
from orchestration.evaluation.catalog import PLAIN, evaluate_text_similarity
from orchestration.evaluation.metrics import Measured, recall, top_items
from orchestration.evaluation.past_lists import PastLists, answers
from orchestration.evaluation.rankings import TOP, Lists
from orchestration.evaluation.sessions import Predict, Sessions, default_arms, evaluate_sessions
from orchestration.recommend.ease import ease_weights
from orchestration.recommend.session_neighbours import NextItem, NextItemConfig, SoFar, ranked
from orchestration.recommend.text_similarity import TextSimilarityConfig, product_texts

OURS = "served"
#: Visits asked at most, the first by a hash of their id, and visits learned from at most, the newest.
MOST_VISITS, MOST_LEARNED = 2000, 300_000
#: EASE inverts an items x items matrix: 5,000 items take 200 MB and 8 s on two cores.
MOST_EASE_ITEMS = 5000
#: Texts of more products are not measured: two whole similarities would be computed.
MOST_TEXTS = 20_000
#: The last products of a visitor that lead to others, and how much less each earlier one counts: as in dbt's vars
#: recommendation_seeds and recommendation_seed_decay.
SEEDS, SEED_DECAY = 5, 0.6

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Metric:
    """One number of one arm. ``low`` and ``high``: 95 % bootstrap interval; None where there is none."""

    problem: str
    arm: str
    metric: str
    value: float
    low: float | None
    high: float | None
    cases: int


def measure(
    past: Past,
    blend: Blend,
    seed: int = 0,
    config: NextItemConfig | None = None,
    texts: TextSimilarityConfig | None = None,
) -> list[Metric]:
    """All problems that the shop's data allow; a problem without cases has no metrics. ``blend``, ``config`` and
    ``texts`` are the settings of the answers, of the session neighbours, and of text similarity.
    """
    with past.connect() as connection:
        shop = Shop(connection, blend, config)
        return [*_people(shop, seed), *_visits(connection, shop, seed), *_texts(connection, seed, texts)]


def served_quality(connection: duckdb.DuckDBPyConnection, blend: Blend) -> dict[str, float]:
    """For each visitor of ``return`` the mean of recall over all products and over the new ones, of the answers."""
    shop = Shop(connection, blend)
    every, fresh = _served(shop), _served(shop, "new")
    found = {}
    for visitor, truth in shop.truth("true").items():
        parts = [recall(top_items(every(visitor), TOP), truth, TOP)]
        if new := truth - set(shop.own(visitor).tolist()):
            parts.append(recall(top_items(fresh(visitor), TOP), new, TOP))
        found[shop.visitors[visitor]] = sum(parts) / len(parts)
    return found


class Shop:
    """The past in numbers: visitors by products."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, blend: Blend, config: NextItemConfig | None = None
    ) -> None:
        self._connection = connection
        self._blend = blend
        self.config = config
        self.items = self._texts("""
            select product_id from products union select product_id from int_visitor_product_days
            where product_id is not null order by 1
        """)
        self.visitors = self._texts("select visitor_id from visitor_product_affinity group by 1 order by 1")
        self.item_of = {item: n for n, item in enumerate(self.items)}
        self.visitor_of = {visitor: n for n, visitor in enumerate(self.visitors)}
        self.shape = (len(self.visitors), len(self.items))
        self.affinity = self.matrix("select visitor_id, product_id, affinity from visitor_product_affinity")
        seen = self.affinity.copy()
        seen.data[:] = 1.0
        self.seen = seen
        self.last_at = self.matrix(
            "select visitor_id, product_id, epoch(last_at) from visitor_product_affinity"
        )

    @cached_property
    def visits(self) -> tuple[Sessions, Sessions]:
        """Visits learned from, and visits asked about."""
        return _sessions(self)

    @cached_property
    def lists(self) -> PastLists:
        """What the API would have chosen from."""
        return self.lists_with(self._blend, self.config)

    def lists_with(self, blend: Blend, config: NextItemConfig | None) -> PastLists:
        """The same with other settings."""
        learned, _ = self.visits
        next_item = NextItem(learned.items, learned.ended, config) if learned.items else None
        return PastLists(self._connection, blend, next_item, self.item_of)

    def _texts(self, query: str) -> list[str]:
        return [str(row[0]) for row in self._connection.execute(query).fetchall()]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query).fetchall()

    def matrix(self, query: str) -> sp.csr_matrix:
        """Visitors x products of rows (visitor, product, number)."""
        rows = self._connection.execute(query).fetchnumpy()
        visitor, item, value = rows.values()
        place = (
            np.array([self.visitor_of[v] for v in visitor], dtype=np.int64),
            np.array([self.item_of[i] for i in item], dtype=np.int64),
        )
        return sp.csr_matrix((np.asarray(value, dtype=np.float64), place), shape=self.shape)

    def pairs(self, query: str) -> sp.csr_matrix:
        """Products x products of rows (product, other, score); products that are no longer known are left out."""
        known = [
            (self.item_of[a], self.item_of[b], float(score))
            for a, b, score in self.rows(query)
            if a in self.item_of and b in self.item_of
        ]
        rows, columns, scores = zip(*known, strict=True) if known else ((), (), ())
        size = len(self.items)
        return sp.csr_matrix((scores, (rows, columns)), shape=(size, size), dtype=np.float64)

    def neighbours(self) -> sp.csr_matrix:
        """Visitors x visitors: how alike those are who count as neighbours in the lists."""
        rows = [
            (self.visitor_of[visitor], self.visitor_of[other], float(score))
            for visitor, other, score in self.rows(
                "select visitor_id, other_visitor_id, affinity from stg_derived__visitor_affinity"
                " where source = 'blend' and affinity_rank <= 20"
            )
        ]
        visitors, others, scores = zip(*rows, strict=True) if rows else ((), (), ())
        size = len(self.visitors)
        return sp.csr_matrix((scores, (visitors, others)), shape=(size, size), dtype=np.float64)

    def own(self, visitor: int) -> npt.NDArray[np.integer]:
        """Products that the visitor had anything to do with before the split."""
        begin, end = self.affinity.indptr[visitor : visitor + 2]
        return self.affinity.indices[begin:end]

    def seeds(self, visitor: int) -> sp.csr_matrix:
        """The visitor's last products as a row, the newest weighing most."""
        begin, end = self.last_at.indptr[visitor : visitor + 2]
        products, times = self.last_at.indices[begin:end], self.last_at.data[begin:end]
        newest = products[np.lexsort((products, -times))][:SEEDS]
        return sp.csr_matrix(
            (SEED_DECAY ** np.arange(len(newest)), (np.zeros(len(newest), dtype=np.int64), newest)),
            shape=(1, len(self.items)),
        )

    def truth(self, condition: str) -> dict[int, set[int]]:
        """Visitors to their true products; a product unknown at the split gets a number that is in no list."""
        found: dict[int, set[int]] = {}
        unknown: dict[str, int] = {}
        for visitor, item in self.rows(
            f"select visitor_id, product_id from came_true where {condition} order by all"
        ):
            number = self.item_of.get(item)
            if number is None:
                number = unknown.setdefault(item, len(self.items) + len(unknown))
            if visitor in self.visitor_of:
                found.setdefault(self.visitor_of[visitor], set()).add(number)
        return found


CO_VIEWS = "select product_id, other_product_id, score from product_co_views"
CO_PURCHASES = "select product_id, other_product_id, score from product_co_purchases"
TEXT = "select product_id, other_product_id, similarity from stg_derived__product_similarity"


def _arms(shop: Shop) -> Iterator[tuple[str, Callable[[int], Floats]]]:
    """What the answers are held against, one after another, so that not all of their matrices stand in memory."""
    popularity = np.asarray(shop.seen.sum(axis=0)).ravel().astype(np.float64)
    yield "popularity", lambda visitor: popularity
    trending = np.full(shop.shape[1], -np.inf)
    for item, score in shop.rows("select product_id, score from trending_products where category = ''"):
        trending[shop.item_of[item]] = score
    yield "decayed popularity", lambda visitor: trending
    # What a list of a few own products leaves open is filled with what is popular
    filling = popularity / max(popularity.max(initial=0.0), 1.0) * 1e-6
    yield "recently viewed", lambda visitor: shop.last_at[visitor].toarray().ravel() + filling
    yield "own history", lambda visitor: np.maximum(shop.affinity[visitor].toarray().ravel(), 0.0) + filling
    for name, query in (("co-view", CO_VIEWS), ("co-purchase", CO_PURCHASES), ("text", TEXT)):
        yield name, _beside(shop, query, filling)
    yield "visitor neighbours", _neighbours(shop, filling)
    yield "session neighbours", _last_visit(shop, filling)
    if shop.shape[1] <= MOST_EASE_ITEMS:
        weights = ease_weights(shop.seen)
        yield "EASE", lambda visitor: (shop.seen[visitor] @ weights).ravel()


def _beside(shop: Shop, query: str, filling: Floats) -> Callable[[int], Floats]:
    pairs = shop.pairs(query)
    return lambda visitor: (shop.seeds(visitor) @ pairs).toarray().ravel() + filling


def _neighbours(shop: Shop, filling: Floats) -> Callable[[int], Floats]:
    near = shop.neighbours()
    positive = shop.affinity.maximum(0.0)
    return lambda visitor: (near[visitor] @ positive).toarray().ravel() + filling


def _last_visit(shop: Shop, filling: Floats) -> Callable[[int], Floats]:
    learned, _ = shop.visits
    model = NextItem(learned.items, learned.ended, shop.config)

    def score(visitor: int) -> Floats:
        row = shop.seeds(visitor)
        session = row.indices[np.argsort(row.data)].tolist()  # oldest first
        scores = filling.copy()
        for place, item in enumerate(model.next_items(SoFar(session), 5 * TOP) if session else ()):
            scores[item] += 1.0 / (place + 1)
        return scores

    return score


def _served(shop: Shop, history: History = "any") -> Callable[[int], Floats]:
    """The answer to a known visitor who just came: nothing viewed yet, nothing in the cart."""
    ask = answers(shop.lists, TOP)

    def score(visitor: int) -> Floats:
        scores = np.full(shop.shape[1], -np.inf)
        for rank, product_id in enumerate(ask(shop.visitors[visitor], history=history)):
            scores[shop.item_of[product_id]] = -float(rank)
        return scores

    return score


def _people(shop: Shop, seed: int) -> Iterator[Metric]:
    truths = {"return": shop.truth("true"), "want": shop.truth("is_wanted")}
    asked = sorted(truths["return"])
    if not asked:
        return
    own = {visitor: shop.own(visitor) for visitor in asked}
    popularity = np.asarray(shop.seen.sum(axis=0)).ravel().astype(np.float64)
    arms = chain(
        ((name, scorer, None) for name, scorer in _arms(shop)), [(OURS, _served(shop), _served(shop, "new"))]
    )
    for name, scorer, fresh in arms:
        lists = Lists(name, scorer, asked, own, popularity, fresh)
        for problem, truth in truths.items():
            if not truth:
                continue
            result = lists.against(truth, seed)
            yield from _measured(
                problem,
                name,
                {
                    "recall": result.recall_all,
                    "ndcg": result.ndcg_all,
                    "recall_new": result.recall_new,
                    "ndcg_new": result.ndcg_new,
                },
            )
            cases = result.recall_new.cases
            spread = {
                "coverage": result.coverage,
                "head_share": result.head_share,
                "novelty": result.novelty,
            }
            for metric, value in spread.items():
                yield Metric(problem, name, metric, value, None, None, cases)


def _sessions(shop: Shop) -> tuple[Sessions, Sessions]:
    """Visits of two products and more: those before the split, and a sample of those after it."""
    learned: dict[str, list[tuple[float, int]]] = {}
    asked: dict[str, list[tuple[float, int]]] = {}
    unknown: dict[str, int] = {}
    rows = shop.rows(
        f"""
        with sized as (
            select session_id, any_value(is_asked) as is_asked, max(occurred_at) as ended_at
            from visits group by session_id
            -- A visit over midnight of the split is on neither side
            having count(*) > 1 and bool_and(is_asked) = bool_or(is_asked)
        ),
        chosen as (
            (select session_id from sized where is_asked order by md5(session_id) limit {MOST_VISITS})
            union all
            (select session_id from sized where not is_asked order by ended_at desc, session_id limit {MOST_LEARNED})
        )
        select session_id, product_id, epoch(occurred_at), is_asked
        from visits inner join chosen using (session_id)
        order by session_id, occurred_at, event_id
        """
    )
    for session, item, at, is_asked in rows:
        number = shop.item_of.get(item)
        if number is None:
            number = unknown.setdefault(item, len(shop.items) + len(unknown))
        (asked if is_asked else learned).setdefault(session, []).append((at, number))
    return _in_order(learned), _in_order(asked)


def _in_order(visits: Mapping[str, list[tuple[float, int]]]) -> Sessions:
    """Sessions of (time, product) by session, each in the order of time."""
    items = [[item for _, item in visit] for visit in visits.values()]
    return Sessions(items, [visit[-1][0] for visit in visits.values()])


def _visits(connection: duckdb.DuckDBPyConnection, shop: Shop, seed: int) -> Iterator[Metric]:
    learned, asked = shop.visits
    if not learned.items or not asked.items:
        return
    arms = default_arms(learned, shop.config)
    arms["session neighbours"] = arms.pop("footfall")
    del arms["footfall, recommendation_returns 0"]
    arms["recently viewed"] = _recent
    arms["co-view"] = _along(shop.pairs(CO_VIEWS))
    arms["text"] = _along(shop.pairs(TEXT))
    arms[OURS] = served_next(shop, shop.lists)
    for result in evaluate_sessions(learned, asked, seed=seed, arms=arms):
        yield from _measured(
            "visit",
            result.arm,
            {
                "hit_rate": result.hit_rate,
                "mrr": result.mrr,
                "hit_rate_new": result.hit_rate_new,
                "mrr_new": result.mrr_new,
            },
        )
        yield Metric("visit", result.arm, "coverage", result.coverage, None, None, result.hit_rate.cases)


def served_next(shop: Shop, lists: PastLists) -> Predict:
    """The answers to a guest without a past, at each step of a visit."""
    ask = answers(lists, TOP)

    def predict(session: SoFar, drop_seen: bool) -> npt.NDArray[np.int64]:
        viewed = [
            shop.items[number] if number < len(shop.items) else f"unknown {number}"
            for number in session.newest_first()
        ]
        found = ask(viewed=viewed, exclude=viewed if drop_seen else ())
        return np.array([shop.item_of[product_id] for product_id in found], dtype=np.int64)

    return predict


def _recent(session: SoFar, drop_seen: bool) -> npt.NDArray[np.int64]:
    """The visit's own products again, the last first."""
    seen = [] if drop_seen else list(islice(session.newest_first(), 1, TOP + 1))
    return np.array(seen, dtype=np.int64)


def _along(pairs: sp.csr_matrix) -> Predict:
    """Return what stands beside the last products of the visit."""

    def predict(session: SoFar, drop_seen: bool) -> npt.NDArray[np.int64]:
        scores: dict[int, float] = {}
        for back, item in enumerate(islice(session.newest_first(), SEEDS)):
            if item >= pairs.shape[0]:
                continue
            begin, end = pairs.indptr[item : item + 2]
            for other, score in zip(
                pairs.indices[begin:end].tolist(), pairs.data[begin:end].tolist(), strict=True
            ):
                scores[other] = scores.get(other, 0.0) + SEED_DECAY**back * score
        return ranked(scores, session.products if drop_seen else session.last(1), TOP)

    return predict


def _texts(
    connection: duckdb.DuckDBPyConnection, seed: int, config: TextSimilarityConfig | None
) -> Iterator[Metric]:
    products = product_texts(
        connection.sql("select * from products where is_in_catalog order by product_id").to_arrow_table()
    )
    if not 2 <= len(products) <= MOST_TEXTS:
        return
    try:
        ours = evaluate_text_similarity(products, config, seed=seed)
    except ValueError:  # no two products have the same type: there is nothing to ask
        return
    plain = evaluate_text_similarity(products, PLAIN, seed=seed)
    for name, share in (("plain TF-IDF", plain), (OURS, ours)):
        yield Metric("text", name, "same_type", share.share, share.low, share.high, share.products)
    yield Metric("text", "chance", "same_type", ours.chance, None, None, ours.products)


def _measured(problem: str, arm: str, metrics: Mapping[str, Measured]) -> Iterator[Metric]:
    for metric, measured in metrics.items():
        if measured.cases:
            yield Metric(problem, arm, metric, measured.mean, measured.low, measured.high, measured.cases)
