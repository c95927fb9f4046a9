"""The published snapshot: what the API answers from, and the checks that hold a bad one back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from footfall.settings import load_settings
from footfall.status.catalog_fetches import failed_fetches
from footfall.status.unmatched_products import note_unmatched
from footfall.status.unreadable_catalogs import unread_files
from orchestration.defs.evaluation.assets import EVALUATION
from orchestration.defs.warehouse.dbt import INCREMENT, model_key, served_marts
from orchestration.serving.marts import MARTS
from orchestration.storage.duckdb_files import POOL, note_whole, reading
from orchestration.storage.environment import dbt_project
from orchestration.storage.full_disk import full_disk_in_words


@dg.asset(
    key=["serving", "snapshot"],
    deps=[
        *(model_key(name) for name in {**MARTS, **served_marts()}),
        ["derived", "session_neighbours"],
        EVALUATION,
        INCREMENT,
    ],
    group_name="serving",
    kinds={"sqlite", "duckdb"},
    owners=["team:data-engineering"],
    pool=POOL,
    description="A sealed version under `serving/`, written to a temporary directory, audited, activated by one "
    "pointer. The API follows within a second; the last versions stay for rollback. A failed audit publishes nothing.",
    freshness_policy=dg.FreshnessPolicy.time_window(timedelta(hours=load_settings().stale_hours)),
)
@full_disk_in_words()
def snapshot(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Write, audit, publish, prune. Raises dg.Failure while an evaluation holds publishes back."""
    from orchestration.evaluation.history import held
    from orchestration.lake.privacy import last_forgotten
    from orchestration.lake.retention import last_cut
    from orchestration.recommend.tables import session_index_file
    from orchestration.serving.publish import build_snapshot, prune, publish
    from orchestration.serving.unmatched import unmatched
    from orchestration.warehouse.dbt_runner import project_vars

    settings = load_settings()
    serving: Path = settings.paths.serving
    if settings.quality_max_fall < 1 and (worse := held(settings.paths.derived)):
        # The blocking check stops this asset within one run; the fast lane has no checks and asks here.
        raise dg.Failure(
            f"held back since {worse.measured_at:%F %T}: {worse.reason}. The active version keeps serving. "
            "If the fall is acceptable: footfall quality --accept WHY",
            allow_retries=False,
        )
    version = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    cut, forgotten = last_cut(settings.paths), last_forgotten(settings.paths)
    gone = [moment for moment in (cut and cut.at, forgotten) if moment]
    with reading(settings) as connection:
        strange = unmatched(connection)
        note_unmatched(settings.paths, strange)
        report = build_snapshot(
            connection,
            serving,
            version=version,
            min_ratio=settings.snapshot_min_ratio,
            session_index=session_index_file(settings.paths.derived),
            served=served_marts(),
            not_from_before=max(gone, default=None),
            time_zone=project_vars(dbt_project())["shop_time_zone"],
            catalogue_problems=[
                *map(str, (*unread_files(settings.paths), *failed_fetches(settings.paths))),
                *([str(strange)] if strange and strange.is_most else []),
            ],
            link_origins=settings.link_origins,
        )
        note_whole(settings.paths)
    if strange:
        context.log.warning(f"{strange} (mart unmatched_products; docs/developer/catalog.md)")
    for name, reason in report.left_out.items():
        context.log.warning(f"the mart {name} is not served: {reason}")
    publish(serving, report.version)
    pruned = prune(serving, keep=settings.keep_snapshots, not_from_before=forgotten)
    context.log.info(
        f"active: {report.version} ({report.bytes / 2**20:.1f} MiB, "
        f"{report.files_written} of {report.files} files new), pruned {len(pruned)}"
    )
    return dg.MaterializeResult(
        metadata={
            "version": report.version,
            "size_mb": round(report.bytes / 2**20, 2),
            "written_mb": round(report.bytes_written / 2**20, 2),
            "files": report.files,
            "files_written": report.files_written,
            "rows": dg.MetadataValue.json(report.rows),
            "coverage": dg.MetadataValue.json(report.coverage),
            "not_served": dg.MetadataValue.json(report.left_out),
            "dropped_unavailable": report.dropped_unavailable,
            "path": dg.MetadataValue.path(str(serving / report.version)),
        }
    )
