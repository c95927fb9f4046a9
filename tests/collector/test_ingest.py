"""The handler: what is taken, what is refused, and with which words. Runs the real application on a real directory."""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator
from errno import EIO
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from collector.app import check_path, create_app
from collector.parsing import BATCH_ROUTES
from footfall.landing.segments import PARTS_FROM, Envelope
from footfall.settings import Settings, SettingsError, WriteKey
from footfall.wire.schema import MESSAGE_TYPES

KEY = "ff_demo_write_key"
Client = TestClient[Litestar]
Message = Callable[..., dict[str, Any]]
Landed = Callable[[], list[Envelope]]


@pytest.fixture
def shop(settings: Settings) -> Settings:
    keys = (
        WriteKey(key=KEY, source="shop_pixel"),
        WriteKey(key="ff_trusted_write_key", source="history", trusted=True, origins=()),
        WriteKey(key="shops_server", source="shop_server", origins=()),
        WriteKey(
            key="one_shop_only", source="one_shop", origins=("https://shop.example", "https://*.shop.example")
        ),
    )
    return msgspec.structs.replace(settings, write_keys=keys)


@pytest.fixture
def client(shop: Settings, disk: Any) -> Iterator[Client]:
    with TestClient(create_app(shop, disk)) as client:
        yield client


def batch(*messages: Any, key: str | None = KEY, **fields: Any) -> dict[str, Any]:
    return {**({"writeKey": key} if key else {}), "batch": list(messages), **fields}


def seal(client: Client) -> None:
    client.__exit__(None, None, None)


def test_a_batch_is_on_disk_when_it_is_answered(
    client: Client, message: Message, landed: Landed, settings: Settings
) -> None:
    answer = client.post(
        "/v1/batch", json=batch(message(), message(messageId="2"), sentAt="2026-11-24T10:00:01Z")
    )
    assert answer.status_code == 200
    assert answer.json() == {"accepted": 2, "rejected": []}
    open_segment = next((settings.paths.landing / "open").iterdir())
    assert open_segment.stat().st_size > 200
    seal(client)
    (envelope,) = landed()
    assert (envelope.source, envelope.trusted, envelope.accepted, envelope.rejected) == (
        "shop_pixel",
        False,
        2,
        0,
    )
    assert envelope.sent_at is not None
    assert [msgspec.json.decode(raw) for raw in envelope.batch] == [message(), message(messageId="2")]


@pytest.mark.parametrize("size", [1, PARTS_FROM, 3 * PARTS_FROM])
def test_a_good_batch_lands_as_it_came(client: Client, message: Message, landed: Landed, size: int) -> None:
    text = "x" * (size // 3)
    messages = [message(messageId=str(number), properties={"text": text}) for number in range(3)]
    assert client.post("/v1/batch", json=batch(*messages)).json() == {"accepted": 3, "rejected": []}
    seal(client)
    (envelope,) = landed()
    assert [msgspec.json.decode(raw) for raw in envelope.batch] == messages


@pytest.mark.parametrize("content_type", ["text/plain", "text/plain;charset=UTF-8", "application/json", ""])
@pytest.mark.parametrize("path", ["/v1/batch", "/v1/b"])
def test_what_beacons_and_sdks_send(client: Client, message: Message, path: str, content_type: str) -> None:
    body = json.dumps(batch(message())).encode()
    answer = client.post(path, content=body, headers={"content-type": content_type} if content_type else {})
    assert answer.json() == {"accepted": 1, "rejected": []}


def test_the_short_path_is_no_address_that_means_something_else(shop: Settings) -> None:
    taken = {route.path for route in create_app(shop).routes} - {*BATCH_ROUTES, "/{name:path}"}
    assert {"/livez", "/v1/track", "/v1/guest", "/docs"} <= taken
    for path in (*taken, "/footfall.js", "/a/b.mjs"):
        with pytest.raises(SettingsError, match="is another route of the collector"):
            check_path(path)
    for path in ("/v1/b", "/w/9", "/v1.0/collect"):
        check_path(path)


def test_a_short_path_of_ones_own(shop: Settings, message: Message, landed: Landed) -> None:
    with TestClient(create_app(msgspec.structs.replace(shop, collector_path="/w/9"))) as client:
        assert client.post("/w/9", json=batch(message())).json()["accepted"] == 1
        assert client.post("/v1/b", json=batch(message())).json()["accepted"] == 1
        assert "/w/9" in client.get("/docs/openapi.json").json()["paths"]


@pytest.mark.parametrize("kind", ["track", "page", "screen", "identify", "alias", "group"])
def test_one_message_by_its_route(client: Client, message: Message, landed: Landed, kind: str) -> None:
    body = {**message(type=None), "writeKey": KEY, "sentAt": "2026-11-24T10:00:01Z"}
    assert client.post(f"/v1/{kind}", json=body).json() == {"accepted": 1, "rejected": []}
    assert client.post(f"/v1/{kind}", json={**body, "type": kind}).json() == {"accepted": 1, "rejected": []}
    seal(client)
    assert [msgspec.json.decode(envelope.batch[0])["type"] for envelope in landed()] == [kind, kind]


def test_one_bad_message_of_500_costs_the_others_nothing(
    client: Client, message: Message, landed: Landed
) -> None:
    messages = [message(messageId=str(number)) for number in range(500)]
    messages[250] = message(messageId="bad", event=None)
    answer = client.post("/v1/batch", json=batch(*messages)).json()
    assert answer["accepted"] == 499
    assert answer["rejected"] == [
        {"index": 250, "messageId": "bad", "field": "event", "reason": "a track message needs an event name"}
    ]
    seal(client)
    (envelope,) = landed()
    assert len(envelope.batch) == envelope.accepted == 499
    assert msgspec.json.decode(envelope.failed[0].raw) == messages[250]


GOOD = b'{"type":"page","anonymousId":"9f3c1e5a7b2d4c6e","messageId":"good"}'


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        pytest.param(rb'{"type":"page","anonymousId":"g1","properties":{"text":"\ud83d"}}', "emoji", id="half emoji"),
        pytest.param(rb'{"type":"page","anonymousId":"g1","context":{"x":"\ude00"}}', "emoji", id="other half"),
        pytest.param(b'{"type":"page","anonymousId":"g1","properties":{"price":NaN}}', "NaN", id="NaN"),
        pytest.param(b'{"type":"page","anonymousId":"g1","properties":{"price":1e999}}', "range", id="1e999"),
        pytest.param(b'{"type":"page","anonymousId":"g1","properties":{"t":"a\x00b"}}', "invalid", id="raw NUL"),
        pytest.param(b'{"type":"page","anonymousId":"g\xff1"}', "UTF-8", id="no UTF-8"),
        pytest.param(b'{"type":"page","anonymousId":"g1","own":"\xff"}', "UTF-8", id="no UTF-8 in an unknown key"),
        pytest.param(b'{"type":"page","anonymousId":"g1","properties":{"a":' + b"[" * 5000 + b"]" * 5000 + b"}}",
                     "nested", id="5,000 brackets"),
        pytest.param(b'{"type":"page","anonymousId":"g1","properties":{"a":' + b"[" * 12 + b"]" * 12 + b"}}",
                     "nested", id="12 brackets"),
        pytest.param(b'{"type":"page","anonymousId":"g1","properties":{"a":"' + b"x" * 33_000 + b'"}}',
                     "larger", id="33 KB"),
        pytest.param(b'{"type":"page","anonymousId":"undefined"}', "placeholder", id="placeholder id"),
        pytest.param(b'{"type":"page"}', "needs", id="nobody"),
        pytest.param(b'{"type":"purchase","anonymousId":"g1"}', "enum", id="unknown type"),
        pytest.param(b'{"type":"page","anonymousId":"g1","timestamp":"yesterday"}', "RFC3339", id="no time"),
        pytest.param(b'{"type":"page","anonymousId":"g1","timestamp":"0001-01-01T00:00:00+10:00"}', "plausible",
                     id="before the calendar"),
        pytest.param(b'{"type":"page","anonymousId":"g1",}', "malformed", id="trailing comma"),
        pytest.param(b'"page"', "object", id="a string"),
        pytest.param(b"null", "object", id="null"),
        pytest.param(b"[[]]", "object", id="a list"),
    ],
)  # fmt: skip
def test_bad_messages_among_good_ones(client: Client, landed: Landed, bad: bytes, reason: str) -> None:
    body = b'{"batch":[%s,%s,%s],"writeKey":"%s"}' % (GOOD, bad, GOOD, KEY.encode())
    answer = client.post("/v1/batch", content=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["accepted"] == 2
    (rejected,) = answer.json()["rejected"]
    assert rejected["index"] == 1
    assert reason in rejected["reason"]
    seal(client)
    (envelope,) = landed()
    assert [bytes(raw) for raw in envelope.batch] == [GOOD, GOOD]
    assert envelope.failed[0].raw == bad


def test_duplicate_keys_are_json_and_the_last_one_counts(client: Client) -> None:
    body = (
        b'{"writeKey":"nobody","writeKey":"%s","batch":[{"type":"track","type":"page","anonymousId":"g1"}]}'
    )
    assert client.post("/v1/batch", content=body % KEY.encode()).json() == {"accepted": 1, "rejected": []}


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        pytest.param(b"", 400, "unreadable", id="nothing"),
        pytest.param(b"hello", 400, "unreadable", id="no JSON"),
        pytest.param(b'{"batch":', 400, "unreadable", id="cut short"),
        pytest.param(b'{"batch":[{"a":1}', 400, "unreadable", id="cut in the batch"),
        pytest.param(b'{"batch":{}}', 400, "unreadable", id="batch of the wrong type"),
        pytest.param(b'{"messages":[]}', 400, "unreadable", id="no batch"),
        pytest.param(b"[]", 400, "unreadable", id="a list"),
        pytest.param(b"\xff\xfe{\0}\0", 400, "unreadable", id="UTF-16"),
        pytest.param(b'{"batch":' + b"[" * 100_000, 400, "unreadable", id="100,000 brackets open"),
        pytest.param(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "unreadable", id="100,000 deep"),
        pytest.param(b'{"batch":[' + b"[],{}" * 200_000, 400, "unreadable", id="a million marks"),
        pytest.param(
            b'{"batch":[%s]}' % b",".join([b"{}"] * 501), 413, "too_many_messages", id="501 messages"
        ),
        pytest.param(
            b'{"batch":[NaN,%s]}' % b",".join([b"{}"] * 500), 413, "too_many_messages", id="501, one broken"
        ),
        pytest.param(b'{"batch":[]}', 401, "no_key", id="no key"),
        pytest.param(b'{"batch":[],"writeKey":"nobody"}', 401, "unknown_key", id="unknown key"),
        pytest.param(b'{"batch":["' + b"x" * 2**20 + b'"]}', 413, "too_large", id="more than 1 MiB"),
        pytest.param(b'{"batch":[],"sentAt":"soon"}', 400, "unreadable", id="sentAt is not a time"),
    ],
)
def test_bodies_that_are_refused_whole(client: Client, body: bytes, status: int, reason: str) -> None:
    answer = client.post("/v1/batch", content=body)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert client.post("/v1/batch", content=b'{"batch":[],"writeKey":"%s"}' % KEY.encode()).status_code == 200


def test_gzip(client: Client, message: Message) -> None:
    body = gzip.compress(json.dumps(batch(message())).encode())
    answer = client.post("/v1/batch", content=body, headers={"content-encoding": "gzip"})
    assert answer.json() == {"accepted": 1, "rejected": []}
    halves = gzip.compress(b'{"batch":[],') + gzip.compress(b'"writeKey":"%s"}' % KEY.encode())
    assert client.post("/v1/batch", content=halves, headers={"content-encoding": "gzip"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        pytest.param(gzip.compress(bytes(900 * 2**20 // 9)), 413, "too_large", id="a bomb of 100 MB"),
        pytest.param(
            gzip.compress(b'{"batch":[' + b" " * 4 * 2**20), 413, "too_large", id="a little too much"
        ),
        pytest.param(gzip.compress(b"")[:-1], 400, "gzip", id="cut short"),
        pytest.param(b'{"batch":[]}', 400, "gzip", id="not compressed at all"),
        pytest.param(zlib.compress(b"{}"), 400, "gzip", id="zlib"),
        pytest.param(gzip.compress(b"") * 40_000, 400, "gzip", id="40,000 empty members"),
        pytest.param(gzip.compress(b"{}") + b"rest", 400, "gzip", id="bytes behind the end"),
    ],
)
def test_gzip_that_is_refused(client: Client, body: bytes, status: int, reason: str) -> None:
    answer = client.post("/v1/batch", content=body, headers={"content-encoding": "gzip"})
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"content-type": "application/x-www-form-urlencoded"}, "content_type"),
        ({"content-type": "multipart/form-data; boundary=x"}, "content_type"),
        ({"content-encoding": "br"}, "content_encoding"),
        ({"content-encoding": "gzip, gzip"}, "content_encoding"),
    ],
)
def test_media_types_that_are_refused(client: Client, headers: dict[str, str], reason: str) -> None:
    answer = client.post("/v1/batch", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (415, reason)


def basic(user: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:".encode()).decode()}


def test_the_key_as_the_user_of_basic_authorization(client: Client, message: Message, landed: Landed) -> None:
    answer = client.post("/v1/batch", json=batch(message(), key=None), headers=basic("ff_trusted_write_key"))
    assert answer.status_code == 200
    for headers in (basic("nobody"), {"authorization": "Basic %%%"}, {"authorization": "Bearer " + KEY}):
        refused = client.post("/v1/batch", json=batch(message()), headers=headers)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == 'Basic realm="write key"'
    seal(client)
    (envelope,) = landed()
    assert (envelope.source, envelope.trusted) == ("history", True)


@pytest.mark.parametrize(
    ("origin", "key", "status"),
    [
        (None, "one_shop_only", 200),
        ("https://shop.example", "one_shop_only", 200),
        ("https://SHOP.example", "one_shop_only", 200),
        ("https://uk.shop.example", "one_shop_only", 200),
        ("http://shop.example", "one_shop_only", 403),
        ("https://evilshop.example", "one_shop_only", 403),
        ("https://shop.example.evil", "one_shop_only", 403),
        ("null", "one_shop_only", 403),
        ("https://anywhere.example", KEY, 200),
        ("https://anywhere.example", "ff_trusted_write_key", 403),
    ],
)
def test_origins_by_key(client: Client, message: Message, origin: str | None, key: str, status: int) -> None:
    headers = {"origin": origin} if origin else {}
    answer = client.post("/v1/batch", json=batch(message(), key=key), headers=headers)
    assert answer.status_code == status
    if status != 200:  # no cache keeps an answer to a POST; a refusal's headers are the same for every method
        assert answer.headers["vary"] == "origin"
    # The demo key allows every origin, so the page may read even a refusal and stop sending.
    assert answer.headers.get("access-control-allow-origin") == origin


def test_a_page_that_no_key_allows_gets_no_cors_headers(settings: Settings, message: Message) -> None:
    keys = (WriteKey(key="one_shop_only", source="one_shop", origins=("https://shop.example",)),)
    with TestClient(create_app(msgspec.structs.replace(settings, write_keys=keys))) as client:
        for origin, allowed in (("https://shop.example", True), ("https://other.example", False)):
            answer = client.options(
                "/v1/batch", headers={"origin": origin, "access-control-request-method": "POST"}
            )
            assert answer.status_code == 204
            assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)
            assert ("access-control-allow-headers" in answer.headers) is allowed


def test_preflight(client: Client) -> None:
    headers = {
        "origin": "https://shop.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    answer = client.options("/v1/b", headers=headers)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "content-type" in answer.headers["access-control-allow-headers"]
    assert int(answer.headers["access-control-max-age"]) > 600


def test_the_paths_headers_and_keys_of_published_sdks(client: Client, message: Message) -> None:
    # Segment's browser SDK: one letter for the type. RudderStack's: headers of its own, and beacons without any.
    for kind in MESSAGE_TYPES:
        answer = client.post(f"/v1/{kind[0]}", json={**message(), "type": kind, "writeKey": KEY})
        assert answer.json() == {"accepted": 1, "rejected": []}
    asked = {
        "origin": "https://shop.example",
        "access-control-request-headers": "anonymousid,rsa-retry-attempt",
    }
    allowed = client.options("/v1/t", headers=asked).headers["access-control-allow-headers"].split(", ")
    assert {"*", "authorization"} <= set(allowed)
    body = json.dumps({"batch": [message()]})
    beacon = {"content": body, "headers": {"content-type": "text/plain;charset=UTF-8"}}
    assert client.post(f"/beacon/v1/batch?writeKey={KEY}", **beacon).json()["accepted"] == 1
    assert client.post("/beacon/v1/batch?writeKey=wrong", **beacon).json()["reason"] == "unknown_key"
    refused = client.post("/beacon/v1/batch", **beacon).json()
    assert (refused["code"], refused["message"]) == (refused["reason"], refused["detail"])


def test_what_the_request_says_about_the_visitor(client: Client, message: Message, landed: Landed) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"
    client.post("/v1/b", json=batch(message()), headers={"sec-gpc": "1", "user-agent": agent})
    client.post("/v1/b", json=batch(message()), headers={"user-agent": "Googlebot/2.1"})
    client.post(
        "/v1/b", json=batch(message(), key="ff_trusted_write_key"), headers={"user-agent": "python-httpx/1"}
    )
    client.post("/v1/b", json=batch(message(), key="shops_server"), headers={"user-agent": "curl/8.14.1"})
    client.post("/v1/b", json=batch(message()), headers={"user-agent": "curl/8.14.1"})
    seal(client)
    person, bot, history, server, anybody = landed()
    assert (person.gpc, person.user_agent, person.is_bot, person.bot_reason) == (True, agent, False, None)
    assert (bot.gpc, bot.is_bot, bot.bot_reason) == (False, True, "search-engine")
    assert (history.is_bot, history.bot_reason) == (False, None)
    # An order that the shop's server tells is no robot's, whatever program posts it: no page could use this key
    assert (server.trusted, server.is_bot, server.bot_reason) == (False, False, None)
    assert (anybody.is_bot, anybody.bot_reason) == (True, "http-library")


@pytest.mark.parametrize(("trusted", "address"), [(True, "198.51.100.0"), (False, None)])
def test_the_proxys_word_counts_only_if_trusted(
    shop: Settings, message: Message, landed: Landed, trusted: bool, address: str | None
) -> None:
    settings = msgspec.structs.replace(shop, trust_forwarded_for=trusted)
    with TestClient(create_app(settings)) as client:
        client.post("/v1/b", json=batch(message()), headers={"x-forwarded-for": "203.0.113.9, 198.51.100.77"})
    assert landed()[0].ip == address


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods(client: Client, method: str) -> None:
    answer = client.request(method, "/v1/batch")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST, OPTIONS"


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_a_monitor_may_look_without_the_body(client: Client, path: str) -> None:
    look, whole = client.head(path), client.get(path)
    assert (look.status_code, look.content) == (200, b"")
    assert look.headers["content-type"] == whole.headers["content-type"]


def test_a_disk_that_fails_is_503_and_the_client_may_send_again(
    client: Client, disk: Any, message: Message, landed: Landed
) -> None:
    disk.fail["sync_data"] = [EIO]
    refused = client.post(
        "/v1/batch", json=batch(message(messageId="1")), headers={"origin": "https://s.example"}
    )
    assert (refused.status_code, refused.json()["reason"]) == (503, "fsync")
    assert int(refused.headers["retry-after"]) > 0
    assert refused.headers["access-control-expose-headers"] == "retry-after"
    assert client.post("/v1/batch", json=batch(message(messageId="1"))).status_code == 200
    assert client.get("/readyz").status_code == 200
    seal(client)
    assert [msgspec.json.decode(raw)["messageId"] for envelope in landed() for raw in envelope.batch] == ["1"]


def test_a_full_disk_is_503_and_not_ready_until_there_is_space(
    shop: Settings, disk: Any, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.writer.SPACE_SECONDS", 0.0)
    with TestClient(create_app(msgspec.structs.replace(shop, min_free_bytes=10_000), disk)) as client:
        assert client.post("/v1/batch", json=batch(message())).status_code == 200
        disk.free = 9_000
        refused = client.post("/v1/batch", json=batch(message()))
        assert (refused.status_code, refused.json()["reason"]) == (503, "disk_full")
        assert refused.headers["retry-after"] == "30"
        unready = client.get("/readyz")
        assert unready.status_code == 503
        assert "9,000 bytes free" in unready.json()["reasons"][0]
        assert client.get("/livez").status_code == 200
        disk.free = None
        assert client.post("/v1/batch", json=batch(message())).status_code == 200
        assert client.get("/readyz").status_code == 200


def test_an_empty_batch_lands_nothing(client: Client, landed: Landed) -> None:
    assert client.post("/v1/batch", json=batch()).json() == {"accepted": 0, "rejected": []}
    seal(client)
    assert landed() == []


def test_metrics(client: Client, message: Message) -> None:
    bad = [message(event=None), message(context={"page": {"url": 1}})]
    client.post("/v1/batch", json=batch(message(), *bad))
    client.post("/v1/batch", content=b"?")
    page = client.get("/metrics").text
    for line in (
        'footfall_collector_messages_accepted_total{source="shop_pixel"} 1',
        'footfall_collector_messages_rejected_total{source="shop_pixel",reason="event"} 1',
        'footfall_collector_messages_rejected_total{source="shop_pixel",reason="context"} 1',
        'footfall_collector_requests_refused_total{reason="unreadable"} 1',
        "footfall_collector_commit_seconds_count 1",
        "footfall_collector_ready 1",
    ):
        assert line in page.splitlines()


def test_the_documents_name_every_route(client: Client) -> None:
    paths = client.get("/docs/openapi.json").json()["paths"]
    assert {"/v1/batch", "/v1/b", "/v1/track", "/v1/identify", "/livez", "/readyz", "/metrics"} <= set(paths)
    assert {"200", "400", "401", "413", "503"} <= set(paths["/v1/batch"]["post"]["responses"])
    page = client.get("/docs").text
    assert "https://" not in page
    addresses = re.findall(r'(?:src|spec-url)="([^"]+)"', page)
    assert len(addresses) == 2
    for address in addresses:
        assert client.get(address).status_code == 200, address


def test_what_the_documents_show_is_taken(client: Client) -> None:
    paths = client.get("/docs/openapi.json").json()["paths"]
    shown = [
        (path, example["value"])
        for path, item in paths.items()
        for example in item.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json", {})
        .get("examples", {}).values()
    ]  # fmt: skip
    assert {"/v1/batch", "/v1/track", "/v1/identify"} <= {path for path, _ in shown}
    for path, value in shown:
        answer = client.post(path, json=value, headers=basic(KEY))
        assert (path, answer.status_code, answer.json()) == (path, 200, {"accepted": 1, "rejected": []})


def test_unknown_paths_are_problems_too(client: Client) -> None:
    for path in ("/nothing", "/v1/nothing", "/"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["reason"]) == (404, "not_found")
