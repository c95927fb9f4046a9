"""Next-item prediction measured: reveal a session click by click, ask for the next product each time.

The protocol of Serenade and of session-rec: every step of every test session is a case, the whole catalogue
is ranked, the product of the last click is dropped from the list; and once more with all products of the
session dropped (then only steps to a product new to the session are cases). Test clicks on products that
the train file never saw stay cases, which no arm can hit.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from orchestration.lib.evaluation.measures import Measured, reciprocal_rank, with_interval
from orchestration.lib.session_neighbours import PUBLISHED, NextItem, ranked

TOP = 20


class SessionsError(ValueError):
    """The file can't be evaluated; the text says file, line and why."""


@dataclass(frozen=True)
class Sessions:
    """Item numbers by session in the order of the clicks, and when each session ended (epoch s)."""

    items: list[list[int]]
    ended: list[float]


@dataclass(frozen=True)
class SessionArm:
    """One predictor's numbers; ``_new`` with all products of the session dropped."""

    arm: str
    hit_rate: Measured
    mrr: Measured
    hit_rate_new: Measured
    mrr_new: Measured
    coverage: float


def read_sessions(path: Path) -> Sessions:
    """A tab-separated file with SessionId, ItemId (a whole number) and Time (epoch s). Raises SessionsError.

    Clicks are put in the order of their times; equal times keep the order of the file. Sessions of one
    click are left out, as in the protocol.
    """
    clicks: dict[str, list[tuple[float, int, int]]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, delimiter="\t")
            if missing := {"SessionId", "ItemId", "Time"} - set(reader.fieldnames or ()):
                raise SessionsError(f"{path}:1: no column {', '.join(sorted(missing))} (tab-separated)")
            for number, row in enumerate(reader):
                try:
                    click = (float(row["Time"]), number, int(row["ItemId"]))
                except (TypeError, ValueError):
                    raise SessionsError(
                        f"{path}:{reader.line_num}: ItemId and Time must be numbers"
                    ) from None
                clicks.setdefault(row["SessionId"], []).append(click)
    except (OSError, UnicodeDecodeError) as error:
        raise SessionsError(f"{path}: {error}") from None
    kept = [sorted(session) for session in clicks.values() if len(session) > 1]
    return Sessions(
        [[item for _, _, item in session] for session in kept], [session[-1][0] for session in kept]
    )


Predict = Callable[[Sequence[int], bool], npt.NDArray[np.int64]]
"""(session so far, drop all its products) to at most ``TOP`` items, best first."""


def default_arms(train: Sessions) -> dict[str, Predict]:
    """Predictors that need nothing but past sessions."""
    ours = NextItem(train.items, train.ended)
    published = NextItem(train.items, train.ended, PUBLISHED)
    counts = Counter(item for session in train.items for item in session)
    popular = {item: float(n) for item, n in counts.most_common(TOP * 20)}

    def dropped(session: Sequence[int], all_of_it: bool) -> set[int]:
        return set(session) if all_of_it else {session[-1]}

    return {
        "popularity": lambda s, new: ranked(popular, dropped(s, new), TOP),
        "sequential rules": lambda s, new: ranked(ours.by_rules(s), dropped(s, new), TOP),
        "VMIS-kNN as published": lambda s, new: published.next_items(s, TOP, drop_seen=new),
        "footfall": lambda s, new: ours.next_items(s, TOP, drop_seen=new),
    }


def evaluate_sessions(
    train: Sessions, test: Sessions, *, seed: int = 0, arms: Mapping[str, Predict] | None = None
) -> list[SessionArm]:
    """The arms (default: ``default_arms``), learned on ``train`` and asked on ``test``."""
    catalogue = len({item for session in train.items for item in session})
    results = []
    for name, predict in (arms or default_arms(train)).items():
        every: list[float] = []
        fresh: list[float] = []
        shown: set[int] = set()
        for session in test.items:
            for step in range(1, len(session)):
                so_far, target = session[:step], session[step]
                items = predict(so_far, False)
                shown.update(items.tolist())
                every.append(reciprocal_rank(items, target, TOP))
                if target not in so_far:
                    fresh.append(reciprocal_rank(predict(so_far, True), target, TOP))
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
