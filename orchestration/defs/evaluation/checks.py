"""Checks of the evaluation's metrics."""

import dagster as dg

from footfall.settings import load_settings
from orchestration.defs.evaluation.assets import EVALUATION


@dg.asset_check(
    asset=EVALUATION,
    name="assert_quality_has_not_fallen",
    blocking=True,
    description="The served lists are not surely worse than they were (rule: orchestration/evaluation/history.py). "
    "A fall holds every publish back until a run passes or `footfall quality --accept WHY`.",
)
def quality_has_not_fallen() -> dg.AssetCheckResult:
    """The verdict on the newest run that could say anything."""
    from orchestration.evaluation.history import Verdict, held, read_history

    derived = load_settings().paths.derived
    fallen, runs = held(derived), read_history(derived)
    last = fallen or (runs[-1] if runs else None)
    return dg.AssetCheckResult(
        passed=fallen is None,
        metadata={
            "verdict": str(last.verdict if last else Verdict.NOT_ENOUGH),
            "reason": last.reason if last else "never measured",
        },
    )


@dg.asset_check(
    asset=EVALUATION,
    name="assert_better_than_popularity",
    description="The served lists are at least as good as showing everybody what is popular. A warning only: in a "
    "shop of few products, bestsellers may be the best list.",
)
def better_than_popularity() -> dg.AssetCheckResult:
    """Fails where popularity's interval lies above ours."""
    from orchestration.evaluation.history import find, read_history

    settings = load_settings()
    runs = read_history(settings.paths.derived)
    metrics = runs[-1].metrics if runs else ()
    worse = []
    for problem, metric in (("visit", "mrr"), ("return", "recall"), ("want", "recall")):
        ours, popular = (
            runs[-1].ours(problem, metric) if runs else None,
            find(metrics, problem, "popularity", metric),
        )
        if ours is None or popular is None or ours.cases < settings.evaluation_min_cases:
            continue
        if ours.high is not None and popular.low is not None and ours.high < popular.low:
            worse.append(f"{problem} {metric}: {ours.value:.4f}, popularity {popular.value:.4f}")
    return dg.AssetCheckResult(
        passed=not worse,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"worse": "; ".join(worse) or "nowhere"},
    )


all_checks = [quality_has_not_fallen, better_than_popularity]
