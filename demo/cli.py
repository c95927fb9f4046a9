"""`footfall demo`: a shop with a past, the full pipeline behind it, and every address."""

from __future__ import annotations

import contextlib
import hashlib
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
from footfall.commands import servers
from footfall.commands.servers import Server
from footfall.landing.directory import unsealed
from footfall.runtime.atomic_write import replace_file
from footfall.runtime.supervisor import Processes, ProcessFailed, footfall_command
from footfall.runtime.terminal import in_words
from footfall.settings import REPO, Settings, SettingsError, load_settings
from footfall.snapshot.format import read_pointer

CATALOG = Path(__file__).parent / "catalog" / "products.json"
#: Short, so that a click in the demo shop reaches the lake while one watches; the default is 15 s.
SEAL_SECONDS = "3"
#: What a published demo is made by: where none of it changed, what stands is served.
MADE_BY = (
    "dbt_project",
    "demo/catalog",
    "footfall/snapshot",
    *(f"orchestration/{each}" for each in ("catalog", "defs", "lake", "recommend", "serving", "warehouse")),
)
_CODE = frozenset({".py", ".sql", ".yml", ".yaml", ".csv", ".json"})
_NO_CODE = frozenset({"target", "logs", "dbt_packages", "__pycache__"})


class Past(msgspec.Struct, frozen=True):
    """The traffic that a data directory was given, and how far it came."""

    visitors: int
    days: int
    seed: int
    until: datetime
    is_sent: bool = False
    """All of it was accepted. Until then it is sent as it was, so that nothing doubles."""
    built_by: str = ""
    """``code_digest`` of the full pipeline that published it."""


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
    ports = {name: getattr(settings, name) for name in ("collector_port", "api_port", "shop_port")}
    servers.check_ports(ports if no_serve else ports | {"dagster_port": settings.dagster_port}, "make demo")
    note = settings.paths.data / "demo.json"
    _refuse_a_shops_data(settings, note)
    if fresh:
        _remove(settings)
    began = time.monotonic()
    past = _past_of(note, Past(visitors, days, seed, until=datetime.now(UTC).replace(microsecond=0)))
    # dbt's project is everybody's, an experiment is this shop's
    experiments = msgspec.json.encode(declared_experiments(past.until)).decode()
    os.environ.setdefault("FOOTFALL_EXPERIMENTS", experiments)
    _fill_inbox(settings)
    digest = code_digest()
    pointer = read_pointer(settings.paths.serving)
    stands = past.is_sent and past.built_by == digest and pointer is not None
    shown = [servers.api(settings), Server("shop", shop_command(settings), settings.shop_url)]
    with in_words(ProcessFailed), Processes(settings.paths.logs) as processes:
        if stands:
            assert pointer is not None
            click.secho(
                f"What an earlier demo published stands ({pointer.version}); --fresh makes another", bold=True
            )
            shown.insert(0, servers.collector(settings))
        else:
            _step(1, "the collector, and the shop's catalog")
            servers.start(processes, [servers.collector(settings)])()
            _step(2, f"{past.visitors:,} visitors in {past.days} days, sent to the collector")
            if past.is_sent:
                click.echo("  sent by an earlier demo")
            else:
                _send_past(settings, past)
                past = _noted(note, msgspec.structs.replace(past, is_sent=True))
            _wait_sealed(settings)
            _step(3, "the full pipeline, in Dagster")
            if subprocess.run(footfall_command("run", "--lane", "full")).returncode:
                raise click.ClickException("the pipeline failed; what it said stands above")
            _noted(note, msgspec.structs.replace(past, built_by=digest))
            _step(4, "the shop, the API and Dagster's UI" if not no_serve else "the shop and the API")
        wait_shown = servers.start(processes, shown)
        # Its definitions take longest to import; shop and API don't wait for it.
        wait_dagster = servers.start(processes, [] if no_serve else [servers.dagster(settings)])
        wait_shown()
        _show(settings, time.monotonic() - began, with_dagster=not no_serve)
        if not no_serve:
            click.echo("\nCtrl-C stops everything; the data stay in " + str(settings.paths.data))
            with contextlib.suppress(KeyboardInterrupt):
                wait_dagster()
                processes.wait()


def shop_command(settings: Settings) -> list[str]:
    """The command that serves the shop front."""
    server = [sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws", "--log-level", "warning"]
    return [*server, "--host", "127.0.0.1", "--port", str(settings.shop_port), "demo.shop.app:app"]


def _step(number: int, text: str) -> None:
    click.secho(f"\n{number}/4  {text}", bold=True)


def code_digest() -> str:
    """A digest of what turns the demo's past into what it publishes."""
    digest = hashlib.sha256()
    for folder in MADE_BY:
        for file in sorted((REPO / folder).rglob("*")):
            inside = file.relative_to(REPO)
            if file.suffix in _CODE and not _NO_CODE.intersection(inside.parts):
                digest.update(f"{inside}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _refuse_a_shops_data(settings: Settings, note: Path) -> None:
    """Raise click.ClickException where the data directory holds something, and no demo: neither simulated visitors nor
    ``--fresh`` may come over a shop's events.
    """
    data = settings.paths.data
    if not note.exists() and data.is_dir() and any(data.iterdir()):
        raise click.ClickException(
            f"{data} holds something else than a demo, a shop's events perhaps. Give the demo a directory of its own: "
            f"FOOTFALL_DATA={data.with_name('data-demo')} make demo"
        )


def _remove(settings: Settings) -> None:
    for name in ("landing", "lake", "serving", "catalog", "ledgers", "dagster", "logs", "dbt_target", "dev"):
        shutil.rmtree(settings.paths.data / name, ignore_errors=True)
    for file in (settings.paths.warehouse, settings.paths.data / "demo.json"):
        file.unlink(missing_ok=True)


def _fill_inbox(settings: Settings) -> None:
    """Put the catalog into its inbox, where it isn't yet."""
    inbox = settings.paths.catalog / "demo-shop.json"
    if not inbox.exists() or inbox.read_bytes() != CATALOG.read_bytes():
        replace_file(inbox, lambda aside: shutil.copyfile(CATALOG, aside))


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
    return _noted(file, wanted)


def _noted(file: Path, past: Past) -> Past:
    replace_file(file, lambda aside: aside.write_bytes(msgspec.json.encode(past)))
    return past


def _wait_sealed(settings: Settings) -> None:
    """Wait until all that was sent stands in sealed segments, where the loader sees it."""
    deadline = time.monotonic() + settings.seal_seconds + 30
    while unsealed(settings.paths.landing):
        if time.monotonic() > deadline:
            raise ProcessFailed(
                f"the collector did not seal its segment in {settings.paths.landing / 'open'}"
            )
        time.sleep(0.2)


def _show(settings: Settings, seconds: float, *, with_dagster: bool) -> None:
    pointer = read_pointer(settings.paths.serving)
    ask = f"{settings.api_url}/v1/recommendations?key={settings.public_key}&guest=nobody-yet&limit=3"
    items = httpx.get(ask, timeout=10, trust_env=False).raise_for_status().json()["items"]
    click.secho(f"\nReady in {seconds:.0f} s.", bold=True, fg="green")
    rows = [
        ("The shop: click around", settings.shop_url),
        *([("Dagster, within a minute", f"{settings.dagster_url}/asset-groups")] if with_dagster else []),
        ("What visitors do, on one page", f"{settings.api_url}/overview#{settings.api_secret_keys[0]}"),
        ("The API and its documentation", f"{settings.api_url}/docs"),
        ("The collector", f"{settings.collector_url}/docs"),
    ]
    servers.show_addresses(rows)
    click.echo(f"\nActive snapshot: {pointer.version if pointer else 'none'}. A new visitor sees:")
    for item in items:
        click.echo(f"  {item['title']:<42}{item['reason']}")
