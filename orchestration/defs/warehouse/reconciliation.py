"""Once a week: the warehouse as it grew, against one built from nothing."""

from datetime import timedelta

import dagster as dg

from footfall.runtime.digests import check_lake
from footfall.settings import load_settings
from orchestration.defs.warehouse.dbt import MANIFEST, model_key
from orchestration.storage.duckdb_files import POOL
from orchestration.storage.environment import dbt_project
from orchestration.storage.full_disk import full_disk_in_words

KEY = dg.AssetKey(["quality", "reconciliation"])
CHECK = "assert_increments_equal_a_full_build"
FILES = "assert_the_lake_is_as_it_was_written"


@dg.asset(
    key=KEY,
    # One arrow, so that the graph stays legible: dbt builds all models in one step, and this comes after it.
    deps=[model_key("visitors")],
    group_name="quality",
    kinds={"python", "dbt", "duckdb"},
    owners=["team:data-engineering"],
    pool=POOL,
    freshness_policy=dg.FreshnessPolicy.time_window(timedelta(days=8)),
    check_specs=[
        dg.AssetCheckSpec(
            CHECK,
            asset=KEY,
            description="Every incremental model has the same rows as a build from scratch. If not: "
            "`footfall run --full-refresh`, and the differing rows (reconcile/differences.json) are a bug to report.",
        ),
        dg.AssetCheckSpec(
            FILES,
            asset=KEY,
            description="Every file of the lake has the digest recorded when it was written. If not: "
            "`footfall doctor --deep` says what to do for each.",
        ),
    ],
    description="Builds a second warehouse from the whole lake and compares the incremental models row by row.",
)
@full_disk_in_words()
def reconciliation(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Takes as long as a full build; the fast lane waits meanwhile."""
    from orchestration.warehouse.reconcile import differences_file, reconcile

    settings = load_settings()
    files = check_lake(settings.paths)
    for name, reason in files.damaged.items():
        context.log.error(f"lake/{name}: {reason}")
    compared = reconcile(dbt_project(), MANIFEST, settings)
    different = [each for each in compared if not each.equal]
    samples = differences_file(settings.paths)
    for each in different:
        context.log.error(
            f"{each.model}: {each.only_in_warehouse} rows only in the warehouse, {each.only_in_rebuild} in the "
            f"full build alone; {samples} has some of them"
        )
    table = dg.TableMetadataValue(
        records=[
            dg.TableRecord(
                {
                    "model": each.model,
                    "rows": each.rows,
                    "only in the warehouse": each.only_in_warehouse,
                    "only in the full build": each.only_in_rebuild,
                }
            )
            for each in compared
        ],
        schema=dg.TableSchema(
            columns=[
                dg.TableColumn("model", "string"),
                dg.TableColumn("rows", "int"),
                dg.TableColumn("only in the warehouse", "int"),
                dg.TableColumn("only in the full build", "int"),
            ]
        ),
    )
    return dg.MaterializeResult(
        metadata={
            "models": len(compared),
            "rows_compared": sum(each.rows for each in compared),
            "rows_different": sum(each.only_in_warehouse + each.only_in_rebuild for each in compared),
            "comparison": table,
        },
        check_results=[
            dg.AssetCheckResult(
                check_name=CHECK,
                passed=not different,
                metadata={
                    "different": ", ".join(each.model for each in different),
                    "samples": dg.MetadataValue.path(samples),
                }
                if different
                else {},
            ),
            dg.AssetCheckResult(
                check_name=FILES,
                passed=not files.damaged,
                metadata={
                    "as_written": files.good,
                    "without_a_digest": files.unnoted,
                    "damaged": ", ".join(files.damaged) or "none",
                },
            ),
        ],
    )
