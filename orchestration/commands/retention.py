"""``footfall retain``: what is past its time, and removing it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from itertools import groupby

import click

from footfall.runtime.supervisor import footfall_command
from footfall.runtime.terminal import in_words
from footfall.settings import SettingsError, settings_with_events
from orchestration.lake.retention import Due, due, first_day_kept
from orchestration.lake.retention import retain as remove
from orchestration.lake.schema import prepare_lake
from orchestration.storage.duckdb_files import WarehouseBusy
from orchestration.storage.locks import LoaderBusy


@click.command()
@click.option("--dry-run", is_flag=True, help="Print what would be removed, and change nothing.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--no-run", is_flag=True, help="Remove only; your next run rebuilds the warehouse.")
def retain(dry_run: bool, yes: bool, no_run: bool) -> None:
    """Remove events that arrived more than FOOTFALL_RETENTION_DAYS ago, as Dagster does every Saturday.

    This can't be undone. It rebuilds the warehouse from the remaining events, as slowly as a build from scratch.
    """
    with in_words(SettingsError):
        settings = settings_with_events()
    if settings.retention_days is None:
        raise click.ClickException("retention_days is not set: everything is kept")
    prepare_lake(settings.paths)
    before = first_day_kept(datetime.now(UTC).date(), settings.retention_days)
    found = due(settings.paths, before)
    _tell(found)
    if dry_run or not found.days:
        return
    if not yes:
        click.confirm("Remove them for good?", abort=True)
    try:
        gone = remove(settings.paths, before)
    except (LoaderBusy, WarehouseBusy) as error:
        raise click.ClickException(f"{error}; try again in a moment") from None
    click.echo(f"removed {len(gone.days)} days")
    if no_run:
        click.echo("next: `footfall run`; until then the API serves the previous version")
        return
    # That tables shrink is meant this time.
    shrinking = {**os.environ, "FOOTFALL_SNAPSHOT_MIN_RATIO": "0"}
    if subprocess.run(footfall_command("run"), check=False, env=shrinking).returncode:
        sys.exit(1)


def _tell(found: Due) -> None:
    if not found.days:
        click.echo(f"nothing arrived before {found.before}")
        return
    for month, days in groupby(found.days, key=lambda day: f"{day.day:%Y-%m}"):
        of_month = list(days)
        click.echo(
            f"{month}: {len(of_month)} days, {sum(day.events for day in of_month):,} events,"
            f" {sum(day.files for day in of_month):,} files,"
            f" {sum(day.bytes for day in of_month) / 2**20:,.1f} MiB"
        )
    events = sum(day.events for day in found.days)
    click.echo(f"before {found.before}: {events:,} events, {found.share:.1%} of all by size")
