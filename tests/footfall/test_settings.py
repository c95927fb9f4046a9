from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from footfall.cli import main
from footfall.settings import SettingsError, explain_settings, load_settings


def test_environment_beats_file_beats_default(tmp_path: Path) -> None:
    file = tmp_path / "footfall.toml"
    file.write_text('collector_port = 9000\napi_port = 9001\n[[write_keys]]\nkey = "abcd"\nsource = "shop"\n')
    settings, rows = explain_settings({"FOOTFALL_CONFIG": str(file), "FOOTFALL_API_PORT": "9002"})
    origins = {row.name: row.origin for row in rows}
    assert (settings.collector_port, settings.api_port, settings.shop_port) == (9000, 9002, 8700)
    assert origins["collector_port"] == str(file)
    assert origins["api_port"] == "FOOTFALL_API_PORT"
    assert origins["shop_port"] == "default"
    assert [key.source for key in settings.write_keys] == ["shop"]


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"FOOTFALL_API_PORT": "many"}, "api_port"),
        ({"FOOTFALL_API_PORT": "70000"}, "api_port"),
        ({"FOOTFALL_SEAL_SECONDS": "0"}, "seal_seconds"),
        ({"FOOTFALL_WRITE_KEYS": '[{"key": "abcd", "source": "Not A Name"}]'}, "write_keys"),
        ({"FOOTFALL_WRITE_KEYS": "[{"}, "write_keys"),
        ({"FOOTFALL_CONFIG": "/nowhere/footfall.toml"}, "/nowhere/footfall.toml"),
    ],
)
def test_bad_values_are_named(env: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        load_settings(env)


def test_unknown_setting_in_the_file_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "footfall.toml"
    file.write_text("colector_port = 1\n")
    with pytest.raises(SettingsError, match="colector_port"):
        load_settings({"FOOTFALL_CONFIG": str(file)})


def test_config_prints_where_a_value_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTFALL_SHOP_PORT", "1234")
    answer = CliRunner().invoke(main, ["config"])
    assert answer.exit_code == 0
    assert "FOOTFALL_SHOP_PORT" in answer.output


def test_doctor_warns_of_the_keys_of_the_public_repository(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path))
    monkeypatch.setenv("FOOTFALL_COLLECTOR_PORT", "1")
    answer = CliRunner().invoke(main, ["doctor"])
    assert answer.exit_code == 1
    assert "ff_demo_write_key" in answer.output
    assert "footfall collect" in answer.output


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_config_shows_no_secret(monkeypatch: pytest.MonkeyPatch, form: list[str]) -> None:
    for name in ("API_SECRET_KEY", "IDENTITY_SECRET"):
        monkeypatch.setenv(f"FOOTFALL_{name}", "abcdefghijkl")
    monkeypatch.setenv("FOOTFALL_SHOPIFY_SECRETS", "abcdefghijkl,mnopqrstuvwx")
    answer = CliRunner().invoke(main, ["config", *form])
    assert answer.exit_code == 0
    assert "abc..." in answer.output
    assert "defghi" not in answer.output
    assert "pqrstu" not in answer.output
