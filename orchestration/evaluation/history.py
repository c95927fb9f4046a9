"""Measurements over time, and the one rule by which they hold a publish back.

``lake/derived/recommendation_metrics/recommendation_metrics.parquet`` keeps every run's numbers with the verdict on
them; dbt reads it as a source (mart ``recommendation_metrics``). Runs are few (one a day, and one when a rule
changed): the file is rewritten whole, durably.

**The rule.** A run is held where one of the guarded numbers of the served lists is *surely* lower than it was: the
upper end of its 95 % interval lies under (1 - ``quality_max_fall``) x the median of the last seven runs that passed.
Numbers over fewer than ``evaluation_min_cases`` cases hold nothing, and let nothing through either: an import that
broke more must not end what a broken import began. The last verdict stands until a run passes or somebody accepts the
fall (``footfall quality --accept WHY``), from where the reference begins again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.evaluation.shop import OURS, Metric
from orchestration.lake.schema import RECOMMENDATION_METRICS
from orchestration.storage.atomic_write import write_durably

NAME = "recommendation_metrics"
#: What is guarded: problem and metric of the served arm.
GUARDED = (
    ("return", "recall"),
    ("return", "recall_new"),
    ("want", "recall"),
    ("want", "recall_new"),
    ("visit", "mrr"),
    ("text", "same_type"),
)
#: Runs that make the reference: a week of daily ones, so that one lucky day is no yardstick.
REFERENCE_RUNS = 7


class Verdict(StrEnum):
    PASSED = "passed"
    NOT_ENOUGH = "not_enough"
    """Too few cases for a result: it neither holds back nor releases a publish."""
    HELD = "held"
    ACCEPTED = "accepted"
    """Held back at first, then accepted by a person."""


@dataclass(frozen=True)
class Run:
    """One evaluation. ``rules`` names code and vars: runs of the same rules differ by their data alone."""

    run_id: str
    measured_at: datetime
    rules: str
    since: date | None
    split: date | None
    until: date | None
    metrics: tuple[Metric, ...]
    verdict: Verdict
    reason: str

    def ours(self, problem: str, metric: str) -> Metric | None:
        """The served arm's number."""
        return find(self.metrics, problem, OURS, metric)


def find(metrics: Iterable[Metric], problem: str, arm: str, metric: str) -> Metric | None:
    """The one metric of this name, or None."""
    for each in metrics:
        if (each.problem, each.arm, each.metric) == (problem, arm, metric):
            return each
    return None


def judge(
    metrics: Sequence[Metric], before: Sequence[Run], *, max_fall: float, min_cases: int
) -> tuple[Verdict, str]:
    """The rule above. ``before``: earlier runs, oldest first. Returns the verdict and its reason in words."""
    reference = _reference(before)
    problems, asked = [], 0
    for problem, metric in GUARDED:
        now = find(metrics, problem, OURS, metric)
        if now is None or now.cases < min_cases:
            continue
        asked += problem != "text"
        earlier = [
            found.value
            for run in reference
            if (found := run.ours(problem, metric)) is not None and found.cases >= min_cases
        ]
        if not earlier or now.high is None:
            continue
        floor = (1.0 - max_fall) * median(earlier)
        if now.high < floor:
            problems.append(
                f"{problem} {metric} is {now.value:.4f}, at most {now.high:.4f}; the last {len(earlier)} run(s) had "
                f"{median(earlier):.4f}, and {max_fall:.0%} less would be {floor:.4f}"
            )
    if problems:
        return Verdict.HELD, "; ".join(problems)
    if not asked:
        return Verdict.NOT_ENOUGH, f"no problem has {min_cases} cases yet: no verdict"
    return Verdict.PASSED, f"{asked} metrics compared with {len(reference)} earlier run(s)"


def _reference(before: Sequence[Run]) -> list[Run]:
    good: list[Run] = []
    for run in reversed(before):
        if run.verdict in (Verdict.PASSED, Verdict.ACCEPTED):
            good.append(run)
        if run.verdict is Verdict.ACCEPTED or len(good) == REFERENCE_RUNS:
            break
    return good


def history_file(derived: Path) -> Path:
    return derived / NAME / f"{NAME}.parquet"


def read_history(derived: Path) -> list[Run]:
    """All runs, oldest first; none where nothing was ever measured."""
    path = history_file(derived)
    if not path.exists():
        return []
    runs: dict[str, dict[str, Any]] = {}
    for row in pq.read_table(path).to_pylist():
        about = runs.setdefault(row["run_id"], {**row, "metrics": []})
        about["metrics"].append(
            Metric(*(row[name] for name in ("problem", "arm", "metric", "value", "low", "high", "cases")))
        )
    return [
        Run(
            run_id=about["run_id"],
            measured_at=about["measured_at"],
            rules=about["rules"],
            since=about["since"],
            split=about["split_day"],
            until=about["until"],
            metrics=tuple(metric for metric in about["metrics"] if metric.problem != _NOTHING.problem),
            verdict=Verdict(about["verdict"]),
            reason=about["reason"],
        )
        for about in sorted(runs.values(), key=lambda each: (each["measured_at"], each["run_id"]))
    ]


#: A run that could measure nothing is a run all the same.
_NOTHING = Metric("nothing", OURS, "cases", 0.0, None, None, 0)


def write_history(derived: Path, runs: Sequence[Run]) -> None:
    """Replace the history, durably."""
    rows = [
        {
            "run_id": run.run_id,
            "measured_at": run.measured_at,
            "rules": run.rules,
            "since": run.since,
            "split_day": run.split,
            "until": run.until,
            "problem": metric.problem,
            "arm": metric.arm,
            "metric": metric.metric,
            "value": metric.value,
            "low": metric.low,
            "high": metric.high,
            "cases": metric.cases,
            "verdict": str(run.verdict),
            "reason": run.reason,
        }
        for run in runs
        for metric in run.metrics or (_NOTHING,)
    ]
    table = pa.Table.from_pylist(rows, schema=RECOMMENDATION_METRICS)
    write_durably(history_file(derived), lambda aside: pq.write_table(table, aside, compression="zstd"))


def held(derived: Path) -> Run | None:
    """The run that holds publishes back at the moment, or None: the newest that could say anything, if it was held."""
    said = [run for run in read_history(derived) if run.verdict is not Verdict.NOT_ENOUGH]
    return said[-1] if said and said[-1].verdict is Verdict.HELD else None


def accept(derived: Path, why: str) -> Run:
    """Let the fall that holds publishes back through, with the reason; publishing goes on, the reference begins there.

    Raises ValueError where nothing is held.
    """
    fallen = held(derived)
    if fallen is None:
        raise ValueError("nothing is held back")
    accepted = replace(
        fallen, verdict=Verdict.ACCEPTED, reason=f"accepted: {why} (held for: {fallen.reason})"
    )
    write_history(derived, [accepted if run == fallen else run for run in read_history(derived)])
    return accepted
