"""Keeping text similarity up to date: nothing where no text changed, else the lists that the changed texts are in.

``product_similarity.state`` holds what was learned, the vector of each text and its nearest texts. While what was
learned stands (``TextSimilarityConfig.relearn_drift``), the lists are those of a full run with it, to the bit: a
changed text has another vector, all others have theirs, so a list is what it was without the texts that went, with
those that came. Where too much of a list went, it is made from all texts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse as sp

from footfall.snapshot.array_file import ArrayFileError, Opened, open_arrays, write_arrays
from orchestration.lake.schema import lake_time
from orchestration.recommend.boilerplate import Boilerplate
from orchestration.recommend.sparse import SCORE_DIGITS, bounds_of, bytes_of, place_in_run
from orchestration.recommend.tables import derived_file, notes_of, text_state_file, write_derived
from orchestration.recommend.text_drift import Said, drift, nothing_said, said_of
from orchestration.recommend.text_features import Known, ProductText
from orchestration.recommend.text_similarity import (
    Catalog,
    Lists,
    TextSimilarity,
    candidates,
    collapsed,
    mark_of,
    merge_rows,
    nearest_lists,
    ranked,
    sorted_lists,
)
from orchestration.recommend.text_vectors import (
    Learned,
    Matrix,
    ReadTexts,
    TextSimilarityConfig,
    learn,
    nearest,
    read_texts,
    turned,
    vectors_of,
    vectors_of_read,
)
from orchestration.recommend.vocabulary import Vocabulary
from orchestration.storage.atomic_write import write_durably

TABLE = "product_similarity"
_MAGIC, _WHAT = b"FFTEXT04", "state of text similarity"
#: New texts compared with all others at once: about 300 MB where everything is a little alike.
_CHUNK = 500

Ints = npt.NDArray[np.int64]


class State(msgspec.Struct, frozen=True):
    """What was learned, and the texts as they were: their marks, vectors and lists."""

    learned: Learned
    learned_at: str
    marks: npt.NDArray[np.bytes_]
    vectors: Matrix
    lists: Lists
    said: Said
    """What the texts say that were not learned."""


class Rows(NamedTuple):
    """The products behind the texts: a hash of each, and the mark of its text. Only of a changed one the mark is made
    anew."""

    hashes: npt.NDArray[np.bytes_]
    marks: npt.NDArray[np.bytes_]


class Told(NamedTuple):
    """The lists as they stand in the table, so that it need not be read to see which are others now."""

    keys: npt.NDArray[np.bytes_]
    """Products with a list, by id."""
    digests: npt.NDArray[np.uint64]
    """A hash of each list: who is in it, with which scores."""
    moments: Ints
    """When each was made, in microseconds."""


@dataclass(frozen=True)
class Refreshed:
    """What a run did; ``similarity`` is None where nothing had changed."""

    similarity: TextSimilarity | None
    lists: int
    """Texts whose nearest were looked for among all others."""
    changed: int
    """Products with another list than before."""
    why_whole: str | None
    """Why all was learned anew; None when what was learned stands."""
    whole_at: str
    """When that was, in words of ISO 8601."""


def refresh(
    derived: Path,
    products: Sequence[ProductText],
    now: datetime,
    *,
    config: TextSimilarityConfig | None = None,
    threads: int | None = None,
) -> Refreshed:
    """Bring ``lake/derived/product_similarity`` up to date. A list that is as it was keeps its ``computed_at``."""
    config = config or TextSimilarityConfig()
    now = lake_time(now)
    merged = merge_rows(products)
    encoded = [msgspec.json.encode(product) for product in merged]
    made_from = {
        "model_version": config.model_version,
        "texts": hashlib.sha256(b"\n".join(encoded)).hexdigest(),
    }
    notes = notes_of(derived_file(derived, TABLE))
    if made_from.items() <= notes.items():
        return Refreshed(None, 0, 0, None, notes["learned_at"])
    opened = _opened(text_state_file(derived))
    rows = _rows_of(merged, encoded, opened)
    catalog = collapsed(merged, rows.marks.tolist())
    before, why = _usable(opened, catalog, config, now)
    came = _came(before, catalog, config) if before else None
    if came:
        why = _why_drifted(came, catalog.marks, config)
    if came and not why:
        state, made = _brought_on(came, catalog, config, threads)
    else:
        state, made = _learned(catalog, config, now, threads)
    similarity = ranked(catalog, state.lists, state.learned, config)
    told, lengths, changed = _told_now(similarity, _told_before(opened), now)
    write_durably(
        text_state_file(derived), lambda aside: _write(aside, state, rows, told, config.model_version)
    )
    table = similarity.table(np.repeat(told.moments, lengths))
    write_derived(derived, TABLE, table, notes={**made_from, "learned_at": state.learned_at})
    return Refreshed(similarity, made, changed, why, state.learned_at)


def _opened(path: Path) -> Opened | str:
    """The state of before, or why it is of no use."""
    if not path.exists():
        return "there is none yet"
    try:
        return open_arrays(path, _MAGIC, _WHAT)
    except ArrayFileError as error:
        return str(error)


def _rows_of(merged: Sequence[ProductText], encoded: Sequence[bytes], opened: Opened | str) -> Rows:
    hashes = [hashlib.blake2b(row, digest_size=16).hexdigest().encode() for row in encoded]
    known: dict[bytes, bytes] = {}
    if not isinstance(opened, str):
        before = Rows(*(opened.arrays[f"rows_{name}"] for name in Rows._fields))
        known = dict(zip(before.hashes.tolist(), before.marks.tolist(), strict=True))
    marks = [known.get(row) or mark_of(product) for row, product in zip(hashes, merged, strict=True)]
    return Rows(np.array(hashes, dtype="S32"), np.array(marks, dtype="S32"))


class Came(NamedTuple):
    """What is new since the state of before."""

    before: State
    was: Ints
    """The place of each text in that state, -1: it is new."""
    place: Ints
    """The same, new ones after those of before."""
    texts: ReadTexts
    """The new ones."""
    said: Said
    """What all texts say that were not learned."""


def _came(before: State, catalog: Catalog, config: TextSimilarityConfig) -> Came:
    row_of = {mark: row for row, mark in enumerate(before.marks.tolist())}
    was = np.array([row_of.get(mark, -1) for mark in catalog.marks.tolist()], dtype=np.int64)
    new = np.flatnonzero(was < 0)
    documents = [catalog.documents[row] for row in new.tolist()]
    texts = read_texts(before.learned, documents, catalog.marks[new], config)
    place = was.copy()
    place[new] = len(before.marks) + np.arange(len(new))
    said = said_of(texts.counted.counts, list(texts.counted.vocabulary), texts.columns)
    # What was learned and is back says nothing that is new.
    none = len(said.bounds) - 1
    said = before.said.followed_by(said.followed_by(nothing_said(1)).rows(texts.counted_rows(none)))
    return Came(before, was, place, texts, said.rows(place))


def _learned(
    catalog: Catalog, config: TextSimilarityConfig, now: datetime, threads: int | None
) -> tuple[State, int]:
    """(all learned anew, the texts whose nearest were looked for among all)."""
    marks, everything = catalog.marks, np.arange(len(catalog.documents))
    learned = learn(catalog.documents, marks, config)
    vectors = vectors_of(learned, catalog.documents, marks, config, threads)
    lists = nearest_lists(vectors, turned(vectors), everything, config, threads)
    return State(learned, now.isoformat(), marks, vectors, lists, nothing_said(len(marks))), len(marks)


def _brought_on(
    came: Came, catalog: Catalog, config: TextSimilarityConfig, threads: int | None
) -> tuple[State, int]:
    """The same with what was learned before."""
    before = came.before
    fresh = vectors_of_read(before.learned, came.texts, config, threads)
    vectors = sp.vstack([before.vectors, fresh], format="csr")[came.place]
    lists, made = lists_after(before.lists, came.was, vectors, config, threads)
    return State(before.learned, before.learned_at, catalog.marks, vectors, lists, came.said), made


def _usable(
    opened: Opened | str, catalog: Catalog, config: TextSimilarityConfig, now: datetime
) -> tuple[State | None, str | None]:
    """(the state of before, None), or (None, why all is to be learned anew)."""
    if isinstance(opened, str):
        return None, opened
    if len(catalog.documents) < config.relearn_below:
        return None, f"a catalog of fewer than {config.relearn_below:,} texts is learned each time"
    state, model_version = _read(opened)
    if model_version != config.model_version:
        return None, "the code or the settings changed"
    age = now - datetime.fromisoformat(state.learned_at)
    if not timedelta(0) <= age < timedelta(days=config.relearn_days):
        return None, f"what was learned is {age} old"
    learned_from, wanted = set(state.learned.marks.tolist()), set(catalog.marks.tolist())
    came, went = len(wanted - learned_from), len(learned_from - wanted)
    if max(came, went) > config.relearn_share * len(learned_from):
        return None, f"{came:,} texts came and {went:,} went since {len(learned_from):,} were learned"
    return state, None


def _why_drifted(came: Came, marks: npt.NDArray[np.bytes_], config: TextSimilarityConfig) -> str | None:
    found = drift(came.said, came.before.learned, marks, config)
    if found <= config.relearn_drift:
        return None
    return f"{found:.1%} of what the texts say would weigh another way"


class _Header(msgspec.Struct, frozen=True):
    model_version: str
    learned_at: str
    language: str
    products: int
    repeated: dict[str, int]


def _write(path: Path, state: State, rows: Rows, told: Told, model_version: str) -> None:
    known = state.learned.known
    about = msgspec.structs.asdict(
        _Header(
            model_version,
            state.learned_at,
            state.learned.language,
            known.boilerplate.products,
            dict(known.boilerplate.repeated),
        )
    )
    matrices = {
        f"{name}_{part}": getattr(matrix, part)
        for name, matrix in (("learned", state.learned.vectors), ("now", state.vectors))
        for part in ("data", "indices", "indptr")
    }
    lists = {f"lists_{name}": array for name, array in state.lists._asdict().items()}
    said = {f"said_{name}": array for name, array in state.said._asdict().items()}
    marks = {"marks": state.marks, "learned_marks": state.learned.marks, "weights": state.learned.weights}
    words = {f"words_{name}": array for name, array in known.vocabulary.arrays().items()}
    stems = {"stems": np.frombuffer(msgspec.json.encode(state.learned.stems), np.uint8)}
    rows_told = {f"rows_{name}": array for name, array in rows._asdict().items()}
    lists_told = {f"told_{name}": array for name, array in told._asdict().items()}
    write_arrays(
        path,
        _MAGIC,
        about,
        {**marks, **words, **stems, **matrices, **lists, **said, **rows_told, **lists_told},
    )


def _read(opened: Opened) -> tuple[State, str]:
    header, arrays = msgspec.json.decode(opened.header, type=_Header), opened.arrays
    parts_of_words = ("letters", "bounds", "hashes", "columns")
    vocabulary = Vocabulary(*(arrays[f"words_{part}"] for part in parts_of_words))
    stems = msgspec.json.decode(arrays["stems"].tobytes(), type=dict[str, tuple[str, ...]])

    def matrix(name: str) -> Matrix:
        parts = tuple(arrays[f"{name}_{part}"] for part in ("data", "indices", "indptr"))
        return sp.csr_matrix(parts, shape=(len(parts[2]) - 1, len(vocabulary)))

    known = Known(vocabulary, Boilerplate(header.products, header.repeated))
    learned = Learned(
        header.language, known, arrays["weights"], matrix("learned"), arrays["learned_marks"], stems
    )
    lists = Lists(*(arrays[f"lists_{name}"] for name in Lists._fields))
    said = Said(*(arrays[f"said_{name}"] for name in Said._fields))
    state = State(learned, header.learned_at, arrays["marks"], matrix("now"), lists, said)
    return state, header.model_version


def lists_after(
    old: Lists, was: npt.NDArray[np.int64], vectors: Matrix, config: TextSimilarityConfig, threads: int | None
) -> tuple[Lists, int]:
    """(lists of all rows of ``vectors``, how many were made from all). was: a row's place in ``old``, -1: it is new."""
    count, new, stayed = len(was), np.flatnonzero(was < 0), np.flatnonzero(was >= 0)
    place = np.full(len(old.reach), -1, dtype=np.int64)
    place[was[stayed]] = stayed
    row = place[np.repeat(np.arange(len(old.reach)), np.diff(old.bounds))]
    other = place[old.others]
    there = (row >= 0) & (other >= 0)
    rows, others, scores = [row[there]], [other[there]], [old.scores[there]]
    among = turned(vectors)
    for begin in range(0, len(new), _CHUNK):
        chunk = new[begin : begin + _CHUNK]
        near = nearest(vectors[chunk], among, count, config.min_score, threads)
        score = np.clip(np.round(near.data, SCORE_DIGITS), 0.0, 1.0)
        fits = (was[near.indices] >= 0) & (score >= config.min_score)
        lengths = np.diff(near.indptr)
        new_row, other = np.repeat(chunk, lengths), near.indices.astype(np.int64)
        # Their own lists need no second look at all texts: best first, what is behind the best candidates is not in it.
        last = near.indptr[:-1] + np.minimum(lengths, candidates(config)) - 1
        bar = score[np.maximum(last, 0)] if len(score) else np.zeros(len(chunk))
        own = (new_row != other) & (score >= np.maximum(np.repeat(bar, lengths), config.min_score))
        rows += [other[fits], new_row[own]]
        others += [new_row[fits], other[own]]
        scores += [score[fits], score[own]]
    reach = np.full(count, -1.0)
    reach[stayed] = old.reach[was[stayed]]
    row, other, score = np.concatenate(rows), np.concatenate(others), np.concatenate(scores)
    known = score > reach[row]
    merged = sorted_lists(row[known], other[known], score[known], reach)

    again = np.flatnonzero(_is_short(merged, config))
    anew = nearest_lists(vectors[again], among, again, config, threads)
    is_again = np.zeros(count, dtype=bool)
    is_again[again] = True
    merged = _cut(merged, candidates(config))
    row = np.repeat(np.arange(count), np.diff(merged.bounds))
    kept = ~is_again[row]
    reach = merged.reach.copy()
    reach[again] = anew.reach
    lists = sorted_lists(
        np.concatenate([row[kept], np.repeat(again, np.diff(anew.bounds))]),
        np.concatenate([merged.others[kept], anew.others]),
        np.concatenate([merged.scores[kept], anew.scores]),
        reach,
    )
    return lists, len(np.union1d(new, again))


def _is_short(lists: Lists, config: TextSimilarityConfig) -> npt.NDArray[np.bool_]:
    """Whether the best of a list may not be in it; or tie with more than a full run would look at."""
    lengths = np.diff(lists.bounds)
    is_full = lengths >= config.top_k
    last = np.full(len(lengths), 2.0)
    last[is_full] = lists.scores[lists.bounds[:-1][is_full] + config.top_k - 1]
    row = np.repeat(np.arange(len(lengths)), lengths)
    as_good = np.bincount(row[lists.scores >= last[row]], minlength=len(lengths))
    # The document itself is among what a full run looks at.
    return (~is_full & (lists.reach >= 0)) | (as_good > candidates(config) - 1)


def _cut(lists: Lists, most: int) -> Lists:
    """The best of each; what they leave out is beyond their reach."""
    row = np.repeat(np.arange(len(lists.reach)), np.diff(lists.bounds))
    place = place_in_run(row)
    reach = lists.reach.copy()
    np.maximum.at(reach, row[place >= most], lists.scores[place >= most])
    kept = (place < most) & (lists.scores > reach[row])
    return Lists(bounds_of(row[kept], len(reach)), lists.others[kept], lists.scores[kept], reach)


def _told_before(opened: Opened | str) -> Told:
    """The lists that were written last; none where that isn't known, so that all count as made now."""
    if isinstance(opened, str):
        return Told(np.zeros(0, "S1"), np.zeros(0, np.uint64), np.zeros(0, np.int64))
    return Told(*(opened.arrays[f"told_{name}"] for name in Told._fields))


def _told_now(similarity: TextSimilarity, before: Told, now: datetime) -> tuple[Told, Ints, int]:
    """(the lists of now, with the moments of before where a list is as before; rows of each; products with another
    list)."""
    numbers = similarity.key.indices.to_numpy()
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    bounds = np.append(starts, len(numbers))
    keys = bytes_of(similarity.key.dictionary.take(pa.array(numbers[starts])))
    others = [
        hashlib.blake2b(each.encode(), digest_size=8).digest()
        for each in similarity.other.dictionary.to_pylist()
    ]
    other = np.frombuffer(b"".join(others), np.uint64)[similarity.other.indices.to_numpy()]
    entry = _mixed(other + _mixed(similarity.scores.view(np.uint64) + similarity.ranks.astype(np.uint64)))
    digest = np.add.reduceat(entry, starts) if len(starts) else entry
    moments = np.full(len(keys), np.datetime64(now, "us").astype(np.int64))
    same = np.zeros(len(keys), dtype=bool)
    if len(before.keys):
        place = np.minimum(np.searchsorted(before.keys, keys), len(before.keys) - 1)
        there = before.keys[place] == keys
        same = there & (before.digests[place] == digest)
        moments[same] = before.moments[place[same]]
        gone = len(before.keys) - int(there.sum())
    else:
        gone = 0
    return Told(keys, digest, moments), np.diff(bounds), int((~same).sum()) + gone


def _mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Each bit of a number spread over all (the finalizer of SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
