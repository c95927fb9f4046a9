"""The container image's recipe and its compose file, held against the settings, the commands and the checkout.

Building and running them takes a container engine (docs/operator/containers.md says what was seen); what goes stale
when code changes is seen here.
"""

from __future__ import annotations

import http.server
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Annotated, Literal

import click
import msgspec
import pytest
import yaml
from msgspec import Meta, Struct

from collector.app import DRAIN_SECONDS, FLUSH_SECONDS
from collector.ship_cli import LAST_PASS_SECONDS
from footfall.commands.main import main
from footfall.settings import REPO, Settings, SettingsError, load_settings, unknown_variables

CONTAINERFILE = REPO / "Containerfile"
DEPLOY = REPO / "deploy"
HEALTHCHECK = DEPLOY / "healthcheck.py"
Duration = Annotated[str, Meta(pattern=r"^[0-9]+[sm]$")]


class Healthcheck(Struct, forbid_unknown_fields=True):
    test: list[str]
    interval: Duration
    timeout: Duration
    start_period: Duration


class Build(Struct, forbid_unknown_fields=True):
    context: str
    dockerfile: str


class LogOptions(Struct, forbid_unknown_fields=True, rename="kebab"):
    max_size: Annotated[str, Meta(pattern=r"^[0-9]+m$")]


class Logging(Struct, forbid_unknown_fields=True):
    driver: Literal["json-file"]
    options: LogOptions


class Service(Struct, forbid_unknown_fields=True):
    """What we use of compose's services; a slip in a name is an error here."""

    image: str
    build: Build
    env_file: str
    restart: Literal["unless-stopped", "no"]
    read_only: bool
    tmpfs: list[str]
    cap_drop: list[str]
    security_opt: list[str]
    logging: Logging
    stop_grace_period: Duration
    volumes: list[str]
    command: list[str]
    ports: list[Annotated[str, Meta(pattern=r"^127\.0\.0\.1:[0-9]+:[0-9]+$")]] = []
    healthcheck: Healthcheck | None = None
    profiles: list[str] = []


class Compose(Struct, forbid_unknown_fields=True):
    name: str
    services: dict[str, Service]
    volumes: dict[str, None]
    x_footfall: Annotated[dict[str, object], Meta()] = msgspec.field(name="x-footfall")


@pytest.fixture(scope="module")
def compose() -> Compose:
    read = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return msgspec.convert(read, Compose)


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    """The Containerfile's instructions with what follows them, comments left out and lines joined."""
    lines = [
        line for line in CONTAINERFILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word, rest) for line in joined.splitlines() if line for word, _, rest in [line.partition(" ")]]


def image_variables(instructions: list[tuple[str, str]]) -> dict[str, str]:
    """What the image sets, of ours."""
    text = " ".join(rest for word, rest in instructions if word == "ENV")
    return dict(re.findall(r"(FOOTFALL_[A-Z_]+)=(\S+)", text))


def seconds(duration: str) -> int:
    return int(duration[:-1]) * {"s": 1, "m": 60}[duration[-1]]


def test_the_image_sets_what_the_settings_know(instructions: list[tuple[str, str]]) -> None:
    variables = image_variables(instructions)
    assert unknown_variables(variables) == {}
    settings = load_settings(variables)
    assert settings.collector_host == settings.api_host == "0.0.0.0", "127.0.0.1 is the container's own"
    volumes = [rest for word, rest in instructions if word == "VOLUME"]
    assert volumes == [str(settings.data)]
    exposed = {int(port) for word, rest in instructions if word == "EXPOSE" for port in rest.split()}
    assert exposed == {settings.collector_port, settings.api_port, settings.dagster_port}


def test_the_base_has_a_python_that_footfall_runs_on(instructions: list[tuple[str, str]]) -> None:
    (base,) = [rest for word, rest in instructions if word == "ARG"]
    found = re.fullmatch(r"BASE=python:3\.(\d+)-slim-\w+", base)
    assert found
    assert 11 <= int(found[1]) <= 13, "pyproject.toml, requires-python"


def test_nobody_is_root_and_the_first_process_hears_signals(instructions: list[tuple[str, str]]) -> None:
    of = dict(instructions)  # the last of each
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", of["USER"]), "by number: who runs it may not know the name"
    assert msgspec.json.decode(of["ENTRYPOINT"]) == ["tini", "--", "footfall"]
    assert of["STOPSIGNAL"] == "SIGTERM"


def in_context(path: str) -> bool:
    """Whether .dockerignore lets the file into the build; the last line that fits decides."""
    taken = True
    for line in (REPO / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!").removeprefix("**/")
        whole = [path, *(str(above) for above in list((REPO / path).relative_to(REPO).parents)[:-1])]
        if any(fnmatch(part, pattern) and part.count("/") >= pattern.count("/") for part in whole) or (
            "**/" in line and pattern in path.split("/")
        ):
            taken = line.startswith("!")
    return taken


@pytest.mark.parametrize(
    "path",
    [
        "orchestration/workspace.yaml",
        "dagster.yaml",
        "dbt_project/dbt_project.yml",
        "dbt_project/profiles.yml",
        "pixel/dist/footfall.js",
        "deploy/healthcheck.py",
        "footfall/settings/declared.py",
        "collector/adapters/orders.py",
    ],
)
def test_what_runs_is_in_the_build(path: str) -> None:
    assert (REPO / path).is_file()
    assert in_context(path)


@pytest.mark.parametrize(
    "path",
    ["footfall.toml", "data/lake/events/x.parquet", "deploy/shop.env", ".git/config", ".venv/bin/python",
     "tests/conftest.py", "pixel/node_modules/x/index.js", "dbt_project/target/manifest.json",
     "footfall/__pycache__/settings.cpython-313.pyc"],
)  # fmt: skip
def test_what_is_private_or_not_needed_is_not(path: str) -> None:
    assert not in_context(path)


def test_what_is_copied_is_there_and_in_the_build(instructions: list[tuple[str, str]]) -> None:
    sources = [
        source
        for word, rest in instructions
        if word == "COPY" and not rest.startswith("--from=")
        for source in rest.split()[:-1]
    ]
    assert "constraints.txt" in sources
    for source in sources:
        assert (REPO / source).exists()
        assert source == "." or in_context(source)


def test_each_service_runs_a_verb_that_reads_its_options(compose: Compose) -> None:
    commands = {name: service.command[0] for name, service in compose.services.items()}
    assert commands == {"collector": "collect", "pipeline": "ui", "api": "serve", "doctor": "doctor"}
    for service in compose.services.values():
        context = click.Context(main)
        command = main.get_command(context, service.command[0])
        assert command is not None
        command.make_context(service.command[0], service.command[1:], parent=context)


def test_ports_and_health_are_those_of_the_doors(
    compose: Compose, instructions: list[tuple[str, str]]
) -> None:
    settings = load_settings(image_variables(instructions))
    servers = {
        "collector": (settings.collector_port, "/readyz"),
        "api": (settings.api_port, "/readyz"),
        "pipeline": (settings.dagster_port, "/server_info"),
    }
    for name, (port, path) in servers.items():
        service = compose.services[name]
        assert service.ports == [f"127.0.0.1:{port}:{port}"]
        assert service.healthcheck
        assert service.healthcheck.test == [
            "CMD", "python", "-I", "deploy/healthcheck.py", str(port), path,
        ]  # fmt: skip
        assert seconds(service.healthcheck.timeout) < seconds(service.healthcheck.interval)
    command = compose.services["pipeline"].command
    assert command == ["ui", "--host", "0.0.0.0", "--without-login"], "or the published port leads nowhere"
    addresses = dict(zip(*[iter(compose.services["doctor"].command[1:])] * 2, strict=True))
    assert addresses == {
        f"--{option}": f"http://{name}:{servers[name][0]}"
        for option, name in (("collector", "collector"), ("api", "api"), ("dagster", "pipeline"))
    }


def test_all_share_one_volume_and_write_nowhere_else(
    compose: Compose, instructions: list[tuple[str, str]]
) -> None:
    data = load_settings(image_variables(instructions)).data
    for service in compose.services.values():
        (volume,) = service.volumes
        name, _, place = volume.partition(":")
        assert name in compose.volumes
        assert place == str(data)
        assert service.read_only
        assert service.tmpfs == ["/tmp"]
        assert service.cap_drop == ["ALL"]


def test_whoever_stops_gets_the_time_that_sealing_and_shipping_take(compose: Compose) -> None:
    for service in compose.services.values():
        assert seconds(service.stop_grace_period) > DRAIN_SECONDS + FLUSH_SECONDS + LAST_PASS_SECONDS


def env_example() -> dict[str, str]:
    lines = (DEPLOY / "shop.env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_example_of_settings_is_read_once_it_has_keys() -> None:
    example = env_example()
    assert unknown_variables(example) == {}
    with pytest.raises(SettingsError, match="write_keys"):
        load_settings(example)  # three dots are nobody's key
    filled = {name: text.replace('"..."', f'"{name.lower()}-of-our-own"') for name, text in example.items()}
    settings = load_settings(filled)
    keys = {name for name in Settings.__struct_fields__ if name.endswith(("_keys", "identity_secrets"))}
    assert {f"FOOTFALL_{name.upper()}" for name in keys} <= set(example), "no demo key stays in force"
    assert settings.write_keys[0].origins == ("https://shop.example",)


@pytest.fixture
def server() -> Iterator[int]:
    """A port that answers /readyz with 200, /held with 503, and anything else with 404."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response({"/readyz": 200, "/held": 503}.get(self.path, 404))
            self.end_headers()
            self.wfile.write(b"said so")

        def log_message(self, format: str, *args: object) -> None: ...

    server = http.server.HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("path", "code"), [("/readyz", 0), ("/held", 1), ("/none", 1)])
def test_health_is_what_the_door_answers_whatever_proxy_there_is(server: int, path: str, code: int) -> None:
    said = check(server, path)
    assert said.returncode == code, said
    assert "said so" in said.stdout


def test_a_door_that_is_shut_is_not_healthy(server: int) -> None:
    said = check(1, "/readyz")
    assert said.returncode == 1
    assert "port 1: ConnectionRefusedError" in said.stdout
    assert not said.stderr


def check(port: int, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(HEALTHCHECK), str(port), path],
        capture_output=True,
        text=True,
        env={**os.environ, "http_proxy": "http://127.0.0.1:1", "no_proxy": ""},
        timeout=30,
    )
