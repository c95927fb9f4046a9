"""Landing to lake: sealed segments become Parquet."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from footfall.settings import load_settings
from orchestration.storage.duckdb_files import POOL
from orchestration.storage.full_disk import full_disk_in_words

OWNERS = ["team:data-engineering"]

landing_segments = dg.AssetSpec(
    ["landing", "segments"],
    group_name="landing",
    kinds={"file"},
    owners=OWNERS,
    description="Sealed segments of the collector: every acknowledged request, fsynced before it was answered. "
    "They wait in `landing/sealed/`, or in the bucket they were shipped to, until the loader has written them to "
    "the lake.",
)

set_aside = dg.AssetSpec(
    ["lake", "set_aside"],
    group_name="lake",
    kinds={"parquet"},
    owners=OWNERS,
    description="Accepted events that the operator set aside with `footfall events`: no model reads them. Each has "
    "a reason and counts in the reconciliation.",
)


@dg.multi_asset(
    name="load_segments",
    specs=[
        dg.AssetSpec(
            ["lake", name],
            deps=[landing_segments.key],
            group_name="lake",
            kinds={"python", "parquet"},
            owners=OWNERS,
            freshness_policy=dg.FreshnessPolicy.time_window(timedelta(hours=load_settings().stale_hours)),
            description=description,
        )
        for name, description in (
            (
                "events",
                "Every message, flat, partitioned by the day it was received. Exactly once a segment.",
            ),
            (
                "failed_events",
                "Messages that violate the schema, with field, reason and raw bytes. Nothing is dropped.",
            ),
            (
                "landing_counts",
                "Messages that the collector reported as accepted, by hour: the other side of the reconciliation.",
            ),
        )
    ]
    + [
        dg.AssetSpec(
            ["ledgers", "imports"],
            deps=[landing_segments.key],
            group_name="lake",
            kinds={"parquet"},
            owners=OWNERS,
            description="The record of what `footfall import` sent: the third side of the reconciliation.",
        )
    ],
    pool=POOL,
)
def load_segments(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
    """Load what is sealed; with nothing sealed the lake stays as it is."""
    from orchestration.lake.loader import load_waiting

    with full_disk_in_words():
        report = load_waiting(
            load_settings(),
            on_segment=lambda segment, events, failed: context.log.info(
                f"{segment}: {events} events, {failed} failed"
            ),
        )
    shared: dict[str, int | str] = {"load_id": report.load_id, "segments": report.segments}
    for file in report.quarantined:
        context.log.warning(
            f"{file}: no segment, damaged, or another one of a loaded id; nothing of it is loaded"
        )
    if report.strangers:
        context.log.warning(f"no collector named these objects in the bucket: {report.strangers[:10]}")
    if report.undeleted:
        context.log.warning(
            f"{len(report.undeleted)} loaded segments stay in the bucket: {report.undeleted[0]}"
        )
    if report.bucket_error:
        # With events from this disk in the lake the shop is served first; the sensor comes back for the rest.
        if not report.segments:
            raise dg.Failure(report.bucket_error)
        context.log.error(report.bucket_error)
        shared["bucket_error"] = report.bucket_error
    yield dg.MaterializeResult(
        asset_key=["lake", "events"],
        metadata=shared | {"rows_loaded": report.events, "files": report.files},
    )
    yield dg.MaterializeResult(
        asset_key=["lake", "failed_events"], metadata=shared | {"rows_loaded": report.failed}
    )
    yield dg.MaterializeResult(asset_key=["lake", "landing_counts"], metadata=shared)
    yield dg.MaterializeResult(asset_key=["ledgers", "imports"])
