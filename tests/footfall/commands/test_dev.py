"""What `footfall dev` takes for a change of the code."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from footfall.commands import dev


def test_an_editors_lock_is_no_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "REPO", tmp_path)
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "app.py").touch()
    os.utime(tmp_path / "room" / "app.py", (7, 7))
    # As Emacs marks a file that is not saved yet.
    (tmp_path / "room" / ".#app.py").symlink_to("somebody@somewhere.4711")
    assert dev._newest(["room"]) == 7
    assert dev._newest([]) == 0
