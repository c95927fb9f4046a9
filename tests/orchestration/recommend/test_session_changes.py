"""A session index with changes beside it has the lists and the answers of a rebuild, to the bit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.snapshot.session_index import NextItemConfig, SessionIndex, SessionIndexError
from orchestration.recommend.session_changes import with_changes
from orchestration.recommend.session_history import History, history_of, strongest
from orchestration.recommend.session_neighbours import index_of
from tests.session_cases import CLICKS

#: Session -> (products in the order of the clicks, hour of the end).
Shop = dict[str, tuple[list[str], int]]

CONFIGS = [
    NextItemConfig(),
    NextItemConfig(sessions_per_item=1, rules_kept=1),
    NextItemConfig(sessions_per_item=2, rules_kept=2, rule_steps=2),
    NextItemConfig(sessions_per_item=3, rules_kept=3, rule_steps=3),
]
visits = st.tuples(st.lists(st.sampled_from("abcdefü"), min_size=2, max_size=6), st.integers(0, 5))
names = st.sampled_from([f"s{n}" for n in range(12)])
shops = st.dictionaries(names, visits, max_size=12)


def clicks(shop: Shop) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "session_id": session,
                "product_id": product,
                "place": place,
                "ended_at": datetime(2026, 11, 1) + timedelta(hours=hour),
            }
            for session, (products, hour) in shop.items()
            for place, product in enumerate(products, 1)
        ],
        schema=CLICKS,
    )


def ids(sessions: set[str]) -> np.ndarray:  # type: ignore[type-arg]
    return np.array([session.encode() for session in sorted(sessions)], dtype="S8")


def learned(shop: Shop, config: NextItemConfig, folder: Path) -> History:
    """A rebuild, as files."""
    history = history_of(clicks(shop), config, {})
    history.notes["index"] = history.index().write(folder / "index")
    history.write(folder / "history")
    opened = History.open(folder / "history")
    assert opened is not None
    return opened


def changed_index(history: History, changed: Shop, gone: set[str], folder: Path) -> SessionIndex:
    with_changes(history, clicks(changed), ids(gone)).write(folder / "changes")
    index = SessionIndex.open(folder / "index", folder / "changes")
    assert index.changed is not None
    return index


def lists(index: SessionIndex) -> dict[str, Any]:
    """What the index has of each product that a session saw, numbers left out."""
    found = {}
    for product in sorted(index.products):
        [number] = index.numbers([product])
        if number >= 0:
            keys = index.lookups.postings(number)
            lengths, places, items = index.lookups.sessions(keys)
            named = [index.products[item] for item in items.tolist()]
            assert places.tolist() == [place for length in lengths.tolist() for place in range(length)]
            later, strengths = index.lookups.rules(number)
            rules = {
                index.products[item]: strength
                for item, strength in zip(later.tolist(), strengths.tolist(), strict=True)
            }
            assert len(rules) == len(later)
            found[product] = (index.lookups.idf[number], lengths.tolist(), named, rules)
    return found


def assert_same(index: SessionIndex, rebuilt: SessionIndex, running: Iterable[list[str]]) -> None:
    """To the bit: floats are compared as they are."""
    assert lists(index) == lists(rebuilt)
    assert (index.sessions, index.seen_products) == (rebuilt.sessions, len(rebuilt.products))
    for viewed in running:
        for top in (2, 20):
            assert index.next_products(viewed, top) == rebuilt.next_products(viewed, top)


@given(
    before=shops,
    days=st.lists(st.tuples(shops, st.sets(names)), min_size=1, max_size=3),
    config=st.sampled_from(CONFIGS),
    running=st.lists(st.lists(st.sampled_from("abcdefgü"), min_size=1, max_size=5), max_size=4),
)
@settings(max_examples=150, deadline=None)
def test_any_changes_give_the_answers_of_a_rebuild(
    before: Shop,
    days: list[tuple[Shop, set[str]]],
    config: NextItemConfig,
    running: list[list[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Day after day some sessions come, go on or go; each day's changes are those since the rebuild."""
    folder = tmp_path_factory.mktemp("sessions")
    history, now = learned(before, config, folder), before
    for visits_of_day, went in days:
        now = {session: visit for session, visit in {**now, **visits_of_day}.items() if session not in went}
        changed = {session: visit for session, visit in now.items() if before.get(session) != visit}
        # Sessions that are told without need, as they were, do no harm.
        changed |= {session: now[session] for session in sorted(now)[:1]}
        index = changed_index(history, changed, before.keys() - now.keys(), folder)
        assert_same(index, index_of(clicks(now), config), running)


@given(before=shops, config=st.sampled_from(CONFIGS))
@settings(deadline=None)
def test_without_a_change_it_is_the_rebuild(
    before: Shop, config: NextItemConfig, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("sessions")
    history = learned(before, config, folder)
    index = changed_index(history, {}, {"never seen"}, folder)
    assert_same(index, history.index(), [["a"], ["b", "ü"]])


def test_changes_since_another_rebuild_do_not_count(tmp_path: Path) -> None:
    shop: Shop = {f"s{n}": (["a", "b"], n) for n in range(4)}
    history = learned(shop, CONFIGS[0], tmp_path)
    with_changes(history, clicks({"new": (["a", "c"], 9)}), ids(set())).write(tmp_path / "changes")
    assert SessionIndex.open(tmp_path / "index", tmp_path / "changes").sessions == 5
    index_of(clicks({**shop, "s9": (["a", "d"], 9)})).write(tmp_path / "index")
    other = SessionIndex.open(tmp_path / "index", tmp_path / "changes")
    assert (other.sessions, other.changed, other.numbers(["c"])) == (5, None, [-1])


@pytest.mark.parametrize(
    "damage", [lambda content: content[:-64], lambda content: b"", lambda content: content[:30]]
)
def test_torn_changes_are_refused(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    history = learned({"s": (["a", "b"], 1)}, CONFIGS[0], tmp_path)
    changed_index(history, {"t": (["a", "b"], 2)}, set(), tmp_path)
    path = tmp_path / "changes"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(SessionIndexError):
        SessionIndex.open(tmp_path / "index", path)


def test_a_larger_shop_in_ten_days(tmp_path: Path) -> None:
    """Each day some sessions come, some go on, some turn out to be one with another and go."""
    dice = np.random.default_rng(5)
    config = NextItemConfig(sessions_per_item=20, rules_kept=10)
    products = [f"p{n:03}" for n in range(120)]

    def visit(day: int) -> tuple[list[str], int]:
        near = int(dice.integers(0, 60 + 6 * day))
        return [
            products[(near + int(n)) % (60 + 6 * day)] for n in dice.integers(0, 15, dice.integers(2, 12))
        ], 24 * day

    shop: Shop = {f"s{n}": visit(0) for n in range(800)}
    history, changed, gone = learned(shop, config, tmp_path), dict[str, tuple[list[str], int]](), set[str]()
    for day in range(1, 10):
        for n in range(30):
            changed[f"d{day}-{n}"] = visit(day)
        for session in dice.choice(sorted(shop), 10, replace=False).tolist():
            before, _ = shop[session]
            changed[session] = ([*before, *visit(day)[0]], 24 * day)
        for session in dice.choice(sorted(shop.keys() - changed.keys()), 5, replace=False).tolist():
            gone.add(session)
        shop = {session: what for session, what in {**shop, **changed}.items() if session not in gone}
        still = {session: what for session, what in changed.items() if session not in gone}
        running = [visit(day)[0] for _ in range(50)]
        index = changed_index(history, still, gone, tmp_path)
        assert_same(index, index_of(clicks(shop), config), running)


def test_a_file_of_another_generation_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history_of(clicks({"s": (["a", "b"], 1)}), notes={"seen_until": "x"}).write(tmp_path / "history")
    opened = History.open(tmp_path / "history")
    assert opened is not None
    assert (opened.notes, opened.archive.ids.tolist()) == ({"seen_until": "x"}, [b"s"])
    assert History.open(tmp_path / "nothing") is None
    monkeypatch.setattr("orchestration.recommend.session_history._GENERATION", 1)
    assert History.open(tmp_path / "history") is None


def test_totals_too_large_for_one_number_rank_alike() -> None:
    dice = np.random.default_rng(7)
    pairs = dice.permutation(100 * 100)[:4000]
    row, col, totals = pairs // 100, pairs % 100, dice.integers(1, 30, len(pairs))
    bounds, places = strongest(row, col, totals, 100, CONFIGS[3])
    assert bounds[-1] == len(places) < len(pairs)
    for large in (10**15, 10**12):
        found = strongest(row, col, totals * large, 100, CONFIGS[3])
        assert [each.tolist() for each in found] == [bounds.tolist(), places.tolist()]
