"""What `make install` shows of pip."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

import pytest

from tests.conftest import REPO


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("install", REPO / ".ci" / "install.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_line_of_pip_says_how_far_it_is(script: ModuleType) -> None:
    said = [
        "Obtaining file:///opt/footfall\n",
        "Collecting click>=8.1 (from footfall==0.2.0)\n",
        "  Downloading click-8.3.1-py3-none-any.whl.metadata (2.6 kB)\n",
        "Collecting moto[s3]>=5.1 (from footfall==0.2.0)\n",
        "Requirement already satisfied: click>=8.0 in ./.venv/lib (from x)\n",
        "Using cached click-8.3.1-py3-none-any.whl (108 kB)\n",
        "Downloading moto-5.1.17-py3-none-any.whl (5.4 MB)\n",
        "Installing collected packages: click, moto\n",
        "Successfully installed click-8.3.1 moto-5.1.17\n",
    ]
    assert list(script.steps(said)) == [
        "packages found: 1 (click)",
        "packages found: 2 (moto[s3])",
        "packages found: 2 (click)",
        "packages here: 1 of 2 (click, 108 kB)",
        "packages here: 2 of 2 (moto, 5.4 MB)",
        "installing 2 packages: half a minute without a word",
    ]


def test_where_pip_fails_all_that_it_said_is_shown(
    script: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    fails = "print('Collecting nothing'); print('ERROR: no such package'); raise SystemExit(1)"
    assert script.install([sys.executable, "-c", fails]) == 1
    assert "Collecting nothing\nERROR: no such package\n" in capsys.readouterr().out
