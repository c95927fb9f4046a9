"""`footfall demo`: what it does again on a second run, and where its settings won't do."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from demo import cli
from demo.cli import CATALOG, code_digest, demo
from tests.conftest import new_port


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("WRITE_KEYS", '[{"key": "ff_demo_write_key", "source": "shop_pixel"}]', "no trusted write key"),
        ("API_PUBLIC_KEYS", "", "no public key"),
    ],
)
def test_keys_that_the_demo_needs_are_asked_for_before_anything_starts(
    name: str, value: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for port in ("COLLECTOR_PORT", "API_PORT", "SHOP_PORT"):
        monkeypatch.setenv(f"FOOTFALL_{port}", str(new_port()))
    monkeypatch.setenv("FOOTFALL_SEAL_SECONDS", "1")
    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path))
    monkeypatch.setenv(f"FOOTFALL_{name}", value)
    answered = CliRunner().invoke(demo, ["--no-serve", "--visitors", "1", "--days", "1"])
    assert answered.exit_code == 1
    assert f"Error: {said}" in answered.output
    assert not list(tmp_path.iterdir())


@pytest.fixture
def done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What demos have sent and built, in a data directory; servers are not started."""
    for port in ("COLLECTOR_PORT", "API_PORT", "SHOP_PORT"):
        monkeypatch.setenv(f"FOOTFALL_{port}", str(new_port()))
    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FOOTFALL_SEAL_SECONDS", "1")
    monkeypatch.setenv("FOOTFALL_EXPERIMENTS", "[]")
    said: list[str] = []
    serving = tmp_path / "data" / "serving"

    def build(*_: Any) -> subprocess.CompletedProcess[bytes]:
        said.append("built")
        serving.mkdir(exist_ok=True)
        pointer = {"version": "20261203T070000.000000Z", "published_at": "2026-12-03T07:00:00Z"}
        (serving / "current.json").write_text(json.dumps(pointer))
        return subprocess.CompletedProcess([], 0)

    monkeypatch.setattr(cli.servers, "start", lambda *_: lambda: None)
    monkeypatch.setattr(cli.subprocess, "run", build)
    monkeypatch.setattr(cli, "_send_past", lambda *_: said.append("sent"))
    monkeypatch.setattr(cli, "_show", lambda *_, **__: None)
    return said


def again(*arguments: str) -> str:
    answered = CliRunner().invoke(demo, ["--no-serve", "--visitors", "2", "--days", "1", *arguments])
    assert answered.exit_code == 0, answered.output
    return answered.output


def test_a_second_demo_serves_what_stands(done: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    again()
    assert done == ["sent", "built"]
    assert "20261203T070000.000000Z" in again()
    assert done == ["sent", "built"], "nothing was made again"
    again("--fresh")
    assert done == ["sent", "built", "sent", "built"]
    monkeypatch.setattr(cli, "code_digest", lambda: "other code")
    again()
    assert done == ["sent", "built", "sent", "built", "built"], "the same events, built by other code"


def test_a_past_that_was_cut_off_is_sent_again(done: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(cli, "_send_past", cut_off)
        assert CliRunner().invoke(demo, ["--no-serve"]).exit_code == 1
    again()
    assert done == ["sent", "built"]


def test_what_publishes_the_demo_counts_as_its_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "REPO", tmp_path)
    model = tmp_path / "dbt_project" / "models" / "mart.sql"
    model.parent.mkdir(parents=True)
    model.write_text("select 1")
    before = code_digest()
    (tmp_path / "dbt_project" / "target").mkdir()
    (tmp_path / "dbt_project" / "target" / "mart.sql").write_text("compiled")
    (tmp_path / "README.md").write_text("words")
    assert code_digest() == before
    model.write_text("select 2")
    assert code_digest() != before


@pytest.mark.parametrize("arguments", [[], ["--fresh"]])
def test_a_shops_data_are_neither_mixed_with_the_demos_nor_removed(
    done: list[str], arguments: list[str], tmp_path: Path
) -> None:
    inbox = tmp_path / "data" / "catalog"
    inbox.mkdir(parents=True)
    (inbox / "shop.json").write_bytes(CATALOG.read_bytes())
    answered = CliRunner().invoke(demo, ["--no-serve", *arguments])
    assert answered.exit_code == 1
    assert "something else than a demo" in answered.output
    assert f"FOOTFALL_DATA={tmp_path / 'data-demo'} make demo" in answered.output
    assert [file.name for file in (tmp_path / "data").rglob("*")] == ["catalog", "shop.json"]
    assert not done
