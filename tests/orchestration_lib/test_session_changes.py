"""A session index with changes is the one that a rebuild would give, byte for byte."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.session_index import NextItemConfig
from orchestration.lib.session_changes import with_changes
from orchestration.lib.session_history import History, history_of, strongest
from orchestration.lib.session_neighbours import index_of
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


def written(index: object, path: Path) -> bytes:
    index.write(path)  # type: ignore[attr-defined]
    return path.read_bytes()


@given(before=shops, after=shops, kept=st.sets(names), config=st.sampled_from(CONFIGS))
@settings(max_examples=400, deadline=None)
def test_any_change_gives_the_bytes_of_a_rebuild(
    before: Shop,
    after: Shop,
    kept: set[str],
    config: NextItemConfig,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    after = {**after, **{session: visit for session, visit in before.items() if session in kept}}
    folder = tmp_path_factory.mktemp("sessions")
    history_of(clicks(before), config).write(folder / "history")
    history = History.open(folder / "history")
    assert history is not None
    changed = {session: visit for session, visit in after.items() if before.get(session) != visit}
    # Sessions that are told without need, as they were, do no harm.
    changed |= {session: after[session] for session in sorted(after)[:1]}
    index = with_changes(history, clicks(changed), ids(before.keys() - after.keys()))
    assert written(index, folder / "index") == written(index_of(clicks(after), config), folder / "rebuilt")


@given(before=shops, config=st.sampled_from(CONFIGS))
@settings(deadline=None)
def test_without_a_change_it_is_the_history_itself(
    before: Shop, config: NextItemConfig, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, history = tmp_path_factory.mktemp("sessions"), history_of(clicks(before), config)
    same = with_changes(history, clicks({}), ids({"never seen"}))
    assert written(same, folder / "same") == written(history.index(), folder / "index")


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
    history_of(clicks(shop), config).write(tmp_path / "history")
    history, changed, gone = (
        History.open(tmp_path / "history"),
        dict[str, tuple[list[str], int]](),
        set[str](),
    )
    assert history is not None
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
        index = with_changes(history, clicks(still), ids(gone))
        assert written(index, tmp_path / "index") == written(
            index_of(clicks(shop), config), tmp_path / "rebuilt"
        )


def test_a_file_of_another_generation_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history_of(clicks({"s": (["a", "b"], 1)}), notes={"seen_until": "x"}).write(tmp_path / "history")
    opened = History.open(tmp_path / "history")
    assert opened is not None
    assert (opened.notes, opened.archive.ids.tolist()) == ({"seen_until": "x"}, [b"s"])
    assert History.open(tmp_path / "nothing") is None
    monkeypatch.setattr("orchestration.lib.session_history._GENERATION", 1)
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
