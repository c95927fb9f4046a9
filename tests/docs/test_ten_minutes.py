"""docs/developer/ten-minutes.md: its commands are three, and are taken as they stand there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from footfall.commands.main import main
from footfall.commands.software import BLOCK
from footfall.settings import REPO

PAGE = REPO / "docs" / "developer" / "ten-minutes.md"


def commands() -> list[list[str]]:
    """The lines of the page's bash blocks."""
    blocks = re.findall(r"^```bash\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def test_there_are_three_commands_and_each_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install, init, start = commands()
    assert install[0] == "make"
    assert f"\n{install[1]}:" in (REPO / "Makefile").read_text(encoding="utf-8")
    monkeypatch.delenv("FOOTFALL_CONFIG")
    monkeypatch.chdir(tmp_path)
    columns = re.search(r"`(id,title,[\w,]+)`", PAGE.read_text(encoding="utf-8"))
    assert columns is not None
    (tmp_path / "products.csv").write_text(
        f"{columns[1]}\n501,Wool hat,/hats/wool.html,19.00,/img/wool.jpg\n"
    )
    assert init[:2] == [".venv/bin/footfall", "init"]
    done = CliRunner().invoke(main, init[1:])
    assert done.exit_code == 0, done.output
    assert "1 product read" in done.output
    assert BLOCK in done.output
    assert BLOCK in PAGE.read_text(encoding="utf-8")
    assert CliRunner().invoke(main, [*start[1:], "--help"]).exit_code == 0
