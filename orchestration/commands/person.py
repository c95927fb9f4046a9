"""``footfall person``: what is held about somebody, and forgetting them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import click

from footfall.landing.object_store import BucketError
from footfall.runtime.supervisor import footfall_command
from footfall.runtime.terminal import CommandGroup, in_words
from footfall.settings import Settings, SettingsError, settings_with_events
from footfall.wire.schema import is_placeholder
from orchestration.lake import privacy as people
from orchestration.lake.loader import load_waiting
from orchestration.lake.mentions import COLUMNS
from orchestration.lake.privacy import Forgotten, Person
from orchestration.lake.schema import prepare_lake
from orchestration.lake.segments import NotSealed, wait_sealed
from orchestration.storage.duckdb_files import WarehouseBusy
from orchestration.storage.locks import LoaderBusy
from orchestration.storage.personal_data import PLACES, Goes

_users = click.option(
    "--user", "users", multiple=True, metavar="ID", help="A user id; may be given several times."
)
_guests = click.option(
    "--guest", "guests", multiple=True, metavar="TOKEN", help="A guest token; may be given several times."
)


@click.group("person", cls=CommandGroup)
def person_group() -> None:
    """Show the data of a person, or erase it."""


@person_group.command()
@_users
@_guests
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to this file instead of the terminal.",
)
def show(users: tuple[str, ...], guests: tuple[str, ...], out: Path | None) -> None:
    """Print every event of a person, including failed ones, as one JSON object per line."""
    settings = _settings()
    prepare_lake(settings.paths)
    whole = people.whole_person(settings.paths, _person(users, guests))
    counts = []
    with click.open_file(str(out or "-"), "w", encoding="utf-8") as file:
        for found in (people.events_of, people.failed_events_of):
            rows = 0
            for row in found(settings.paths, whole):
                file.write(json.dumps(row, default=_text, ensure_ascii=False) + "\n")
                rows += 1
            counts.append(rows)
    said = f"{counts[0]} events, {counts[1]} failed events"
    click.echo(f"{said}; users: {_list(whole.users)}; guest tokens: {_list(whole.guests)}", err=True)


@person_group.command()
@_users
@_guests
def mentions(users: tuple[str, ...], guests: tuple[str, ...]) -> None:
    """List the fields in which other people's messages name a person.

    A referrer, a present's recipient or an address with an id, for instance.

    A number may be somebody's id and a product's. So look at the fields, and name those that mean the person to
    `footfall person forget --erase-in FIELD`. What else tells who they are (a hash of their e-mail) counts as a --user.
    """
    settings = _settings()
    prepare_lake(settings.paths)
    whole = people.whole_person(settings.paths, _person(users, guests))
    for field, messages in people.mentions_of(settings.paths, whole).items():
        click.echo(f"{field}: {len(messages):,} messages, as {messages[0]}")
    click.echo(f"users: {_list(whole.users)}; guest tokens: {_list(whole.guests)}", err=True)


@person_group.command()
@_users
@_guests
@click.option(
    "--erase-in",
    "named_in",
    multiple=True,
    metavar="FIELD",
    help="A field (`footfall person mentions`) that is emptied where a message of somebody else names them in it;"
    " may be given several times.",
)
@click.option("--requested", is_flag=True, help="Everybody named in Shopify's customers/redact requests.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--no-run", is_flag=True, help="Erase in the lake only; your next run rebuilds the warehouse.")
def forget(
    users: tuple[str, ...],
    guests: tuple[str, ...],
    named_in: tuple[str, ...],
    requested: bool,
    yes: bool,
    no_run: bool,
) -> None:
    """Erase a person: in the lake, then in everything built from it.

    All that was accepted before the command is forgotten; it waits for what the collector has not sealed yet.
    Browsing becomes blank rows that nothing counts; orders stay in the order ledger without the person. This can't be
    undone.
    The warehouse, analysts' own builds of it and the versions published so far are removed. Then the warehouse is built
    again, which takes as long as a build from nothing.
    """
    if unknown := [field for field in named_in if re.split(r"[.\[]", field)[0] not in COLUMNS]:
        raise click.UsageError(
            f"{unknown[0]} is in no column that others write; these are: {', '.join(COLUMNS)}"
        )
    settings = _settings()
    prepare_lake(settings.paths)
    with in_words(LoaderBusy, WarehouseBusy, BucketError, NotSealed):
        _load_all(settings)
    cut_off = people.unfinished(settings.paths)
    asked = people.requested(settings.paths) if requested else people.Requests([_person(users, guests)], [])
    persons = [Person(each.users, each.guests, list(named_in)) for each in asked.persons]
    for text in asked.by_hand:
        click.secho(text, fg="yellow", err=True)
    if not persons and not cut_off:
        click.echo("no open erasure requests")
        sys.exit(1 if asked.by_hand else 0)
    if cut_off:
        click.echo(f"{len(cut_off)} interrupted erasures are finished first")
    for each in persons:
        whole = people.whole_person(settings.paths, each)
        click.echo(f"users: {_list(whole.users)}; guest tokens: {_list(whole.guests)}")
    if not yes:
        click.confirm("Forget them for good?", abort=True)
        with in_words(LoaderBusy, BucketError, NotSealed):
            _load_all(settings)  # what was accepted while the question stood
    steps: list[tuple[str, Callable[[], Forgotten]]] = [
        *((f"{plan}", partial(people.finish, settings.paths, plan)) for plan in cut_off),
        *((_list(each.users), partial(people.forget, settings.paths, each)) for each in persons),
    ]
    left: set[str] = set()
    removed: list[str] = []
    open_requests = len(asked.by_hand)
    for who, step in steps:
        try:
            done = step()
        except (LoaderBusy, WarehouseBusy) as error:
            raise click.ClickException(f"{error}; try again in a moment") from None
        except OSError:  # a full disk stops the others too
            raise
        except Exception:
            # Whatever is wrong with this one's rows, the law's 30 days run for the others.
            open_requests += 1
            click.secho(f"not forgotten: {who}\n{traceback.format_exc()}", fg="red", err=True)
            continue
        left |= set(done.left)
        removed += done.removed
        click.echo(
            f"{done.events:,} events forgotten, {done.orders:,} of them kept in the order ledger without the person;"
            f" {done.mentions:,} messages of others name them no more;"
            f" {done.failed_events:,} failed events emptied; {done.files:,} files written again"
        )
    for file in sorted(left):
        click.secho(f"inspect this file by hand, no program can read it: {file}", fg="yellow")
    for path in removed:
        click.echo(f"removed {path}")
    for place in PLACES:
        if place.forgotten is Goes.STAYS:
            for kept in place.paths(settings.paths.data):
                click.echo(f"not searched: {kept} ({place.otherwise})")
    if no_run:
        click.echo("next: `footfall run`; until then the API serves the previous version")
    elif subprocess.run(footfall_command("run"), check=False).returncode:
        sys.exit(1)
    if open_requests:
        click.secho(f"{open_requests} requests are still open; see the errors above", fg="red", err=True)
        sys.exit(1)


def _load_all(settings: Settings) -> None:
    """Load what was accepted but not loaded yet. Raises LoaderBusy, BucketError, NotSealed."""
    wait_sealed(settings)
    if problem := load_waiting(settings).bucket_error:
        raise click.ClickException(problem)


def _settings() -> Settings:
    with in_words(SettingsError):
        return settings_with_events()


def _person(users: tuple[str, ...], guests: tuple[str, ...]) -> Person:
    if not users and not guests:
        raise click.UsageError("name a person: --user ID or --guest TOKEN")
    # As of a script whose variable is empty. Everybody's failed events hold an empty id, or a null.
    if nobodys := [each for each in (*users, *guests) if is_placeholder(each)]:
        raise click.UsageError(f"{nobodys[0]!r} is not an id of a person")
    # The lake's ids have none (``text_id``).
    return Person(*(sorted({each.strip() for each in ids}) for ids in (users, guests)))


def _list(ids: list[str]) -> str:
    return ", ".join(ids) or "none"


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value.isoformat() if isinstance(value, datetime) else str(value)
