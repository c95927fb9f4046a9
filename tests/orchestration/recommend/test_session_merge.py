"""A merged history is that of all sessions, array by array and byte by byte."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from footfall.snapshot.session_index import NextItemConfig
from orchestration.recommend.session_history import History, history_of
from orchestration.recommend.session_merge import merged
from tests.orchestration.recommend.test_session_changes import (
    CONFIGS,
    Shop,
    assert_same,
    changed_index,
    clicks,
    ids,
    names,
    shops,
)


def assert_merged(history: History, whole: History) -> None:
    assert (history.products, history.config, history.notes) == (whole.products, whole.config, whole.notes)
    for ours, theirs in ((history.lookups, whole.lookups), (history.archive, whole.archive)):
        expected = msgspec.structs.asdict(theirs)
        for name, array in msgspec.structs.asdict(ours).items():
            assert (name, array.dtype, array.tolist()) == (
                name,
                expected[name].dtype,
                expected[name].tolist(),
            )


@given(
    before=shops,
    days=st.lists(st.tuples(shops, st.sets(names)), min_size=1, max_size=4),
    config=st.sampled_from(CONFIGS),
)
@example(before={}, days=[({}, set()), ({"s1": (["a", "b"], 1)}, set()), ({}, {"s1"})], config=CONFIGS[0])
@example(
    before={"s1": (["b", "c"], 1), "s10": (["c", "d"], 1)},
    days=[({"s2": (["a", "c"], 1)}, {"s10"}), ({"s11": (["d", "e"], 0)}, {"s1", "s2"})],
    config=CONFIGS[1],
)
@settings(max_examples=150, deadline=None)
def test_any_days_merged_are_the_history_of_all(
    before: Shop, days: list[tuple[Shop, set[str]]], config: NextItemConfig
) -> None:
    """Each day is merged into what the days before it were merged into."""
    history, now = history_of(clicks(before), config), before
    for number, (visits_of_day, went) in enumerate(days):
        then, now = now, {id: visit for id, visit in {**now, **visits_of_day}.items() if id not in went}
        changed = {id: visit for id, visit in now.items() if then.get(id) != visit}
        # Sessions that are told without need, as they were, do no harm.
        changed |= {id: now[id] for id in sorted(now)[:1]}
        notes = {"day": str(number)}
        history = merged(history, clicks(changed), ids(then.keys() - now.keys()), notes)
        assert_merged(history, history_of(clicks(now), config, notes))


@pytest.mark.parametrize("config", [NextItemConfig(sessions_per_item=20, rules_kept=10), NextItemConfig()])
def test_a_larger_shop_in_ten_days(config: NextItemConfig, tmp_path: Path) -> None:
    """Each day some sessions come, go on or go, new products are looked at and old ones no more; files, with an
    increment of the day after beside each."""
    dice = np.random.default_rng(6)

    def visit(day: int) -> tuple[list[str], int]:
        near = int(dice.integers(3 * day, 60 + 6 * day))
        return [f"p{near + int(n):03}" for n in dice.integers(0, 15, dice.integers(2, 12))], 24 * day

    shop: Shop = {f"s{n:04}": visit(0) for n in range(800)}
    history = history_of(clicks(shop), config)
    for day in range(1, 10):
        changed = {f"d{day}-{n}": visit(day) for n in range(60)}
        for session in dice.choice(sorted(shop), 10, replace=False).tolist():
            changed[session] = ([*shop[session][0], *visit(day)[0]], 24 * day - int(dice.integers(0, 30)))
        gone = set(dice.choice(sorted(shop.keys() - changed.keys()), 70, replace=False).tolist())
        shop = {session: visit for session, visit in {**shop, **changed}.items() if session not in gone}
        history = merged(history, clicks(changed), ids(gone), {})
        whole = history_of(clicks(shop), config)
        assert_merged(history, whole)
        history.notes["index"] = whole.notes["index"] = history.index().write(tmp_path / "index")
        history.write(tmp_path / "history")
        whole.write(tmp_path / "whole")
        assert (tmp_path / "history").read_bytes() == (tmp_path / "whole").read_bytes()
        opened = History.open(tmp_path / "history")
        assert opened is not None
        more = {"new": visit(day + 1)}
        rebuilt = history_of(clicks({**shop, **more}), config).index()
        assert_same(changed_index(opened, more, set(), tmp_path), rebuilt, [visit(day)[0] for _ in range(5)])
        history = opened
