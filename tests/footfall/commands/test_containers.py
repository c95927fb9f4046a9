"""The container image's recipe and its compose file, held against the settings, the commands and the checkout.

Building and running them takes a container engine (docs/operator/containers.md says what was seen); what goes stale
when code changes is seen here.
"""

from __future__ import annotations

import http.server
import os
import re
import shlex
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import click
import msgspec
import pytest

from collector.app import DRAIN_SECONDS, FLUSH_SECONDS
from collector.catalog_push import MAX_CATALOG
from collector.ship_cli import LAST_PASS_SECONDS
from footfall.commands.main import main
from footfall.settings import REPO, load_settings, unknown_variables
from tests.compose_file import (
    DEPLOY,
    Compose,
    Service,
    image_variables,
    instructions,
    read_compose,
    read_env,
)

HEALTHCHECK = DEPLOY / "healthcheck.py"
NAMES = {"COLLECTOR_HOST": "events.shop.example", "API_HOST": "recommend.shop.example"}

#: A `footfall` that says what it was asked, and by whom, and writes what a command may write.
STAND_IN = """#!/bin/sh
echo "$@"
id -u
umask 027
echo new > "$FOOTFALL_CONFIG"
mkdir -p rules
ln -sf /etc/passwd rules/link
exit 3
"""


@pytest.fixture(scope="module")
def compose() -> Compose:
    return read_compose(NAMES)


def of_footfall(compose: Compose) -> dict[str, Service]:
    """The services of our image."""
    return {name: service for name, service in compose.services.items() if service.build is not None}


def seconds(duration: str) -> int:
    return int(duration[:-1]) * {"s": 1, "m": 60}[duration[-1]]


def test_the_image_sets_what_the_settings_know() -> None:
    variables = image_variables()
    assert unknown_variables(variables) == {}
    settings = load_settings(variables)
    assert settings.collector_host == settings.api_host == "0.0.0.0", "127.0.0.1 is the container's own"
    volumes = [rest for word, rest in instructions() if word == "VOLUME"]
    assert volumes == [str(settings.data)]
    exposed = {int(port) for word, rest in instructions() if word == "EXPOSE" for port in rest.split()}
    assert exposed == {settings.collector_port, settings.api_port, settings.dagster_port}


def test_the_base_has_a_python_that_footfall_runs_on() -> None:
    (base,) = [rest for word, rest in instructions() if word == "ARG"]
    found = re.fullmatch(r"BASE=python:3\.(\d+)-slim-\w+", base)
    assert found
    assert 11 <= int(found[1]) <= 13, "pyproject.toml, requires-python"


def test_nobody_is_root_and_the_first_process_hears_signals() -> None:
    of = dict(instructions())  # the last of each
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
        "deploy/init.py",
        "docs/developer/platforms.md",
        "footfall/settings/declared.py",
        "collector/adapters/orders.py",
    ],
)
def test_what_runs_is_in_the_build(path: str) -> None:
    assert (REPO / path).is_file()
    assert in_context(path)


@pytest.mark.parametrize(
    "path",
    ["footfall.toml", "data/lake/events/x.parquet", "deploy/.env", "deploy/shop/footfall.toml", ".git/config",
     ".venv/bin/python", "tests/conftest.py", "pixel/node_modules/x/index.js", "dbt_project/target/manifest.json",
     "footfall/__pycache__/settings.cpython-313.pyc"],
)  # fmt: skip
def test_what_is_private_or_not_needed_is_not(path: str) -> None:
    assert not in_context(path)


def test_what_is_copied_is_there_and_in_the_build() -> None:
    sources = [
        source
        for word, rest in instructions()
        if word == "COPY" and not rest.startswith("--from=")
        for source in rest.split()[:-1]
    ]
    assert "constraints.txt" in sources
    for source in sources:
        assert (REPO / source).exists()
        assert source == "." or in_context(source)


def test_each_service_runs_a_verb_that_reads_its_options(compose: Compose) -> None:
    commands = {name: each.command for name, each in of_footfall(compose).items() if not each.entrypoint}
    assert {name: command[0] for name, command in commands.items()} == {
        "collector": "collect", "pipeline": "ui", "api": "serve", "doctor": "doctor",
    }  # fmt: skip
    for name, *options in commands.values():
        context = click.Context(main)
        command = main.get_command(context, name)
        assert command is not None
        command.make_context(name, options, parent=context)


def test_health_is_that_of_the_servers(compose: Compose) -> None:
    settings = load_settings(image_variables())
    servers = {
        "collector": (settings.collector_port, "/readyz"),
        "api": (settings.api_port, "/readyz"),
        "pipeline": (settings.dagster_port, "/server_info"),
    }
    for name, (port, path) in servers.items():
        check = compose.services[name].healthcheck
        assert check
        assert check.test == ["CMD", "python", "-I", "deploy/healthcheck.py", str(port), path]
        assert seconds(check.timeout) < seconds(check.interval)
    addresses = dict(zip(*[iter(compose.services["doctor"].command[1:])] * 2, strict=True))
    assert addresses == {
        f"--{option}": f"http://{name}:{servers[name][0]}"
        for option, name in (("collector", "collector"), ("api", "api"), ("dagster", "pipeline"))
    }


def test_the_world_reaches_caddy_and_caddy_the_two_servers(compose: Compose) -> None:
    published = {name: each.ports for name, each in compose.services.items() if each.ports}
    assert published == {"caddy": ["80:80", "443:443", "443:443/udp"]}
    beside = {name for name, each in compose.services.items() if "public" in each.networks}
    assert beside == {"caddy", "collector", "api", "doctor"}, "Dagster has no login"
    assert compose.services["caddy"].networks == ["public"]
    for network in {network for each in compose.services.values() for network in each.networks}:
        assert network in compose.networks
    settings = load_settings(image_variables())
    text = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    assert f"collector:{settings.collector_port}}}" in text
    assert f"api:{settings.api_port}}}" in text
    assert f"max_size {MAX_CATALOG >> 20}MiB" in text


def test_all_share_the_volume_and_the_folder_and_write_nowhere_else(compose: Compose) -> None:
    variables = image_variables()
    for name, service in compose.services.items():
        assert service.read_only
        assert service.cap_drop == ["ALL"]
        assert {source for source in service.mounts.values() if "/" not in source} <= set(compose.volumes)
        assert all((DEPLOY / source).exists() for source in service.mounts.values() if "/" in source)
        if service.build is None:
            continue
        assert service.tmpfs == ["/tmp"]
        assert service.mounts == {variables["FOOTFALL_DATA"]: "data", "/shop": "./shop"}
        assert unknown_variables(service.environment) == {}
        writes = "./shop:/shop:ro,z" not in service.volumes
        assert (writes, service.user, bool(service.cap_add)) == (
            (True, "0:0", True) if name == "init" else (False, "", False)
        )


def test_a_shop_of_the_folder_is_behind_caddy(compose: Compose, tmp_path: Path) -> None:
    """Settings that only the file says, with what the compose file adds."""
    file = tmp_path / "footfall.toml"
    file.write_text('data = "/data"\n')
    environment = image_variables() | compose.services["api"].environment
    assert Path(environment["FOOTFALL_CONFIG"]).parent == Path("/shop")
    settings = load_settings(environment | {"FOOTFALL_CONFIG": str(file)})
    assert settings.trust_forwarded_for, "or every visitor has Caddy's address"
    assert settings.log_format == "json"


def test_whoever_stops_gets_the_time_that_sealing_and_shipping_take(compose: Compose) -> None:
    for service in of_footfall(compose).values():
        assert seconds(service.stop_grace_period) > DRAIN_SECONDS + FLUSH_SECONDS + LAST_PASS_SECONDS


def test_names_are_asked_for_and_the_example_has_them() -> None:
    with pytest.raises(KeyError, match="COLLECTOR_HOST env"):
        read_compose({})
    example = read_env((DEPLOY / "env.example").read_text(encoding="utf-8"))
    assert example == NAMES


def test_four_commands_of_the_page_lead_from_a_clone_to_tls(compose: Compose) -> None:
    page = (REPO / "docs/operator/containers.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^```bash\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    clone, names, init, up = (shlex.split(line) for line in block.splitlines())
    assert clone[:2] == ["git", "clone"]
    assert clone[-1] == "footfall/deploy"
    assert read_env("\n".join(names[2:-2])) == NAMES
    assert names[-2:] == [">", ".env"]
    assert init[:5] == ["docker", "compose", "run", "--rm", "init"]
    context = click.Context(main)
    command = main.get_command(context, "init")
    assert command is not None
    command.make_context("init", init[5:], parent=context)
    assert up == ["docker", "compose", "up", "-d"]
    assert init[4] in compose.services


@pytest.fixture
def a_shops_folder() -> Iterator[dict[str, str]]:
    """The environment of deploy/init.py; its folders are none of pytest's, which are closed to other users."""
    with tempfile.TemporaryDirectory(prefix="footfall-test-") as name:
        root = Path(name)
        root.chmod(0o755)
        for folder in ("shop", "data", "bin"):
            (root / folder).mkdir()
        program = root / "bin" / "footfall"
        program.write_text(STAND_IN)
        program.chmod(0o755)
        yield os.environ | NAMES | {
            "FOOTFALL_CONFIG": str(root / "shop" / "footfall.toml"),
            "FOOTFALL_DATA": str(root / "data"),
            "PATH": f"{program.parent}:{os.environ['PATH']}",
        }  # fmt: skip


def init(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(DEPLOY / "init.py"), *arguments],
        cwd=Path(env["FOOTFALL_CONFIG"]).parent,
        env=env,
        capture_output=True,
        text=True,
    )


def test_init_gets_the_public_addresses_and_its_code_counts(a_shops_folder: dict[str, str]) -> None:
    done = init(a_shops_folder, "--domain", "shop.example")
    assert done.returncode == 3, done.stderr
    assert done.stdout.splitlines()[0] == (
        f"init --data {a_shops_folder['FOOTFALL_DATA']} --next docker compose up -d "
        "--collector-url https://events.shop.example --api-url https://recommend.shop.example --domain shop.example"
    )
    assert init(a_shops_folder, "dbt-init", "rules").stdout.splitlines()[0] == "dbt-init rules"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_init_writes_is_the_owners_and_the_servers_read_it(a_shops_folder: dict[str, str]) -> None:
    file, data = Path(a_shops_folder["FOOTFALL_CONFIG"]), Path(a_shops_folder["FOOTFALL_DATA"])
    operator, servers = 4001, 10001
    os.chown(file.parent, operator, operator)
    os.chown(data, servers, servers)
    for repeated in (False, True):  # the second time over the settings of before
        if repeated:
            file.with_name("footfall.toml.before").touch(0o600)
            os.chown(file.with_name("footfall.toml.before"), operator, operator)
        done = init(a_shops_folder)
        assert done.stdout.splitlines()[1] == str(servers), done.stderr
        for each in (file.parent, *file.parent.rglob("*")):
            there = each.lstat()
            assert (there.st_uid, there.st_gid) == (operator, servers), each
            if not each.is_symlink():
                assert stat.S_IMODE(there.st_mode) == (0o750 if each.is_dir() else 0o640), each
    assert Path("/etc/passwd").stat().st_uid == 0, "a link is not followed"


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
