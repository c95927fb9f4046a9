"""The check on the active snapshot, with what an upgrade leaves on the disk; a publish on a full one."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from footfall.snapshot.format import MANIFEST_FILE
from orchestration.defs.serving.assets import snapshot
from orchestration.defs.serving.checks import newest_in_force
from orchestration.serving import publish as writer
from orchestration.serving.publish import build_snapshot, publish
from orchestration.storage.full_disk import DiskFullError
from tests.api.conftest import make_marts


def check() -> dg.AssetCheckResult:
    result = newest_in_force()
    assert isinstance(result, dg.AssetCheckResult)
    return result


def test_the_newest_version_that_can_be_served_is_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path))
    serving = tmp_path / "serving"
    old = serving / "of-an-older-footfall"
    old.mkdir(parents=True)
    (old / MANIFEST_FILE).write_text('{"format_version": 1, "version": "of-an-older-footfall"}')
    with duckdb.connect() as con:
        make_marts(con)
        build_snapshot(con, serving, version="v1")
        assert not check().passed, "nothing is published yet"
        publish(serving, "v1")
        assert check().passed
        build_snapshot(con, serving, version="v2")
    found = check()
    assert not found.passed
    assert {name: value.value for name, value in found.metadata.items()} == {"in_force": "v1", "newest": "v2"}


def test_a_publish_on_a_full_disk_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path))
    monkeypatch.setattr(writer, "build_snapshot", build)
    duckdb.connect(str(tmp_path / "warehouse.duckdb")).close()
    with pytest.raises(DiskFullError, match=r"production\.md lists what you may delete"):
        snapshot(dg.build_asset_context())
