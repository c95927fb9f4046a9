"""What every target of the Makefile starts with."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.conftest import REPO


@pytest.mark.skipif(not shutil.which("make"), reason="no make on this machine")
def test_what_pip_does_not_compile_is_kept_by_the_first_process_that_does() -> None:
    """Told to write no bytecode, each of a demo's or a test run's processes would compile all its imports again."""
    shown = subprocess.run(
        ["make", "-s", "-f", "Makefile", "-f", "-", "show"],
        input="show:\n\t@echo [$$PYTHONDONTWRITEBYTECODE]\n",
        cwd=REPO,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == "[]"
