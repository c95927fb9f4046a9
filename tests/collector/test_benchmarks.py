"""What a benchmark leaves behind when it is killed."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.collector import measure, running
from footfall.http.ports import port_is_free
from tests.collector.conftest import REPO

pytestmark = pytest.mark.slow

SCRIPT = """
import sys, time
from pathlib import Path
from benchmarks.collector import running
with running("bare", Path(sys.argv[1])) as server:
    print(server.port, flush=True)
    time.sleep(600)
"""


def test_a_killed_benchmark_leaves_no_server(tmp_path: Path) -> None:
    benchmark = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], cwd=REPO, stdout=subprocess.PIPE, text=True
    )
    assert benchmark.stdout is not None
    try:
        port = int(benchmark.stdout.readline())
        assert not port_is_free(port)
    finally:
        benchmark.kill()
        benchmark.wait(30)
    benchmark.stdout.close()
    deadline = time.monotonic() + 60
    while not port_is_free(port):
        assert time.monotonic() < deadline, "its server still listens"
        time.sleep(0.05)


@pytest.mark.parametrize("kind", ["bare", "durable", "lean", "footfall", "unchecked"])
def test_what_is_compared_answers(kind: str, tmp_path: Path) -> None:
    """The servers that need nothing installed. The collector's way of starting a worker had changed once, unnoticed."""
    with running(kind, tmp_path) as server:
        result = measure(server, 20, 2, 0.2)
    assert result is not None
    assert result.requests > 0
