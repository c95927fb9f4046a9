"""One small shop of the search in ``tests/chaos/hostile.py``: a stream of every attack at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import REPO

pytestmark = pytest.mark.pipeline


def test_a_shop_under_every_attack_at_once_serves_its_own_products() -> None:
    command = [
        sys.executable,
        "-m",
        "tests.chaos.hostile",
        "--shops",
        "1",
        "--messages",
        "1500",
        "--jobs",
        "1",
    ]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 shops, " in done.stdout
