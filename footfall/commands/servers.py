"""The servers of one data directory, as `footfall demo`, `dev` and `start` start them, and the ports they need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import click
import httpx

from footfall.http.ports import port_is_free
from footfall.runtime.supervisor import Child, Processes, footfall_command
from footfall.settings import Settings, variable_of


@dataclass(frozen=True)
class Server:
    """A server: its command, where it answers once it is up, and how many seconds that may take."""

    name: str
    command: list[str]
    url: str
    seconds: float = 60.0


def collector(settings: Settings) -> Server:
    """Return the server that takes events."""
    return Server("collector", footfall_command("collect"), f"{settings.collector_url}/readyz")


def api(settings: Settings) -> Server:
    """Return the server that answers the shop's pages; it is up before anything is published."""
    return Server("API", footfall_command("serve"), f"{settings.api_url}/livez")


def dagster(settings: Settings) -> Server:
    """Return Dagster's UI and daemon. Its definitions are imported first: a minute on a busy machine."""
    return Server("Dagster", footfall_command("ui"), f"{settings.dagster_url}/server_info", 300.0)


def start(processes: Processes, servers: Iterable[Server]) -> Callable[[], None]:
    """Start them side by side. The function returned waits until all are up, and says so of each; it raises
    ProcessFailed.
    """
    started: list[tuple[Server, Child]] = [
        (each, processes.start(each.name, each.command)) for each in servers
    ]

    def wait() -> None:
        for server, child in started:
            click.echo(f"  {server.name} ...", nl=False)
            processes.wait_ready(child, server.url, server.seconds)
            click.echo(" ready")

    return wait


def is_up(server: Server) -> bool:
    """Return whether it answers."""
    try:
        return httpx.get(server.url, timeout=1, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def check_ports(ports: Mapping[str, int], again: str) -> None:
    """Raise click.ClickException where a port is taken, with one that is free.

    ports: by setting. again: the command to say again, behind ``FOOTFALL_X_PORT=n``.
    """
    if not (taken := {name: port for name, port in ports.items() if not port_is_free(port)}):
        return
    name, port = next(iter(taken.items()))
    listed = ", ".join(f"{port} ({variable_of(name)})" for name, port in taken.items())
    raise click.ClickException(
        f"in use: port {listed}. Is Footfall running already? Otherwise set another port, as in "
        f"{variable_of(name)}={free_port(port)} {again}"
    )


def free_port(near: int) -> int:
    """A port that nobody listens on: a hint that doesn't work is worse than none."""
    first = near + 10_000 if near < 50_000 else 20_000
    return next(port for port in range(first, 65_536) if port_is_free(port))


def show_addresses(rows: Iterable[tuple[str, str]]) -> None:
    """Print what is where."""
    for text, url in rows:
        click.echo(f"  {text:<34}{url}")
