"""Asset checks across packages: what no single model's tests can say."""

from contextlib import suppress
from datetime import UTC, datetime

import dagster as dg

from footfall.settings import load_settings
from orchestration.lake.schema import DAY_FOLDERS
from orchestration.lake.segments import load_id_of
from orchestration.storage.duckdb_files import reading


@dg.asset_check(
    asset=["serving", "snapshot"],
    name="assert_snapshot_in_force_is_the_newest",
    description="The pointer names the newest version: an interrupted publish fails this check.",
)
def newest_in_force() -> dg.AssetCheckResult:
    """Compare the pointer with the versions on disk."""
    from footfall.snapshot.format import SnapshotError, read_manifest, read_pointer

    serving = load_settings().paths.serving
    pointer = read_pointer(serving)
    versions = []
    for folder in serving.iterdir():
        if folder.is_dir() and not folder.name.startswith("."):
            with suppress(SnapshotError):  # of another format: an older Footfall's, which no reader takes
                versions.append((read_manifest(folder).created_at, folder.name))
    versions.sort()
    newest = versions[-1][1] if versions else None
    return dg.AssetCheckResult(
        passed=pointer is not None and pointer.version == newest,
        metadata={"in_force": pointer.version if pointer else "none", "newest": newest or "none"},
    )


@dg.asset_check(
    asset=["serving", "snapshot"],
    name="assert_lake_is_published",
    description="Every load of the lake is staged, so the shop shows the newest behaviour.",
)
def lake_is_published() -> dg.AssetCheckResult:
    """Compare the newest load id of the lake's events with the newest one staged."""
    settings = load_settings()
    files = (settings.paths.lake / "events").glob(f"{DAY_FOLDERS}/*.parquet")
    in_lake = max(map(load_id_of, files), default=0)
    with reading(settings) as connection:
        found = connection.execute("select coalesce(max(load_id), 0) from base_footfall__messages").fetchall()
    staged = int(found[0][0])
    return dg.AssetCheckResult(
        passed=staged >= in_lake,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"load_in_lake": in_lake, "load_staged": staged, "checked_at": f"{datetime.now(UTC):%F %T}"},
    )


all_checks = [newest_in_force, lake_is_published]
