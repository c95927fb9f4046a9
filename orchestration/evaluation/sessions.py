"""Next-item prediction measured: reveal a session click by click, ask for the next product each time.

The protocol of Serenade and of session-rec: every step of every test session is a case, the whole catalogue
is ranked, the product of the last click is dropped from the list; and once more with all products of the
session dropped (then only steps to a product new to the session are cases). Test clicks on products that
the train file never saw stay cases, which no arm can hit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.evaluation.metrics import Measured, reciprocal_rank, with_interval
from orchestration.evaluation.readers import TIMES, FileError, ids, moments, read_text_rows
from orchestration.recommend.session_neighbours import PUBLISHED, NextItem, NextItemConfig, SoFar, ranked

TOP = 20


@dataclass(frozen=True)
class Sessions:
    """Item numbers by session in the order of the clicks, and when each session ended (epoch s)."""

    items: list[list[int]]
    ended: list[float]
    notes: tuple[str, ...] = field(default=(), compare=False)
    """Descriptions of the rows that were left out."""


@dataclass(frozen=True)
class SessionArm:
    """One predictor's numbers; ``_new`` with all products of the session dropped."""

    arm: str
    hit_rate: Measured
    mrr: Measured
    hit_rate_new: Measured
    mrr_new: Measured
    coverage: float


#: The columns, and what exporters call them.
_COLUMNS = {
    "session": ("SessionId", "session"),
    "item": ("ItemId", "item", "ProductId", "product"),
    "time": ("Time", "Timestamp", "EventTime", "OccurredAt", "EventDate", "DateTime", "ts"),
}
#: Numbers of item ids that are not whole numbers begin here, above any id of a shop.
_NAMED = 1 << 48


def read_sessions(path: Path, names: dict[str, int] | None = None) -> Sessions:
    """A tab-separated file with SessionId, ItemId and Time (epoch seconds, or a timestamp). Raises FileError.

    Item ids that are whole numbers keep them; others get numbers, which ``names`` carries from one file to the
    next. Clicks are put in the order of their times; equal times keep the order of the file. The same click twice is
    one. Sessions of one click are left out, as in the protocol.
    """
    rows = read_text_rows(path, _COLUMNS)
    for name in ("session", "item"):
        rows.leave_out(pc.equal(rows.columns[name], ""), f"without {_COLUMNS[name][0]}")
    rows.leave_out(moments(rows.columns["time"])[1], f"whose Time is not a time ({TIMES})")
    rows.settle()
    rows.columns["item"] = ids(rows.columns["item"])
    at = moments(rows.columns["time"])[0].to_numpy(zero_copy_only=False)
    session = pc.dictionary_encode(rows.columns["session"]).indices.to_numpy(zero_copy_only=False)
    items = _numbers(rows.columns["item"], {} if names is None else names)
    notes = list(rows.told)
    # Stable, so that equal times keep the order of the file
    order = np.lexsort((np.arange(len(at)), at, session))
    session, items, at = session[order], items[order], at[order]
    same = np.zeros(len(at), dtype=bool)
    same[1:] = (np.diff(session) == 0) & (np.diff(items) == 0) & (np.diff(at) == 0)
    if same.any():
        notes.append(f"{int(same.sum()):,} duplicate click(s) count once")
        session, items, at = session[~same], items[~same], at[~same]
    bounds = np.append(np.flatnonzero(np.diff(session, prepend=-1)), len(session))
    lengths = np.diff(bounds)
    if single := int((lengths == 1).sum()):
        notes.append(f"{single:,} of {len(lengths):,} sessions have one click and are left out")
    kept = np.flatnonzero(lengths > 1)
    if not len(kept):
        raise FileError(f"{path}: no session has two clicks")
    return Sessions(
        [items[bounds[n] : bounds[n + 1]].tolist() for n in kept],
        (at[bounds[kept + 1] - 1] / 1e6).tolist(),
        tuple(notes),
    )


def _numbers(column: pa.Array, names: dict[str, int]) -> npt.NDArray[np.int64]:
    encoded = pc.dictionary_encode(column)
    whole = re.compile(r"0|[1-9]\d{0,13}")
    numbers = [
        int(text) if whole.fullmatch(text) else names.setdefault(text, _NAMED + len(names))
        for text in encoded.dictionary.to_pylist()
    ]
    return np.array(numbers, dtype=np.int64)[encoded.indices.to_numpy(zero_copy_only=False)]


Predict = Callable[[SoFar, bool], npt.NDArray[np.int64]]
"""(session so far, drop all its products) to at most ``TOP`` items, best first."""


def default_arms(train: Sessions, config: NextItemConfig | None = None) -> dict[str, Predict]:
    """Predictors that need nothing but past sessions; ``config`` are ours' settings."""
    ours = NextItem(train.items, train.ended, config)
    published = NextItem(train.items, train.ended, PUBLISHED)
    counts = Counter(item for session in train.items for item in session)
    popular = {item: float(n) for item, n in counts.most_common(TOP * 20)}

    def dropped(session: SoFar, all_of_it: bool) -> Collection[int]:
        return session.products if all_of_it else session.last(1)

    return {
        "popularity": lambda s, new: ranked(popular, dropped(s, new), TOP),
        "sequential rules": lambda s, new: ranked(ours.by_rules(s), dropped(s, new), TOP),
        "VMIS-kNN as published": lambda s, new: published.next_items(s, TOP, drop_seen=new),
        "footfall": lambda s, new: ours.next_items(s, TOP, drop_seen=new),
        "footfall, recommendation_returns 0": lambda s, new: ours.next_items(s, TOP, drop_seen=True),
    }


def evaluate_sessions(
    train: Sessions,
    test: Sessions,
    *,
    seed: int = 0,
    arms: Mapping[str, Predict] | None = None,
    tick: Callable[[str, int], None] = lambda arm, steps: None,
) -> list[SessionArm]:
    """The arms (default: ``default_arms``), learned on ``train`` and asked on ``test``.

    tick: told each arm's steps as they are done.
    """
    catalogue = len({item for session in train.items for item in session})
    results = []
    for name, predict in (arms or default_arms(train)).items():
        every: list[float] = []
        fresh: list[float] = []
        shown: set[int] = set()
        for session in test.items:
            so_far = SoFar()
            for item, target in pairwise(session):
                so_far.add(item)
                items = predict(so_far, False)
                shown.update(items.tolist())
                every.append(reciprocal_rank(items, target, TOP))
                if target not in so_far.products:
                    fresh.append(reciprocal_rank(predict(so_far, True), target, TOP))
            tick(name, len(session) - 1)
        results.append(
            SessionArm(
                arm=name,
                hit_rate=with_interval([float(rank > 0) for rank in every], seed),
                mrr=with_interval(every, seed),
                hit_rate_new=with_interval([float(rank > 0) for rank in fresh], seed),
                mrr_new=with_interval(fresh, seed),
                coverage=len(shown) / catalogue if catalogue else 0.0,
            )
        )
    return results
