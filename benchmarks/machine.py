"""One line about the machine, printed above every table: a number without its machine says nothing."""

from __future__ import annotations

import multiprocessing
import os
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def describe_machine(*packages: str) -> str:
    """Processor, cores, memory, Python and the versions of the named packages."""
    model = "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line
        ]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = "".join(f", {name} {version(name)}" for name in packages)
    cores = f"{os.cpu_count()} cores (load {os.getloadavg()[0]:.1f})"
    return f"{model}, {cores}, {memory:.0f} GB, Python {platform.python_version()}{versions}"


def in_own_process(run: Callable[..., T], *arguments: object) -> T:
    """The result of a call in a new process, so that its peak of memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(run, arguments)
