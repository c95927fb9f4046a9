"""Collectors as processes: killed, stopped, started twice, with several workers."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.collector.conftest import REPO

pytestmark = pytest.mark.slow

KEY = "ff_demo_write_key"
Start = Callable[..., Any]


def body_of(*ids: str) -> bytes:
    messages = [{"type": "page", "anonymousId": "9f3c1e5a7b2d4c6e", "messageId": one} for one in ids]
    return json.dumps({"writeKey": KEY, "batch": messages}).encode()


def until(holds: Callable[[], Any], seconds: float = 180.0) -> None:
    """Polls until ``holds`` answers something true. The limit is for what hangs, not for what is slow."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not after {seconds} s"
        time.sleep(0.02)


class Clients:
    """Threads that send until told to stop, and remember what was acknowledged."""

    def __init__(self, port: int, name: str, count: int = 6) -> None:
        self.acknowledged: set[str] = set()
        self.statuses: set[int] = set()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._send, args=(port, f"{name}-{number}")) for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def _send(self, port: int, name: str) -> None:
        number = 0
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        while not self._stop.is_set():
            ids = [f"{name}-{number}-{index}" for index in range(3)]
            number += 1
            try:
                connection.request("POST", "/v1/batch", body_of(*ids), {"content-type": "text/plain"})
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                time.sleep(0.01)
                continue
            with self._lock:
                self.statuses.add(answer.status)
                if answer.status == 200:
                    self.acknowledged.update(ids)
        connection.close()

    def wait(self, count: int) -> None:
        """Returns when so many messages were acknowledged."""
        until(lambda: len(self.acknowledged) >= count)

    def stop(self) -> set[str]:
        self._stop.set()
        for thread in self._threads:
            thread.join(20)
        return self.acknowledged


def test_sigkill_under_load_loses_nothing_that_was_acknowledged(
    start_server: Start, landed_ids: Callable[[], list[str]]
) -> None:
    acknowledged: set[str] = set()
    for life in range(3):
        server = start_server(FOOTFALL_SEAL_BYTES="40000")
        clients = Clients(server.port, f"life{life}")
        clients.wait(150)
        server.kill()
        acknowledged |= clients.stop()
    assert start_server().stop() == 0
    landed = landed_ids()
    assert len(acknowledged) > 300
    assert acknowledged <= set(landed)
    assert len(landed) == len(set(landed))


def test_a_killed_worker_comes_back_and_brings_in_what_it_left(
    start_server: Start, landed_ids: Callable[[], list[str]], tmp_path: Path
) -> None:
    server = start_server("--workers", "2")
    clients = Clients(server.port, "w", count=4)
    clients.wait(50)
    busiest = max(
        (tmp_path / "data" / "landing" / "open").glob("*.seg"), key=lambda path: path.stat().st_size
    )
    server.kill_worker(int(busiest.stem.split("_")[-3]))
    until(lambda: not busiest.exists())
    acknowledged = clients.stop()
    assert server.stop() == 0, server.log.read_text()
    assert acknowledged <= set(landed_ids())
    assert "an earlier process left open" in server.log.read_text()


def test_a_quota_is_of_all_workers_together(start_server: Start) -> None:
    """One that comes for another knows what was spent."""
    keys = '[{"key": "ff_demo_write_key", "source": "shop_pixel", "messages_per_second": 0.001, "burst": 12}]'
    server = start_server("--workers", "3", FOOTFALL_WRITE_KEYS=keys)

    def send(names: Iterable[str]) -> Counter[int]:
        # a connection of its own each: the kernel deals them to the workers
        answers = [httpx.post(f"{server.url}/v1/b", content=body_of(name)) for name in names]
        return Counter(answer.status_code for answer in answers)

    assert send(f"{number}" for number in range(30)) == {200: 12, 429: 18}
    server.kill_worker(server.workers()[0])
    server.wait()
    assert send(f"again-{number}" for number in range(10)) == {429: 10}
    assert server.stop() == 0


def test_any_worker_answers_for_all_of_them(start_server: Start, tmp_path: Path) -> None:
    """Counters go on where a worker ends; what it held does not."""
    server = start_server("--workers", "3")
    for number in range(30):
        # a connection of its own each: the kernel deals them to the workers
        httpx.post(f"{server.url}/v1/b", content=body_of(f"{number}")).raise_for_status()

    def metrics() -> dict[str, float]:
        lines = httpx.get(f"{server.url}/metrics").text.splitlines()
        pairs = (line.removeprefix("footfall_collector_").rsplit(" ", 1) for line in lines if line[0] != "#")
        return {name: float(value) for name, value in pairs}

    def all_say(messages: int) -> bool:
        # so often that it can't be the same worker each time
        answers = [metrics() for _ in range(20)]
        return all((found[accepted], found["workers"]) == (messages, 3) for found in answers)

    accepted = 'messages_accepted_total{source="shop_pixel"}'
    until(lambda: all_say(30))
    found = metrics()
    assert found["commit_seconds_count"] == found['commit_seconds_bucket{le="+Inf"}'] > 0
    server.kill_worker(server.workers()[0])
    server.wait()
    httpx.post(f"{server.url}/v1/b", content=body_of("last")).raise_for_status()
    until(lambda: all_say(31))
    assert server.stop() == 0


def test_the_log_for_programs_is_a_json_object_a_line(start_server: Start, tmp_path: Path) -> None:
    server = start_server("--workers", "2", FOOTFALL_LOG_FORMAT="json")
    httpx.post(f"{server.url}/v1/b", content=body_of("one")).raise_for_status()
    said = server.log.read_text()
    for worker in server.workers():
        os.kill(worker, signal.SIGKILL)
    until(lambda: "left open" in server.log.read_text())
    assert server.stop() == 0
    lines = [json.loads(line) for line in server.log.read_text().removeprefix(said).splitlines()]
    [found] = [line for line in lines if "left open" in line["message"]]
    assert found["logger"] == "footfall.collector"
    assert found["level"] == "warning"
    assert found["time"].endswith("+00:00")
    assert isinstance(found["process"], int)
    assert {line["logger"] for line in lines} >= {"_granian", "footfall.collector"}, (
        "the server's own words too"
    )


def test_workers_end_when_the_process_above_them_is_killed(
    start_server: Start, landed_ids: Callable[[], list[str]]
) -> None:
    server = start_server("--host", "localhost")
    httpx.post(f"{server.url}/v1/b", content=body_of("one")).raise_for_status()
    server.process.kill()
    until(lambda: landed_ids() == ["one"])


def test_sigterm_answers_what_is_in_flight_seals_and_ends_cleanly(
    start_server: Start, landed_ids: Callable[[], list[str]], tmp_path: Path
) -> None:
    server = start_server()
    clients = Clients(server.port, "t")
    clients.wait(50)
    began = time.monotonic()
    assert server.stop() == 0, server.log.read_text()
    assert time.monotonic() - began < 5
    acknowledged = clients.stop()
    assert clients.statuses <= {200, 503}
    assert acknowledged <= set(landed_ids())
    assert list((tmp_path / "data" / "landing" / "open").iterdir()) == []


def test_a_reload_reads_the_write_keys_again_and_loses_nothing(
    start_server: Start, landed_ids: Callable[[], list[str]], tmp_path: Path
) -> None:
    file = tmp_path / "shop.toml"

    def declare(*keys: str) -> None:
        file.write_text(
            "".join(
                f'[[write_keys]]\nkey = "{key}"\nsource = "pixel"\nmessages_per_second = 1e6\n'
                for key in keys
            )
        )

    def send(key: str, one: str) -> int:
        # A connection each, as new callers have
        body = body_of(one).replace(KEY.encode(), key.encode())
        return httpx.post(f"{server.url}/v1/b", content=body, timeout=60).status_code

    def reload(worker: list[int]) -> None:
        server.process.send_signal(signal.SIGHUP)
        until(lambda: server.workers() and not set(worker) & set(server.workers()))

    declare(KEY)
    server = start_server(FOOTFALL_CONFIG=str(file))
    clients = Clients(server.port, "c", count=3)
    assert send("the-new-key", "early") == 401
    declare("the-new-key", KEY)
    reload(server.workers())
    assert [send("the-new-key", f"n{number}") for number in range(20)] == [200] * 20

    file.write_text(file.read_text() + "collector_port = 9\n[[write_keys]]\nkey = 7")
    reload(server.workers())
    assert send("the-new-key", "late") == 200
    assert "the settings are unchanged: write_keys" in server.log.read_text()

    file.write_text("seal_bytes = 2048\ncollector_path = '/elsewhere'")
    reload(server.workers())
    assert (send("the-new-key", "gone"), send(KEY, "last")) == (401, 200)
    assert "a reload doesn't change collector_path: restart to change it" in server.log.read_text()

    acknowledged = clients.stop() | {f"n{number}" for number in range(20)} | {"late", "last"}
    assert clients.statuses == {200}
    assert server.stop() == 0, server.log.read_text()
    landed = landed_ids()
    assert acknowledged <= set(landed)
    assert not {"early", "gone"} & set(landed)


@pytest.mark.parametrize("loading", [0.0, 0.2, 0.6])
def test_sigterm_while_the_workers_still_load_ends_them_at_once(start_server: Start, loading: float) -> None:
    """Not after the 20 s in which granian waits for a worker that was born deaf to it."""
    server = start_server("--workers", "2", wait=False)
    while not server.workers():
        assert server.process.poll() is None, server.log.read_text()
        time.sleep(0.005)
    time.sleep(loading)
    began = time.monotonic()
    assert server.stop() == 0, server.log.read_text()
    assert time.monotonic() - began < 10


def test_a_signal_as_a_worker_is_born_ends_it() -> None:
    """Python drops what comes between the system's fork and its own work in the child."""
    script = """
import os, signal
from footfall.http.workers import hear_signals_from_birth
signal.signal(signal.SIGTERM, lambda *_: None)
# Hooks run in their order: this one stands for the process above, which stops its workers at that moment.
os.register_at_fork(after_in_child=lambda: os.kill(os.getpid(), signal.SIGTERM))
hear_signals_from_birth()
child = os.fork()
if not child:
    os._exit(0)
print(os.WTERMSIG(os.waitpid(child, 0)[1]), signal.pthread_sigmask(signal.SIG_BLOCK, []))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=REPO, check=True
    )
    assert done.stdout.split() == [str(int(signal.SIGTERM)), "set()"]


def test_a_quiet_shops_events_are_sealed_and_the_start_message_says_what_comes_next(
    start_server: Start, landed_ids: Callable[[], list[str]]
) -> None:
    server = start_server(FOOTFALL_SEAL_SECONDS="0.3")
    for part in (server.url, "/footfall.js", "/docs", "/readyz", str(server.data.absolute())):
        assert part in server.log.read_text()
    httpx.post(f"{server.url}/v1/b", content=body_of("one")).raise_for_status()
    until(lambda: landed_ids() == ["one"])


def test_a_second_collector_on_the_same_directory_touches_nothing_of_the_first(
    start_server: Start, landed_ids: Callable[[], list[str]]
) -> None:
    long = "3600"  # nothing is sealed for its age, however long the second one takes to start
    first = start_server(FOOTFALL_SEAL_SECONDS=long)
    httpx.post(f"{first.url}/v1/b", content=body_of("a")).raise_for_status()
    second = start_server(FOOTFALL_SEAL_SECONDS=long)
    httpx.post(f"{second.url}/v1/b", content=body_of("b")).raise_for_status()
    httpx.post(f"{first.url}/v1/b", content=body_of("c")).raise_for_status()
    assert landed_ids() == []
    assert first.stop() == second.stop() == 0
    assert sorted(landed_ids()) == ["a", "b", "c"]


def test_a_port_in_use_is_said_plainly(start_server: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = start_server("--port", str(taken.getsockname()[1]), wait=False)
        assert server.process.wait(180) == 1
    text = server.log.read_text()
    assert "something listens there already" in text
    assert "--port" in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"FOOTFALL_SEAL_SECONDS": "soon"}, "FOOTFALL_SEAL_SECONDS"),
        ({"FOOTFALL_COLLECTOR_HOST": "203.0.113.7"}, "FOOTFALL_WRITE_KEYS"),
        ({"FOOTFALL_COLLECTOR_PATH": "/livez"}, "choose another"),
    ],
)
def test_a_wrong_setting_is_said_plainly(
    start_server: Start, environment: dict[str, str], expected: str
) -> None:
    server = start_server(wait=False, **environment)
    assert server.process.wait(180) == 1
    assert expected in server.log.read_text()
    assert "Traceback" not in server.log.read_text()


def test_an_unwritable_directory_is_said_plainly(start_server: Start, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "landing").write_text("a file where a directory should be")
    server = start_server(wait=False)
    assert server.process.wait(180) == 1
    text = server.log.read_text()
    assert "can't write to" in text
    assert "FOOTFALL_DATA" in text
    assert "Traceback" not in text


def exchange(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """Send raw bytes, with a pause between them, and read until the server closes or is silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        answer = b""
        for part in parts:
            with contextlib.suppress(OSError):
                connection.sendall(part)
                time.sleep(pause)
        with contextlib.suppress(OSError):
            while chunk := connection.recv(65536):
                answer += chunk
                if b"\r\n\r\n" in answer and answer.endswith((b"}", b"]}")):
                    break
        return answer


def test_a_head_that_does_not_end_is_waited_for_no_longer_than_said(
    start_server: Start,
) -> None:
    """Whether it says nothing more, or a byte now and then."""
    server = start_server(header_milliseconds=500)
    for pause in (30.0, 0.1):
        with socket.create_connection(("127.0.0.1", server.port), timeout=pause) as connection:
            connection.sendall(b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            began = time.monotonic()
            while time.monotonic() - began < 25:
                try:
                    if not connection.recv(65536):
                        break
                except TimeoutError:
                    connection.sendall(b"x")
                except ConnectionError:
                    break
            assert 0.4 < time.monotonic() - began < 25
    # Who is slow costs nobody else.
    assert httpx.get(f"{server.url}/readyz").status_code == 200
    assert server.stop() == 0


def test_raw_http(start_server: Start) -> None:
    server = start_server()
    body = body_of("raw")
    head = b"POST /v1/batch HTTP/1.1\r\nHost: x\r\n"
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    assert b" 200 OK" in exchange(server.port, head + length, body[:10], body[10:], pause=0.05)
    chunked = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    assert b" 200 OK" in exchange(server.port, head + chunked)
    assert b" 413 " in exchange(server.port, head + b"Content-Length: 99999999\r\n\r\n", b"x" * 1000)
    large = [b"10000\r\n" + b"x" * 0x10000 + b"\r\n"] * 40
    assert b" 413 " in exchange(
        server.port, head + b"Transfer-Encoding: chunked\r\n\r\n", *large, b"0\r\n\r\n"
    )
    assert b" 400 " in exchange(server.port, b"POST /v1/batch HTTP/1.1\r\nContent-Length: x\r\n\r\n")
    assert httpx.get(f"{server.url}/readyz").status_code == 200
    assert "internal" not in httpx.get(f"{server.url}/metrics").text
    text = server.log.read_text()
    assert "Traceback" not in text, text
