"""Outcomes of the pipeline's runs, in a small file for `footfall doctor` and the API's /metrics.

The pipeline writes it (``orchestration/runs/reports.py``). Its reasons are without data of visitors.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from footfall.http.metrics import Family
from footfall.landing.directory import oldest_sealed
from footfall.runtime.atomic_write import replace_file
from footfall.settings import Settings
from footfall.snapshot.format import read_pointer

#: Metrics of the runs, by job; a run counts as failed too where one of its checks failed with severity ERROR.
COUNTED: tuple[Family, ...] = (
    ("runs_failed_total", "counter", "Failed runs of the pipeline."),
    ("run_failing", "gauge", "1 while the last run of the job has failed."),
    ("run_last_success_seconds", "gauge", "Time of the job's last successful run, in seconds since 1970."),
)


class RunsError(Exception):
    """The file can't be read; the message says why."""


class JobRuns(msgspec.Struct):
    """The runs of one job. Times are seconds since 1970, 0 for never."""

    failed: int = 0
    failed_at: float = 0.0
    reason: str = ""
    failed_run: str = ""
    succeeded_at: float = 0.0
    last_run: str = ""

    @property
    def is_failing(self) -> bool:
        return self.failed_at > self.succeeded_at

    @property
    def last_at(self) -> float:
        """Return the end of the last run."""
        return max(self.failed_at, self.succeeded_at)


class Runs(msgspec.Struct):
    """Content of the file."""

    jobs: dict[str, JobRuns] = {}
    told: dict[str, dict[str, float]] = {}
    """Reported failures without a reported recovery: job (or "freshness") -> reason -> when."""
    sent: list[float] = []
    """When notices were sent, within the last hour."""
    undelivered: dict[str, str] = {}
    """Channels that the last notice did not get through, each with the moment and what went wrong."""


def runs_file(data: Path) -> Path:
    """Return the path of the file in a data directory."""
    return data / "runs.json"


def read_runs(data: Path) -> Runs:
    """Return what is known; nothing before the first run. Raises RunsError."""
    try:
        return msgspec.json.decode(runs_file(data).read_bytes(), type=Runs)
    except FileNotFoundError:
        return Runs()
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RunsError(f"{runs_file(data)} can't be read: {error}") from error


def write_runs(data: Path, runs: Runs) -> None:
    """Replace the file. Raises OSError."""
    content = msgspec.json.encode(runs)
    replace_file(runs_file(data), lambda aside: aside.write_bytes(content))


def series(runs: Runs) -> dict[str, float]:
    """The runs as series of the families in ``COUNTED``."""
    found: dict[str, float] = {}
    for job, each in sorted(runs.jobs.items()):
        found[f'runs_failed_total{{job="{job}"}}'] = each.failed
        found[f'run_failing{{job="{job}"}}'] = float(each.is_failing)
        found[f'run_last_success_seconds{{job="{job}"}}'] = each.succeeded_at
    return found


def staleness(settings: Settings, now: datetime) -> str | None:
    """Return why what is published counts as old, or None. A shop that has received nothing has nothing to publish.

    With nothing published yet, events that wait count. Raises SnapshotError where the pointer can't be read.
    """
    limit = settings.stale_hours * 3600
    pointer = read_pointer(settings.paths.serving)
    if pointer is not None:
        age = (now - pointer.published_at).total_seconds()
        return f"nothing was published for {age / 3600:.1f} h" if age > limit else None
    if only_collects(settings):
        return None
    waiting, waited = oldest_sealed(settings.paths.landing, now.timestamp())
    if waited > limit:
        return f"nothing is published, and {waiting} segments of events wait, the oldest for {waited / 3600:.1f} h"
    return None


def only_collects(settings: Settings) -> bool:
    """Return whether this is a collector's machine: what it lands is loaded and served elsewhere."""
    return bool(settings.ship_to) and not settings.paths.lake.exists()


def look_at_runs(settings: Settings, now: datetime) -> list[tuple[bool, str]]:
    """For `footfall doctor`: the last failed run and what followed, and notices that did not arrive."""
    if only_collects(settings):
        return []
    try:
        runs = read_runs(settings.paths.data)
    except RunsError as error:
        return [(False, f"runs: {error}. The next finished run writes a new one")]
    findings = []
    failed = {name: job for name, job in runs.jobs.items() if job.failed_at}
    for name, job in failed.items():
        if job.is_failing:
            findings.append((False, f"runs: {_told(name, job, now)}. Its log: `footfall ui`"))
    if failed and not findings:
        name, job = max(failed.items(), key=lambda each: each[1].failed_at)
        later = f"a later run succeeded at {at_words(job.succeeded_at)}"
        findings.append((True, f"runs: {_told(name, job, now)}; {later}"))
    if not failed:
        findings.append((True, "runs: no failed run recorded"))
    findings += [(False, f"notices: {channel}: {why}") for channel, why in runs.undelivered.items()]
    return findings


def _told(name: str, job: JobRuns, now: datetime) -> str:
    run = f" (run {job.failed_run[:8]})" if job.failed_run else ""
    age = (now.timestamp() - job.failed_at) / 60
    return f"the last failed run is {name}{run} at {at_words(job.failed_at)}, {age:.0f} min ago: {job.reason}"


def at_words(seconds: float) -> str:
    """A moment, in UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%F %H:%M:%S} UTC"
