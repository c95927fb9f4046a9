"""The verb ``footfall serve``."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from footfall.listening import check_port, raise_file_limit
from footfall.logs import log_config
from footfall.settings import REPO, Settings, SettingsError, load_settings
from footfall.workers import TOGETHER, end_with, shared_folder

if TYPE_CHECKING:
    from litestar import Litestar

#: Connections a worker holds at once. A browser keeps its own open, so this is far above the requests in flight.
CONNECTIONS = 2048
#: A connection that sends no whole request head for this long is closed.
HEADER_MILLISECONDS = 15_000
#: A reload (SIGHUP) starts a worker beside each one, and ends the old one so many seconds later: by then the new one
#: listens, which takes it 2 s on a quiet machine.
RELOAD_SECONDS = 15.0


@click.command()
@click.option("--host", help="Address to listen on [FOOTFALL_API_HOST].")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on [FOOTFALL_API_PORT].")
@click.option("--workers", type=click.IntRange(min=1), help="Worker processes [FOOTFALL_API_WORKERS].")
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Data directory [FOOTFALL_DATA]."
)
@click.option("--reload", is_flag=True, help="Restart when the code changes (development).")
def serve(host: str | None, port: int | None, workers: int | None, data: Path | None, reload: bool) -> None:
    """Serve the published snapshot over HTTP: recommendations, lists, affinities, segments,
    funnels.

    Read-only. It may be started before anything is published: /readyz says 503 until then, and each new
    snapshot is followed within a second. Documentation stands at /docs.
    """
    chosen = {"API_HOST": host, "API_PORT": port, "API_WORKERS": workers, "DATA": data}
    # By the environment: workers are processes of their own and read the settings again.
    os.environ.update({f"FOOTFALL_{name}": str(value) for name, value in chosen.items() if value is not None})
    try:
        settings = load_settings()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    check_port(settings.api_host, settings.api_port, "API")
    raise_file_limit(CONNECTIONS + 512)
    os.umask(0o077)  # all that is ever written is what DuckDB sorts on disk: nobody else may read that
    click.echo(f"Footfall API on {settings.api_url} (documentation: {settings.api_url}/docs)")
    with shared_folder("footfall-api") as together:
        os.environ[TOGETHER] = str(together)
        _serve(settings, reload)


def _serve(settings: Settings, reload: bool) -> None:
    # Imported here: `footfall --help` must not wait for a web server to load.
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    Granian(
        "footfall-api",
        address=settings.api_host,
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
    ).serve(target_loader=partial(load_app, os.getpid()), wrap_loader=False)


def load_app(parent: int) -> Litestar:
    """The application, in a worker process of its own that ends with its ``parent``."""
    from api.app import create_app

    end_with(parent)
    return create_app()
