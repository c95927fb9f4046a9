"""The commands of docs/developer/your-own-shop.md work as they stand there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import msgspec
from litestar.testing import TestClient

from collector.app import create_app
from footfall.landing.segments import Envelope
from footfall.settings import REPO, load_settings

PAGE = REPO / "docs" / "developer" / "your-own-shop.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_what_a_shops_server_tells_is_taken_as_books(
    tmp_path: Path, landed: Callable[[], list[Envelope]]
) -> None:
    (keys,) = blocks("toml")
    (tmp_path / "footfall.toml").write_text(keys, encoding="utf-8")
    settings = load_settings(
        {"FOOTFALL_CONFIG": str(tmp_path / "footfall.toml"), "FOOTFALL_DATA": str(tmp_path / "data")}
    )
    with TestClient(create_app(settings)) as client:
        client.headers["user-agent"] = "curl/8.14.1"
        for command in blocks("bash"):
            _, address, _, user, _, header, _, body = shlex.split(command.replace("$COLLECTOR", ""))
            answer = client.post(
                address,
                content=body,
                headers=dict([header.split(": ")]),
                auth=(user.removesuffix(":"), ""),
            )
            assert answer.json() == {"accepted": 1, "rejected": []}
    envelopes = landed()
    assert {(one.source, one.trusted, one.is_bot) for one in envelopes} == {("shop_server", True, False)}
    told = [msgspec.json.decode(raw)["event"] for one in envelopes for raw in one.batch]
    assert told == ["Order Completed", "Order Refunded"]
