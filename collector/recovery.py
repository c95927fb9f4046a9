"""At start: bring in what a crash left in ``landing/open``.

A file that a living process writes is locked (flock) and is left alone. What follows the last good frame of
any other was never acknowledged: it is cut off, kept in quarantine, and the rest is sealed. Damage in the
middle, with good frames behind it, stays where it is: the reader steps over it and the loader reports it.
"""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

from collector.landing import SUFFIX, UNBORN, Landing
from footfall.segments import HEADER, SegmentError, good_length

log = logging.getLogger("footfall.collector")


def recover(landing: Landing) -> list[str]:
    """Seal every orphaned segment; returns their ids. An OSError on one is logged, the others go on."""
    sealed = []
    for name in landing.ops.names(landing.open):
        path = landing.open / name
        try:
            if name.endswith(UNBORN):
                _remove_unborn(landing, path)
            elif name.endswith(SUFFIX) and _recover_one(landing, path):
                sealed.append(path.stem)
        except FileNotFoundError:
            continue  # another process that starts beside us was faster
        except OSError as error:
            log.error(
                "could not recover %s: %s. It stays where it is, the next start tries again", path, error
            )
    if sealed:
        log.warning("sealed %d segment(s) that an earlier process left open", len(sealed))
    return sealed


def _remove_unborn(landing: Landing, path: Path) -> None:
    fd = landing.ops.open_existing(path)
    try:
        if landing.ops.lock(fd):
            landing.discard(path)
    finally:
        landing.ops.close(fd)


def _recover_one(landing: Landing, path: Path) -> bool:
    ops = landing.ops
    fd = ops.open_existing(path)
    try:
        # Whoever holds the lock may also have sealed the file between our listing and our opening it.
        if not ops.lock(fd) or path.name not in ops.names(landing.open):
            return False
        data = ops.read(path)
        try:
            good = good_length(path)
        except SegmentError as error:
            if not data.strip(b"\0"):
                landing.discard(path)
                return False
            log.error("%s goes to quarantine: %s", path, error)
            landing.set_aside(path, path.name)
            return False
        if good < len(data):
            _keep_tail(landing, path, data[good:])
            ops.truncate(fd, good)
        if good <= len(HEADER):
            landing.discard(path)
            return False
        ops.sync_file(fd)
        landing.publish(path, path.stem)
        return True
    finally:
        ops.close(fd)


def _keep_tail(landing: Landing, path: Path, tail: bytes) -> None:
    """Nobody was promised these bytes, but a broken disk may have made them of ones that somebody was."""
    if not tail.strip(b"\0"):
        return
    target = landing.quarantine / f"{path.stem}.tail"
    with contextlib.suppress(OSError):
        landing.discard(target)
        fd = landing.ops.create(target)
        try:
            landing.ops.write(fd, tail)
        finally:
            landing.ops.close(fd)
    log.warning("%s: cut %d bytes of an unfinished write (kept in %s)", path, len(tail), target)
