from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from click.testing import CliRunner

from footfall.commands.main import main
from footfall.settings import SettingsError, explain_settings, load_settings, unknown_variables
from footfall.snapshot.format import MANIFEST_FILE, POINTER_FILE, Pointer


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
        ({"FOOTFALL_WAREHOUSE_MEMORY": "lots"}, "as 4GB or 512MiB"),
        ({"FOOTFALL_WRITE_KEYS": "my-key"}, r'source = "shop_pixel"'),
        # Nobody signs with nothing: an empty secret would make everybody's signature a good one.
        ({"FOOTFALL_IDENTITY_SECRETS": '[""]'}, "identity_secrets"),
        ({"FOOTFALL_API_SECRET_KEYS": "long-enough,short"}, "api_secret_keys"),
        ({"FOOTFALL_SHOPIFY_SECRETS": '[""]'}, "shopify_secrets"),
        ({"FOOTFALL_API_SECRET_KEYS": "another-key,ff_demo_public_key"}, "share a key"),
        (
            {"FOOTFALL_WRITE_KEYS": '[{"key": "abcd", "source": "a"}, {"key": "abcd", "source": "b"}]'},
            r"a\.\.\. \(4 characters\) twice",
        ),
        (
            {"FOOTFALL_API_ORIGINS": "https://shop.example,shop.example"},
            "'shop.example' is not a page's origin",
        ),
        ({"FOOTFALL_API_ORIGINS": "https://shop.example/shop"}, "api_origins"),
        (
            {"FOOTFALL_WRITE_KEYS": '[{"key": "abcd", "source": "a", "origins": ["*.shop.example"]}]'},
            "write_keys",
        ),
        # Passed over, the key in force would be the public repository's.
        ({"FOOTFALL_API_SECRET_KEY": "a-key-of-ours"}, "api_secret_keys"),
        # What an environment file says whose line is not filled in: not the working directory.
        ({"FOOTFALL_DATA": ""}, "data .*an empty path"),
        ({"FOOTFALL_DATA": "~nobody-here/data"}, "data .*an unknown user"),
        ({"FOOTFALL_DATA": "/srv/shop*"}, r"/srv/shop\* has \* in its name"),
        ({"FOOTFALL_DATA": "/srv/[a] shop"}, r"has \[ in its name"),
        ({"FOOTFALL_DATA": "/srv/100%41"}, "has % in its name"),
        ({"FOOTFALL_CONFIG": "/"}, "/ can't be read: Is a directory"),
    ],
)
def test_bad_values_are_named(env: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        load_settings(env)


def test_a_data_directory_may_have_most_names() -> None:
    name = "/srv/Käufer & Co's {shop} #1, (new)"
    assert str(load_settings({"FOOTFALL_DATA": name}).paths.data) == name


def test_the_command_line_names_no_directory_that_is_a_pattern() -> None:
    for command in (["collect"], ["serve"], ["ship", "--to", "file:///nowhere"]):
        result = CliRunner().invoke(main, [*command, "--data", "/srv/shop?"])
        assert result.exit_code == 1
        assert "/srv/shop? has ? in its name" in result.output


def test_an_empty_name_of_a_file_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings({"FOOTFALL_CONFIG": ""}).api_port == 8720
    (tmp_path / "footfall.toml").write_text("api_port = 9001")
    assert load_settings({"FOOTFALL_CONFIG": ""}).api_port == 9001


def test_origins_are_what_browsers_name_and_patterns_of_it() -> None:
    listed = (
        *("https://shop.example", "https://*.shop.example", "HTTP://localhost:3000/", "http://[::1]:80"),
        *("capacitor://localhost", "null", "*"),
    )
    assert load_settings({"FOOTFALL_API_ORIGINS": ",".join(listed)}).api_origins == listed


def test_an_empty_variable_is_none() -> None:
    settings = load_settings(
        {
            "FOOTFALL_SHOPIFY_SECRETS": "",
            "FOOTFALL_API_SECRET_KEYS": "",
            "FOOTFALL_IDENTITY_SECRETS": " the-new-one , the-old-one",
            "FOOTFALL_SHOPIFY_SHOPS": " one.myshopify.com , two.myshopify.com",
            "FOOTFALL_API_PUBLIC_PER_SECOND": "",
        }
    )
    assert settings.shopify_secrets == settings.api_secret_keys == ()
    assert settings.identity_secrets == ("the-new-one", "the-old-one")
    assert settings.shopify_shops == ("one.myshopify.com", "two.myshopify.com")
    assert settings.api_public_per_second is None


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:8710"),
        ("::", "http://127.0.0.1:8710"),
        ("::1", "http://[::1]:8710"),
        ("collector.internal", "http://collector.internal:8710"),
    ],
)
def test_a_door_has_an_address_that_a_client_understands(host: str, url: str) -> None:
    settings = load_settings({"FOOTFALL_COLLECTOR_HOST": host})
    assert settings.collector_url == url
    assert httpx.URL(settings.collector_url).port == 8710


def test_a_variable_that_sets_nothing_is_named_with_the_one_that_was_meant() -> None:
    env = {"FOOTFALL_COLECTOR_PORT": "1", "FOOTFALL_API_PORT": "1", "FOOTFALL_CONFIG": "x", "HOME": "/"}
    assert unknown_variables(env) == {"FOOTFALL_COLECTOR_PORT": "FOOTFALL_COLLECTOR_PORT"}


def test_unknown_setting_in_the_file_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "footfall.toml"
    for text, named in (
        ("colector_port = 1", "colector_port"),
        ('identity_secret = "x"', "identity_secrets"),
    ):
        file.write_text(text)
        with pytest.raises(SettingsError, match=named):
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


def test_doctor_says_how_many_keys_are_in_force(
    doctor: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, keys in {
        "WRITE_KEYS": '[{"key": "abcdefgh", "source": "shop"}]',
        "API_PUBLIC_KEYS": "public-key",
        "API_SECRET_KEYS": "the-new-key,the-old-key",
        "IDENTITY_SECRETS": "",
    }.items():
        monkeypatch.setenv(f"FOOTFALL_{name}", keys)
    said = doctor()
    assert " ok  keys are your own" in said
    counts = "1 write keys, 1 public keys, 2 secret keys, 0 identity secrets, 0 Shopify secrets"
    assert f" ok  active: {counts}" in said
    assert "-key" not in said


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_config_shows_no_secret(monkeypatch: pytest.MonkeyPatch, form: list[str]) -> None:
    for name in ("API_SECRET_KEYS", "IDENTITY_SECRETS", "SHOPIFY_SECRETS"):
        monkeypatch.setenv(f"FOOTFALL_{name}", "abcdefghijkl,mnopqrstuvwx")
    server = '{"key": "trusted-pqrstu", "source": "history", "trusted": true, "origins": []}'
    page = '{"key": "page-key", "source": "shop"}'
    monkeypatch.setenv("FOOTFALL_WRITE_KEYS", f"[{page}, {server}]")
    monkeypatch.setenv("FOOTFALL_SHIP_TO", "s3://user:pqrstu@bucket/folder?secret=pqrstu")
    answer = CliRunner().invoke(main, ["config", *form])
    assert answer.exit_code == 0
    assert "abc..." in answer.output
    assert "page-key" in answer.output
    assert "defghi" not in answer.output
    assert "pqrstu" not in answer.output


@pytest.fixture
def doctor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], str]:
    """What `footfall doctor` says of a data directory whose servers are all shut."""
    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path))
    for server in ("COLLECTOR", "API", "DAGSTER"):
        monkeypatch.setenv(f"FOOTFALL_{server}_PORT", "1")
    return lambda: CliRunner().invoke(main, ["doctor"]).output


def test_doctor_minds_segments_that_wait_for_long(doctor: Callable[[], str], tmp_path: Path) -> None:
    segment = tmp_path / "landing" / "sealed" / "a.seg"
    segment.parent.mkdir(parents=True)
    segment.touch()
    assert " ok  landing/sealed: 1 segments wait" in doctor()
    os.utime(segment, (time.time() - 900, time.time() - 900))
    assert " !!  landing/sealed: 1 segments wait, the oldest for 9" in doctor()


def test_doctor_minds_a_shop_that_is_served_what_is_old(doctor: Callable[[], str], tmp_path: Path) -> None:
    assert "nothing is published yet" in doctor()
    pointer = tmp_path / "serving" / POINTER_FILE
    pointer.parent.mkdir()
    pointer.write_bytes(msgspec.json.encode(Pointer(version="v1", published_at=datetime.now(UTC))))
    assert "v1 is active, but missing" in doctor()
    (tmp_path / "serving" / "v1").mkdir()
    (tmp_path / "serving" / "v1" / MANIFEST_FILE).touch()
    for hours, mark in ((1, "ok"), (3, "!!")):
        published = Pointer(version="v1", published_at=datetime.now(UTC) - timedelta(hours=hours))
        pointer.write_bytes(msgspec.json.encode(published))
        assert f" {mark}  serving: v1 is active since {hours * 60} min" in doctor()


def test_doctor_looks_for_dagster_and_for_variables_that_set_nothing(
    doctor: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_WRITE_KEY", "x")
    said = doctor()
    assert "Start it with `footfall ui`" in said
    assert "FOOTFALL_WRITE_KEY sets nothing: did you mean FOOTFALL_WRITE_KEYS?" in said


def test_doctor_asks_the_doors_where_they_are_in_other_containers(doctor: Callable[[], str]) -> None:
    def said(*options: str) -> list[str]:
        lines = CliRunner().invoke(main, ["doctor", *options]).output.splitlines()
        return [line.partition(": ")[0] for line in lines if " at http" in line]

    assert "collector at http://127.0.0.1:1/readyz" in doctor()
    named = "--collector http://[::1]:1 --api http://[::1]:2/ --dagster http://[::1]:3".split()
    assert said(*named) == [
        " !!  collector at http://[::1]:1/readyz",
        " !!  API at http://[::1]:2/readyz",
        " !!  Dagster at http://[::1]:3/server_info",
    ]
    assert " !!  API at http://[/readyz" in said("--api", "http://[")


def test_doctor_asks_a_collectors_machine_for_no_api(
    doctor: Callable[[], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FOOTFALL_SHIP_TO", tmp_path.as_uri())
    said = doctor()
    assert "Start it with `footfall collect`" in said
    assert "footfall ui" not in said
    assert "serving" not in said


@pytest.mark.parametrize(
    ("body", "mark"),
    [
        ({"ready": True, "version": "v1", "problem": None}, "ok"),
        ({"ready": True, "version": "v1", "problem": "v2 can't be opened"}, "ok"),
        ({"ready": True, "version": "v9", "problem": None}, "!!"),
        ({"ready": True, "reasons": []}, "!!"),
    ],
    ids=["ours", "ours with a problem", "another shop's", "a collector"],
)
def test_doctor_sees_that_another_shop_or_door_answers(
    doctor: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    body: dict[str, Any],
    mark: str,
) -> None:
    (tmp_path / "serving").mkdir()
    published = msgspec.json.encode(Pointer(version="v1", published_at=datetime.now(UTC)))
    (tmp_path / "serving" / POINTER_FILE).write_bytes(published)
    monkeypatch.setattr(httpx, "get", lambda *_, **__: httpx.Response(200, json=body))
    said = [line for line in doctor().splitlines() if " API at " in line]
    assert [line[:4] for line in said] == [f" {mark} "]
    assert ("another data directory" in said[0]) is (body.get("version") == "v9")


def test_doctor_asks_the_doors_and_no_proxy(
    doctor: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(0.1)
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name)
        doctor()
        with pytest.raises(TimeoutError):
            proxy.accept()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_what_the_disk_refuses_is_said_in_words(number: int) -> None:
    @main.command("breaks")
    def breaks() -> None:
        raise OSError(number, os.strerror(number), "/srv/footfall/lake")

    try:
        answer = CliRunner().invoke(main, ["breaks"])
    finally:
        del main.commands["breaks"]
    assert answer.exit_code == 1
    assert f"Error: /srv/footfall/lake: {os.strerror(number)}; " in answer.output
