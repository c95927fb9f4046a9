"""Several processes as one: what ends when the one above them does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from footfall.runtime import supervisor
from footfall.runtime.supervisor import Processes
from footfall.settings import REPO

ABOVE = """
import sys, time
from pathlib import Path
from footfall.runtime.supervisor import Processes
with Processes(Path(sys.argv[1])) as processes:
    print(processes.start("child", ["sleep", "600"]).process.pid, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_was_started_ends_with_a_signal_or_the_terminal(number: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-c", ABOVE, str(tmp_path)]
    with subprocess.Popen(command, cwd=REPO, stdout=subprocess.PIPE, text=True) as above:
        assert above.stdout is not None
        child = int(above.stdout.readline())
        above.send_signal(number)
        assert above.wait(60) == 128 + number
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_who_presses_ctrl_c_once_more_leaves_nothing_behind(tmp_path: Path) -> None:
    slow = ABOVE.replace(
        '["sleep", "600"]', '["sh", "-c", "trap \'sleep 1; exit 0\' TERM; sleep 600 & wait"]'
    )
    command = [sys.executable, "-c", slow, str(tmp_path)]
    with subprocess.Popen(
        command, cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as above:
        assert above.stdout is not None
        child = int(above.stdout.readline())
        time.sleep(0.3)
        above.send_signal(signal.SIGINT)
        time.sleep(0.3)
        above.send_signal(signal.SIGINT)
        above.wait(60)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_who_asked_for_no_hangup_goes_on(tmp_path: Path) -> None:
    command = ["nohup", sys.executable, "-c", ABOVE, str(tmp_path)]
    with subprocess.Popen(
        command, cwd=REPO, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as above:
        assert above.stdout is not None
        above.stdout.readline()
        above.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert above.poll() is None
        above.terminate()
        assert above.wait(60) == 128 + signal.SIGTERM


def test_what_ended_by_itself_is_said_and_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second time it waits twice as long; the other process never notices."""
    monkeypatch.setattr(supervisor, "FIRST_WAIT", 0.2)
    said: list[str] = []
    with Processes(tmp_path) as processes:
        steady = processes.start("steady", ["sleep", "600"])
        processes.start("server", ["sh", "-c", "echo no room; exit 3"])
        deadline = time.monotonic() + 30
        while len(said) < 2 and time.monotonic() < deadline:
            processes.revive(said.append)
            time.sleep(0.02)
        assert [child.name for child in processes.children] == ["steady", "server"]
        assert steady.process.poll() is None
    assert len(said) == 2
    assert all("server ended with code 3; it is started again" in each for each in said)
    assert said[1].endswith("no room\nno room"), "the log holds both"


def test_a_command_in_front_is_waited_for_and_ends_with_the_rest(tmp_path: Path) -> None:
    looked: list[int] = []
    with Processes(tmp_path) as processes:
        assert processes.run(["sh", "-c", "sleep 0.6; exit 4"], lambda: looked.append(1)) == 4
        assert looked

        def leave() -> None:
            raise SystemExit(1)

        with pytest.raises(SystemExit):
            processes.run(["sleep", "600"], leave)
        left = processes._foreground
        assert left is not None
        assert left.poll() is None
    assert left.poll() == -signal.SIGTERM
