"""`footfall run`: a lane of the asset graph, once, in this process. The run shows in Dagster's UI like any other."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from footfall.http.ports import is_loopback, port_is_free, refuse_demo_keys
from footfall.runtime.terminal import in_words
from footfall.settings import REPO, Settings, SettingsError, load_settings, settings_with_events
from orchestration.runs.job_names import FAST_LANE, FULL_PIPELINE
from orchestration.runs.reports import report_quietly, report_record, report_run, without_data
from orchestration.storage.duckdb_files import is_whole
from orchestration.storage.environment import dbt_project, export
from orchestration.storage.full_disk import DiskFullError, full_disk_advice, full_disk_in_words
from orchestration.warehouse.dbt_runner import manifest_of
from orchestration.warehouse.rebuild_days import Days, DaysRefused, days_between
from orchestration.warehouse.shop_project import link_package

if TYPE_CHECKING:
    from dagster import AssetCheckEvaluation, AssetMaterialization, AssetObservation, EventLogEntry
    from dagster_shared.error import SerializableErrorInfo
    from rich.progress import Progress, TaskID

_JOBS = {"fast": FAST_LANE, "full": FULL_PIPELINE}
#: The step of each lane that runs dbt.
_DBT_STEPS = {"fast": "fast_lane__increment", "full": "dbt_build"}


@click.command()
@click.option(
    "--lane",
    type=click.Choice(["fast", "full"]),
    default="full",
    show_default=True,
    help="fast: sealed segments to the shop. full: every asset and check, similarities included.",
)
@click.option(
    "--full-refresh",
    is_flag=True,
    help="Discard built models and derived tables, and build the lane from the whole lake.",
)
@click.option(
    "--days",
    metavar="FIRST[:LAST]",
    help="Read the events received on these days (UTC, as 2026-11-01:2026-11-03) again from the lake, and rebuild what "
    "depends on them.",
)
def run(lane: str, full_refresh: bool, days: str | None) -> None:
    """Run the pipeline once: sealed segments to lake, warehouse, similarities and published snapshot.

    Needs no daemon. If one is running (`make dev`), its sensor runs the fast lane automatically.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    with in_words(SettingsError, DaysRefused):
        settings = load_settings()
        link_package(dbt_project())
        range_ = _range_of(settings, days) if days else None
    if lane == "fast" and range_:
        raise click.ClickException("--days goes with the full lane: the fast lane only adds to what stands")
    if lane == "fast" and not is_whole(settings.paths):
        raise click.ClickException(
            f"the fast lane adds to a finished warehouse, and {settings.paths.warehouse} is missing or unfinished. "
            "Build it first: footfall run"
        )
    export(settings, os.environ)
    console = Console()
    started = time.monotonic()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as progress:
        task = progress.add_task("loading the asset graph", total=None)
        try:
            with full_disk_in_words():
                failure = _execute(settings, lane, full_refresh, range_, progress, task)
        except DiskFullError as error:  # Dagster could not write down that a step failed, or succeeded
            # Its first line: SQLAlchemy's others are the statement, and all that was to be stored.
            said = str(error.__cause__).splitlines()[0]
            _report_error(settings, lane, said)
            raise click.ClickException(said + full_disk_advice(said)) from None
        except Exception as error:  # before there was a run: a project that dbt can't parse, for instance
            _report_error(settings, lane, f"{type(error).__name__}: {error}")
            raise
    if failure:
        click.secho(failure, fg="red", err=True)
        sys.exit(1)
    console.print(f"[green]done[/] in {time.monotonic() - started:.0f} s")


def _range_of(settings: Settings, days: str) -> Days:
    """The days that were asked for. Raises DaysRefused where they can't be rebuilt."""
    first, _, last = days.partition(":")
    return days_between(settings.paths, first, last or first, today=datetime.now(UTC).date())


def _report_error(settings: Settings, lane: str, said: str) -> None:
    """Tell the operator of a run that Dagster has no record of."""
    reason = without_data(said)
    report_quietly(lambda: report_run(settings, _JOBS[lane], reason, ended=time.time()), _warn)


def _warn(text: str) -> None:
    click.secho(text, fg="yellow", err=True)


def _execute(
    settings: Settings, lane: str, full_refresh: bool, days: Days | None, progress: Progress, task: TaskID
) -> str | None:
    """Run the lane's job; returns what failed, or None."""
    import dagster as dg

    from orchestration.definitions import defs
    from orchestration.defs.similarity.assets import LEARNED
    from orchestration.storage.run_locks import held

    job = defs.resolve_job_def(_JOBS[lane])
    refreshed = [
        _DBT_STEPS[lane],
        *(asset.op.name for asset in LEARNED if asset.key in job.asset_layer.selected_asset_keys),
    ]
    ops: dict[str, Any] = {op: {"config": {"full_refresh": full_refresh}} for op in refreshed}
    if days:
        ops[_DBT_STEPS[lane]]["config"]["days"] = {"from_day": str(days.first), "to_day": str(days.last)}
    progress.update(task, description="running", total=len(job.asset_layer.selected_asset_keys))
    screen = _Screen(progress, task)
    run_id = str(uuid.uuid4())
    # `execute_in_process` takes an executor of its own, so the run's lock is taken here.
    with dg.DagsterInstance.get() as instance, held(settings.paths, run_id):
        instance.add_event_listener(run_id, screen.show)
        result = job.execute_in_process(
            instance=instance,
            run_id=run_id,
            raise_on_error=False,
            run_config={
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                "ops": ops,
            },
        )
        # Dagster's sensors do the same, but only while its daemon runs.
        if record := instance.get_run_record_by_id(run_id):
            report_quietly(lambda: report_record(settings, instance, record), _warn)
    if result.success and not screen.failures:
        return None
    return "\n".join(screen.failures) or "the run failed; its log is in Dagster's UI"


class _Screen:
    """A run's events on a terminal: a line for each asset and each trouble, and beside the bar what is under way."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task
        self.failures: list[str] = []

    def show(self, entry: EventLogEntry) -> None:
        """Listen to one event of the run."""
        import dagster as dg

        event = entry.dagster_event
        if event is None:
            self._said(entry)
        elif event.is_step_start:
            self._progress.update(self._task, description=str(event.step_key))
        elif event.is_step_materialization:
            self._made(event.step_materialization_data.materialization)
            self._progress.advance(self._task)
        elif event.event_type is dg.DagsterEventType.ASSET_OBSERVATION:
            self._made(event.asset_observation_data.asset_observation)
        elif event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            self._checked(event.asset_check_evaluation_data)
        elif event.is_step_failure:
            self.failures.append(told_failure(str(event.step_key), event.step_failure_data.error))

    def _said(self, entry: EventLogEntry) -> None:
        """Show a step's message: a warning stays, anything else stands beside the bar until the next."""
        from rich.markup import escape

        if int(entry.level) >= logging.WARNING:
            self._progress.console.print(f"  {entry.user_message}", style="yellow", markup=False)
        else:
            first_line = entry.user_message.splitlines()[0][:72]
            self._progress.update(self._task, description=escape(first_line))

    def _made(self, made: AssetMaterialization | AssetObservation) -> None:
        rows = made.metadata.get("dagster/row_count") or made.metadata.get("rows_loaded")
        count = f"{rows.value:>12,} rows" if rows and isinstance(rows.value, int) else " " * 17
        self._progress.console.print(f"  {count}  {made.asset_key.to_user_string()}")

    def _checked(self, check: AssetCheckEvaluation) -> None:
        import dagster as dg

        if check.passed:
            return
        text = f"check failed: {check.asset_key.to_user_string()} {check.check_name}"
        self._progress.console.print(f"  {text}", style="yellow")
        if check.severity is dg.AssetCheckSeverity.ERROR:
            self.failures.append(text)


def told_failure(step: str, error: SerializableErrorInfo | None) -> str:
    """A step's failure for a terminal: the stack first, and last, where one looks, what went wrong."""
    if error is None:
        return f"{step} failed"
    raised = error.cause or error  # around what the step raised stands Dagster's own
    return f"{error.to_string()}\n\n{step}: {raised.message.strip()}"


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--without-login",
    is_flag=True,
    help="Allow an address that other machines can reach, although Dagster has no login.",
)
def ui(host: str, without_login: bool) -> None:
    """Dagster's UI and daemon: the graph, the runs, and the sensor that brings clicks to the shop."""
    with in_words(SettingsError):
        settings = load_settings()
        every = {
            name: getattr(settings, name)
            for name in ("api_public_keys", "api_secret_keys", "identity_secrets")
        }
        refuse_demo_keys(host, {"write_keys": [key.key for key in settings.write_keys], **every})
    if not (without_login or is_loopback(host)):
        raise click.ClickException(
            f"other machines can reach {host}, and Dagster has no login: anybody who reaches it can start and delete "
            "anything. Listen on 127.0.0.1 and use ssh -L, or, behind a firewall or a proxy with a login, "
            "pass --without-login"
        )
    if not port_is_free(settings.dagster_port, host):
        raise click.ClickException(
            f"can't listen on {host}:{settings.dagster_port}: something listens there already. "
            "Choose another with FOOTFALL_DAGSTER_PORT"
        )
    export(settings, os.environ)
    # The code server imports the definitions; with the manifest there already it doesn't parse the dbt project.
    manifest_of(dbt_project())
    # `dg dev`, which Dagster would rather see, is a package more for the same processes.
    os.environ["PYTHONWARNINGS"] = "ignore:Function `dev_command`"
    workspace = str(REPO / "orchestration" / "workspace.yaml")
    command = ["dagster", "dev", "-w", workspace, "-h", host, "-p", str(settings.dagster_port)]
    # At `info` a sensor that found nothing says so twice a look: 60,000 lines a day. The UI shows the same.
    command += [
        "--log-level",
        "warning",
        "--log-format",
        "json" if settings.log_format == "json" else "colored",
    ]
    click.echo(
        f"Dagster on http://{host}:{settings.dagster_port} within a minute · runs and logs are there · Ctrl-C stops"
    )
    # A process that a shell started with `&` ignores SIGINT. Dagster treats SIGTERM like SIGINT, and would not end.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execv(sys.executable, [sys.executable, "-m", *command])


@click.command()
def compact() -> None:
    """Merge the lake's files of each past day, as Dagster's job `compaction` does every night."""
    from orchestration.lake.compaction import compact as merge
    from orchestration.storage.duckdb_files import WarehouseBusy
    from orchestration.storage.locks import LoaderBusy

    with in_words(SettingsError, LoaderBusy, WarehouseBusy):
        settings = settings_with_events()
        report = merge(
            settings.paths,
            today=datetime.now(UTC).date(),
            on_day=lambda day, files: click.echo(f"{day}: merged {files} files"),
        )
    click.echo(f"merged {report.files_before} files into {report.files_after}; all {report.rows} rows kept")
