"""The sensors: sealed segments start the fast lane, a changed catalog file the full pipeline; two tell the operator."""

import time
from datetime import UTC, datetime

import dagster as dg

from footfall.runtime.paths import Paths
from footfall.settings import Settings, load_settings
from footfall.snapshot.format import POINTER_FILE
from footfall.status.runs import staleness
from orchestration.catalog.inbox import inbox_state, read_state
from orchestration.defs.jobs import fast_lane, full_pipeline
from orchestration.runs.job_names import FAST_LANE, FULL_PIPELINE
from orchestration.runs.reports import report_freshness, report_record
from orchestration.storage.duckdb_files import is_whole, waits_for_rebuild

#: After a failed run the next try waits 15 s, 30 s, 60 s ... at most this long.
LONGEST_WAIT = 600.0
#: Between two looks for runs that ended.
REPORT_SECONDS = 15
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dg.sensor(
    name="sealed_segments",
    jobs=[fast_lane, full_pipeline],
    minimum_interval_seconds=load_settings().sensor_seconds,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts the fast lane when the collector has sealed segments, one run at a time; where nothing stands "
    "yet the full pipeline, for a catalog too.",
)
def sealed_segments(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """One run takes whatever is sealed by then, so a second beside it would find nothing."""
    running = context.instance.get_run_records(dg.RunsFilter(statuses=UNFINISHED), limit=1)
    if running:
        return dg.SkipReason("a run is under way")
    # The fast lane updates what stands; on a new warehouse the slow models have to be there first.
    paths = load_settings().paths
    lane = FAST_LANE if _stands(paths) else FULL_PIPELINE
    failures = _failures_in_a_row(context.instance, lane)
    if failures and (left := _wait_left(context.instance, lane, failures)) > 0:
        return dg.SkipReason(f"the last {failures} run(s) failed; next try in {left:.0f} s")
    segments = _waiting(load_settings())
    # A failed run may have loaded its segments already: its events are in the lake and still owed to the shop.
    # So are those of a fast lane that found the warehouse damaged, whose place the full pipeline has to fill.
    # A shop's first catalog is built from here as well: were it the other sensor's, the first build would run twice.
    is_first = lane == FULL_PIPELINE and bool(inbox_state(paths.catalog))
    if not segments and not failures and not is_first and not waits_for_rebuild(paths):
        return dg.SkipReason("nothing sealed")
    return dg.RunRequest(
        job_name=lane,
        tags={
            "footfall/sealed_segments": str(len(segments)),
            "footfall/newest": segments[-1] if segments else "",
        },
    )


def _stands(paths: Paths) -> bool:
    """Return whether there is a warehouse, built to its end, and a version published from one."""
    return is_whole(paths) and (paths.serving / POINTER_FILE).exists()


def _waiting(settings: Settings) -> list[str]:
    """Ids of the segments that wait. A bucket that doesn't answer fails the tick, unless this disk has some."""
    from footfall.landing.object_store import BucketError, open_bucket
    from orchestration.lake.segments import (
        LOOK_SECONDS,
        local_segments,
        marks_of,
        shipped_segments,
        takes_local,
    )

    local = (
        [segment.segment_id for segment in local_segments(settings.paths)] if takes_local(settings) else []
    )
    if not settings.load_from:
        return local
    try:
        shipped, _ = shipped_segments(open_bucket(settings.load_from, seconds=LOOK_SECONDS))
    except BucketError:
        if local:
            return local
        raise
    ids = [segment.segment_id for segment in shipped]
    # What is loaded and could not be deleted there must not start a run every two seconds.
    loaded = marks_of(settings.paths, ids)
    return sorted([*local, *(each for each in ids if each not in loaded)])


def _failures_in_a_row(instance: dg.DagsterInstance, lane: str) -> int:
    failures = 0
    for record in instance.get_run_records(dg.RunsFilter(job_name=lane), limit=10):
        if record.dagster_run.status is not dg.DagsterRunStatus.FAILURE:
            break
        failures += 1
    return failures


def _wait_left(instance: dg.DagsterInstance, lane: str, failures: int) -> float:
    last = instance.get_run_records(dg.RunsFilter(job_name=lane), limit=1)[0]
    ended = last.end_time or last.update_timestamp.timestamp()
    wait = min(7.5 * 2**failures, LONGEST_WAIT)
    # A clock that went back makes the last run one of the future: no reason to wait for longer than this.
    return min(ended + wait - time.time(), wait)


@dg.sensor(
    name="catalog_changes",
    job=full_pipeline,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts the full pipeline when a file in the catalog inbox changes: new products need new neighbours.",
)
def catalog_changes(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Compared with what the last run has read, whoever started it. The cursor holds the inbox as it was at the last
    request: a run that failed before it read the inbox is not asked for again at every look.
    """
    paths = load_settings().paths
    if not _stands(paths):
        return dg.SkipReason(
            "there is no warehouse yet: the sensor sealed_segments starts the first full pipeline"
        )
    state = inbox_state(paths.catalog)
    if state in (context.cursor or "", read_state(paths)):
        return dg.SkipReason("the inbox is as it was")
    under_way = dg.RunsFilter(job_name=FULL_PIPELINE, statuses=UNFINISHED)
    if context.instance.get_run_records(under_way, limit=1):
        return dg.SkipReason("a full run is under way; what it read of the inbox is known once it has")
    context.update_cursor(state)
    # No run key: Dagster would never run again for an inbox that once looked like this, as when a copy is put back.
    return dg.RunRequest()


@dg.run_failure_sensor(
    name="run_failures",
    monitor_all_code_locations=True,  # `footfall run` starts its runs outside of any
    minimum_interval_seconds=REPORT_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Records each failed run, and notifies the operator.",
)
def run_failures(context: dg.RunFailureSensorContext) -> None:
    """The reason goes out without data (``orchestration/runs/reports.py``)."""
    _report(context)


@dg.run_status_sensor(
    name="run_successes",
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitor_all_code_locations=True,
    minimum_interval_seconds=REPORT_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Records each successful run, and notifies the operator of a recovery or a failed check.",
)
def run_successes(context: dg.RunStatusSensorContext) -> None:
    """A run whose check failed with severity ERROR is reported as a failure."""
    _report(context)


def _report(context: dg.RunStatusSensorContext) -> None:
    if record := context.instance.get_run_record_by_id(context.dagster_run.run_id):
        for trouble in report_record(load_settings(), context.instance, record):
            context.log.warning(f"a notice was not delivered: {trouble}")


@dg.sensor(
    name="freshness",
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Notifies the operator when nothing was published for longer than stale_hours.",
)
def freshness(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """The limit is that of the snapshot's freshness policy. The policy knows no state of a shop that has published
    nothing yet; here events that wait count. A pointer that can't be read fails the tick.
    """
    settings = load_settings()
    reason = staleness(settings, datetime.now(UTC))
    for trouble in report_freshness(settings, reason):
        context.log.warning(f"a notice was not delivered: {trouble}")
    return dg.SkipReason(reason or "the published snapshot is fresh")
