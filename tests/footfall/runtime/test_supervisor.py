"""Several processes as one: what ends when the one above them does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

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
