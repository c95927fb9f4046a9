"""``footfall events``: accepted events that a model can't take are found, set aside and restored."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from typing import Any

import click

from footfall.runtime.terminal import CommandGroup, in_words, printable
from footfall.settings import Settings, SettingsError, settings_with_events
from footfall.status.diagnosis import read_diagnosis, told
from orchestration.lake import events, set_aside
from orchestration.lake.events import Choice, NothingChosen
from orchestration.storage.duckdb_files import WarehouseBusy
from orchestration.storage.environment import export
from orchestration.storage.locks import LoaderBusy
from orchestration.warehouse.diagnosis import MINUTES, search

#: Events that an answer shows, unless asked for more.
SHOWN = 50


class _Place(click.ParamType):
    name = "place"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return events.place_of(value)
        except ValueError:
            self.fail(f"{value!r} is not a place: segment/frame/message, as `footfall events find` shows it")


def _chosen(command: Any) -> Any:
    for option in (
        click.argument("places", nargs=-1, type=_Place(), metavar="[PLACE]..."),
        click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Received on this day (UTC)."),
        click.option("--load", "loads", multiple=True, type=click.IntRange(1), help="Of this load."),
        click.option("--user", "users", multiple=True, metavar="ID", help="Of this user id."),
        click.option("--guest", "guests", multiple=True, metavar="TOKEN", help="Of this guest token."),
        click.option(
            "--message-id", "message_ids", multiple=True, metavar="ID", help="With this message id."
        ),
    ):
        command = option(command)
    return command


def _choice(given: dict[str, Any]) -> Choice:
    day: datetime | None = given.pop("day")
    return Choice(**given, day=day.date() if day else None)


def _settings() -> Settings:
    with in_words(SettingsError):
        return settings_with_events()


@click.group("events", cls=CommandGroup)
def events_group() -> None:
    """Accepted events: find them, set aside those that break a model, restore them.

    All given conditions must hold; one of several values of a condition is enough. Accepted events reach the
    lake with the next run.
    """


@events_group.command()
@_chosen
@click.option(
    "--limit", type=click.IntRange(1), default=SHOWN, show_default=True, help="Maximum number of events."
)
def find(limit: int, **given: Any) -> None:
    """List where events stand in the lake, by time of arrival, without their content."""
    with in_words(NothingChosen):
        found = events.find(_settings().paths, _choice(given), limit + 1).to_pylist()
    if not found:
        raise click.ClickException(
            "no such event in the lake; accepted events arrive there with the next run"
        )
    _print(found[:limit])
    if len(found) > limit:
        click.echo(f"... and more: --limit {limit * 10}")


@events_group.command("set-aside")
@_chosen
@click.option("--reason", required=True, help="The reason, kept in the journal. No personal data.")
def set_aside_command(reason: str, **given: Any) -> None:
    """Keep events out of every model, until they are restored; they stay in the lake.

    The next run builds the warehouse from the whole lake, and counts them in `events_reconciliation`.
    """
    if not reason.strip():
        raise click.UsageError("--reason: say why")
    _change(lambda paths, choice: events.set_events_aside(paths, choice, reason, _say), given, "set aside")


@events_group.command()
@_chosen
def restore(**given: Any) -> None:
    """Let the models read events again that were set aside: the next run builds the warehouse from the whole lake."""
    _change(lambda paths, choice: events.restore_events(paths, choice, _say), given, "restored")


@events_group.command("list")
@click.option("--all", "is_all", is_flag=True, help="Include restored events.")
def list_events(is_all: bool) -> None:
    """List the events that are set aside, since when and why."""
    table = set_aside.journal(_settings().paths)
    rows = (table if is_all else set_aside.in_force(table)).to_pylist()
    if rows:
        _print(rows)
    else:
        click.echo("nothing is set aside")


@events_group.command()
@click.option("--model", help="The model; default: the one that failed in the last run.")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0.1),
    default=MINUTES,
    show_default=True,
    help="Time limit in minutes.",
)
def diagnose(model: str | None, minutes: float) -> None:
    """Search for the events that a model fails on, by building it from parts of the lake.

    A failing run does so by itself for ten minutes. The search builds in a copy and changes nothing. Other runs wait
    meanwhile.
    """
    settings = _settings()
    known = read_diagnosis(settings.paths)
    if model is None and known is None:
        raise click.UsageError("no model has failed on data; name one with --model")
    export(settings, os.environ)
    with in_words(WarehouseBusy):
        found = search(settings, model or (known.model if known else ""), minutes * 60)
    click.echo("found no event on which it fails" if found is None else told(found))


def _change(change: Any, given: dict[str, Any], done: str) -> None:
    with in_words(NothingChosen, WarehouseBusy, LoaderBusy):
        count = change(_settings().paths, _choice(given))
    if not count:
        raise click.ClickException(f"no event {done}: see `footfall events find` and `footfall events list`")
    click.echo(
        f"{count:,} {'event' if count == 1 else 'events'} {done}; now `footfall run`, or wait for the next one"
    )


def _say(text: str) -> None:
    click.echo(text, err=True)


def _print(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("place", "load", "received", "source", "event", "message id", "set aside")
    for row in rows:
        cells = (
            events.place_in_words(row),
            str(row["load_id"]),
            _moment(row["received_at"]),
            row["source"],
            row.get("event") or row.get("type") or "",
            row["message_id"],
            _fate(row),
        )
        # As text, and without what steers a terminal: a visitor chose some of these.
        table.add_row(*(Text(printable(cell or ""), overflow="fold") for cell in cells))
    Console(width=None if sys.stdout.isatty() else 220).print(table)


def _fate(row: dict[str, Any]) -> str:
    if row["set_aside_at"] is None:
        return ""
    back = row.get("restored_at")
    return f"{_moment(row['set_aside_at'])}: {row['reason']}" + (
        f" (restored {_moment(back)})" if back else ""
    )


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
