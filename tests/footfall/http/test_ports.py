"""Where a server can listen, and what is said where it can't."""

from __future__ import annotations

import resource
import socket
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from footfall.commands.main import main
from footfall.http.ports import check_port, port_is_free, raise_file_limit, refuse_demo_keys
from footfall.settings import SettingsError


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_port_is_free_until_somebody_listens_there(host: str) -> None:
    family = socket.AF_INET6 if host == "::1" else socket.AF_INET
    with socket.socket(family) as taken:
        try:
            taken.bind((host, 0))
        except OSError:
            pytest.skip(f"this machine has no {host}")
        taken.listen()
        port = taken.getsockname()[1]
        assert not port_is_free(port, host)
        with pytest.raises(click.ClickException, match=r"something listens there already.*FOOTFALL_API_PORT"):
            check_port(host, port, "API")
    assert port_is_free(port, host)
    check_port(host, port, "API")


def test_an_address_of_another_machine_is_said() -> None:
    with pytest.raises(click.ClickException, match="no such address: see --host or FOOTFALL_COLLECTOR_HOST"):
        check_port("203.0.113.7", 8710, "COLLECTOR")


def test_the_servers_get_an_address_for_a_name() -> None:
    assert check_port("localhost", 0, "API") == socket.gethostbyname("localhost")
    assert check_port("127.0.0.1", 0, "API") == "127.0.0.1"


@pytest.mark.parametrize("host", ["", "[::1]", "no-such-host.invalid"])
def test_what_is_no_address_is_said(host: str) -> None:
    with pytest.raises(
        click.ClickException,
        match=r"neither an address nor a host name.*--host or FOOTFALL_API_HOST.*without brackets",
    ):
        check_port(host, 0, "API")


def test_files_are_asked_for_up_to_what_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    for limits in ((1024, 4096), (1024, resource.RLIM_INFINITY), (9000, 10_000)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, limits=limits: limits)
        raise_file_limit(8192)
    assert asked == [(4096, 4096), (8192, resource.RLIM_INFINITY)]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
def test_keys_of_the_public_repository_are_for_this_machine_alone(host: str) -> None:
    with pytest.raises(SettingsError, match="FOOTFALL_API_SECRET_KEYS"):
        refuse_demo_keys(
            host, {"api_secret_keys": ["of-our-own", "ff_demo_secret_key"], "write_keys": ["own"]}
        )
    refuse_demo_keys(host, {"api_secret_keys": ["of-our-own"]})
    for here in ("127.0.0.1", "127.0.0.2", "localhost", "::1"):
        refuse_demo_keys(here, {"api_secret_keys": ["ff_demo_secret_key"]})


@pytest.mark.parametrize(
    ("command", "setting"),
    [
        ("collect", "FOOTFALL_WRITE_KEYS"),
        ("serve", "FOOTFALL_API_SECRET_KEYS"),
        ("ui", "FOOTFALL_WRITE_KEYS"),
    ],
)
def test_every_server_refuses_a_public_address_with_those_keys(
    command: str, setting: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path / "data"))
    said = CliRunner().invoke(main, [command, "--host", "0.0.0.0"])
    assert said.exit_code == 1
    assert setting in said.output
    assert "Traceback" not in said.output


def test_dagster_has_no_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FOOTFALL_WRITE_KEYS", '[{"key": "of-our-own", "source": "shop"}]')
    for name in ("API_PUBLIC_KEYS", "API_SECRET_KEYS", "IDENTITY_SECRETS"):
        monkeypatch.setenv(f"FOOTFALL_{name}", f"{name}-of-our-own")
    said = CliRunner().invoke(main, ["ui", "--host", "0.0.0.0"])
    assert (said.exit_code, "--without-login" in said.output) == (1, True)
