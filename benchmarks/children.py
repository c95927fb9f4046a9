"""Processes that a benchmark starts end with it, killed or not: a server left over falsifies what is measured next."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable
from functools import partial

#: linux/prctl.h
_PR_SET_PDEATHSIG = 1
# Looked up before any fork: a child between fork and exec may call little.
_prctl = ctypes.CDLL(None).prctl


def end_with(parent: int) -> None:
    """In a child: get SIGTERM from the kernel when that process is gone. Linux, as the benchmarks are."""
    _prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
    if os.getppid() != parent:  # gone before the kernel was told
        os._exit(1)


def ends_with_me() -> Callable[[], None]:
    """For ``preexec_fn``: the child ends with the process that calls this."""
    return partial(end_with, os.getpid())
