"""`footfall start`: everything in one terminal, a crashed server started again, nothing left after Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from footfall.commands.start import start
from footfall.settings import REPO
from tests.conftest import new_port

#: The command with servers of a line each in the place of ours, which take minutes.
STAND_IN = """
import sys
from footfall.commands import servers, start

def server(name, port):
    url = f"http://127.0.0.1:{port}/"
    return servers.Server(name, [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"], url)

servers.collector = lambda settings: server("collector", settings.collector_port)
servers.api = lambda settings: server("API", settings.api_port)
servers.dagster = lambda settings: server("Dagster", settings.dagster_port)
start.footfall_command = lambda *words: [sys.executable, "-c", f"print('ran', {words}); raise SystemExit(CODE)"]
start.start()
"""


def wait_for(said: Callable[[], str], words: str) -> None:
    deadline = time.monotonic() + 60
    while words not in said():
        assert time.monotonic() < deadline, f"{words!r} was not said:\n{said()}"
        time.sleep(0.1)


@pytest.mark.parametrize("code", [0, 3])
def test_servers_come_up_are_revived_and_go(code: int, tmp_path: Path) -> None:
    data, output = tmp_path / "data", tmp_path / "said"
    (data / "catalog").mkdir(parents=True)
    (data / "catalog" / "shop.csv").touch()
    file = tmp_path / "footfall.toml"
    file.write_text(f"data = {str(data)!r}\n")
    ports = {server: str(new_port()) for server in ("COLLECTOR", "API", "DAGSTER")}
    environment = {
        **os.environ,
        "FOOTFALL_CONFIG": str(file),
        "PYTHONUNBUFFERED": "1",
        **{f"FOOTFALL_{server}_PORT": port for server, port in ports.items()},
    }
    script = STAND_IN.replace("CODE", str(code))
    with (
        output.open("wb") as handle,
        subprocess.Popen(
            [sys.executable, "-c", script], cwd=REPO, env=environment, stdout=handle, stderr=subprocess.STDOUT
        ) as above,
    ):
        try:
            wait_for(output.read_text, "Dagster is up")
            said = output.read_text()
            assert said.index("API ... ready") < said.index("ran ('run', '--lane', 'full')")
            assert ("It failed: what it said stands above" in said) == bool(code)
            assert "--  The tag: " in said
            assert "#ff_demo_secret_key" not in said, "no key in a file"
            child = _listener(ports["COLLECTOR"])
            os.kill(child, signal.SIGKILL)
            wait_for(output.read_text, "collector ended with code -9; it is started again in 1 s")
            deadline = time.monotonic() + 30
            while not (again := _listener(ports["COLLECTOR"])) or again == child:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        finally:
            above.send_signal(signal.SIGINT)
        assert above.wait(60) == 0
    assert output.read_text().rstrip().endswith(f"stopped; the data stay in {data}")
    for port in ports.values():
        assert not _listener(port)


def test_a_directory_that_was_never_set_up_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOOTFALL_CONFIG")
    monkeypatch.chdir(tmp_path)
    answered = CliRunner().invoke(start)
    assert answered.exit_code == 1
    assert "`footfall init` writes one" in answered.output
    assert not list(tmp_path.iterdir())


def _listener(port: str) -> int | None:
    """The living process that was started with this port."""
    listed = subprocess.run(["ps", "-eo", "pid,stat,args"], capture_output=True, text=True, check=True).stdout
    found = re.search(rf"^ *(\d+) +[^Z]\S* .*http\.server {port}\b", listed, re.MULTILINE)
    return int(found[1]) if found else None
