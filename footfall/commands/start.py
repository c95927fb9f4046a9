"""`footfall start`: collector, pipeline and API of this directory in one terminal."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator

import click

from footfall.commands import servers
from footfall.commands.follow import Checklist
from footfall.runtime.supervisor import Processes, ProcessFailed, footfall_command
from footfall.runtime.terminal import in_words
from footfall.settings import DEMO_KEYS, Settings, SettingsError, load_settings
from footfall.settings.file import read_settings_file
from footfall.snapshot.format import SnapshotError, read_pointer
from footfall.status.first_day import has_catalogue, has_events


@click.command()
def start() -> None:
    """Collector, pipeline and API of this directory in one terminal, and what arrives, until Ctrl-C."""
    with in_words(SettingsError, SnapshotError):
        settings = load_settings()
        _refuse_the_demos_keys(settings)
        stands = read_pointer(settings.paths.serving) is not None
    ports = {name: getattr(settings, name) for name in ("collector_port", "api_port", "dagster_port")}
    servers.check_ports(ports, "footfall start")
    with in_words(ProcessFailed), Processes(settings.paths.logs) as processes, _until_interrupted():
        # Before the pipeline: what visitors do meanwhile is taken, and the shop's pages get an answer in words.
        servers.start(processes, [servers.collector(settings), servers.api(settings)])()
        _say_where(settings)
        # A catalogue alone is worth a first publish: its pages then show what resembles what
        if not stands and (has_events(settings.paths) or has_catalogue(settings.paths)):
            click.secho("\nThe first full pipeline", bold=True)
            if processes.run(footfall_command("run", "--lane", "full"), lambda: _tend(processes)):
                click.secho(
                    "It failed: what it said stands above. Dagster tries again by itself.", fg="yellow"
                )
        dagster = servers.dagster(settings)
        servers.start(processes, [dagster])
        click.secho("\nWhat has arrived", bold=True)
        processes.wait(_Watch(processes, dagster, Checklist(settings)).look)
    click.echo("stopped; the data stay in " + str(settings.paths.data))


def _refuse_the_demos_keys(settings: Settings) -> None:
    """Raise SettingsError where this directory was never set up."""
    if any(key.key in DEMO_KEYS for key in settings.write_keys) and not read_settings_file(os.environ)[1]:
        raise SettingsError(
            "this directory has no footfall.toml: `footfall init` writes one, `make demo` shows a demo"
        )


class _Watch:
    """What is done while everything runs: a crashed server is started again, what arrives is ticked off."""

    def __init__(self, processes: Processes, dagster: servers.Server, checklist: Checklist) -> None:
        self._processes, self._dagster, self._checklist = processes, dagster, checklist
        self._looked_at = 0.0
        self._is_up = False

    def look(self) -> None:
        """To be called twice a second; metrics and lake are asked less often."""
        _tend(self._processes)
        if time.monotonic() - self._looked_at < self._checklist.seconds:
            return
        self._checklist.show()
        if not self._is_up and servers.is_up(self._dagster):
            self._is_up = True
            click.echo(f"  Dagster is up: {self._dagster.url.rpartition('/')[0]}")
        self._looked_at = time.monotonic()


def _tend(processes: Processes) -> None:
    processes.revive(lambda text: click.secho(text, fg="yellow"))


@contextlib.contextmanager
def _until_interrupted() -> Iterator[None]:
    with contextlib.suppress(KeyboardInterrupt):
        yield
    click.echo("\nstopping")


def _say_where(settings: Settings) -> None:
    # The key opens everything, and what goes to a file may be read by others
    key = f"#{settings.api_secret_keys[0]}" if settings.api_secret_keys and sys.stdout.isatty() else ""
    servers.show_addresses(
        [
            ("What visitors do, on one page", f"{settings.api_url}/overview{key}"),
            ("The API and its documentation", f"{settings.api_url}/docs"),
            ("The collector", f"{settings.collector_url}/docs"),
            ("Dagster, once it is up", f"{settings.dagster_url}/asset-groups"),
            ("The tag for the shop's pages", "footfall init --show"),
        ]
    )
    click.echo("Ctrl-C stops everything.")
