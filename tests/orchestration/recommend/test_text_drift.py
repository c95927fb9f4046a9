"""When what was learned of texts is learned again: new words count, new texts of known kinds don't."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.recommend.tables import derived_file, text_state_file
from orchestration.recommend.text_drift import Said, drift, said_of
from orchestration.recommend.text_features import Analyzer, ProductText
from orchestration.recommend.text_refresh import Refreshed, _opened, _read, refresh
from orchestration.recommend.text_similarity import catalog_of
from orchestration.recommend.text_vectors import Learned, TextSimilarityConfig, learn, read_texts

NOW = datetime(2026, 3, 1)
#: Small catalogs are added to as well here.
CONFIG = TextSimilarityConfig(language="english", relearn_below=0)
NEVER = replace(CONFIG, relearn_share=1e9, relearn_drift=1e9)
WORDS = ["enamel", "mug", "tent", "wool", "sock", "red", "blue", "lamp", "steel", "oak"]

titles = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join)
shops = st.dictionaries(st.integers(0, 40).map("p{:02}".format), titles, max_size=41)


def catalog(shop: dict[str, str]) -> list[ProductText]:
    return [ProductText(product_id, text) for product_id, text in shop.items()]


def weight(in_texts: int, texts: int) -> float:
    """As ``text_vectors.py`` says it in words."""
    if in_texts < 2 or (texts >= 20 and in_texts >= texts):
        return 0.0
    faded = texts >= 20 and in_texts > texts / 2
    return math.log((1 + texts) / (1 + in_texts)) + 1.0 - faded


def drift_in_a_loop(learned: list[list[str]], stayed: list[list[str]], came: list[list[str]]) -> float:
    texts = len(stayed) + len(came)
    in_learned, in_stayed, in_came = (
        Counter(word for text in them for word in set(text)) for them in (learned, stayed, came)
    )
    moved = 0.0
    for text in came:
        for word in text:
            before = weight(in_learned[word], len(learned))
            if in_learned[word] < 2:
                after = weight(in_came[word], texts)
            elif before == 0:  # in all of them
                continue
            else:
                after = weight(in_stayed[word] + in_came[word], texts)
            if before or after:
                moved += abs(before - after) / max(before, after) / len(text)
    return moved / texts


def said_by(learned: Learned, texts: list[ProductText]) -> Said:
    """What the texts say that weren't learned, read at once."""
    found = catalog_of(texts)
    read = read_texts(learned, found.documents, found.marks, CONFIG)
    return said_of(read.counted.counts, list(read.counted.vocabulary), read.columns)


@given(old=shops.filter(bool), now=shops.filter(bool), stays=st.integers(0, 41))
@settings(max_examples=200, deadline=None)
def test_drift_is_that_of_a_loop(old: dict[str, str], now: dict[str, str], stays: int) -> None:
    first = catalog_of(catalog(old))
    learned = learn(first.documents, first.marks, CONFIG)
    then = catalog_of(catalog(now | dict(list(old.items())[:stays])))
    is_new = ~np.isin(then.marks, first.marks)
    words = [Analyzer().features(each.title)[0] for each in then.documents]
    stayed, came = ([words[n] for n in np.flatnonzero(which)] for which in (~is_new, is_new))
    expected = drift_in_a_loop([Analyzer().features(each.title)[0] for each in first.documents], stayed, came)
    found = drift(said_by(learned, then.documents), learned, then.marks, CONFIG)
    assert found == pytest.approx(expected, abs=1e-12)
    assert 0.0 <= found <= 1.0


@given(runs=st.lists(shops.filter(bool), min_size=2, max_size=5))
@settings(max_examples=100, deadline=None)
def test_what_was_said_run_by_run_is_what_is_said_now(
    runs: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    derived = tmp_path_factory.mktemp("texts")
    for hour, shop in enumerate(runs):
        refresh(derived, catalog(shop), NOW + timedelta(hours=hour), config=NEVER)
        opened = _opened(text_state_file(derived))
        assert not isinstance(opened, str), opened
        state = _read(opened)[0]
        at_once = said_by(state.learned, catalog(shop))
        is_new = ~np.isin(state.marks, state.learned.marks)
        assert not np.diff(state.said.bounds)[~is_new].any()
        kept = state.said.rows(np.flatnonzero(is_new))
        for name, array in at_once._asdict().items():
            assert array.tolist() == getattr(kept, name).tolist(), name


def goods(kinds: range, each: int, seed: int) -> dict[str, str]:
    """Texts of kinds with words of their own; half of what they say is the shop's words."""
    dice = np.random.default_rng(seed)
    letters = str.maketrans("0123456789", "bcdfghjklm")  # a number is no part of a word
    return {
        f"k{kind:02}-{seed}-{number:02}": " ".join(
            [*(f"kind{kind}say{n}" for n in dice.integers(8, size=3)), *(f"any{n}" for n in dice.integers(20, size=3))]
        ).translate(letters)
        for kind in kinds
        for number in range(each)
    }  # fmt: skip


def grown(derived: Path, *shops: dict[str, str], config: TextSimilarityConfig = CONFIG) -> Refreshed:
    """The last of runs over ever more goods."""
    shop: dict[str, str] = {}
    for hour, more in enumerate(shops):
        shop |= more
        done = refresh(derived, catalog(shop), NOW + timedelta(hours=hour), config=config)
    return done


SHOP = goods(range(20), 25, seed=1)


def test_more_of_the_same_kinds_is_added(tmp_path: Path) -> None:
    done = grown(tmp_path, SHOP, *(goods(range(20), 2, seed) for seed in range(2, 6)))
    assert (done.why_whole, done.whole_at) == (None, NOW.isoformat())


def test_a_new_kind_is_learned_at_once(tmp_path: Path) -> None:
    done = grown(tmp_path, SHOP, goods(range(20, 21), 25, seed=1))
    assert "would weigh another way" in str(done.why_whole)


def test_a_new_kind_that_comes_by_and_by_is_learned(tmp_path: Path) -> None:
    days = [dict([item]) for item in goods(range(20, 21), 25, seed=1).items()]
    done = grown(tmp_path, SHOP, *days)
    assert done.whole_at != NOW.isoformat()


def test_what_all_texts_have_is_no_new_word(tmp_path: Path) -> None:
    days = [
        {key: f"{text} maker" for key, text in goods(range(20), 25, seed).items()} for seed in range(1, 2)
    ]
    days += [
        {key: f"{text} maker" for key, text in goods(range(20), 2, seed).items()} for seed in range(2, 4)
    ]
    assert grown(tmp_path, *days).whole_at == NOW.isoformat()


def test_a_word_that_many_have_now_is_learned(tmp_path: Path) -> None:
    some = dict(list(SHOP.items())[::10])
    sale = {key: f"sale {text}" for key, text in SHOP.items()}
    rare = SHOP | {key: sale[key] for key in list(some)[:3]}
    assert grown(tmp_path, rare, {key: f"{text} any3" for key, text in some.items()}).why_whole is None
    many = dict(list(sale.items())[::4])
    assert "would weigh another way" in str(grown(tmp_path / "many", rare, many).why_whole)


@pytest.mark.parametrize(("share", "learns"), [(0.49, True), (0.5, False)])
def test_whatever_texts_say_half_of_them_is_the_most(share: float, learns: bool, tmp_path: Path) -> None:
    others = dict(zip(SHOP, goods(range(20), 25, seed=2).values(), strict=True))
    half = dict(list(others.items())[::2])
    done = grown(tmp_path, SHOP, half, config=replace(CONFIG, relearn_share=share, relearn_drift=1e9))
    assert (done.why_whole is not None) == learns


@pytest.mark.parametrize(("days", "learns"), [(29, False), (30, True), (-1, True)])
def test_what_was_learned_grows_a_month_old(days: int, learns: bool, tmp_path: Path) -> None:
    refresh(tmp_path, catalog(SHOP), NOW, config=CONFIG)
    later = NOW + timedelta(days=days)
    assert refresh(tmp_path, catalog(SHOP), later, config=CONFIG).why_whole is None, "nothing changed"
    done = refresh(tmp_path, catalog({**SHOP, "new": "kind3say1 any2"}), later, config=CONFIG)
    assert (done.why_whole is not None) == learns


def test_the_same_days_write_the_same_bytes(tmp_path: Path) -> None:
    days = [
        SHOP,
        goods(range(20), 3, 2),
        goods(range(20), 3, 3),
        goods(range(21, 23), 25, 4),
        goods(range(22), 1, 5),
    ]
    written: list[list[Any]] = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        grown(tmp_path / folder, *days)
        files = [text_state_file(tmp_path / folder), derived_file(tmp_path / folder, "product_similarity")]
        written.append([file.read_bytes() for file in files])
    assert written[0] == written[1]
