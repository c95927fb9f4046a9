"""The full pipeline as its user starts it: real processes on free ports, a data directory of its own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.cli import shop_command
from footfall.runtime.supervisor import Processes, footfall_command
from footfall.settings import Settings, load_settings
from tests.built_shop import data_folder, environment


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


@pytest.fixture
def empty_line(tmp_path: Path) -> Iterator[Line]:
    """An empty pipeline, of which the collector runs."""
    with data_folder() as data, Processes(tmp_path / "logs") as processes:
        env = environment(data)
        line = Line(load_settings(env), env, processes)
        line.open("collector")
        yield line


@pytest.fixture(scope="module")
def line(built_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """Collector, API, shop and Dagster with its sensors, over a copy of the built shop."""
    with data_folder() as data, Processes(tmp_path_factory.mktemp("logs")) as processes:
        shutil.copytree(built_shop, data, symlinks=True)
        # Seals of one visit come together: a run for each would take longer than the visit.
        env = environment(data, FOOTFALL_SEAL_SECONDS="2")
        settings = load_settings(env)
        line = Line(settings, env, processes)
        line.open("collector", "api", "shop")
        line.start("dagster", "ui", url=f"{settings.dagster_url}/server_info")
        yield line


#: A headless browser says so, and the marts leave bots out.
PERSON = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
