"""Each file of a shop that names a person is in the registry, and no longer does once they are forgotten."""

from __future__ import annotations

import gzip
import json
import shutil
from base64 import b64encode
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePath

import pytest

from orchestration.storage.personal_data import PLACES, Goes, Identifier, Place
from tests.attacks.conftest import Shop
from tests.attacks.messages import BROWSER, SHOP_URL, identified, ordered, product, token, track, viewed
from tests.attacks.test_redactions import SECRET, WRITE_KEYS, deliver
from tests.data_directory import files_with

GUEST, USER, SESSION = token(), "quillfeather@mail.example", "sess-9a8b7c6d5e4f3a2b"
SEARCH, NOTE, NAME, REJECTED = "zylophonic-harp", "for-aunt-wilhelmina", "Overbrook-Quill", "xx-rejected-xx"
NETWORK, AGENT = "198.51.177.0", "Quillbrowser"
#: What tells who she is: nobody else in the shop sends it, and no blank row keeps it.
SAID = {
    Identifier.GUEST: [GUEST],
    Identifier.USER: [USER],
    Identifier.SESSION: [SESSION],
    Identifier.DEVICE: [NETWORK, AGENT],
    Identifier.TEXT: [SEARCH, NOTE, NAME, REJECTED],
}
IDENTIFIER_OF = {text: identifier for identifier, texts in SAID.items() for text in texts}


def covers(place: Place, file: PurePath) -> bool:
    return any(
        fnmatchcase(str(part), pattern) for part in (file, *file.parents) for pattern in place.patterns
    )


def place_of(file: str, places: Sequence[Place] = PLACES) -> Place | None:
    return next((place for place in places if covers(place, PurePath(file))), None)


def found_in(data: Path) -> dict[str, set[Identifier]]:
    found = files_with(data, {text: text for text in IDENTIFIER_OF})
    return {file: {IDENTIFIER_OF[text] for text in texts} for file, texts in found.items()}


def undeclared(
    found: dict[str, set[Identifier]], places: Sequence[Place] = PLACES
) -> dict[str, set[Identifier]]:
    """By file the identifiers that no place says it may hold."""
    said = {file: place.identifiers if (place := place_of(file, places)) else frozenset() for file in found}
    return {file: rest for file, identifiers in found.items() if (rest := identifiers - said[file])}


@pytest.fixture(scope="module")
def shop(open_shop: Callable[..., Shop]) -> Shop:
    """A shop that she visited, and with it what an analyst, a killed comparison and a damaged disk leave behind."""
    keys = json.dumps(WRITE_KEYS)
    shop = open_shop(logs="data/logs", FOOTFALL_SHOPIFY_SECRETS=SECRET, FOOTFALL_WRITE_KEYS=keys)
    data = shop.settings.paths.data
    shop.catalogue(product(number) for number in range(12))
    sent = {"headers": {"user-agent": f"{BROWSER} {AGENT}/1"}, "address": NETWORK.replace(".0", ".23")}
    hers = {"guest": GUEST, "sessionId": SESSION}
    search = {"query": SEARCH, "results": 0}
    login = identified(USER, **hers) | {"traits": {"name": NAME, "email": USER}}
    shop.send(
        [
            *(viewed(str(1000 + number), **hers) for number in range(5)),
            track("Products Searched", search, url=f"{SHOP_URL}/search?q={SEARCH}", **hers),
            login,
            ordered("o-1", ["1001", "1002"], user=USER, properties={"note": NOTE}, **hers),
        ],
        **sent,
    )
    assert len(shop.post([viewed("1003", **hers) | {"type": REJECTED}], **sent).rejected) == 1
    customer = {"customer": {"id": USER, "email": USER}, "email": USER, "note": NOTE}
    assert deliver(shop, "orders/create", {"id": 77, "line_items": "none", **customer}, "unreadable") == 200
    for number in range(1, 8):
        guest, user = f"other-{number}", f"other-user-{number}"
        shop.send([viewed(str(1000 + number * each % 12), guest=guest) for each in range(1, 6)])
        shop.send([ordered(f"o-other-{number}", [str(1000 + number), "1001"], guest=guest, user=user)])
    shop.seal()
    landed = found_in(data)
    assert any(file.startswith("landing/sealed/") for file in landed)
    assert undeclared(landed) == {}
    damaged = data / "landing" / "quarantine" / "damaged.seg"
    damaged.parent.mkdir(exist_ok=True)
    shutil.copy(next(data.glob("landing/sealed/*.seg")), damaged)
    shop.run()
    reason = f"{SEARCH} breaks a model"
    shop.footfall("events", "set-aside", "--message-id", login["messageId"], "--reason", reason)
    for copy in ("dev/warehouse_eve.duckdb", "reconcile/warehouse.duckdb"):
        (data / copy).parent.mkdir(exist_ok=True)
        shutil.copy(shop.settings.paths.warehouse, data / copy)
    return shop


def test_every_file_that_names_her_is_in_the_registry(shop: Shop) -> None:
    found = found_in(shop.settings.paths.data)
    assert undeclared(found) == {}
    hit = {place.patterns[0]: place for file in found if (place := place_of(file))}
    assert hit.keys() >= {
        *("landing/quarantine", "lake/events", "lake/set_aside", "lake/derived"),
        *("warehouse.duckdb*", "dev/*.duckdb*", "reconcile", "serving"),
    }
    assert any(file.startswith("lake/failed_events/") for file in found)
    # A registry without one of them fails.
    for pattern, place in hit.items():
        assert undeclared(found, [each for each in PLACES if each is not place]), pattern


@pytest.mark.parametrize(
    "content",
    [GUEST.encode(), gzip.compress(USER.encode()), b64encode(NAME.encode())],
    ids=["plain", "gzip", "base64"],
)
def test_a_file_in_no_place_is_found(shop: Shop, content: bytes) -> None:
    data = shop.settings.paths.data
    planted = data / "exports" / "today.bin"
    planted.parent.mkdir(exist_ok=True)
    planted.write_bytes(content)
    assert undeclared(found_in(data)).keys() == {"exports/today.bin"}
    shutil.rmtree(planted.parent)


def test_no_file_names_her_once_she_is_forgotten_but_what_no_program_can_read(shop: Shop) -> None:
    said = shop.footfall("person", "forget", "--user", USER, "--yes")
    assert "inspect this file by hand, no program can read it" in said
    assert "8 events forgotten, 1 of them kept in the order ledger" in said
    assert "2 failed events emptied" in said
    found = found_in(shop.settings.paths.data)
    assert found.keys() == {"landing/quarantine/damaged.seg"}
    place = place_of(*found)
    assert place is not None
    assert place.forgotten is Goes.BY_HAND
    # Her order stays, under a token of its own.
    assert shop.rows("select count(*) from visitors") == [(8,)]
    assert shop.rows("select count(*) from orders") == [(8,)]
