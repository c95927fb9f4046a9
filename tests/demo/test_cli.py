"""`footfall demo`, where its settings won't do."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from demo.cli import demo
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
