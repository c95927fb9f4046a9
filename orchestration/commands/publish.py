"""``footfall publish``: let one version through that was held back."""

from __future__ import annotations

import click

from footfall.runtime.terminal import in_words
from footfall.settings import SettingsError, load_settings
from footfall.snapshot.format import SnapshotError


@click.command()
@click.option("--once", "version", required=True, help="The version named by the failed run.")
@click.option("--why", required=True, help="The reason for the fall; kept in the history.")
def publish(version: str, why: str) -> None:
    """Publish one version that was held back because it holds much less than the active one.

    The guard stays: later versions are compared with this one.
    """
    from orchestration.lake.privacy import last_forgotten
    from orchestration.serving.publish import ONCE_FILE, SnapshotBusyError, publish_once

    with in_words(SettingsError, SnapshotError, SnapshotBusyError):
        paths = load_settings().paths
        publish_once(paths.serving, version, why, not_from_before=last_forgotten(paths))
    click.echo(f"active: {version}; noted in {paths.serving / ONCE_FILE}")
