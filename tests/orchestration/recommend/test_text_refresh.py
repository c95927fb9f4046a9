"""Text similarity kept up to date has the bits of a full run with what was learned; other lists keep their moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.recommend.sparse import SCORE_DIGITS, by_score
from orchestration.recommend.tables import derived_file, text_state_file
from orchestration.recommend.text_features import ProductText
from orchestration.recommend.text_refresh import State, _opened, _read, refresh
from orchestration.recommend.text_similarity import catalog_of, nearest_lists, product_text_similarity, ranked
from orchestration.recommend.text_vectors import TextSimilarityConfig, turned, vectors_of

NOW = datetime(2026, 3, 1)
NEVER = 1e9
CONFIG = TextSimilarityConfig(relearn_below=0, relearn_share=NEVER, relearn_drift=NEVER)
WORDS = ["enamel", "mug", "tent", "wool", "sock", "red", "blue", "lamp", "steel", "oak"]

texts = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join)
shops = st.dictionaries(st.integers(0, 30).map("p{:02}".format), texts, min_size=1, max_size=31)
configs = st.builds(
    TextSimilarityConfig,
    relearn_below=st.just(0),
    relearn_share=st.just(NEVER),
    relearn_drift=st.just(NEVER),
    top_k=st.integers(1, 4),
    min_score=st.sampled_from([0.05, 0.15, 0.6]),
)


def catalog(shop: dict[str, str]) -> list[ProductText]:
    return [ProductText(product_id, text) for product_id, text in shop.items()]


def written(derived: Path) -> list[tuple[Any, ...]]:
    rows = pq.read_table(derived_file(derived, "product_similarity")).to_pylist()
    return [(row["key"], row["rank"], row["other"], row["score"]) for row in rows]


def state_of(derived: Path) -> State:
    opened = _opened(text_state_file(derived))
    assert not isinstance(opened, str), opened
    return _read(opened)[0]


def full_run(derived: Path, shop: dict[str, str], config: TextSimilarityConfig) -> list[tuple[Any, ...]]:
    """All texts, with what stands as learned."""
    state = state_of(derived)
    found = catalog_of(catalog(shop))
    vectors = vectors_of(state.learned, found.documents, found.marks, config)
    everything = np.arange(len(found.documents))
    result = ranked(
        found, nearest_lists(vectors, turned(vectors), everything, config, None), state.learned, config
    )
    return list(zip(result.keys, result.ranks.tolist(), result.others, result.scores.tolist(), strict=True))


@given(runs=st.lists(shops, min_size=2, max_size=4), config=configs)
@settings(max_examples=40, deadline=None)
def test_any_changes_give_a_full_run_with_what_was_learned(
    runs: list[dict[str, str]], config: TextSimilarityConfig, tmp_path_factory: pytest.TempPathFactory
) -> None:
    derived = tmp_path_factory.mktemp("texts")
    for hour, shop in enumerate(runs):
        refreshed = refresh(derived, catalog(shop), NOW + timedelta(hours=hour), config=config)
        assert (refreshed.why_whole is None) == (hour > 0)
        assert written(derived) == full_run(derived, shop, config)
    first = product_text_similarity(catalog(runs[0]), config)
    refresh(derived, catalog(runs[0]), NOW + timedelta(days=1), config=config)
    assert [row[2] for row in written(derived)] == first.others, "back again, with what was learned of it"
    assert [row[3] for row in written(derived)] == first.scores.tolist()


@pytest.fixture(scope="module")
def shop() -> dict[str, str]:
    dice = np.random.default_rng(1)
    return {
        f"p{n:03}": " ".join(
            f"{kind}{dice.integers(12)}" for kind in ("make", "kind", "colour", "size") for _ in "ab"
        )
        for n in range(400)
    }


def test_a_few_changed_texts_are_compared_and_the_rest_is_kept(shop: dict[str, str], tmp_path: Path) -> None:
    refresh(tmp_path, catalog(shop), NOW, config=CONFIG)
    before = {(row[0], row[1]): row for row in written(tmp_path)}
    changed = {**shop, "p007": shop["p100"] + " kind3", "p500": "make1 kind1 colour1 size1"}
    del changed["p009"]
    refreshed = refresh(tmp_path, catalog(changed), NOW + timedelta(hours=1), config=CONFIG)
    assert refreshed.lists < 40
    assert written(tmp_path) == full_run(tmp_path, changed, CONFIG)
    rows = pq.read_table(derived_file(tmp_path, "product_similarity")).to_pylist()
    after: dict[str, list[tuple[Any, ...]]] = {}
    moments: dict[str, set[datetime]] = {}
    for row in rows:
        after.setdefault(row["key"], []).append((row["key"], row["rank"], row["other"], row["score"]))
        moments.setdefault(row["key"], set()).add(row["computed_at"])
    old: dict[str, list[tuple[Any, ...]]] = {}
    for row in before.values():
        old.setdefault(row[0], []).append(row)
    for key, found in after.items():
        expected = NOW if old.get(key) == found else NOW + timedelta(hours=1)
        assert moments[key] == {expected}
    assert 0 < refreshed.changed < 400
    assert refreshed.changed == sum(old.get(key) != after.get(key) for key in old.keys() | after.keys())


def test_without_a_change_nothing_is_written(shop: dict[str, str], tmp_path: Path) -> None:
    refresh(tmp_path, catalog(shop), NOW, config=CONFIG)
    files = [derived_file(tmp_path, "product_similarity"), text_state_file(tmp_path)]
    before = [file.stat().st_mtime_ns for file in files]
    again = refresh(tmp_path, catalog(shop)[::-1], NOW + timedelta(hours=1), config=CONFIG)
    assert (again.similarity, again.lists, again.whole_at) == (None, 0, NOW.isoformat())
    assert [file.stat().st_mtime_ns for file in files] == before
    sold_out = [replace(product, is_available=False) for product in catalog(shop)]
    assert refresh(tmp_path, sold_out, NOW, config=CONFIG).lists == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"relearn_share": 0.01}, "5 texts came and 5 went since 400 were learned"),
        ({"relearn_share": 0.0125}, None),
        ({"relearn_below": 500}, "fewer than 500"),
        ({"relearn_days": 0}, "what was learned is 0:00:00 old"),
        ({"top_k": 10}, "the code or the settings"),
    ],
)
def test_when_all_is_learned_anew(
    shop: dict[str, str], change: dict[str, Any], words: str | None, tmp_path: Path
) -> None:
    config = replace(CONFIG, **{name: value for name, value in change.items() if name != "top_k"})
    refresh(tmp_path, catalog(shop), NOW, config=config)
    changed = {key: text + (" kind1 kind2" if key < "p005" else "") for key, text in shop.items()}
    refreshed = refresh(tmp_path, catalog(changed), NOW, config=replace(config, **change))
    assert (refreshed.why_whole is None) == (words is None)
    assert words is None or words in str(refreshed.why_whole)


def test_a_torn_state_is_learned_anew(shop: dict[str, str], tmp_path: Path) -> None:
    refresh(tmp_path, catalog(shop), NOW, config=CONFIG)
    whole = text_state_file(tmp_path).read_bytes()
    text_state_file(tmp_path).write_bytes(whole[:-100])
    assert "torn" in str(refresh(tmp_path, catalog(shop)[1:], NOW, config=CONFIG).why_whole)


def test_a_run_that_died_between_state_and_table_is_made_up_for(shop: dict[str, str], tmp_path: Path) -> None:
    refresh(tmp_path, catalog(shop), NOW, config=CONFIG)
    table = derived_file(tmp_path, "product_similarity").read_bytes()
    changed = {**shop, "p007": "make1 kind1"}
    refresh(tmp_path, catalog(changed), NOW, config=CONFIG)
    expected = written(tmp_path)
    derived_file(tmp_path, "product_similarity").write_bytes(table)
    refreshed = refresh(tmp_path, catalog(changed), NOW, config=CONFIG)
    assert (refreshed.lists, refreshed.why_whole) == (0, None)
    assert written(tmp_path) == expected


def test_stems_are_kept_and_added_to(tmp_path: Path, shop: dict[str, str]) -> None:
    refresh(tmp_path, catalog(shop), NOW, config=CONFIG)
    state = state_of(tmp_path)
    assert set(state.learned.stems) == {word for text in shop.values() for word in text.split()}
    refresh(tmp_path, catalog({**shop, "p001": f"{shop['p002']} never1 seen1"}), NOW, config=CONFIG)
    more = state_of(tmp_path)
    assert more.learned.stems.keys() - state.learned.stems.keys() == {"never1", "seen1"}


def test_entries_are_ranked_by_row_score_and_tie() -> None:
    dice = np.random.default_rng(3)
    row, tie = dice.integers(0, 40, 3000), dice.permutation(3000)
    score = np.round(dice.integers(0, 8, 3000) / 7, SCORE_DIGITS)
    assert by_score(row, score, tie).tolist() == np.lexsort((tie, -score, row)).tolist()
