"""The command ``footfall serve``."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from footfall.http.ports import check_port, raise_file_limit, refuse_demo_keys
from footfall.http.reloading import SettingsInForce, change_when_ready
from footfall.http.workers import TOGETHER, end_with, hear_signals_from_birth, shared_folder
from footfall.runtime.logs import log_config
from footfall.runtime.terminal import in_words
from footfall.settings import REPO, Settings, SettingsError

if TYPE_CHECKING:
    from litestar import Litestar

#: Connections a worker holds at once. A browser keeps its own open, so this is far above the requests in flight.
CONNECTIONS = 2048
#: A connection that sends no whole request head for this long is closed.
HEADER_MILLISECONDS = 15_000
#: A reload (SIGHUP) starts a worker beside each one, and ends the old one as soon as the new one listens
#: (``change_when_ready``), or after so many seconds where the new one died.
RELOAD_SECONDS = 15.0
#: Settings that a reload can't change.
STARTED_WITH = ("api_host", "api_port", "api_workers", "log_format")


@click.command()
@click.option("--host", help="Address to listen on [FOOTFALL_API_HOST].")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on [FOOTFALL_API_PORT].")
@click.option("--workers", type=click.IntRange(min=1), help="Worker processes [FOOTFALL_API_WORKERS].")
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Data directory [FOOTFALL_DATA]."
)
@click.option("--reload", is_flag=True, help="Restart when the code changes (development).")
def serve(host: str | None, port: int | None, workers: int | None, data: Path | None, reload: bool) -> None:
    """Serve the published snapshot over HTTP: recommendations, lists, affinities, segments, funnels.

    Read-only. It may be started before anything is published: /readyz says 503 until then, and each new
    snapshot is followed within a second. The documentation is at /docs, the owner's overview at /overview.
    """
    chosen = {"api_host": host, "api_port": port, "api_workers": workers, "data": data}
    with in_words(SettingsError):
        in_force = SettingsInForce(chosen, STARTED_WITH, _check_keys)
    settings = in_force.settings
    address = check_port(settings.api_host, settings.api_port, "API")
    raise_file_limit(CONNECTIONS + 512)
    os.umask(0o077)  # all that is ever written is what DuckDB sorts on disk: nobody else may read that
    url = settings.api_url
    click.echo(f"Footfall API on {url} (documentation: {url}/docs, overview: {url}/overview)")
    with shared_folder("footfall-api") as together:
        os.environ[TOGETHER] = str(together)
        _serve(in_force, address, together, reload)


def _serve(in_force: SettingsInForce, address: str, together: Path, reload: bool) -> None:
    # Imported here: `footfall --help` must not wait for a web server to load.
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    settings = in_force.settings
    server = Granian(
        "footfall-api",
        address=address,
        port=settings.api_port,
        interface=Interfaces.ASGI,
        workers=settings.api_workers,
        # Behind a proxy that speaks HTTP/2 or TLS to the world; this side stays simple.
        http=HTTPModes.http1,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS),
        backlog=CONNECTIONS,
        backpressure=CONNECTIONS,
        respawn_failed_workers=True,
        respawn_interval=RELOAD_SECONDS,
        workers_kill_timeout=10,
        log_level=LogLevels.warning,
        log_dictconfig=log_config(settings.log_format),
        reload=reload,
        reload_paths=[REPO / "api", REPO / "footfall"] if reload else None,
    )
    server.on_reload(in_force.read_again)
    change_when_ready(server, together)
    hear_signals_from_birth()
    server.serve(target_loader=partial(load_app, in_force, os.getpid()), wrap_loader=False)


def load_app(in_force: SettingsInForce, parent: int) -> Litestar:
    """The application, in a worker process of its own that ends with its ``parent``; by the current settings when the
    worker is born.
    """
    from api.app import create_app

    end_with(parent)
    return create_app(in_force.settings)


def _check_keys(settings: Settings) -> None:
    """Raises SettingsError."""
    names = ("api_public_keys", "api_secret_keys", "identity_secrets")
    refuse_demo_keys(settings.api_host, {name: getattr(settings, name) for name in names})
