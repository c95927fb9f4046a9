"""A process that is killed in the middle of work on the lake, for the state machines of what must end it later."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from orchestration.storage import atomic_write


class Cut(BaseException):
    """The process is gone."""


@contextlib.contextmanager
def killed_at(step: int, *modules: ModuleType) -> Iterator[Callable[[Any], Any]]:
    """The work within ends at a rename, a removal or a sync by ``modules``, the one after ``step`` others; where there
    are fewer it is done. Gives what makes a function another place to be killed at.
    """
    left = step

    def mortal(real: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            if left == 0:
                raise Cut
            left -= 1
            return real(*args, **kwargs)

        return call

    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Cut):
        for name in ("replace", "unlink"):
            patch.setattr(Path, name, mortal(getattr(Path, name)))
        for module in modules:
            patch.setattr(module, "fsync_path", mortal(atomic_write.fsync_path))
        yield mortal
