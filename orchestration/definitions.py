"""The definitions that Dagster loads: all assets, checks, jobs, sensors and schedules."""

import os

import dagster as dg

from footfall.settings import load_settings
from orchestration.defs import jobs, sensors
from orchestration.defs.catalog import assets as catalog
from orchestration.defs.evaluation import assets as evaluation
from orchestration.defs.evaluation import checks as evaluation_checks
from orchestration.defs.landing import assets as landing
from orchestration.defs.serving import assets as serving
from orchestration.defs.serving import checks
from orchestration.defs.similarity import assets as similarity
from orchestration.defs.warehouse import dbt as warehouse
from orchestration.defs.warehouse.reconciliation import reconciliation
from orchestration.runs.launcher import one_process
from orchestration.storage.environment import export_for_dbt

# Whatever loads the definitions (`footfall`, `dagster dev`, `dg`), dbt finds the data of the current settings.
export_for_dbt(load_settings(), os.environ)

defs = dg.Definitions(
    assets=[
        landing.landing_segments,
        landing.load_segments,
        landing.set_aside,
        catalog.catalog_inbox,
        catalog.products,
        warehouse.dbt_models,
        warehouse.increment,
        reconciliation,
        similarity.product_similarity,
        similarity.visitor_affinity,
        similarity.product_also_liked,
        similarity.session_neighbours,
        evaluation.recommendation_evaluation,
        evaluation.tuning_proposal,
        serving.snapshot,
    ],
    asset_checks=[*checks.all_checks, *evaluation_checks.all_checks],
    jobs=[
        jobs.fast_lane,
        jobs.full_pipeline,
        jobs.rebuild_days,
        jobs.tuning,
        jobs.reconcile,
        jobs.housekeeping,
        jobs.catalog_fetch,
        jobs.compaction,
        jobs.retention,
    ],
    sensors=[
        sensors.sealed_segments,
        sensors.catalog_changes,
        sensors.run_failures,
        sensors.run_successes,
        sensors.freshness,
    ],
    schedules=[
        jobs.hourly,
        jobs.reconcile_weekly,
        jobs.housekeeping_hourly,
        jobs.catalog_fetch_due,
        jobs.compaction_daily,
        jobs.retention_weekly,
    ],
    executor=one_process,
)
