"""A file that is replaced is the old one or the new one, and nothing lies beside it."""

from __future__ import annotations

import errno
import os
from operator import methodcaller
from pathlib import Path

import pytest

from footfall.runtime.atomic_write import replace_file


def full_disk(path: Path) -> None:
    path.write_text("half of")
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_the_new_content_takes_the_place_of_the_old(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "state.json"
    for content in (b"old", b"new"):
        replace_file(file, methodcaller("write_bytes", content))
        assert file.read_bytes() == content
    assert list(file.parent.iterdir()) == [file]


def test_what_a_full_disk_cuts_off_leaves_the_old_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text("old")
    with pytest.raises(OSError, match="No space"):
        replace_file(file, full_disk)
    assert list(tmp_path.iterdir()) == [file]
    assert file.read_text() == "old"
