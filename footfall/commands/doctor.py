"""`footfall doctor`: what is wrong with the settings, the disk, the keys and the running processes, and what to do."""

from __future__ import annotations

import shutil
import sys
import time
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from footfall.commands.doctor_files import Finding, look_at_catalogue, look_at_files, look_at_warehouse
from footfall.commands.doctor_security import look_at_security
from footfall.commands.follow import follow_arrivals
from footfall.landing.directory import QUARANTINE, oldest_sealed
from footfall.runtime.terminal import in_words
from footfall.settings import DEMO_KEYS, Settings, SettingsError, load_settings, unknown_variables
from footfall.settings.masking import without_credentials
from footfall.snapshot.format import MANIFEST_FILE, SnapshotError, read_pointer
from footfall.status.diagnosis import read_diagnosis, told
from footfall.status.runs import look_at_runs, only_collects, staleness

#: A loader takes a segment within seconds, unless a full run is under way, which takes minutes.
_WAITING_SECONDS = 300.0


@click.command()
@click.option("--collector", metavar="URL", help="The collector, where it is not on this machine.")
@click.option("--api", metavar="URL", help="The API, where it is not on this machine.")
@click.option("--dagster", metavar="URL", help="Dagster, where it is not on this machine.")
@click.option(
    "--deep", is_flag=True, help="Read every file of the lake and of the snapshot in force as well."
)
@click.option(
    "--follow",
    is_flag=True,
    help="Tick off what arrives of a new shop, from the tag to the first recommendation, until all of it has.",
)
def doctor(collector: str | None, api: str | None, dagster: str | None, deep: bool, follow: bool) -> None:
    """Look at the settings, the disk and the servers; say what is wrong and what to do about it.

    In containers each server has a name of its own: --collector http://collector:8710 (docs/operator/containers.md).
    """
    with in_words(SettingsError):
        settings = load_settings()
    if follow:
        follow_arrivals(settings, collector, api)
        return
    findings = [
        *look_at_variables(),
        *_look_at_disk(settings),
        *look_at_warehouse(settings),
        *look_at_catalogue(settings),
        *(look_at_files(settings) if deep else []),
        *_look_at_buckets(settings),
        *_look_at_snapshot(settings),
        *_look_at_diagnosis(settings),
        *look_at_runs(settings, datetime.now(UTC)),
        *_look_at_keys(settings),
        *look_at_security(settings),
        *_check_servers(settings, collector, api, dagster),
    ]
    for good, text in findings:
        click.secho(f" {'ok' if good else '!!'}  ", fg="green" if good else "yellow", nl=False)
        click.echo(text)
    if not all(good for good, _ in findings):
        sys.exit(1)


def look_at_variables() -> list[Finding]:
    """Variables of the environment that look like settings and set nothing."""
    return [
        (False, f"{name} sets nothing{f': did you mean {meant}?' if meant else ''}")
        for name, meant in unknown_variables().items()
    ]


def _look_at_disk(settings: Settings) -> list[Finding]:
    data = settings.paths.data
    if not data.exists():
        return [(False, f"{data} does not exist yet: `make demo` or `footfall collect` creates it")]
    free = shutil.disk_usage(data).free
    text = f"{free / 2**30:.1f} GiB free at {data}"
    enough = free > settings.min_free_bytes
    if not enough:
        text += f", the collector refuses events below {settings.min_free_bytes / 2**30:.1f} GiB"
    findings = [(enough, text)]
    files = list((settings.paths.landing / QUARANTINE).glob("*"))
    text = " (unreadable bytes; keep them, they may contain events)" if files else ""
    findings.append((not files, f"landing/quarantine: {len(files)} files{text}"))
    return [*findings, _look_at_sealed(settings)]


def _look_at_sealed(settings: Settings) -> Finding:
    waiting, waited = oldest_sealed(settings.paths.landing, time.time())
    if not waiting:
        return True, "landing/sealed: no segments waiting"
    text = f"landing/sealed: {waiting} segments wait, the oldest for {waited:.0f} s"
    if waited <= _WAITING_SECONDS:
        return True, text
    taker = (
        f"does {without_credentials(settings.ship_to)} answer?"
        if settings.ship_to
        else "is Dagster running (`footfall ui`), do its runs succeed?"
    )
    return False, f"{text}: {taker}"


def _look_at_snapshot(settings: Settings) -> list[Finding]:
    if only_collects(settings):
        return []
    try:
        pointer = read_pointer(settings.paths.serving)
    except SnapshotError as error:
        return [(False, f"serving: {error}. `footfall run` publishes a new version")]
    if pointer is None:
        return [(False, "serving: nothing is published yet: `footfall run`, or wait for Dagster's first run")]
    if not (settings.paths.serving / pointer.version / MANIFEST_FILE).exists():
        return [
            (
                False,
                f"serving: {pointer.version} is active, but missing: `footfall run` publishes a new version",
            )
        ]
    now = datetime.now(UTC)
    age = (now - pointer.published_at).total_seconds()
    text = f"serving: {pointer.version} is active since {age / 60:.0f} min"
    if staleness(settings, now) is None:
        return [(True, text)]
    return [
        (
            False,
            f"{text}, though the full pipeline publishes every hour: is Dagster running (`footfall ui`), did its last "
            "run fail, is a publish held back (`footfall quality`)?",
        )
    ]


def _look_at_diagnosis(settings: Settings) -> list[Finding]:
    """The events that the last run failed on."""
    found = read_diagnosis(settings.paths)
    return [] if found is None else [(False, told(found))]


def _look_at_buckets(settings: Settings) -> list[Finding]:
    from footfall.landing.object_store import BucketError, open_bucket, parse_object_name

    findings = []
    for name, url in (("ship_to", settings.ship_to), ("load_from", settings.load_from)):
        if not url:
            continue
        try:
            names = open_bucket(url, seconds=10).names()
        except BucketError as error:
            findings.append((False, f"{name}: {error}"))
            continue
        strange = sum(parse_object_name(each) is None for each in names)
        text = f"{name} {without_credentials(url)}: {len(names) - strange} segments waiting for the loader"
        findings.append((not strange, text + (f", {strange} objects are not segments" if strange else "")))
    return findings


def _look_at_keys(settings: Settings) -> list[Finding]:
    in_force = {
        "write keys": [key.key for key in settings.write_keys],
        "public keys": settings.api_public_keys,
        "secret keys": settings.api_secret_keys,
        "identity secrets": settings.identity_secrets,
        "Shopify secrets": settings.shopify_secrets,
    }
    counts = ", ".join(f"{len(keys)} {name}" for name, keys in in_force.items())
    demo = sorted({key for keys in in_force.values() for key in keys} & DEMO_KEYS)
    text = (
        f"keys from the public repository are in use ({', '.join(demo)}): set your own"
        if demo
        else "keys are your own"
    )
    return [(not demo, text), (True, f"active: {counts}")]


def _check_servers(
    settings: Settings, collector: str | None, api: str | None, dagster: str | None
) -> list[Finding]:
    import httpx

    findings = []
    # The field that only this server's answer has.
    servers = [
        ("collector", collector or settings.collector_url, "/readyz", "reasons", "collect"),
        ("API", api or settings.api_url, "/readyz", "version", "serve"),
        ("Dagster", dagster or settings.dagster_url, "/server_info", "dagster_version", "ui"),
    ]
    for name, server, path, field, command in servers[:1] if only_collects(settings) else servers:
        url = server.rstrip("/") + path
        try:
            answer = httpx.get(url, timeout=2, trust_env=False)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            findings.append((False, f"{name} at {url}: {error}. Start it with `footfall {command}`"))
            continue
        text = f"{name} at {url}: {answer.status_code} {answer.text[:200]}"
        if answer.status_code == 200 and (strange := _not_ours(settings, answer.content, field)):
            findings.append((False, f"{text}: {strange}"))
        else:
            findings.append((answer.status_code == 200, text))
    return findings


def _not_ours(settings: Settings, body: bytes, field: str) -> str | None:
    """Return why a server that answers well is not the one of these settings: something else, or another shop's API."""
    try:
        told = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError:
        told = {}
    if field not in told:
        return "another program listens there: check the ports in your settings"
    if field != "version":
        return None
    try:
        pointer = read_pointer(settings.paths.serving)
    except SnapshotError:  # said by _look_at_snapshot
        return None
    if told.get("problem") or told["version"] == (pointer.version if pointer else None):
        return None
    return f"this differs from the active version in {settings.paths.data}: it serves another data directory"
