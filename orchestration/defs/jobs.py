"""The two lanes.

Fast: what a click needs to reach the shop, after every sealed batch. Slow: everything, text similarity and
visitor-visitor affinity included; a slow asset never holds up a click's way to the API.
"""

import dagster as dg

from orchestration.defs.warehouse.dbt import fast_models

FAST_LANE = "fast_lane"
WHOLE_LINE = "whole_line"

fast_lane = dg.define_asset_job(
    FAST_LANE,
    # Checks run with the whole line: here they would take as long as the models.
    selection=(
        dg.AssetSelection.assets(
            ["lake", "events"], ["lake", "failed_events"], ["lake", "landing_counts"], ["ledgers", "imports"]
        )
        | fast_models()
        | dg.AssetSelection.assets(["serving", "snapshot"])
    ).without_checks(),
    description="From sealed segments to the published snapshot: what a click needs to reach the shop.",
    tags={"footfall/lane": "fast"},
)

whole_line = dg.define_asset_job(
    WHOLE_LINE,
    selection=dg.AssetSelection.all(),
    description="Every asset and every check, from landing to the published snapshot.",
    tags={"footfall/lane": "slow"},
)

hourly = dg.ScheduleDefinition(
    name="whole_line_hourly",
    job=whole_line,
    cron_schedule="7 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="The slow lane: similarities and all checks, once an hour.",
)
