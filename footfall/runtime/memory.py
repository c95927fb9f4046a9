"""The memory that we may use: of the machine, the container or the service that we run in."""

from __future__ import annotations

import os
from pathlib import Path

#: No machine has more; a cgroup of version 1 that has no limit says about 2**63.
_NO_LIMIT = 2**60


def memory_bytes(root: Path = Path("/")) -> int:
    """Bytes that the processes of this container or service may use together: the lowest limit of their cgroups, or
    the machine's memory where that is less.

    ``root``: the folder that holds /proc and /sys, for tests.
    """
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *_limits(root)])


def _limits(root: Path) -> list[int]:
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # no Linux
        return []
    files: set[Path] = set()
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":  # version 2
            below, name = root / "sys/fs/cgroup", "memory.max"
        elif "memory" in controllers.split(","):
            below, name = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        # The groups above have limits, too. Inside a container the path may be the host's: then only the top is there.
        own = Path(path.strip("/"))
        files.update(below / group / name for group in (own, *own.parents))
    return [limit for file in files if (limit := _limit(file)) is not None]


def _limit(file: Path) -> int | None:
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() and int(text) < _NO_LIMIT else None


def warehouse_default(total: int) -> str:
    """DuckDB's memory limit, in its own notation, on a machine or container of ``total`` bytes: 4 GB; below 9 GB half
    of what Dagster's own processes leave (they take 0.85 GB), but at least 256 MB.
    """
    megabytes = (total - 10**9) // 2 // 10**6
    return "4GB" if megabytes >= 4000 else f"{max(256, megabytes)}MB"
