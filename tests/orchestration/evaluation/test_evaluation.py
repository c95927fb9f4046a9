"""The measures by hand, and the protocols on toy data with known answers."""

from __future__ import annotations

import math
from datetime import datetime

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from footfall.snapshot.session_index import numbered
from footfall.snapshot.session_index import ranked as best_of
from orchestration.evaluation.metrics import ndcg, recall, reciprocal_rank, top_items, with_interval
from orchestration.evaluation.orders import OrderLines, evaluate_orders
from orchestration.evaluation.readers import FileError
from orchestration.evaluation.sessions import Sessions, evaluate_sessions
from orchestration.recommend.ease import decayed_counts, ease_weights, trend
from orchestration.recommend.session_neighbours import PUBLISHED, NextItem, NextItemConfig, SoFar, learn


def test_measures_by_hand() -> None:
    assert recall([1, 2, 3], {2, 9}, 3) == 0.5
    assert recall([1, 2, 3], set(range(100)), 2) == 1.0
    assert ndcg([1, 2], {2}, 2) == pytest.approx(1 / math.log2(3))
    assert ndcg([2, 1], {2}, 2) == 1.0
    assert [reciprocal_rank([7, 8, 9], t, 2) for t in (7, 8, 9)] == [1.0, 0.5, 0.0]


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, -np.inf]), max_size=30), st.integers(1, 10))
def test_top_items_are_a_stable_sort(scores: list[float], count: int) -> None:
    order = sorted((i for i, s in enumerate(scores) if s > -np.inf), key=lambda i: (-scores[i], i))
    assert top_items(np.array(scores, dtype=float), count).tolist() == order[:count]


def test_interval_holds_the_mean_and_is_of_the_seed() -> None:
    values = np.random.default_rng(1).random(500)
    measured = with_interval(values, seed=3)
    assert measured.low < measured.mean < measured.high
    assert with_interval(values, seed=3) == measured
    assert with_interval([], seed=0).cases == 0


def test_ease_by_its_equations() -> None:
    """The closed form is the minimum: the gradient off the diagonal is zero."""
    dice = np.random.default_rng(0)
    x = sp.csr_matrix((dice.random((30, 6)) < 0.4).astype(float))
    weights = ease_weights(x, 2.0)
    gradient = (x.T @ (x @ weights - x.toarray())) + 2.0 * weights
    np.fill_diagonal(gradient, 0.0)
    assert np.abs(gradient).max() < 1e-9
    assert np.diag(weights).tolist() == [0.0] * 6


def test_ease_takes_one_thread_and_gives_the_others_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def threads() -> list[int]:
        return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]

    meanwhile, inverse = [], scipy.linalg.inv
    monkeypatch.setattr(scipy.linalg, "inv", lambda *a, **k: meanwhile.append(threads()) or inverse(*a, **k))
    x = sp.csr_matrix(np.eye(3))
    with threadpool_limits(2, user_api="blas"):
        before = threads()
        assert max(before) == 2
        ease_weights(x)
        with pytest.raises(np.linalg.LinAlgError):
            ease_weights(x, -2.0)
        assert threads() == before
    assert meanwhile == [[1] * len(before)] * 2


def test_trend_is_what_sells_now() -> None:
    items = np.array([0] * 50 + [1] * 50)
    ages = np.array([1.0] * 50 + [300.0] * 50)
    in_season, over = trend(decayed_counts(items, ages, 2, 15.0), np.array([50.0, 50.0]))
    assert in_season == 1.0
    assert over < 0.2


def lines(rows: list[tuple[str, str, str, str]]) -> OrderLines:
    columns = list(zip(*rows, strict=True))
    customer, item, order = (np.array(column) for column in columns[:3])
    return OrderLines(customer, item, order, np.array(columns[3], dtype="datetime64[us]"))


def test_orders_buy_again_and_discover() -> None:
    rows = []
    for n in range(40):
        for item in ("tea", "pot"):
            rows.append((f"c{n}", item, f"o{n}", "2026-01-10"))
        rows.append(
            (f"c{n}", "cup", f"o{n}", "2026-01-10") if n % 2 else (f"c{n}", "tea", f"o{n}b", "2026-01-20")
        )
        rows.append((f"c{n}", "cup", f"o{n}c", "2026-02-05"))
    rows.append(("late", "tea", "o99", "2026-02-06"))  # nobody knows this customer before the split
    rows.append(("c1", "brand new", "o98", "2026-02-06"))  # nobody can know this item
    arms = {arm.arm: arm for arm in evaluate_orders(lines(rows), datetime(2026, 2, 1))}
    ours = arms["footfall"]
    assert ours.recall_all.cases == 40
    assert ours.recall_new.cases == 21  # those without a cup, and c1's brand new thing
    assert ours.recall_new.mean == pytest.approx(20 / 21)
    assert arms["own history"].recall_all.mean < 1.0
    with pytest.raises(
        FileError, match=r"both before 2030-01-01 and .*: they are of 2026-01-10 to 2026-02-06"
    ):
        evaluate_orders(lines(rows), datetime(2030, 1, 1))
    with pytest.raises(FileError, match="no customer bought both"):
        evaluate_orders(
            lines([("a", "tea", "1", "2026-01-10"), ("b", "tea", "2", "2026-02-05")]), datetime(2026, 2, 1)
        )


def test_what_was_just_bought_stays_out_by_the_shops_rule() -> None:
    rows = []
    for n in range(10):
        rows += [(f"c{n}", "pot", f"a{n}", "2026-01-02"), (f"c{n}", "tea", f"b{n}", "2026-01-25")]
        rows += [(f"c{n}", "tea", f"c{n}", "2026-02-05"), (f"c{n}", "pot", f"c{n}", "2026-02-05")]
    arms = {arm.arm: arm.recall_all.mean for arm in evaluate_orders(lines(rows), datetime(2026, 2, 1))}
    assert (arms["footfall"], arms["footfall, just_bought_days 14"]) == (1.0, 0.5)


SESSIONS = Sessions([[1, 2, 3], [1, 2, 3], [4, 5], [1, 2, 9], [2, 3, 1]], [1.0, 2.0, 3.0, 4.0, 5.0])


def test_next_item_knows_what_followed() -> None:
    model = NextItem(SESSIONS.items, SESSIONS.ended)
    assert model.next_items(SoFar([1, 2]))[0] == 3
    assert model.next_items(SoFar([4]))[0] == 5
    assert model.next_items(SoFar([77])).tolist() == []
    assert 1 in model.next_items(SoFar([1, 2])).tolist()
    assert 1 not in model.next_items(SoFar([1, 2]), drop_seen=True).tolist()
    assert 2 not in model.next_items(SoFar([1, 2])).tolist()


def test_rules_fall_with_distance() -> None:
    model = NextItem([[1, 2, 3]], [0.0])
    assert model.by_rules(SoFar([1])) == {2: 1.0, 3: 0.5}
    assert model.by_rules(SoFar([1, 2])) == {3: 1.0 + 0.6 * 0.5, 2: 0.6}


def test_published_neighbours_by_hand() -> None:
    """Two past sessions share an item with (1, 2); weights fall evenly, votes by the first match."""
    model = NextItem([[1, 7], [2, 8]], [1.0, 2.0], PUBLISHED)
    scores = model.by_neighbours(SoFar([1, 2]))
    idf = math.log(2 / 1)
    assert scores[8] == pytest.approx((2 / 2) / 2 * 0.9 * idf)
    assert scores[7] == pytest.approx((1 / 2) / 2 * 0.8 * idf)


def test_only_the_newest_sessions_of_an_item_count() -> None:
    config = NextItemConfig(sessions_per_item=1, rule_weight=0.0)
    model = NextItem([[1, 7], [1, 8], [3, 4]], [1.0, 2.0, 3.0], config)
    assert model.next_items(SoFar([1])).tolist() == [8]


def test_same_sessions_in_any_order_give_the_same_lists() -> None:
    turned = list(reversed(range(5)))
    one = NextItem(SESSIONS.items, SESSIONS.ended)
    other = NextItem([SESSIONS.items[n] for n in turned], [SESSIONS.ended[n] for n in turned])
    for so_far in ([1], [2], [1, 2], [2, 3], [3, 1]):
        assert one.next_items(SoFar(so_far)).tolist() == other.next_items(SoFar(so_far)).tolist()


@pytest.mark.parametrize("products", [3, 14, 400])
def test_a_long_session_is_answered_from_its_end_as_from_all_of_it(products: int) -> None:
    dice = np.random.default_rng(6)
    past = [dice.integers(0, 400, 8).tolist() for _ in range(300)]
    config = NextItemConfig(session_length=6, rule_history=4)
    model, index = (
        NextItem(past, range(300), config),
        learn(
            [str(item) for item in range(400)],
            np.concatenate(past),
            np.arange(0, 2401, 8),
            np.arange(300),
            config,
        ),
    )
    clicks = dice.choice([*range(products), 1000, 1001], 120).tolist()
    so_far = SoFar()
    for step, item in enumerate(clicks, 1):
        so_far.add(item)
        numbers = numbered(clicks[:step], {n: n for n in range(400)})
        for drop_seen, dropped in ((False, {numbers[-1]}), (True, set(numbers))):
            best = best_of(index.scores(numbers), dropped, 20).items
            assert model.next_items(so_far, 20, drop_seen=drop_seen).tolist() == best.tolist()


def test_sessions_protocol() -> None:
    arms = {arm.arm: arm for arm in evaluate_sessions(SESSIONS, Sessions([[1, 2, 3], [8, 8]], [9.0, 9.0]))}
    ours = arms["footfall"]
    assert ours.hit_rate.cases == 3
    assert ours.hit_rate_new.cases == 2
    assert ours.hit_rate.mean == pytest.approx(2 / 3)
    assert arms["footfall, recommendation_returns 0"].mrr_new == ours.mrr_new
    back = Sessions([[1, 2, 1]], [9.0])
    found = {arm.arm: arm.hit_rate.mean for arm in evaluate_sessions(SESSIONS, back)}
    assert (found["footfall"], found["footfall, recommendation_returns 0"]) == (1.0, 0.5)
    assert 0 < ours.coverage <= 1
