"""`footfall demo`: a shop with a past, the full pipeline behind it, and every address."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import click
import httpx
import msgspec

from footfall.client.sender import SendError, send
from footfall.http.ports import port_is_free
from footfall.landing.directory import unsealed
from footfall.runtime.supervisor import Processes, ProcessFailed, footfall_command
from footfall.runtime.terminal import in_words
from footfall.settings import Settings, SettingsError, load_settings
from footfall.snapshot.format import read_pointer

CATALOG = Path(__file__).parent / "catalog" / "products.json"
#: Short, so that a click in the demo shop reaches the lake while one watches; the default is 15 s.
SEAL_SECONDS = "3"


class Past(msgspec.Struct, frozen=True):
    """The traffic that a data directory was given: the same again on a second run, so that nothing doubles."""

    visitors: int
    days: int
    seed: int
    until: datetime


@click.command()
@click.option("--no-serve", is_flag=True, help="Run everything once, show that it answers, and exit.")
@click.option(
    "--visitors", type=click.IntRange(1), default=5000, show_default=True, help="Visitors of the shop's past."
)
@click.option(
    "--days", type=click.IntRange(1), default=30, show_default=True, help="Days of the shop's past."
)
@click.option(
    "--seed", type=click.IntRange(0), default=7, show_default=True, help="Another seed, another past."
)
@click.option("--fresh", is_flag=True, help="Remove the data of an earlier demo first.")
def demo(no_serve: bool, visitors: int, days: int, seed: int, fresh: bool) -> None:
    """A shop front, its traffic through the collector, the full pipeline in Dagster, and every address."""
    from demo.simulator import declared_experiments

    os.environ.setdefault("FOOTFALL_SEAL_SECONDS", SEAL_SECONDS)
    with in_words(SettingsError):
        settings = load_settings()
        # Before anything starts: the past is sent with the one, the shop's pages ask with the other.
        _ = settings.trusted_key, settings.public_key
    _check_ports(settings, with_dagster=not no_serve)
    if fresh:
        _remove(settings)
    began = time.monotonic()
    with in_words(ProcessFailed), Processes(settings.paths.logs) as processes:
        _step(1, "the collector, and the shop's catalog")
        _start_collector(settings, processes)
        wanted = Past(visitors, days, seed, until=datetime.now(UTC).replace(microsecond=0))
        past = _past_of(settings.paths.data / "demo.json", wanted)
        # dbt's project is everybody's, an experiment is this shop's
        experiments = msgspec.json.encode(declared_experiments(past.until)).decode()
        os.environ.setdefault("FOOTFALL_EXPERIMENTS", experiments)
        _step(2, f"{past.visitors:,} visitors in {past.days} days, sent to the collector")
        _send_past(settings, past)
        _wait_sealed(settings)
        _step(3, "the full pipeline, in Dagster")
        if subprocess.run(footfall_command("run", "--lane", "full")).returncode:
            raise click.ClickException("the pipeline failed; what it said stands above")
        _step(4, "the shop, the API and Dagster's UI" if not no_serve else "the shop and the API")
        _serve(settings, processes, with_dagster=not no_serve)
        _show(settings, time.monotonic() - began, with_dagster=not no_serve)
        if not no_serve:
            click.echo("\nCtrl-C stops everything; the data stay in " + str(settings.paths.data))
            processes.wait()


def shop_command(settings: Settings) -> list[str]:
    """The command that serves the shop front."""
    server = [sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws", "--log-level", "warning"]
    return [*server, "--host", "127.0.0.1", "--port", str(settings.shop_port), "demo.shop.app:app"]


def _step(number: int, text: str) -> None:
    click.secho(f"\n{number}/4  {text}", bold=True)


def _check_ports(settings: Settings, *, with_dagster: bool) -> None:
    wanted = {
        "FOOTFALL_COLLECTOR_PORT": settings.collector_port,
        "FOOTFALL_API_PORT": settings.api_port,
        "FOOTFALL_SHOP_PORT": settings.shop_port,
    }
    if with_dagster:
        wanted["FOOTFALL_DAGSTER_PORT"] = settings.dagster_port
    if taken := {name: port for name, port in wanted.items() if not port_is_free(port)}:
        # One above 1024 that is not taken as well: a hint that doesn't work is worse than none.
        name, port = next(iter(taken.items()))
        free = next(
            other
            for other in range(port + 10_000 if port < 50_000 else 20_000, 65_536)
            if port_is_free(other)
        )
        raise click.ClickException(
            f"in use: port {', '.join(f'{port} ({name})' for name, port in taken.items())}. Is a demo running already? "
            f"Otherwise set another port, as in {name}={free} make demo"
        )


def _remove(settings: Settings) -> None:
    for name in ("landing", "lake", "serving", "catalog", "ledgers", "dagster", "logs", "dbt_target", "dev"):
        shutil.rmtree(settings.paths.data / name, ignore_errors=True)
    for file in (settings.paths.warehouse, settings.paths.data / "demo.json"):
        file.unlink(missing_ok=True)


def _start_collector(settings: Settings, processes: Processes) -> None:
    """Put the catalog into its inbox, where it isn't yet, and start the collector."""
    inbox = settings.paths.catalog / "demo-shop.json"
    inbox.parent.mkdir(parents=True, exist_ok=True)
    if not inbox.exists() or inbox.read_bytes() != CATALOG.read_bytes():
        shutil.copyfile(CATALOG, inbox)
    collector = processes.start("collector", footfall_command("collect"))
    processes.wait_ready(collector, f"{settings.collector_url}/readyz")


def _send_past(settings: Settings, past: Past) -> None:
    """Send the shop's past to the collector, and show how far it is."""
    from demo.simulator import estimate_messages, generate
    from footfall.client.progress import send_bar

    messages = generate(
        visitors=past.visitors, days=past.days, seed=past.seed, until=past.until, shop=settings.shop_url
    )
    total = estimate_messages(visitors=past.visitors, days=past.days)
    with in_words(SendError), send_bar("messages", total) as show:
        report = send(
            messages, url=settings.collector_url, write_key=settings.trusted_key.key, on_progress=show
        )
        show(report)
    click.echo(
        f"accepted {report.accepted:,}, rejected {report.rejected:,}: on disk before they were answered"
    )


def _past_of(file: Path, wanted: Past) -> Past:
    """The past that this data directory has already, or ``wanted``, which is then remembered."""
    if file.exists():
        past = msgspec.json.decode(file.read_bytes(), type=Past)
        if (past.visitors, past.days, past.seed) != (wanted.visitors, wanted.days, wanted.seed):
            click.echo("this data directory has another past already; --fresh starts again")
        return past
    file.write_bytes(msgspec.json.encode(wanted))
    return wanted


def _wait_sealed(settings: Settings) -> None:
    """Wait until all that was sent stands in sealed segments, where the loader sees it."""
    deadline = time.monotonic() + settings.seal_seconds + 30
    while unsealed(settings.paths.landing):
        if time.monotonic() > deadline:
            raise ProcessFailed(
                f"the collector did not seal its segment in {settings.paths.landing / 'open'}"
            )
        time.sleep(0.2)


def _serve(settings: Settings, processes: Processes, *, with_dagster: bool) -> None:
    started = [
        (processes.start("api", footfall_command("serve")), f"{settings.api_url}/readyz", 60),
        (processes.start("shop", shop_command(settings)), settings.shop_url, 60),
    ]
    if with_dagster:
        started.append(
            (processes.start("dagster", footfall_command("ui")), f"{settings.dagster_url}/server_info", 180)
        )
    for child, url, seconds in started:
        click.echo(f"  {child.name} ...", nl=False)
        processes.wait_ready(child, url, seconds)
        click.echo(" ready")


def _show(settings: Settings, seconds: float, *, with_dagster: bool) -> None:
    pointer = read_pointer(settings.paths.serving)
    ask = f"{settings.api_url}/v1/recommendations?key={settings.public_key}&guest=nobody-yet&limit=3"
    items = httpx.get(ask, timeout=10, trust_env=False).raise_for_status().json()["items"]
    click.secho(f"\nReady in {seconds:.0f} s.", bold=True, fg="green")
    rows = [
        ("The shop: click around", settings.shop_url),
        *(
            [("Dagster: the graph and its runs", f"{settings.dagster_url}/asset-groups")]
            if with_dagster
            else []
        ),
        ("What visitors do, on one page", f"{settings.api_url}/overview#{settings.api_secret_keys[0]}"),
        ("The API and its documentation", f"{settings.api_url}/docs"),
        ("The collector", f"{settings.collector_url}/docs"),
    ]
    for text, url in rows:
        click.echo(f"  {text:<34}{url}")
    click.echo(f"\nSnapshot in force: {pointer.version if pointer else 'none'}. A new visitor sees:")
    for item in items:
        click.echo(f"  {item['title']:<42}{item['reason']}")
