"""What a shop waits for that has published nothing yet, in words: for the API, its overview, and `footfall doctor`."""

from __future__ import annotations

from typing import NamedTuple

from footfall.landing.directory import sealed, unsealed
from footfall.runtime.paths import Paths
from footfall.settings import Settings
from footfall.status.runs import RunsError, read_runs


class Waiting(NamedTuple):
    """What the next publish waits for, and what to do."""

    what: str
    todo: str

    def __str__(self) -> str:
        return f"waiting for {self.what}: {self.todo}"


def waiting_for(settings: Settings) -> Waiting:
    """Return which of events, catalogue and run is missing. For the data directory of these settings: on a machine that
    only serves there is none of them.
    """
    paths = settings.paths
    try:
        failed = [job for job in read_runs(paths.data).jobs.values() if job.is_failing]
    except RunsError:
        failed = []
    if failed:
        reason = f"the last run failed ({failed[0].reason})"
        return Waiting(
            "your first publish", f"{reason}; the next follows by itself, and footfall doctor says more"
        )
    if has_events(paths) or has_catalogue(paths):
        there = "events have arrived" if has_events(paths) else "a catalogue is there"
        return Waiting(
            "your first publish",
            f"{there}, and the first full pipeline takes a minute or two; footfall start runs it, or footfall run once",
        )
    return Waiting(
        "your first events",
        "put the tag into the shop's pages (footfall init --show prints it), and open one in a browser",
    )


def has_events(paths: Paths) -> bool:
    """Return whether an event has landed, or was loaded."""
    days = (paths.lake / "events").glob("received_date=*")
    # The folder of 1970 holds the empty file that lets readers begin
    loaded = any(not day.name.endswith("1970-01-01") for day in days)
    return loaded or bool(sealed(paths.landing) or unsealed(paths.landing))


def has_catalogue(paths: Paths) -> bool:
    """Return whether the inbox holds something."""
    return paths.catalog.is_dir() and any(paths.catalog.iterdir())
