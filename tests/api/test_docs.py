"""The commands of docs/developer/api.md and messages.md work as they stand there."""

from __future__ import annotations

import re
import shlex
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from footfall.settings import REPO, load_settings
from footfall.snapshot.explanations import Reasons
from footfall.wire.keys import sign_user
from tests.api.conftest import PUBLIC, SECRET, SOLO_GUEST

DEVELOPER = REPO / "docs" / "developer"
PAGE = DEVELOPER / "api.md"

VARIABLES = {
    "API": "",
    "KEY": PUBLIC["X-Footfall-Key"],
    "SECRET": SECRET["Authorization"].removeprefix("Bearer "),
    "PRODUCT": "p01",
    "GUEST": SOLO_GUEST,
    "USER_ID": "ada",
    "SIGNATURE": sign_user("identity-secret-of-the-test", "ada"),
}


def commands(page: Path) -> list[str]:
    blocks = re.findall(r"```bash\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("curl ")]


def test_the_shops_own_words_are_settings(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "footfall.toml").write_text(block, encoding="utf-8")
    settings = load_settings({"FOOTFALL_CONFIG": str(tmp_path / "footfall.toml")})
    words = Reasons(settings.api_reasons, settings.api_language).of(None)
    assert (words["bought_before"], words["catalogue"]) == ("Nochmals bestellen", "")


def test_there_are_commands() -> None:
    assert len(commands(PAGE)) > 15


@pytest.mark.parametrize("command", [*commands(PAGE), *commands(DEVELOPER / "messages.md")])
def test_command(client: TestClient[Litestar], command: str) -> None:
    filled = re.sub(r"\$(\w+)", lambda found: VARIABLES[found[1]], command)
    words = shlex.split(filled)[1:]
    headers = {}
    while words[0].startswith("-"):
        if words.pop(0) == "-H":
            name, value = words.pop(0).split(": ", 1)
            headers[name] = value
    (address,) = words
    expected = 404 if "/nope/" in address else 200
    assert client.get(address, headers=headers).status_code == expected


def test_the_mailer_of_the_page_reads_a_segment_to_its_end(
    client: TestClient[Litestar], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (script,) = re.findall(
        r"```python\n(.*?)```", (DEVELOPER / "messages.md").read_text(encoding="utf-8"), re.DOTALL
    )
    monkeypatch.setenv("API", "http://testserver")
    monkeypatch.setenv("SECRET", VARIABLES["SECRET"])
    monkeypatch.setattr(
        httpx, "Client", lambda headers, **_: SimpleNamespace(get=partial(client.get, headers=headers))
    )
    # Everybody, so that there are three pages of them
    exec(script.replace('"reachable": "true"', '"reachable": "false"'), {})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 251
    assert lines[-1].startswith("ada ")
