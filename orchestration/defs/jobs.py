"""The jobs: two lanes of the asset graph, and what keeps lake, warehouse and instance in order.

``fast_lane`` holds what a click needs to reach the shop, and runs after every sealed segment. ``full_pipeline`` holds
every asset, and runs hourly: so a slow asset, like text similarity, never holds up a click. dbt's models are
materialized and checked by the full pipeline; the fast lane adds to them in one asset, ``fast_lane/increment``.
A person starts ``rebuild_days``, the full pipeline after some days were read again from the lake.
"""

import shutil
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from footfall.settings import load_settings
from orchestration.defs.evaluation.assets import TUNING
from orchestration.defs.warehouse.dbt import INCREMENT, DaysConfig, fast_models, incremental_models, model_key
from orchestration.defs.warehouse.reconciliation import KEY as RECONCILIATION
from orchestration.runs.job_names import FAST_LANE, FULL_PIPELINE
from orchestration.runs.launcher import one_process
from orchestration.storage.duckdb_files import POOL
from orchestration.storage.full_disk import full_disk_in_words
from orchestration.storage.personal_data import FAILED_RUN_DAYS

RECONCILE = "reconcile"

fast_lane = dg.define_asset_job(
    FAST_LANE,
    selection=dg.AssetSelection.assets(
        ["lake", "events"],
        ["lake", "failed_events"],
        ["lake", "landing_counts"],
        ["ledgers", "imports"],
        INCREMENT,
        ["serving", "snapshot"],
    ),
    description="Brings clicks to the shop: from sealed segments to the published snapshot.",
)

EVERYTHING = dg.AssetSelection.all() - dg.AssetSelection.assets(RECONCILIATION, TUNING, INCREMENT)

full_pipeline = dg.define_asset_job(
    FULL_PIPELINE,
    selection=EVERYTHING,
    description="Every asset and every check, from landing to the published snapshot.",
)


@dg.config_mapping
def days_of_receipt(config: DaysConfig) -> dict[str, Any]:
    """In the launchpad the job asks for two days, and for nothing else."""
    return {
        "ops": {"dbt_build": {"config": {"days": {"from_day": config.from_day, "to_day": config.to_day}}}}
    }


rebuild_days = dg.define_asset_job(
    "rebuild_days",
    selection=EVERYTHING,
    config=days_of_receipt,
    description="The full pipeline, which first reads the events of a range of days of receipt again from the lake and "
    "has everything computed again that depends on them. Other days stay. Choose the days in the launchpad.",
)

tuning = dg.define_asset_job(
    "tuning",
    selection=dg.AssetSelection.assets(TUNING),
    description="Search for better settings and propose them; started by a person.",
)

hourly = dg.ScheduleDefinition(
    name="full_pipeline_hourly",
    job=full_pipeline,
    cron_schedule="7 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="The full pipeline, with similarities and all checks, once an hour.",
)


reconcile = dg.define_asset_job(
    RECONCILE,
    # The models first: what stands half-built after a failed run would count as a difference, and so would what a fast
    # lane left to the next full pipeline.
    selection=dg.AssetSelection.assets(
        *(model_key(name) for name in sorted(fast_models() | incremental_models())), RECONCILIATION
    ),
    description="Compares the warehouse with one built from scratch.",
)

reconcile_weekly = dg.ScheduleDefinition(
    name="reconcile_weekly",
    job=reconcile,
    cron_schedule="30 3 * * 0",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Sunday night, since the fast lane waits as long as a full build takes.",
)


@dg.op(
    description="Delete the oldest finished runs of the fast lane, and failed runs of any job"
    f" {FAILED_RUN_DAYS} days later: until then they stay for inspection."
)
def forget_old_runs(context: dg.OpExecutionContext) -> None:
    """A busy shop has 4,000 fast runs a day, 0.6 MB of log each: 2.4 GB a day that nobody reads."""
    instance, settings, status = context.instance, load_settings(), dg.DagsterRunStatus
    done = dg.RunsFilter(job_name=FAST_LANE, statuses=[status.SUCCESS])
    kept = instance.get_run_records(done, limit=settings.kept_fast_runs)
    old = [*instance.get_run_records(done, cursor=kept[-1].dagster_run.run_id)] if kept else []
    before = datetime.now(UTC) - timedelta(days=FAILED_RUN_DAYS)
    old += instance.get_run_records(
        dg.RunsFilter(statuses=[status.FAILURE, status.CANCELED], created_before=before)
    )
    for record in old:
        run_id = record.dagster_run.run_id
        instance.delete_run(run_id)
        # Dagster leaves what the steps printed, and a database of the run's own with all of it in its free pages.
        shutil.rmtree(settings.paths.dagster / "storage" / run_id, ignore_errors=True)
        for file in (settings.paths.dagster / "history" / "runs").glob(f"{run_id}.db*"):
            file.unlink()
    context.log.info(f"forgot {len(old)} runs")


@dg.job(
    name="housekeeping",
    executor_def=one_process,
    description="Keeps the instance small. It opens neither lake nor warehouse.",
)
def housekeeping() -> None:
    """Run hourly, off the full pipeline's minute."""
    forget_old_runs()


housekeeping_hourly = dg.ScheduleDefinition(
    name="housekeeping_hourly",
    job=housekeeping,
    cron_schedule="37 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Deletes the oldest finished runs of the fast lane, and failed runs after a month.",
)


@dg.op(description="Fetch the catalogs that are due, into the inbox.")
def fetch_catalogs(context: dg.OpExecutionContext) -> None:
    """One that can't be had costs nothing but its news: the last file stays, and doctor, overview and check say why."""
    from orchestration.catalog.fetching import due_sources, fetch_sources

    settings = load_settings()
    for each in fetch_sources(settings, due_sources(settings, datetime.now(UTC))):
        if each.error:
            context.log.warning(str(each))
        else:
            context.log.info(f"source {each.name}: {each.file} is of {each.fetched_at:%F %H:%M} UTC")


@dg.job(
    name="catalog_fetch",
    executor_def=one_process,
    description="Fetches the catalogs of the setting catalog_sources. It opens neither lake nor warehouse.",
)
def catalog_fetch() -> None:
    """A file that is new starts the full pipeline by itself (sensor ``catalog_changes``)."""
    fetch_catalogs()


@dg.schedule(
    name="catalog_fetch_due",
    job=catalog_fetch,
    cron_schedule="*/5 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Looks every five minutes for catalogs whose every_minutes have passed.",
)
def catalog_fetch_due() -> dg.RunRequest | dg.SkipReason:
    """Without a source that is due there is no run."""
    from orchestration.catalog.fetching import due_sources

    due = due_sources(load_settings(), datetime.now(UTC))
    return dg.RunRequest() if due else dg.SkipReason("no catalog source is due")


@dg.op(pool=POOL, description="Merge the lake's files of each past day, except those of the last loads.")
@full_disk_in_words()
def merge_days(context: dg.OpExecutionContext) -> None:
    """Holds the warehouse and the loader meanwhile."""
    from orchestration.lake.compaction import compact

    report = compact(
        load_settings().paths,
        today=datetime.now(UTC).date(),
        on_day=lambda day, files: context.log.info(f"{day}: merged {files} files"),
    )
    context.log.info(
        f"merged {report.files_before} files into {report.files_after}; all {report.rows} rows kept"
    )


@dg.job(
    name="compaction",
    executor_def=one_process,
    description="Keeps the lake quick to list and to read: a busy shop's loader writes 5,760 files a day and table.",
)
def compaction() -> None:
    """Run daily, before the weekly reconciliation."""
    merge_days()


compaction_daily = dg.ScheduleDefinition(
    name="compaction_daily",
    job=compaction,
    cron_schedule="17 2 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="At night, since the fast lane waits meanwhile.",
)


@dg.op(pool=POOL, description="Remove days of the lake that are older than the setting retention_days.")
@full_disk_in_words()
def remove_old_days(context: dg.OpExecutionContext) -> None:
    """Holds the warehouse and the loader meanwhile. The models are made again by the run that comes next.

    Raises Failure where so much would go that a person must look first.
    """
    from orchestration.lake.retention import first_day_kept, retain

    settings = load_settings()
    if settings.retention_days is None:
        raise dg.Failure("retention_days is not set: nothing is removed", allow_retries=False)
    most = 1 - settings.snapshot_min_ratio
    before = first_day_kept(datetime.now(UTC).date(), settings.retention_days)
    gone = retain(settings.paths, before, most=most)
    if gone.share > most:
        raise dg.Failure(
            f"{gone.share:.0%} of all events arrived before {before}: nothing was removed, and a snapshot "
            f"without them would be held back. If this is intended: footfall retain",
            allow_retries=False,
        )
    events = sum(day.events for day in gone.days)
    context.log.info(
        f"removed {len(gone.days)} days before {before}: {events} events, {gone.share:.1%} of all"
    )


@dg.job(
    name="retention",
    executor_def=one_process,
    description="Removes days that arrived longer ago than retention_days; without the setting it does nothing.",
)
def retention() -> None:
    """Run weekly, since the models are built from nothing afterwards."""
    remove_old_days()


@dg.schedule(
    name="retention_weekly",
    job=retention,
    # The full pipeline starts a minute later and builds without the old days. A fast lane in between would publish new
    # models beside old ones, and be held back where a product is gone that only those days knew.
    cron_schedule="6 4 * * 6",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Saturday night, a day before the reconciliation checks the rebuilt warehouse.",
)
def retention_weekly() -> dg.RunRequest | dg.SkipReason:
    """Without a limit there is nothing to do."""
    if load_settings().retention_days is None:
        return dg.SkipReason("retention_days is not set: everything is kept")
    return dg.RunRequest()
