"""The next product of a running session, scored over past sessions: what the evaluation measures and the API serves.

VMIS-kNN (Kersbergen et al. 2022, "Serenade"): sessions that share products with this one, recent products weighing
more, vote for what else they saw. To the published method two things are added: a neighbour's vote is for what stood
near the product that made it a neighbour, and products of the running session may come back. Beside it sequential
rules (Kamehkhosh et al. 2017): the products after a in a session, the sooner the stronger.

``orchestration/recommend/session_neighbours.py`` learns the arrays. The API maps the file into memory, so that its
workers share the pages, and scores; both do it with the class of this module. The file is one of ``array_file.py``,
with products and settings in its header.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from footfall.snapshot.array_file import ArrayFileError, open_arrays, write_arrays

_MAGIC = b"FFSESS01"
#: Names the method and the file; settings stand in the file.
MODEL_VERSION = "vmis-rules-1"

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class SessionIndexError(ValueError):
    """A file that is not a session index, or is torn."""


@dataclasses.dataclass(frozen=True)
class NextItemConfig:
    """Settings; a number without a remark is the papers'."""

    rule_steps: int = 10
    rules_kept: int = 60
    rule_history: int = 5
    """Products of the running session that rules look at ..."""
    rule_decay: float = 0.6
    """... and how much less each earlier one counts."""
    sessions_per_item: int = 500
    neighbours: int = 100
    session_length: int = 10
    """Products of the running session that neighbours are looked up for."""
    recency: float | None = 0.6
    """How much less each earlier product of the running session counts for being alike; None: falling evenly to
    the first one, as published."""
    closeness: float = 1.0
    """A vote is divided by 1 + closeness x steps between the shared product and the one voted for; 0: as
    published."""
    revisit: float = 0.3
    """Votes for the running session's own products, beside the best other; 0: as published."""
    revisit_decay: float = 0.7
    rule_weight: float = 0.1
    """The best rule beside the best vote; 0: as published."""


class Scores(NamedTuple):
    """Product numbers, each once, and what each scores."""

    items: Ints
    values: Floats


_NO_ITEMS, _NO_SCORES = np.zeros(0, np.int64), np.zeros(0)


class _Header(msgspec.Struct, frozen=True):
    products: list[str]
    config: NextItemConfig
    sessions: int


class SessionArrays(msgspec.Struct, frozen=True):
    """Arrays of the index. Products and sessions are numbers; a session's number is its place by recency, 0 the newest.

    Of a group (a session, a product) n, its entries are ``x[bounds[n]:bounds[n + 1]]``.
    """

    session_bounds: Ints
    session_items: npt.NDArray[np.int32]
    """Products of a session, each once, in the order of their first click."""
    posting_bounds: Ints
    postings: npt.NDArray[np.int32]
    """The newest sessions of a product, newest first."""
    idf: Floats
    """By product: log(sessions / sessions that saw it)."""
    rule_bounds: Ints
    rule_items: npt.NDArray[np.int32]
    rule_strengths: Floats


class SessionIndex:
    """Scores of what may follow. ``session`` is always the numbers of the products clicked so far, oldest first;
    a product that no past session saw has any negative number, a different one for each.
    """

    def __init__(
        self,
        products: Sequence[str],
        arrays: SessionArrays,
        config: NextItemConfig,
        sessions: int,
    ) -> None:
        """products: ids by number, in order. sessions: how many were learned from."""
        self.products = products
        self.arrays = arrays
        self.config = config
        self.sessions = sessions
        self._number = {product: number for number, product in enumerate(products)}

    def numbers(self, products: Sequence[str]) -> list[int]:
        """Products, oldest first, as a session of this index."""
        return numbered(products, self._number)

    def by_rules(self, session: Sequence[int]) -> Scores:
        """Products that came later in sessions with the last products."""
        others: list[npt.NDArray[np.integer[Any]]] = [_NO_ITEMS]
        strengths = [_NO_SCORES]
        for back, item in enumerate(reversed(session[-self.config.rule_history :])):
            if item >= 0:
                kept = slice(self.arrays.rule_bounds[item], self.arrays.rule_bounds[item + 1])
                others.append(self.arrays.rule_items[kept])
                strengths.append(self.config.rule_decay**back * self.arrays.rule_strengths[kept])
        return _summed(others, strengths)

    def by_neighbours(self, session: Sequence[int]) -> Scores:
        """Votes of the sessions most like this one."""
        config = self.config
        recent = list(dict.fromkeys(reversed(session)))[: config.session_length]  # newest first, each once
        scores = Scores(_NO_ITEMS, _NO_SCORES)
        if len(numbers := self._alike(recent)):
            scores = self._votes(recent, *numbers)
        if config.revisit:
            best_score = float(scores.values.max()) if len(scores.values) else 1.0
            again = [
                (item, config.revisit * best_score * config.revisit_decay**back)
                for back, item in enumerate(recent[1:])
                if item >= 0
            ]
            if again:
                items, values = zip(*again, strict=True)
                scores = _summed([scores.items, np.array(items)], [scores.values, np.array(values)])
        return scores

    def _alike(self, recent: Sequence[int]) -> tuple[()] | tuple[Ints, Floats, Ints]:
        """The neighbours, best first: their numbers, similarities, and the place in ``recent`` of the newest
        product they share.
        """
        config = self.config
        parts = [self._newest(item) * len(recent) + back for back, item in enumerate(recent) if item >= 0]
        if not sum(map(len, parts)):
            return ()
        # Sorted, the entries of a session stand together, its newest shared product first.
        keys = np.sort(np.concatenate(parts))
        numbers, backs = np.divmod(keys, len(recent))
        starts = np.flatnonzero(np.diff(numbers, prepend=-1))
        steps = np.arange(len(recent))
        weights = 1.0 - steps / len(recent) if config.recency is None else config.recency**steps
        similarity = np.add.reduceat(weights[backs], starts)
        chosen = _largest(similarity, config.neighbours)
        return numbers[starts[chosen]], similarity[chosen], backs[starts[chosen]]

    def _newest(self, item: int) -> Ints:
        """The newest sessions of a product, newest first."""
        arrays = self.arrays
        return arrays.postings[arrays.posting_bounds[item] : arrays.posting_bounds[item + 1]].astype(np.int64)

    def _sessions(self, numbers: Ints) -> tuple[Ints, Ints, Ints]:
        """(how many products each has, the place of each in its session, the products), session after session."""
        starts = self.arrays.session_bounds[numbers]
        lengths = self.arrays.session_bounds[numbers + 1] - starts
        firsts = np.cumsum(lengths) - lengths
        places = np.arange(int(lengths.sum())) - np.repeat(firsts, lengths)
        return (
            lengths,
            places,
            self.arrays.session_items[places + np.repeat(starts, lengths)].astype(np.int64),
        )

    def _votes(self, recent: Sequence[int], numbers: Ints, similarity: Floats, first_match: Ints) -> Scores:
        lengths, places, items = self._sessions(numbers)
        vote = similarity / len(recent) * np.maximum(0.0, 1.0 - 0.1 * (first_match + 1))
        shared = np.asarray(recent)[first_match]
        shared_places = places[items == np.repeat(shared, lengths)]  # each session has it once
        near = 1.0 + self.config.closeness * np.abs(places - np.repeat(shared_places, lengths))
        votes = np.repeat(vote, lengths) * self.arrays.idf[items] / near
        return _summed([items], [votes])

    def scores(self, session: Sequence[int]) -> Scores:
        """Both together: votes, and rules scaled to ``rule_weight`` of the best vote."""
        scores = self.by_neighbours(session)
        if not self.config.rule_weight:
            return scores
        rules = self.by_rules(session)
        if not len(rules.items):
            return scores
        best_score = float(scores.values.max()) if len(scores.values) else 1.0
        scale = self.config.rule_weight * best_score / float(rules.values.max())
        return _summed([scores.items, rules.items], [scores.values, scale * rules.values])

    def next_products(
        self, viewed: Sequence[str], top: int, *, returns: bool = False
    ) -> list[tuple[str, float]]:
        """(product, score), best first, of what follows on products ``viewed`` (oldest first), those left out; with
        ``returns`` the last alone.

        Empty where no past session saw any of them.
        """
        session = self.numbers(viewed)
        if all(item < 0 for item in session):
            return []
        best = ranked(self.scores(session), set(session[-1:] if returns else session), top)
        return [
            (self.products[item], score)
            for item, score in zip(best.items.tolist(), best.values.tolist(), strict=True)
        ]

    def write(self, path: Path) -> None:
        """Write the whole file; the same content gives the same bytes. Renaming and syncing it is the caller's part."""
        about = {"products": list(self.products), "config": self.config, "sessions": self.sessions}
        write_arrays(path, _MAGIC, about, msgspec.structs.asdict(self.arrays))

    @classmethod
    def open(cls, path: Path) -> SessionIndex:
        """Map a file. Raises SessionIndexError where it is missing, torn or something else."""
        try:
            opened = open_arrays(path, _MAGIC, "session index")
            header = msgspec.json.decode(opened.header, type=_Header)
            return cls(header.products, SessionArrays(**opened.arrays), header.config, header.sessions)
        except ArrayFileError as error:
            raise SessionIndexError(str(error)) from error
        except (msgspec.MsgspecError, TypeError) as error:
            raise SessionIndexError(f"{path} can't be read as a session index: {error}") from error


def empty_index(config: NextItemConfig | None = None) -> SessionIndex:
    """The index of a shop that no session has visited."""
    bounds, items = np.zeros(1, np.int64), np.zeros(0, np.int32)
    nothing = np.zeros(0)
    arrays = SessionArrays(bounds, items, bounds, items, nothing, bounds, items, nothing)
    return SessionIndex([], arrays, config or NextItemConfig(), 0)


def numbered(session: Sequence[Any], number: Mapping[Any, int]) -> list[int]:
    """A session as numbers; what has none gets negative ones, the same for the same product."""
    unknown: dict[Hashable, int] = {}
    return [
        number[each] if each in number else unknown.setdefault(each, -1 - len(unknown)) for each in session
    ]


def ranked(scores: Scores, dropped: Collection[int], top: int) -> Scores:
    """The best by falling score, ties by number, the dropped ones left out."""
    items, values = scores
    candidates = top + len(dropped)
    if len(items) > candidates:  # most are far behind: only those that may be among the best are sorted
        cut = len(values) - candidates
        near = values >= np.partition(values, cut)[cut]
        items, values = items[near], values[near]
    order = np.lexsort((items, -values))
    kept = [place for place in order.tolist() if items[place] not in dropped][:top]
    return Scores(items[kept], values[kept])


def _summed(items: Sequence[npt.NDArray[np.integer[Any]]], values: Sequence[Floats]) -> Scores:
    """Each item once, by number; the values of an item are added in the order in which they stand."""
    together = np.concatenate(items)
    found, group = np.unique(together, return_inverse=True)
    sums = np.bincount(group, weights=np.concatenate(values), minlength=len(found))
    return Scores(found.astype(np.int64), sums.astype(np.float64))


def _largest(values: Floats, count: int) -> Ints:
    """Places of the largest values, largest first, ties by place."""
    if len(values) > count:
        threshold = np.partition(values, len(values) - count)[len(values) - count]
        above = np.flatnonzero(values > threshold)
        ties = np.flatnonzero(values == threshold)[: count - len(above)]
        places = np.sort(np.concatenate([above, ties]))
    else:
        places = np.arange(len(values))
    result: Ints = places[np.argsort(-values[places], kind="stable")]
    return result
