"""Lookups by number, of many at once, against what a loop over everything finds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from orchestration.recommend.sparse import SCORE_DIGITS, by_score, codes

words = st.text(st.characters(exclude_characters="\0\n", codec="utf-8"), max_size=6)


@given(st.lists(words, min_size=1))
def test_codes_are_by_the_order_of_the_values(rows: list[str]) -> None:
    values, numbers = codes(pa.chunked_array([rows[:2], rows[2:]], pa.string()))
    assert values.to_pylist() == sorted(set(rows), key=str.encode)
    assert [values[number].as_py() for number in numbers.tolist()] == rows


def test_entries_are_ranked_by_row_score_and_tie() -> None:
    dice = np.random.default_rng(3)
    row, tie = dice.integers(0, 40, 3000), dice.permutation(3000)
    score = np.round(dice.integers(0, 8, 3000) / 7, SCORE_DIGITS)
    assert by_score(row, score, tie).tolist() == np.lexsort((tie, -score, row)).tolist()
