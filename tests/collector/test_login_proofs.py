"""Proven users at the collector: whose signature counts, and that it never reaches the disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from collector.app import create_app
from footfall.landing.segments import Envelope, Frame, read_segment
from footfall.settings import Settings, WriteKey
from footfall.wire.keys import sign_user
from orchestration.lake.flatten import rows_of

PIXEL, SERVER, TRUSTED = "pixels_key", "servers_key", "trusted_in_a_page"
SECRETS = ("identity-new", "identity-old")
GOOD = sign_user(SECRETS[0], "ada")
Client = TestClient[Litestar]
Message = Callable[..., dict[str, Any]]
Landed = Callable[[], list[Envelope]]


@pytest.fixture
def client(settings: Settings) -> Iterator[Client]:
    keys = (
        WriteKey(key=PIXEL, source="shop_pixel"),
        WriteKey(key=SERVER, source="shop_server", origins=()),
        WriteKey(key=TRUSTED, source="history", trusted=True),
    )
    shop = msgspec.structs.replace(settings, write_keys=keys, identity_secrets=SECRETS)
    with TestClient(create_app(shop)) as client:
        yield client


def login(message: Message, signature: Any, **fields: Any) -> dict[str, Any]:
    made = message(**{"type": "identify", "userId": "ada", "traits": {"userSignature": signature}, **fields})
    return {name: value for name, value in made.items() if value is not None}


def land(
    client: Client, landed: Landed, *messages: dict[str, Any], key: str = PIXEL, **headers: str
) -> Envelope:
    answer = client.post("/v1/batch", json={"writeKey": key, "batch": messages}, headers=headers)
    assert answer.status_code == 200, answer.text
    client.__exit__(None, None, None)
    (envelope,) = landed()
    return envelope


def proven_rows(data: Path) -> list[bool]:
    (segment,) = (data / "landing" / "sealed").iterdir()
    parts = [part for part in read_segment(segment) if isinstance(part, Frame)]
    return [row["user_proven"] for part in parts for table, row in rows_of("s", part, 1) if table == "events"]


def test_a_signature_proves_the_user_of_its_message_alone(
    client: Client, message: Message, landed: Landed, settings: Settings
) -> None:
    envelope = land(
        client,
        landed,
        login(message, GOOD),
        login(message, GOOD.upper(), context={"traits": {"userSignature": GOOD}}, traits=None),
        login(message, sign_user(SECRETS[1], "ada")),
        login(message, sign_user(SECRETS[0], "4711"), userId=4711),
        # of somebody else, of no secret in force, of no user, no text, and none
        login(message, GOOD, userId="eve"),
        login(message, sign_user("identity-gone", "ada")),
        login(message, sign_user(SECRETS[0], ""), userId=None),
        login(message, 5),
        login(message, GOOD, traits=None, context={"userSignature": GOOD}),
        message(userId="ada"),
    )
    assert envelope.proven == [0, 1, 2, 3]
    assert proven_rows(settings.paths.data) == [True] * 4 + [False] * 6


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/identify"])
def test_no_signature_reaches_the_disk(
    client: Client, message: Message, landed: Landed, settings: Settings, path: str
) -> None:
    """Not of good messages, not of failed ones, not of those that a broken neighbour had cut out; the rest stays."""
    traits = {"name": 'a "quoted" name \\', "userSignature": GOOD, "plan": "gold"}
    good = login(message, GOOD, traits=traits, properties={"note": '"userSignature": "kept"'})
    if path == "/v1/batch":
        escaped = json.dumps(login(message, GOOD)).replace(GOOD, "\\u0061" + GOOD[1:])
        texts = [
            json.dumps(good),
            escaped,
            json.dumps(login(message, GOOD, type="nothing")),
            '{"half": "\\ud83d"}',
        ]
        broken = json.dumps(login(message, GOOD)).replace('"identify"', "NaN")
        body = f'{{"writeKey":"{PIXEL}","batch":[{",".join([*texts, broken])}]}}'
    else:
        body = json.dumps({**good, "writeKey": PIXEL})
    assert client.post(path, content=body).status_code == 200
    client.__exit__(None, None, None)
    (envelope,) = landed()
    kept = msgspec.json.decode(envelope.batch[0])
    assert kept["traits"] == {**traits, "userSignature": ""}
    assert kept["properties"] == good["properties"]
    assert isinstance(envelope.proven, list)
    assert envelope.proven[0] == 0
    assert len(envelope.failed) == (3 if path == "/v1/batch" else 0)
    stored = b"".join(file.read_bytes() for file in settings.paths.data.rglob("*") if file.is_file())
    everything = stored + b"".join(one.raw for one in envelope.failed)
    assert GOOD[1:].encode() not in everything


def test_a_server_vouches_and_a_page_does_not(client: Client, message: Message, landed: Landed) -> None:
    assert land(client, landed, message(userId="ada"), key=SERVER).proven is True


def test_a_servers_key_that_leaked_into_a_page_proves_nothing(
    client: Client, message: Message, landed: Landed
) -> None:
    envelope = land(client, landed, message(userId="ada"), key=TRUSTED, origin="https://shop.example")
    assert envelope.proven is False


def test_a_large_batch_with_one_signature_is_judged_message_by_message(
    client: Client, message: Message, landed: Landed
) -> None:
    others = [message(messageId=str(number)) for number in range(200)]
    envelope = land(client, landed, *others, login(message, GOOD))
    assert (envelope.accepted, envelope.proven) == (201, [200])
