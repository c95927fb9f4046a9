"""`footfall dev`: the line for somebody who changes its code."""

from __future__ import annotations

import time
from pathlib import Path

import click

from footfall.commands import servers
from footfall.runtime.supervisor import Processes, ProcessFailed
from footfall.runtime.terminal import in_words
from footfall.settings import REPO, SettingsError, load_settings

#: A server and the folders whose code it runs. Dagster's UI reloads definitions by its own button.
WATCHED = {"collector": ["collector", "footfall", "pixel/dist"], "API": ["api", "footfall"]}


@click.command()
def dev() -> None:
    """Dagster's UI, the collector and the API on one screen; collector and API restart when their code changes."""
    with in_words(SettingsError):
        settings = load_settings()
    with Processes(settings.paths.logs, echo=True) as processes:
        servers.start(
            processes, [make(settings) for make in (servers.dagster, servers.collector, servers.api)]
        )
        click.echo(
            f"Dagster {settings.dagster_url}   collector {settings.collector_url}   "
            f"API {settings.api_url}/docs   overview {settings.api_url}/overview"
        )
        seen = {server: _newest(folders) for server, folders in WATCHED.items()}
        try:
            while True:
                time.sleep(1)
                for server, folders in WATCHED.items():
                    if (newest := _newest(folders)) != seen[server]:
                        seen[server] = newest
                        click.echo(f"{server}: code changed, restarting")
                        processes.restart(server)
                processes.check(allow=set(WATCHED))
        except KeyboardInterrupt:
            click.echo("stopping")
        except ProcessFailed as error:
            raise click.ClickException(str(error)) from None


def _newest(folders: list[str]) -> float:
    return max(
        (_changed_at(file) for folder in folders for file in (REPO / folder).rglob("*") if _is_code(file)),
        default=0.0,
    )


def _changed_at(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        # An editor's: gone since it was listed, or a link to nothing that says who edits
        return 0.0


def _is_code(file: Path) -> bool:
    return file.suffix in {".py", ".js", ".json", ".html"} and "__pycache__" not in file.parts
