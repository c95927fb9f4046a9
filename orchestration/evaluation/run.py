"""One evaluation of the shop, start to end: when it is due, the measuring, the verdict, the history."""

from __future__ import annotations

import hashlib
import shutil
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from footfall.settings import Settings
from orchestration.evaluation.backtest import Past, TooLittle, Window
from orchestration.evaluation.history import Run, Verdict, held, judge, read_history, write_history
from orchestration.evaluation.past_lists import blend_of
from orchestration.evaluation.shop import Metric, measure
from orchestration.evaluation.tuning import Proposal, proposal_file, tune, write_proposal
from orchestration.recommend.session_neighbours import session_config
from orchestration.recommend.text_similarity import text_config
from orchestration.recommend.visitor_similarity import VisitorSimilarityConfig
from orchestration.storage.environment import dbt_project
from orchestration.storage.personal_data import EVALUATION, TUNING
from orchestration.warehouse.dbt_runner import project_fingerprint, project_vars

#: Raised when the evaluation itself changes its numbers.
_GENERATION = 3


def rules_in_force(settings: Settings) -> str:
    """Names everything that decides what is recommended and how it is measured: SQL, vars, settings of the models."""
    parts = [
        str(_GENERATION),
        project_fingerprint(dbt_project()),
        text_config(settings).model_version,
        VisitorSimilarityConfig().model_version,
        repr(session_config(project_vars(dbt_project()))),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def last_if_fresh(settings: Settings, rules: str, now: datetime) -> Run | None:
    """The last run where it still speaks for today: same rules, young enough, and nothing is held back.

    A shop that is held back is measured again each time, so that a repaired import lets the shop go on by itself.
    """
    runs = read_history(settings.paths.derived)
    if not runs or runs[-1].rules != rules or held(settings.paths.derived):
        return None
    age = now.replace(tzinfo=None) - runs[-1].measured_at
    return runs[-1] if timedelta(0) <= age < timedelta(hours=settings.evaluation_hours) else None


def propose(
    settings: Settings, seconds: float, *, tell: Callable[[str], None] = lambda line: None
) -> Proposal:
    """Search for better settings and write what was found into the proposal file. A search that finds nothing (its
    budget was too small, or the current rules are the best) leaves an earlier proposal as it is. Raises TooLittle.
    """
    folder = settings.paths.data / TUNING
    try:
        proposal = tune(Past(settings, folder), project_vars(dbt_project()), seconds=seconds, tell=tell)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if proposal.has_changes:
        write_proposal(proposal_file(settings.paths.data), proposal)
    return proposal


def evaluate_shop(settings: Settings, *, run_id: str | None = None) -> Run:
    """Measure, judge, and add the run to the history. A shop with too little data gets a run that says so."""
    now = datetime.now(UTC)
    folder = settings.paths.data / EVALUATION
    metrics: list[Metric] = []
    window: Window | None = None
    too_little: TooLittle | None = None
    try:
        past = Past(settings, folder)
        window = past.window
        past.build()
        variables = project_vars(dbt_project())
        metrics = measure(
            past, blend_of(variables), config=session_config(variables), texts=text_config(settings)
        )
    except TooLittle as little:
        too_little = little
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    # Read after the minutes that measuring takes: meanwhile somebody may have let the last fall through.
    before = read_history(settings.paths.derived)
    if too_little is None:
        verdict, reason = judge(
            metrics, before, max_fall=settings.quality_max_fall, min_cases=settings.evaluation_min_cases
        )
    else:
        verdict, reason = Verdict.NOT_ENOUGH, f"{too_little}: no verdict"
    run = Run(
        run_id=run_id or uuid.uuid4().hex,
        measured_at=now.replace(tzinfo=None),
        rules=rules_in_force(settings),
        since=window.since if window else None,
        split=window.split if window else None,
        until=window.until if window else None,
        metrics=tuple(metrics),
        verdict=verdict,
        reason=reason,
    )
    write_history(settings.paths.derived, [*(each for each in before if each.run_id != run.run_id), run])
    return run
