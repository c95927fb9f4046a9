"""The session index: its file, and its scores against VMIS-kNN and the rules written out in plain Python."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.snapshot.session_index import (
    NextItemConfig,
    Scores,
    SessionIndex,
    SessionIndexError,
    empty_index,
)
from orchestration.recommend.session_neighbours import PUBLISHED, NextItem, SoFar, index_of, learn
from tests.session_cases import clicks_table

items = st.integers(0, 6)
sessions = st.lists(st.lists(items, min_size=1, max_size=7), min_size=1, max_size=12)
CONFIGS = [NextItemConfig(), PUBLISHED, NextItemConfig(sessions_per_item=2, neighbours=3, session_length=2)]


def learned(past: list[list[int]], config: NextItemConfig | None = None) -> SessionIndex:
    """Products 0 to 6; sessions stand oldest first."""
    flat = np.array([item for session in past for item in session])
    bounds = np.cumsum([0, *map(len, past)])
    return learn([f"p{n}" for n in range(7)], flat, bounds, np.arange(len(past)), config)


def by_item(scores: Scores) -> dict[int, float]:
    return dict(zip(scores.items.tolist(), scores.values.tolist(), strict=True))


def plain(past: list[list[int]], running: list[int], config: NextItemConfig) -> dict[int, float]:
    """The published method with our two additions, one session after another."""
    newest_first = [list(dict.fromkeys(session)) for session in reversed(past)]
    recent = list(dict.fromkeys(reversed(running)))[: config.session_length]
    similarity: dict[int, float] = defaultdict(float)
    first: dict[int, int] = {}
    for back, item in enumerate(recent):
        weight = (len(recent) - back) / len(recent) if config.recency is None else config.recency**back
        carrying = [n for n, session in enumerate(newest_first) if item in session]
        for number in carrying[: config.sessions_per_item]:
            similarity[number] += weight
            first.setdefault(number, back)
    scores: dict[int, float] = defaultdict(float)
    for number in sorted(similarity, key=lambda n: (-round(similarity[n], 12), n))[: config.neighbours]:
        session = newest_first[number]
        vote = similarity[number] / len(recent) * max(0.0, 1 - 0.1 * (first[number] + 1))
        for place, item in enumerate(session):
            steps = abs(place - session.index(recent[first[number]]))
            carriers = sum(item in other for other in newest_first)
            scores[item] += vote * math.log(len(past) / carriers) / (1 + config.closeness * steps)
    if config.revisit:
        best = max(scores.values(), default=1.0)
        for back, item in enumerate(recent[1:]):
            scores[item] += config.revisit * best * config.revisit_decay**back
    return scores


@given(past=sessions, running=st.lists(items, min_size=1, max_size=5), config=st.sampled_from(CONFIGS))
def test_votes_are_those_of_the_method_written_out(
    past: list[list[int]], running: list[int], config: NextItemConfig
) -> None:
    index = learned(past, config)
    assert by_item(index.by_neighbours(running)) == pytest.approx(plain(past, running, config), abs=1e-9)


@given(past=sessions, running=st.lists(items, min_size=1, max_size=5))
def test_rules_are_sums_over_steps(past: list[list[int]], running: list[int]) -> None:
    expected: dict[int, float] = defaultdict(float)
    for back, item in enumerate(reversed(running[-5:])):
        for session in past:
            for earlier, seen in enumerate(session):
                for later in range(earlier + 1, min(earlier + 10, len(session) - 1) + 1):
                    if seen == item != session[later]:
                        expected[session[later]] += 0.6**back / (later - earlier)
    assert by_item(learned(past).by_rules(running)) == pytest.approx(expected, abs=1e-7)


@given(past=sessions, running=st.lists(st.integers(0, 8), min_size=1, max_size=5))
def test_what_follows_is_new_unique_and_known(past: list[list[int]], running: list[int]) -> None:
    viewed = [f"p{item}" for item in running]
    found = learned(past).next_products(viewed, 5)
    assert len({product for product, _ in found}) == len(found) <= 5
    assert not {product for product, _ in found} & set(viewed)
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)
    assert found == learned(past).next_products(viewed, 5)


@given(
    past=sessions,
    running=st.lists(st.integers(0, 8), min_size=1, max_size=5),
    config=st.sampled_from(CONFIGS),
)
def test_answers_are_the_sums_one_after_another_to_the_bit(
    past: list[list[int]], running: list[int], config: NextItemConfig
) -> None:
    index = learned(past, config)
    session = index.numbers([f"p{item}" for item in running])
    scores, rules = by_item(index.by_neighbours(session)), by_item(index.by_rules(session))
    scale = config.rule_weight * max(scores.values(), default=1.0) / max(rules.values(), default=1.0)
    for item, strength in rules.items() if config.rule_weight else ():
        scores[item] = scores.get(item, 0.0) + scale * strength
    best = sorted(scores.items(), key=lambda entry: (-entry[1], entry[0]))
    expected = [(f"p{item}", score) for item, score in best if item not in session]
    is_known = any(item >= 0 for item in session)
    for top in (1, 3, 20):
        assert index.next_products([f"p{item}" for item in running], top) == (
            expected[:top] if is_known else []
        )


def test_rows_in_any_order_give_the_same_bytes(tmp_path: Path) -> None:
    clicks = clicks_table([["b", "a", "c"], ["a", "c"], ["c", "b", "b"]])
    index_of(clicks).write(tmp_path / "one")
    index_of(clicks.take([6, 2, 4, 0, 7, 1, 5, 3])).write(tmp_path / "other")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_the_file_says_what_was_learned(tmp_path: Path) -> None:
    index = index_of(clicks_table([["b", "a", "ü"], ["a", "ü"], ["x", "b"]]), NextItemConfig(revisit=0.0))
    index.write(tmp_path / "index")
    opened = SessionIndex.open(tmp_path / "index")
    assert (opened.products, opened.config, opened.sessions) == (["a", "b", "x", "ü"], index.config, 3)
    assert opened.next_products(["b", "a"], 5) == index.next_products(["b", "a"], 5) != []


def test_nothing_learned_answers_nothing(tmp_path: Path) -> None:
    empty_index().write(tmp_path / "index")
    assert SessionIndex.open(tmp_path / "index").next_products(["a"], 5) == []
    assert index_of(clicks_table([])).next_products(["a"], 5) == []


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda content: b"", "not a session index"),
        (lambda content: b"PAR1" + content[4:], "not a session index"),
        (lambda content: content[:40], "can't be read"),
        (lambda content: content[:-64], "torn"),
        (lambda content: content.replace(b"idf", b"ifd"), "can't be read"),
    ],
)
def test_another_file_is_refused_in_words(tmp_path: Path, damage: object, words: str) -> None:
    path = tmp_path / "index"
    index_of(clicks_table([["a", "b"]])).write(path)
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(SessionIndexError, match=words):
        SessionIndex.open(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SessionIndexError, match="can't be read"):
        SessionIndex.open(tmp_path / "none")


def test_only_sessions_that_can_be_looked_up_are_kept() -> None:
    index = learned([[0, 1]] * 5, NextItemConfig(sessions_per_item=2))
    assert index.arrays.session_items.tolist() == [0, 1] * 2
    assert index.sessions == 5


def test_the_evaluation_scores_with_the_same_index() -> None:
    past = [[3, 9, 4], [3, 4], [9, 3]]
    model = NextItem(past, [1.0, 2.0, 3.0])
    index = index_of(clicks_table([[str(item) for item in session] for session in past]))
    served = [int(product) for product, _ in index.next_products(["9", "3"], 5)]
    assert served == model.next_items(SoFar([9, 3]), 5, drop_seen=True).tolist()
