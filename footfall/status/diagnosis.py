"""Diagnosis of the last run that failed on data: the model, and the events that break it.

A failing run leaves it in the data directory, and the next one that builds the model removes it. The run's error and
``footfall doctor`` say the same words.
"""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from footfall.runtime.paths import Paths
from footfall.runtime.terminal import printable

#: Below the data directory; the search's own copies of events are beside the file while it is under way.
FOLDER = "diagnosis"


class BrokenBy(Struct, frozen=True):
    """An event that a model fails on."""

    place: str
    """``segment/frame/message``."""
    message_id: str


class Diagnosis(Struct, frozen=True):
    """A model that failed on data, and the events that break it, as far as known."""

    model: str
    error: str
    at: datetime
    set_aside: datetime | None = None
    """When events were last set aside or restored before the search."""
    loads: list[int] = []
    """The loads with events that break it, each by itself unless ``is_joint``."""
    is_joint: bool = False
    events: list[BrokenBy] = []
    """Those events, as far as they were searched for."""
    problem: str | None = None
    """Why the search did not finish."""


def diagnosis_file(paths: Paths) -> Path:
    """Return the path of the finding."""
    return paths.data / FOLDER / "finding.json"


def read_diagnosis(paths: Paths) -> Diagnosis | None:
    """Return what the last failure on data was; None where a later run succeeded, or nothing failed."""
    try:
        return msgspec.json.decode(diagnosis_file(paths).read_bytes(), type=Diagnosis)
    except FileNotFoundError:
        return None


def told(found: Diagnosis) -> str:
    """The finding in words, with the command that sets the events aside."""
    lines = [f"the model {found.model} fails on data: {printable(found.error)}"]
    loads = " and ".join(map(str, found.loads))
    if found.loads:
        each = " together" if found.is_joint else ""
        lines.append(f"it fails on events of load {loads}{each}" + (":" if found.events else ""))
    lines += [f"  message id {printable(event.message_id)} at {event.place}" for event in found.events]
    if found.problem:
        lines.append(
            f"{'there may be more' if found.loads else 'the events are not known'}: {printable(found.problem)}"
        )
        lines.append("  footfall events diagnose --minutes 120   # searches longer")
    if found.loads:
        which = [event.place for event in found.events] or [f"--load={load}" for load in found.loads]
        reason = shlex.quote(f"breaks {found.model}")
        lines.append("set them aside (`footfall events restore` undoes it) and run again:")
        lines.append(f"  footfall events set-aside {shlex.join(which)} --reason {reason}")
        lines.append("  footfall run")
    return "\n".join(lines)
