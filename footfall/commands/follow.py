"""The checklist of a new shop on a terminal: `footfall doctor --follow` and `footfall start` tick it off live."""

from __future__ import annotations

import re
import time

import click

from footfall.runtime.terminal import printable
from footfall.settings import Settings
from footfall.status.arrivals import Arrivals

#: Between two looks.
SECONDS = 2.0
#: ... once everything is there, or nobody can be waiting any more.
IDLE_SECONDS = 30.0


class Checklist:
    """Prints each step: first as it stands, then whenever it is done, or something else is to do for it."""

    def __init__(self, settings: Settings, collector: str | None = None, api: str | None = None) -> None:
        """``collector`` and ``api``: addresses, where they are not on this machine."""
        self._arrivals = Arrivals(settings, collector, api)
        self._said: dict[str, tuple[bool, str]] = {}
        self.seconds = SECONDS

    def show(self) -> bool:
        """Look, and print what is new. Returns whether every step is done."""
        steps = self._arrivals.look()
        for step in steps:
            # What differs in a count alone is not said again
            state = step.done, "" if step.done else re.sub(r"\d+", "#", step.text)
            if self._said.get(step.title) != state:
                self._said[step.title] = state
                sign, colour = ("ok", "green") if step.done else ("--", "yellow")
                click.secho(f"  {sign}  ", fg=colour, nl=False)
                click.echo(f"{step.title}: {printable(step.text)}")
        is_whole = all(step.done for step in steps)
        if is_whole and self.seconds == SECONDS:
            click.secho("Everything has arrived.", bold=True)
        self.seconds = IDLE_SECONDS if is_whole else SECONDS
        return is_whole


def follow_arrivals(settings: Settings, collector: str | None, api: str | None) -> None:
    """Show the checklist until all of it is done, or Ctrl-C. ``collector`` and ``api``: where they are elsewhere."""
    checklist = Checklist(settings, collector, api)
    while not checklist.show():
        time.sleep(checklist.seconds)
