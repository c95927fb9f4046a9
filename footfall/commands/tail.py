"""`footfall tail`: events on the terminal as the collector accepts them."""

from __future__ import annotations

import io
import os
import select
import sys
import time
from collections.abc import Callable

import click
import msgspec

from footfall.landing.following import NotHereError, begin, look
from footfall.landing.live_events import LiveEvent, LiveProduct, is_of_guest, live_events
from footfall.runtime.terminal import in_words, printable
from footfall.settings import SettingsError, load_settings
from footfall.status.arrivals import CatalogueNames

#: Between two looks, and between two looks at the catalogue.
SECONDS, CATALOGUE_SECONDS = 0.25, 10.0
_COLOURS = {"accepted": "green", "bot": "yellow", "rejected": "red", "refused": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with the whole message.")
@click.option(
    "--type", "types", multiple=True, metavar="NAME", help="Only this type or event: page, 'Product Added'."
)
@click.option("--guest", metavar="TOKEN", help="Only this guest: a token, or its beginning.")
def tail(as_json: bool, types: tuple[str, ...], guest: str | None) -> None:
    """Events as the collector accepts or refuses them, and what the warehouse will make of them.

    Reads the collector's own files in FOOTFALL_DATA: run it on the collector's machine. Refused requests have no type
    and no guest. Ctrl-C ends it.
    """
    with in_words(SettingsError):
        settings = load_settings()
    catalogue = CatalogueNames(settings.paths.lake)
    wanted = {name.casefold() for name in types}
    catalogue_at = 0.0
    is_over = _finished_pipe()
    try:
        with in_words(NotHereError, PermissionError):
            position = begin(settings.paths.landing)
            if sys.stderr.isatty():
                click.secho(
                    "Waiting for events. Open a page of the shop with ?ff_debug=1.", dim=True, err=True
                )
            while not is_over():
                found = look(settings.paths.landing, position)
                position = found.position
                if found.skipped:
                    click.secho("... some events may be left out here", fg="yellow", err=True)
                if time.monotonic() >= catalogue_at:
                    catalogue.look()
                    catalogue_at = time.monotonic() + CATALOGUE_SECONDS
                for event in live_events(found):
                    if wanted and not wanted & {str(event.type).casefold(), str(event.event).casefold()}:
                        continue
                    if guest and not is_of_guest(event, guest):
                        continue
                    for product in event.products if catalogue.names else ():
                        product.is_known = product.product_id in catalogue.names
                    click.echo(msgspec.json.encode(event) if as_json else _line(event))
                sys.stdout.flush()
                if not found.more:
                    time.sleep(SECONDS)
    except BrokenPipeError:  # `footfall tail | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _finished_pipe() -> Callable[[], bool]:
    """Return whether who reads standard output has gone: without an event to print, nothing else would say so."""
    poll = select.poll()
    try:
        poll.register(sys.stdout.fileno(), 0)  # errors alone
    except io.UnsupportedOperation:
        return lambda: False
    return lambda: bool(poll.poll(0))


def _line(event: LiveEvent) -> str:
    who = f"{event.guest or '-'}"
    if event.user:
        who += f" = user {event.user}" + ("" if event.is_proven else " (not proven)")
    parts = [
        click.style(f"{event.at:%H:%M:%S}", dim=True),
        click.style(f"{event.outcome:<8}", fg=_COLOURS[event.outcome]),
    ]
    if event.outcome != "refused":
        name = event.event if event.event and event.type in ("track", None) else event.type
        parts += [click.style(printable(name or "?"), bold=True), printable(who)]
    if event.zone:
        parts.append(f"zone {printable(event.zone)}")
    if event.products:
        parts.append(", ".join(map(_product, event.products)))
    if event.url:
        parts.append(click.style(printable(event.url), dim=True))
    if event.reason:
        parts.append(click.style(printable(event.reason), fg=_COLOURS[event.outcome]))
    return "  ".join(parts)


def _product(product: LiveProduct) -> str:
    text = f"product {printable(product.product_id)}"
    return text + click.style(" (in no catalogue)", fg="red") if product.is_known is False else text
