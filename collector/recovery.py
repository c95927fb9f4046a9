"""Bring in what a crash left in ``landing/open``: at start, and now and then.

A file that a living process writes is locked (flock) and is left alone. What follows the last good frame of
any other was never acknowledged: it is cut off, kept in quarantine, and the rest is sealed. Damage in the
middle, with good frames behind it, stays where it is: the reader steps over it and the loader reports it.
"""

from __future__ import annotations

import contextlib
import logging
import time
from pathlib import Path

from collector.landing import UNBORN, Landing
from footfall.landing.directory import SUFFIX
from footfall.landing.segments import HEADER, SegmentError, good_length

log = logging.getLogger("footfall.collector")


#: Two processes that start at once may take each other's new files for leftovers; the next pass finds them gone.
PASSES = 3
PASS_SECONDS = 0.05


def recover(landing: Landing) -> list[str]:
    """Seal every orphaned segment; returns their ids. An OSError on one is logged, the others go on."""
    sealed: list[str] = []
    for number in range(PASSES):
        if number:
            time.sleep(PASS_SECONDS)
        failed = _one_pass(landing, sealed)
        if not failed:
            break
    for path, error in failed.items():
        log.error("could not recover %s: %s. It stays in place; the next start tries again", path, error)
    if sealed:
        log.warning("sealed %d segment(s) that an earlier process left open", len(sealed))
    return sealed


def _one_pass(landing: Landing, sealed: list[str]) -> dict[Path, OSError]:
    failed = {}
    for name in landing.ops.names(landing.open):
        path = landing.open / name
        try:
            if name.endswith(UNBORN):
                _remove_unborn(landing, path)
            elif name.endswith(SUFFIX) and _recover_one(landing, path):
                sealed.append(path.stem)
        except OSError as error:
            failed[path] = error
    return failed


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
        if good > len(HEADER):
            # A copy: what this file's last fsync failed on looks written and is not.
            landing.publish_copy(data[:good], path.stem)
        landing.discard(path)
        ops.sync_directory(landing.open)
        return good > len(HEADER)
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
            landing.write_all(fd, [tail])
        finally:
            landing.ops.close(fd)
    log.warning("%s: cut %d bytes of an unfinished write (kept in %s)", path, len(tail), target)
