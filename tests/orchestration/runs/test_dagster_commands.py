"""Dagster's own commands at the repository's root, without DAGSTER_HOME."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.instance.ref import InstanceRef

from footfall.settings import REPO, Settings
from orchestration.storage.environment import DAGSTER_YAML, export


def test_dg_checks_the_definitions(tmp_path: Path) -> None:
    pytest.importorskip("dagster_dg_cli", reason="dagster-dg-cli is not installed (pip install -e '.[dev]')")
    env = {key: value for key, value in os.environ.items() if not key.startswith(("DAGSTER", "FOOTFALL"))}
    # Else the manifest would be parsed into the data directory of whoever runs the tests.
    env["FOOTFALL_DATA"] = str(tmp_path)
    command = [str(Path(sys.executable).with_name("dg")), "check", "defs"]
    done = subprocess.run(command, cwd=REPO, env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All definitions loaded successfully" in done.stdout


def test_dagster_yaml_needs_no_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `dagster dev` reads it, which makes a temporary home beside it."""
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(tmp_path), config_dir=str(REPO))) as instance:
        assert instance.run_monitoring_enabled
        assert instance.freshness_enabled


def test_the_home_of_a_shop_follows_the_repository(settings: Settings) -> None:
    env: dict[str, str] = {}
    home = settings.paths.dagster
    home.mkdir(parents=True)
    (home / "dagster.yaml").write_text("run_monitoring: {enabled: false}")
    export(settings, env)
    assert env["DAGSTER_HOME"] == str(home)
    assert yaml.safe_load((home / "dagster.yaml").read_text()) == yaml.safe_load(DAGSTER_YAML.read_text())
