"""The verb ``footfall serve``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from footfall.settings import REPO, SettingsError, load_settings


@click.command()
@click.option("--host", help="Address to listen on [setting api_host].")
@click.option("--port", type=int, help="Port to listen on [setting api_port].")
@click.option("--workers", type=click.IntRange(min=1), help="Processes [setting api_workers].")
@click.option("--data", type=click.Path(path_type=Path), help="Data directory [setting data].")
@click.option("--reload", is_flag=True, help="Restart when the code changes (development).")
def serve(host: str | None, port: int | None, workers: int | None, data: Path | None, reload: bool) -> None:
    """Serve the published snapshot over HTTP: recommendations, lists, affinities, funnels.

    Read-only. It may be started before anything is published: /readyz says 503 until then, and each new
    snapshot is followed within a second. Documentation stands at /docs.
    """
    from granian import Granian
    from granian.constants import Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    if data is not None:
        os.environ["FOOTFALL_DATA"] = str(
            data
        )  # the workers are processes of their own and read the settings again
    try:
        settings = load_settings()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    address, listens_on = host or settings.api_host, settings.api_port if port is None else port
    click.echo(f"Footfall API on http://{address}:{listens_on} (documentation: /docs)")
    Granian(
        "api.app:create_app",
        factory=True,
        address=address,
        port=listens_on,
        interface=Interfaces.ASGI,
        workers=workers or settings.api_workers,
        websockets=False,
        # Requests a worker holds before it stops accepting: beyond it a client waits in the kernel's queue.
        backpressure=512,
        http1_settings=HTTP1Settings(header_read_timeout=10_000),
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        log_level=LogLevels.info,
        reload=reload,
        reload_paths=[REPO / "api", REPO / "footfall"] if reload else None,
    ).serve()
