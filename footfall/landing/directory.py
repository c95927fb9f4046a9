"""The landing directory for those who look into it: which segments are open, which are sealed and wait to be taken.

Who writes to it, and moves segments from one folder to the next, is the collector (``collector/landing.py``).
"""

from __future__ import annotations

from pathlib import Path

from footfall.landing.segments import HEADER

OPEN, SEALED, QUARANTINE = "open", "sealed", "quarantine"
#: Ends the name of a segment, which begins with its id.
SUFFIX = ".seg"


def unsealed(landing: Path) -> list[Path]:
    """The open segments that hold frames: what was accepted and the loader can't see yet."""
    found = []
    for path in (landing / OPEN).glob(f"*{SUFFIX}"):
        try:
            if path.stat().st_size > len(HEADER):
                found.append(path)
        except FileNotFoundError:  # sealed between the listing and the look
            continue
    return found


def sealed(landing: Path) -> list[Path]:
    """The sealed segments, the first opened first: an id begins with that moment."""
    return sorted((landing / SEALED).glob(f"*{SUFFIX}"))


def oldest_sealed(landing: Path, now: float) -> tuple[int, float]:
    """Return how many sealed segments wait (for the shipper or the loader), and the age of the oldest in seconds.

    ``now``: seconds since 1970.
    """
    ages = []
    for path in sealed(landing):
        try:
            ages.append(now - path.stat().st_mtime)
        except FileNotFoundError:  # shipped or loaded meanwhile
            continue
    return len(ages), max(0.0, *ages) if ages else 0.0
