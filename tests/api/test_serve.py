"""``footfall serve`` as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from api.cli import serve
from footfall.http.ports import port_is_free
from footfall.settings import REPO
from orchestration.serving.publish import publish
from tests.api.conftest import SECRET
from tests.conftest import new_port

pytestmark = pytest.mark.slow

KEY = SECRET["Authorization"].removeprefix("Bearer ")


@contextmanager
def process(data: Path, port: int, **variables: str) -> Iterator[subprocess.Popen[str]]:
    env = {**os.environ, **(variables or {"FOOTFALL_API_SECRET_KEYS": KEY})}
    command = [
        sys.executable,
        "-c",
        "from api.cli import serve; serve()",
        "--port",
        str(port),
        "--data",
        str(data),
    ]
    running = subprocess.Popen(
        command, cwd=REPO, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield running
    finally:
        if running.poll() is None:
            running.kill()
        running.wait(timeout=10)


def wait_for(url: str, status: int, seconds: float = 180) -> httpx.Response:
    end = time.monotonic() + seconds
    last: httpx.Response | Exception | None = None
    while time.monotonic() < end:
        try:
            last = httpx.get(url, headers=SECRET, timeout=2)
            if last.status_code == status:
                return last
        except httpx.HTTPError as error:
            last = error
        time.sleep(0.05)
    pytest.fail(f"{url} did not answer {status}: {last}")


def test_serves_follows_and_stops(published: Path, tmp_path: Path) -> None:
    port, temporary = new_port(), tmp_path / "temporary"
    for folder in ("serving", "temporary"):
        (tmp_path / folder).mkdir()
    with process(tmp_path, port, FOOTFALL_API_SECRET_KEYS=KEY, TMPDIR=str(temporary)) as running:
        url = f"http://127.0.0.1:{port}"
        assert wait_for(f"{url}/readyz", 503).json()["ready"] is False

        (tmp_path / "serving" / "v1").symlink_to(published / "serving" / "v1")
        publish(tmp_path / "serving", "v1")
        assert wait_for(f"{url}/readyz", 200).json()["version"] == "v1"
        assert wait_for(f"{url}/v1/recommendations?viewed=p01", 200).json()["items"]
        assert wait_for(f"{url}/v1/marts/funnel_steps", 200).json()["items"]
        assert not list(temporary.iterdir()), "who is killed now leaves nothing"
        assert "Umask:\t0077" in Path(f"/proc/{running.pid}/status").read_text(), (
            "what is sorted on disk is people's"
        )

        running.send_signal(signal.SIGTERM)
        output, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    assert f"Footfall API on {url}" in output
    assert "serving snapshot v1" in output


def test_workers_end_when_the_process_above_them_is_killed(tmp_path: Path) -> None:
    """They would hold the port, and answer from it, for ever."""
    port = new_port()
    with process(tmp_path, port, FOOTFALL_API_HOST="localhost") as running:
        wait_for(f"http://127.0.0.1:{port}/readyz", 503)
        running.kill()
        until(lambda: port_is_free(port))


def test_a_reload_reads_the_keys_again_and_answers_all_who_ask(published: Path, tmp_path: Path) -> None:
    port, file = new_port(), tmp_path / "shop.toml"
    file.write_text(f'api_secret_keys = ["{KEY}"]')
    with process(published, port, FOOTFALL_CONFIG=str(file)) as running:
        url = f"http://127.0.0.1:{port}/v1/marts"
        wait_for(url, 200)
        file.write_text(f'api_secret_keys = ["the-new-key", "{KEY}"]')
        running.send_signal(signal.SIGHUP)
        # A connection each, as new callers have; to the end of the worker that has the old settings.
        answers, ends = [], time.monotonic() + 120
        while answers[-50:] != [200] * 50 and time.monotonic() < ends:
            answers.append(ask_until_answered(url, {"X-Footfall-Key": "the-new-key"}))
            assert answers[-1] in (200, 401)
            assert ask_until_answered(url, SECRET) == 200
            time.sleep(0.1)
        assert (answers[0], answers[-50:]) == (401, [200] * 50)
        file.write_text('api_workers = "many"')
        before = workers_of(running)
        running.send_signal(signal.SIGHUP)
        until(lambda: workers_of(running) and not before & workers_of(running))
        assert httpx.get(url, headers=SECRET, timeout=30).status_code == 200, "as before, and not gone"
        running.send_signal(signal.SIGTERM)
        output, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    assert "the settings are unchanged: api_workers" in output


def ask_until_answered(url: str, headers: dict[str, str]) -> int:
    """Once more where the connection is closed before any answer: a worker that ends does so with one that it has
    accepted and not yet read from.
    """
    try:
        return httpx.get(url, headers=headers, timeout=10).status_code
    except httpx.RemoteProtocolError:
        return httpx.get(url, headers=headers, timeout=10).status_code


def workers_of(running: subprocess.Popen[str]) -> set[int]:
    return {int(pid) for pid in Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()}


def test_any_worker_answers_for_all_of_them(published: Path) -> None:
    """What they counted, and how much of a quota is left."""
    port = new_port()
    limit = {"FOOTFALL_API_SECRET_KEYS": KEY, "FOOTFALL_API_SECRET_PER_SECOND": "0.001"}
    with process(published, port, FOOTFALL_API_WORKERS="2", **limit) as running:
        url = f"http://127.0.0.1:{port}"

        def metrics() -> dict[str, float]:
            lines = httpx.get(f"{url}/metrics", timeout=10).text.splitlines()
            pairs = (line.removeprefix("footfall_api_").rsplit(" ", 1) for line in lines if line[0] != "#")
            return {name: float(value) for name, value in pairs}

        def all_say(**expected: float) -> bool:
            # so often that it can't be the same worker each time
            found = [metrics() for _ in range(20)]
            return all(
                each.get(name) == value for each in found for name, value in {**names, **expected}.items()
            )

        names = {'snapshot_info{version="v1"}': 1.0, "snapshot_problem": 0.0}
        until(lambda: all_say(workers=2.0))
        # a connection of its own each; a bucket holds one request at least
        statuses = [httpx.get(f"{url}/v1/marts", headers=SECRET, timeout=10).status_code for _ in range(20)]
        assert sorted(statuses) == [200] + [429] * 19
        names['requests_total{route="/v1/marts",status="200"}'] = 1.0
        names['requests_total{route="/v1/marts",status="429"}'] = 19.0
        names['limited_total{key="secret",quota="key"}'] = 19.0
        names['request_seconds_count{route="/v1/marts"}'] = 20.0
        until(all_say)
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=60)
    assert running.returncode == 0


def until(holds: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while True:
        with suppress(httpx.HTTPError):
            if holds():
                return
        if time.monotonic() > end:
            pytest.fail("it never came true")
        time.sleep(0.2)


def test_says_that_the_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = CliRunner().invoke(
            serve, ["--port", str(taken.getsockname()[1])], env={"FOOTFALL_API_PORT": ""}
        )
    assert result.exit_code == 1
    assert "something listens there already" in result.output
