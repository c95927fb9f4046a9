"""``footfall collect``: run the collector."""

from __future__ import annotations

import gc
import os
import secrets
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector.files import OsFiles
from collector.landing import Landing
from footfall.http.ports import check_port, raise_file_limit, refuse_demo_keys
from footfall.http.reloading import SettingsInForce, change_when_ready
from footfall.http.workers import end_with, hear_signals_from_birth, shared_folder
from footfall.runtime.logs import log_config
from footfall.runtime.terminal import in_words
from footfall.settings import Settings, SettingsError
from footfall.settings.masking import without_credentials

if TYPE_CHECKING:
    from litestar import Litestar

#: A connection that sends no complete request head for this long is closed; so is an idle kept-alive one.
HEADER_MILLISECONDS = 15_000
#: Connections a worker holds at once. Browsers keep theirs open, so this is far above the requests in flight.
CONNECTIONS = 4096
#: Python looks for cycles again when so many more containers were made than freed since it last did. That is above what
#: the largest request holds while it is validated: 32 KB of messages at a time, at most some 10,000 empty objects.
MAX_CONTAINERS = 50_000
#: A reload (SIGHUP) starts a worker beside each one, and ends the old one as soon as the new one listens
#: (``change_when_ready``), or after so many seconds where the new one died.
RELOAD_SECONDS = 5.0
#: Settings that a reload can't change.
STARTED_WITH = (
    *("data", "collector_host", "collector_port", "collector_workers", "collector_path", "ship_to"),
    "log_format",
)


@click.command()
@click.option("--host", help="Address to listen on [FOOTFALL_COLLECTOR_HOST].")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on [FOOTFALL_COLLECTOR_PORT].")
@click.option("--workers", type=click.IntRange(1), help="Worker processes [FOOTFALL_COLLECTOR_WORKERS].")
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Data directory [FOOTFALL_DATA]."
)
def collect(host: str | None, port: int | None, workers: int | None, data: Path | None) -> None:
    """Accept events from the pixel and from servers, and answer once they are on disk.

    Each worker appends to a landing segment of its own. Ctrl-C or SIGTERM answers what is in flight, seals
    the segments and stops. SIGHUP reloads the settings, such as write keys, without losing a request.
    """
    chosen = {"collector_host": host, "collector_port": port, "collector_workers": workers, "data": data}
    with in_words(SettingsError):
        in_force = SettingsInForce(chosen, STARTED_WITH, _check_keys)
        settings = in_force.settings
        _check_path(settings)
    _check_directory(settings)
    address = check_port(settings.collector_host, settings.collector_port, "COLLECTOR")
    raise_file_limit(2 * CONNECTIONS)
    if not settings.ship_to:
        _serve(in_force, address)
        return
    from collector.ship_cli import ShippingCompanion
    from footfall.landing.object_store import BucketError, check_bucket_url

    try:
        check_bucket_url(settings.ship_to)
    except BucketError as error:
        raise click.ClickException(f"FOOTFALL_SHIP_TO: {error}") from None
    with ShippingCompanion(settings):
        _serve(in_force, address)


def _serve(in_force: SettingsInForce, address: str) -> None:
    # Imported here: `footfall --help` must not wait for a web server to load.
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels
    from granian.server import Server

    from collector.app import DRAIN_SECONDS, FLUSH_SECONDS

    settings = in_force.settings
    server = Server(
        "footfall-collector",
        address=address,
        port=settings.collector_port,
        interface=Interfaces.ASGI,
        workers=settings.collector_workers,
        # Behind a proxy that speaks HTTP/2 or TLS to the world; this side stays simple.
        http=HTTPModes.http1,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS),
        backlog=2048,
        backpressure=CONNECTIONS,
        # A worker that died comes back, and seals what the dead one left.
        respawn_failed_workers=True,
        respawn_interval=RELOAD_SECONDS,
        workers_kill_timeout=int(DRAIN_SECONDS + FLUSH_SECONDS) + 5,
        log_level=LogLevels.warning,
        log_dictconfig=log_config(settings.log_format),
    )
    server.on_startup(partial(_announce, settings))
    server.on_reload(in_force.read_again)
    hear_signals_from_birth()
    with shared_folder("footfall-collector") as together:
        change_when_ready(server, together)
        loader = partial(load_app, in_force, os.getpid(), together)
        server.serve(target_loader=loader, wrap_loader=False)


def load_app(in_force: SettingsInForce, parent: int, together: Path | None) -> Litestar:
    """The application, in a worker process of its own that ends with its ``parent``; by the current settings when the
    worker is born.

    In ``together`` is what the workers share.
    """
    from collector.app import create_app

    end_with(parent)
    app = create_app(in_force.settings, together=together)
    calm_garbage_collection()
    return app


def calm_garbage_collection() -> None:
    """Let a request's messages come and go without a search for cycles among them: JSON has none.

    That took a third of the CPU at 100 messages a request (6.6 microseconds a message, now 4.5). What was loaded by now
    stays for good and need not be looked at again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(MAX_CONTAINERS, *gc.get_threshold()[1:])


def _announce(settings: Settings) -> None:
    url = settings.collector_url
    workers = f"{settings.collector_workers} worker{'s' if settings.collector_workers > 1 else ''}"
    click.echo(f"Footfall collector on {url} ({workers}), writing to {settings.paths.landing}")
    if settings.ship_to:
        click.echo(f"  sealed segments go to {without_credentials(settings.ship_to)}")
    click.echo(f"  pixel {url}{settings.pixel_path} · routes {url}/docs · health {url}/readyz · Ctrl-C stops")


def _check_path(settings: Settings) -> None:
    """Raises SettingsError."""
    from collector.app import check_path

    check_path(settings.collector_path)


def _check_directory(settings: Settings) -> None:
    landing = settings.paths.landing
    # Not by the process: those of two containers over one volume have the same number.
    probe = landing / f".probe-{secrets.token_hex(8)}"
    try:
        # Durably: the workers find the directories there, and take their names for kept.
        Landing(landing, OsFiles()).prepare()
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise click.ClickException(
            f"can't write to {landing}: {error.strerror}. "
            "Choose another directory with --data or FOOTFALL_DATA, or change its owner"
        ) from None


def _check_keys(settings: Settings) -> None:
    """Raises SettingsError."""
    refuse_demo_keys(settings.collector_host, {"write_keys": [key.key for key in settings.write_keys]})
