"""No server with the public repository's keys can be reached from other machines, and other users read no file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.attacks.conftest import Shop
from tests.attacks.messages import viewed


@pytest.mark.parametrize(
    ("command", "settings"),
    [
        ("collect", {"FOOTFALL_WRITE_KEYS"}),
        ("serve", {"FOOTFALL_API_PUBLIC_KEYS", "FOOTFALL_API_SECRET_KEYS", "FOOTFALL_IDENTITY_SECRETS"}),
        ("ui", {"FOOTFALL_WRITE_KEYS", "FOOTFALL_API_SECRET_KEYS"}),
    ],
)
def test_a_public_address_and_demo_keys_start_nothing(shop: Shop, command: str, settings: set[str]) -> None:
    said = shop.footfall(command, "--host", "0.0.0.0", fails=True, timeout=60)
    assert {name for name in settings if name in said} == settings
    assert "openssl rand -hex 24" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("secrets", "why"), [("", "no login can be proven"), (None, "anybody can sign any user id")]
)
def test_doctor_says_what_identities_need(
    open_shop: Callable[..., Shop], secrets: str | None, why: str
) -> None:
    shop = open_shop(**({} if secrets is None else {"FOOTFALL_IDENTITY_SECRETS": secrets}))
    said = shop.footfall("doctor", fails=True)
    assert why in said
    assert "sign user ids with it on the shop's server" in said


@pytest.fixture
def started_by_footfall() -> Iterator[None]:
    """This process starts the collector as `footfall demo` does, whose umask the children inherit."""
    before = os.umask(0o027)
    yield
    os.umask(before)


@pytest.mark.usefixtures("started_by_footfall")
def test_what_is_written_is_not_for_other_users(open_shop: Callable[..., Shop]) -> None:
    shop = open_shop()
    shop.send([viewed("p1")])
    shop.seal()
    data = shop.settings.paths.data
    modes = {path: path.stat().st_mode for path in (data, *data.rglob("*"))}
    assert any(path.suffix == ".seg" for path in modes)
    assert {str(path): oct(mode) for path, mode in modes.items() if mode & 0o027} == {}
    assert "is open to other users" not in shop.footfall("doctor", fails=True)
