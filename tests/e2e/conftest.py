"""The full pipeline as its user starts it: real processes on free ports, a data directory of its own."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.cli import CATALOG, shop_command
from demo.simulator import generate
from footfall.client.sender import send
from footfall.landing.directory import unsealed
from footfall.runtime.supervisor import Processes, footfall_command
from footfall.settings import Settings, load_settings
from tests.conftest import new_port

#: A small past: enough for neighbours and bestsellers, built in seconds.
VISITORS, DAYS, SEED = 400, 14, 11


@pytest.fixture(scope="session", autouse=True)
def time_to_stop() -> Iterator[None]:
    """A busy machine may take longer than ten seconds to stop a line; who is killed then hasn't sealed or shipped."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("footfall.runtime.supervisor.GRACE_SECONDS", 120.0)
        yield


class Line:
    """A running line: its settings, environment and processes."""

    def __init__(self, settings: Settings, env: dict[str, str], processes: Processes) -> None:
        self.settings, self.env, self.processes = settings, env, processes

    def footfall(self, *arguments: str, timeout: float = 900) -> str:
        """Run a `footfall` command to its end and return what it printed; a failure fails the test."""
        done = subprocess.run(
            footfall_command(*arguments), env=self.env, capture_output=True, text=True, timeout=timeout
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, name: str, *arguments: str, url: str, seconds: float = 600) -> None:
        command = shop_command(self.settings) if name == "shop" else footfall_command(*arguments)
        self.processes.wait_ready(self.processes.start(name, command, self.env), url, seconds)

    def open(self, *servers: str) -> None:
        """Start collector, API or shop."""
        settings = self.settings
        for server in servers:
            command, url = {
                "collector": ("collect", f"{settings.collector_url}/readyz"),
                "api": ("serve", f"{settings.api_url}/readyz"),
                "shop": ("", settings.shop_url),
            }[server]
            self.start(server, command, url=url)


def environment(data: Path, **settings: str) -> dict[str, str]:
    """The environment of a pipeline over ``data``, on ports of its own."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_")}
    return env | {
        "FOOTFALL_CONFIG": os.devnull,
        "FOOTFALL_DATA": str(data),
        "FOOTFALL_SEAL_SECONDS": "1",
        "FOOTFALL_MIN_FREE_BYTES": "0",
        **{f"FOOTFALL_{part}_PORT": str(new_port()) for part in ("COLLECTOR", "API", "SHOP", "DAGSTER")},
        **settings,
    }


@pytest.fixture
def empty_line(tmp_path: Path) -> Iterator[Line]:
    """An empty pipeline, of which the collector runs."""
    env = environment(tmp_path / "data")
    with Processes(tmp_path / "logs") as processes:
        line = Line(load_settings(env), env, processes)
        line.open("collector")
        yield line


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """Collector, API, shop and Dagster with its sensors, over a small past that went through the collector."""
    data = tmp_path_factory.mktemp("line")
    env = environment(data, FOOTFALL_SEAL_SECONDS="2")
    settings = load_settings(env)
    settings.paths.catalog.mkdir(parents=True)
    (settings.paths.catalog / "demo-shop.json").write_bytes(CATALOG.read_bytes())
    with Processes(data / "logs") as processes:
        line = Line(settings, env, processes)
        line.open("collector")
        past = generate(visitors=VISITORS, days=DAYS, seed=SEED)
        report = send(past, url=settings.collector_url, write_key=settings.trusted_key.key)
        assert report.rejected == 0
        wait_until_sealed(settings)
        line.footfall("run", "--lane", "full")
        line.open("api", "shop")
        line.start("dagster", "ui", url=f"{settings.dagster_url}/server_info")
        yield line


def wait_until_sealed(settings: Settings) -> None:
    """Wait until everything that the collector took stands in sealed segments."""
    deadline = time.monotonic() + 120
    while unsealed(settings.paths.landing):
        assert time.monotonic() < deadline, "the collector seals after 2 s"
        time.sleep(0.1)


#: A headless browser says so, and the marts leave bots out.
PERSON = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
