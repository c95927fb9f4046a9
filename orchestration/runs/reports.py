"""Reports the end of a run: recorded for `footfall doctor` and /metrics, and sent as a notice.

Both ways that a run is started come here: Dagster's daemon by a sensor, `footfall run` by itself. A run is told once.
"""

from __future__ import annotations

import fcntl
import logging
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from footfall.settings import Settings
from footfall.status.notices import channels, send, shop_of
from footfall.status.runs import JobRuns, Runs, RunsError, at_words, read_runs, runs_file, write_runs

if TYPE_CHECKING:
    from dagster import DagsterInstance
    from dagster._core.storage.dagster_run import RunRecord

#: Maximum number of notices in an hour: a job that alternates between failure and success would send 480.
MOST_AN_HOUR = 20
#: What is told under the name of a job without being one.
FRESHNESS = "freshness"
#: A failure that a later success was reported before.
OVERTAKEN = "overtaken"
#: Reasons remembered for each job, the latest.
_REASONS = 20
_LONGEST_REASON = 300

#: Where data may begin: a quotation mark (but no apostrophe within a word), also of Python's b'...'.
_QUOTED = re.compile(r"""(?<!\w)[bBfFrRuU]{0,2}['"]|["`\u2018\u201c\u201e\u00ab]""")
#: ... or the query that a database shows behind its error.
_QUERY = re.compile(r"\s(LINE \d+:|compiled code at |\[SQL:)")
#: Mail addresses, addresses of pages, IP addresses, tokens of 16 signs and more, numbers of six digits and more.
_DATA = re.compile(
    r"\S+@\S+|\w+://\S+|\b\d{1,3}(?:\.\d{1,3}){3}\b|\b(?:[0-9a-fA-F]{1,4}:){3,}\S*"
    r"|\b(?=\w*\d)(?=\w*[A-Za-z])[\w-]{16,}\b|\d{6,}"
)
_MODULE = re.compile(r"\b(?:\w+\.)+(?=[A-Z]\w*: )")

_log = logging.getLogger("footfall.run_reports")
#: What a full disk didn't take, by data directory: else the sensor would tell of one run every 15 s.
_unwritten: dict[Path, Runs] = {}


def without_data(message: str) -> str:
    """A reason as one line that may leave the machine.

    An error may quote what it choked on, a visitor's text for instance. So everything from the first quotation mark
    on is left out, and what looks like data before it.
    """
    line = _MODULE.sub("", " ".join(message.split()))
    cut = min(
        (found.start() for pattern in (_QUOTED, _QUERY) if (found := pattern.search(line))), default=None
    )
    if cut is not None:
        line = f"{line[:cut].rstrip()} ..."
    line = _DATA.sub("...", line)
    return line if len(line) <= _LONGEST_REASON else f"{line[:_LONGEST_REASON]} ..."


def reason_of(instance: DagsterInstance, run_id: str) -> str | None:
    """Why a run failed, in one line without data; None where nothing failed.

    A check that failed with severity ERROR counts, as it does for `footfall run`.
    """
    import dagster as dg

    kinds = dg.DagsterEventType
    asked = {kinds.STEP_FAILURE, kinds.ASSET_CHECK_EVALUATION, kinds.RUN_FAILURE}
    reasons: list[str] = []
    ending: str | None = None
    for entry in instance.all_logs(run_id, of_type=asked):
        event = entry.dagster_event
        if event is None:
            continue
        if event.is_step_failure:
            error = event.step_failure_data.error
            said = (error.cause or error).message if error else "failed"
            reasons.append(f"{event.step_key}: {without_data(said)}")
        elif event.event_type is kinds.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            if not check.passed and check.severity is dg.AssetCheckSeverity.ERROR:
                reasons.append(f"check failed: {check.asset_key.to_user_string()} {check.check_name}")
        else:
            ending = without_data(event.message or "it failed")
    if reasons:
        return reasons[0] + (f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else "")
    return ending


def report_record(settings: Settings, instance: DagsterInstance, record: RunRecord) -> list[str]:
    """``report_run`` of a run as Dagster recorded it, once it has ended."""
    run = record.dagster_run
    return report_run(
        settings,
        run.job_name,
        reason_of(instance, run.run_id) or (None if run.is_success else "it failed"),
        run_id=run.run_id,
        ended=record.end_time or time.time(),
    )


def report_run(
    settings: Settings, job: str, reason: str | None, *, ended: float, run_id: str = ""
) -> list[str]:
    """Note the end of a run, and tell the operator where it failed, or succeeded after a failure that was told.

    ``reason``: ``without_data``, None for success; ``ended`` is in seconds since 1970. Returns what did not arrive, a
    line for each channel. Of a run that was reported before nothing is said; a failure that ended before a success that
    was reported is counted and not told, since it is over.
    """

    def change(runs: Runs) -> str | None:
        known = runs.jobs.setdefault(job, JobRuns())
        # A clock that went back makes the last run one of the future: it must not hide those that come.
        if (run_id and run_id == known.last_run) or ended <= min(known.last_at, time.time()):
            # Dagster has a sensor for either end: that of successes may come first.
            is_overtaken = reason is not None and known.failed_at < ended < known.succeeded_at
            if is_overtaken and run_id != known.last_run:
                known.failed += 1
                known.failed_at, known.reason, known.failed_run = ended, str(reason), run_id
                return OVERTAKEN
            return None
        known.last_run = run_id
        if reason is None:
            known.succeeded_at = ended
        else:
            known.failed += 1
            known.failed_at, known.reason, known.failed_run = ended, reason, run_id
        return "ended"

    return _report(settings, job, reason, change, run_id)


def report_freshness(settings: Settings, reason: str | None) -> list[str]:
    """Tell the operator that what is published is old (``reason``), or is not any more. Returns as ``report_run``."""
    return _report(
        settings, FRESHNESS, reason, lambda runs: "looked" if reason or FRESHNESS in runs.told else None
    )


def _report(
    settings: Settings, job: str, reason: str | None, change: Callable[[Runs], str | None], run_id: str = ""
) -> list[str]:
    """Under a lock, so that sensor and `footfall run` don't tell of one run twice."""
    data = settings.paths.data
    data.mkdir(parents=True, exist_ok=True)
    with runs_file(data).with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # for as long as another's notice takes, at most
        try:
            runs = _unwritten.get(data) or read_runs(data)
        except RunsError as error:
            _log.warning("%s; it begins again", error)
            runs = Runs()
        if (changed := change(runs)) is None:
            return []
        troubles = [] if changed == OVERTAKEN else _tell(settings, runs, job, reason, run_id)
        try:
            write_runs(data, runs)
            _unwritten.pop(data, None)
        except OSError as error:
            _unwritten[data] = runs
            _log.warning("%s could not be written: %s", runs_file(data), error)
    for trouble in troubles:
        _log.warning("a notice about %s did not arrive: %s", job, trouble)
    return troubles


def _tell(settings: Settings, runs: Runs, job: str, reason: str | None, run_id: str) -> list[str]:
    """Send what there is to say, and note what the operator knows by then."""
    now = time.time()
    told = runs.told.get(job, {})
    # Failures that differ in a number alone, as of a load or a time, are one.
    kind = re.sub(r"\d+(\.\d+)?", "#", reason or "")
    if reason is None and told:
        text = f"{job} has recovered. It had failed since {at_words(min(told.values()))}."
        subject = f"{job} has recovered"
    elif reason is not None and not 0 <= now - told.get(kind, -1e12) < settings.notify_repeat_hours * 3600:
        where = f" Run {run_id[:8]} in Dagster's UI has the log." if run_id else ""
        text = f"{job} failed: {reason}\nSee `footfall doctor`.{where}"
        subject = f"{job} failed"
    else:
        return []
    if not channels(settings):
        return []
    runs.sent = [at for at in runs.sent if 0 <= now - at < 3600]
    if len(runs.sent) >= MOST_AN_HOUR:
        outcome: dict[str, str | None] = {
            "all": f"{MOST_AN_HOUR} were sent within the hour, others are waiting"
        }
    else:
        outcome = send(settings, f"Footfall: {subject}", f"{shop_of(settings)}: {text}")
        runs.sent.append(now)
    runs.undelivered = {
        channel: f"{error} ({at_words(now)})" for channel, error in outcome.items() if error is not None
    }
    if None in outcome.values():
        if reason is None:
            runs.told.pop(job)
        else:
            latest = sorted({**told, kind: now}.items(), key=lambda each: each[1])
            runs.told[job] = dict(latest[-_REASONS:])
    return [f"{channel}: {error}" for channel, error in outcome.items() if error is not None]


def report_quietly(report: Callable[[], Any], say: Callable[[str], object]) -> None:
    """Report, and only ``say`` what went wrong: a notice never decides how a run ends."""
    try:
        for trouble in report():
            say(f"a notice was not delivered: {trouble}")
    except Exception as error:
        _log.exception("the end of a run could not be reported")
        say(f"the end of the run could not be reported: {error}")
