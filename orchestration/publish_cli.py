"""``footfall publish``: let one version through that was held back."""

from __future__ import annotations

import click

from footfall.settings import SettingsError, load_settings
from footfall.snapshot import SnapshotError
from footfall.verbs import in_words


@click.command()
@click.option("--once", "version", required=True, help="The version that the failed run names.")
@click.option("--why", required=True, help="What explains the fall; it is kept.")
def publish(version: str, why: str) -> None:
    """Publish one version that was held back since it holds much less than the one in force.

    The guard stays: later versions are compared with this one.
    """
    from orchestration.lib.snapshot import ONCE_FILE, SnapshotBusyError, publish_once

    with in_words(SettingsError, SnapshotError, SnapshotBusyError):
        serving = load_settings().paths.serving
        publish_once(serving, version, why)
    click.echo(f"in force: {version}; noted in {serving / ONCE_FILE}")
