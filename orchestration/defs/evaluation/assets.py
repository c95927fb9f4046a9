"""How good the recommendations are, measured on the shop's own past, and the checks that hold a worse one back."""

from datetime import UTC, datetime

import dagster as dg

from footfall.settings import load_settings
from orchestration.defs.warehouse.dbt import model_key
from orchestration.storage.duckdb_files import POOL
from orchestration.storage.full_disk import full_disk_in_words

#: Not in any lane: a person starts it (job `tuning`, or `footfall tuning search`).
TUNING = dg.AssetKey(["evaluation", "tuning_proposal"])
EVALUATION = dg.AssetKey(["evaluation", "recommendation_evaluation"])


@dg.asset(
    key=EVALUATION,
    deps=[model_key("visitor_recommendations"), model_key("product_recommendations")],
    group_name="evaluation",
    kinds={"python", "scikitlearn"},
    owners=["team:data-science"],
    pool=POOL,
    description="The shop rebuilt as it stood some days ago by its own models, its lists held against what visitors "
    "did next, every baseline beside them, with 95 % intervals. Measured once a day and whenever a rule changed; the "
    "history is the mart `recommendation_metrics`.",
)
@full_disk_in_words()
def recommendation_evaluation(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Measure when it is due; otherwise say again what the last run said."""
    from orchestration.evaluation.history import read_history
    from orchestration.evaluation.report import arms_plot, tables, trend_plot
    from orchestration.evaluation.run import evaluate_shop, last_if_fresh, rules_in_force

    settings = load_settings()
    run = last_if_fresh(settings, rules_in_force(settings), datetime.now(UTC))
    reused = run is not None
    if run is None:
        run = evaluate_shop(settings, run_id=context.run_id)
    context.log.info(f"{run.verdict}: {run.reason}")
    runs = read_history(settings.paths.derived)
    shown = {
        "tables": tables(run.metrics),
        "plot": arms_plot(run.metrics),
        "trend": trend_plot(runs[-90:]),
    }
    numbers = {
        f"{problem}_{metric}": found.value
        for problem, metric in (("visit", "mrr"), ("return", "recall"), ("return", "recall_new"))
        if (found := run.ours(problem, metric)) is not None
    }
    return dg.MaterializeResult(
        metadata={
            "verdict": str(run.verdict),
            "reason": run.reason,
            "measured_at": dg.MetadataValue.timestamp(run.measured_at.replace(tzinfo=UTC)),
            "measured_in_this_run": not reused,
            "learned_from": f"{run.since} to {run.split} (excluded)",
            "asked_about": f"{run.split} to {run.until} (excluded)",
            "rules": run.rules,
            "runs_in_history": len(runs),
            **numbers,
            **{name: dg.MetadataValue.md(text) for name, text in shown.items() if text},
        }
    )


@dg.asset(
    key=TUNING,
    deps=[EVALUATION],
    group_name="evaluation",
    kinds={"python"},
    owners=["team:data-science"],
    # In no pool: it copies what it needs under the warehouse's file lock, then works on the copy for minutes.
    description="Better half-lives, weights and blend for this shop, searched on its own past within `tuning_seconds` "
    "and confirmed on visitors not used in it. Writes a proposal; `footfall tuning accept` puts it into "
    "dbt_project.yml.",
)
@full_disk_in_words()
def tuning_proposal(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Search and write ``tuning/proposal.yml``; one with too little data, or that finds nothing, writes none."""
    import yaml

    from orchestration.evaluation.backtest import TooLittle
    from orchestration.evaluation.run import propose
    from orchestration.evaluation.tuning import as_plain, proposal_file

    settings = load_settings()
    try:
        proposal = propose(settings, settings.tuning_seconds, tell=context.log.info)
    except TooLittle as little:
        return dg.MaterializeResult(metadata={"is_better": False, "reason": str(little)})
    found = yaml.safe_dump(as_plain(proposal), sort_keys=False)
    path = proposal_file(settings.paths.data)
    return dg.MaterializeResult(
        metadata={
            "is_better": proposal.is_better,
            "tried": proposal.tried,
            "seconds": proposal.seconds,
            "proposal": dg.MetadataValue.md(f"```yaml\n{found}```"),
            **({"path": dg.MetadataValue.path(str(path))} if proposal.has_changes else {}),
        }
    )
