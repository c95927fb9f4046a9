"""Lookups by number, of many at once, against what a loop over everything finds."""

from __future__ import annotations

import bisect

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.recommend import vocabulary
from orchestration.recommend.sparse import bytes_of, codes, first_not_below, found_in
from orchestration.recommend.vocabulary import Vocabulary

words = st.text(st.characters(exclude_characters="\0\n", codec="utf-8"), max_size=6)


@given(
    groups=st.lists(st.lists(st.integers(0, 20)).map(sorted), min_size=1, max_size=6),
    asked=st.lists(st.tuples(st.integers(0, 5), st.integers(-1, 22))).map(sorted),
)
def test_places_in_groups(groups: list[list[int]], asked: list[tuple[int, int]]) -> None:
    bounds = np.append(0, np.cumsum([len(group) for group in groups]))
    values = np.array([value for group in groups for value in group], dtype=np.int32)
    asked = [(group % len(groups), wanted) for group, wanted in asked]
    asked.sort()
    group, wanted = (np.array([each[n] for each in asked], dtype=np.int64) for n in (0, 1))
    expected = [int(bounds[g]) + bisect.bisect_left(groups[g], w) for g, w in asked]
    assert found_in(bounds, values, group, wanted).tolist() == expected
    low, high = bounds[group], bounds[group + 1]
    assert first_not_below(low, high, wanted, lambda at: values[at]).tolist() == expected


@given(st.lists(words))
def test_ids_as_bytes(ids: list[str]) -> None:
    assert bytes_of(pa.array(ids, pa.string())).tolist() == [each.encode() for each in ids]
    halves = pa.chunked_array([ids[:3], ids[3:]], pa.string())
    assert bytes_of(halves[1:]).tolist() == [each.encode() for each in ids[1:]]


@given(st.lists(words, min_size=1))
def test_codes_are_by_the_order_of_the_values(rows: list[str]) -> None:
    values, numbers = codes(pa.chunked_array([rows[:2], rows[2:]], pa.string()))
    assert values.to_pylist() == sorted(set(rows), key=str.encode)
    assert [values[number].as_py() for number in numbers.tolist()] == rows


@given(known=st.lists(words, unique=True), asked=st.lists(words), clash=st.booleans())
def test_words_have_their_columns(known: list[str], asked: list[str], clash: bool) -> None:
    with pytest.MonkeyPatch.context() as patched:
        if clash:  # words of one length share a hash
            patched.setattr(
                vocabulary, "hashes_of", lambda them: np.array([len(each) for each in them], np.uint64)
            )
        found = Vocabulary(**Vocabulary.of(known).arrays())  # type: ignore[arg-type]
        column = {word: number for number, word in enumerate(known)}
        assert list(found) == known
        assert found.columns_of([*asked, *known]).tolist() == [
            column.get(word, -1) for word in [*asked, *known]
        ]
        for word in asked:
            assert found.get(word) == column.get(word)
