"""Published SDKs, pointed at the collector: what they are told and what they send stands whole in the lake.

Each SDK gets the calls of ``calls.json``. Its rows are compared twice: with the arguments of the calls, and, column
by column, with the messages that the SDK itself made of them.
"""

from __future__ import annotations

import importlib
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
Json = dict[str, Any]

CALLS: list[Json] = json.loads((HERE / "calls.json").read_text(encoding="utf-8"))
GUEST = "8c1f6f0e-6d0e-4b5e-9d6c-2f7f0b1f0a11"
WATCH_BEACONS = """
window.beacons = []
const real = navigator.sendBeacon.bind(navigator)
navigator.sendBeacon = (url, body) => { body.text().then(t => window.beacons.push(t)); return real(url, body) }
"""


@dataclass
class Delivery:
    """One call, the message that the SDK made of it, and the row that came out at the end."""

    source: str
    call: Json
    sent: Json
    row: Json


def send_from_node(source: str, line: Any, _: pytest.FixtureRequest) -> list[Json]:
    order = {"url": line.url, "writeKey": line.keys[source], "guest": GUEST, "calls": CALLS}
    done = subprocess.run(
        ["node", str(HERE / "segment_node.mjs")],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert not answer["failures"], answer["failures"]
    return answer["sent"]


def send_from_browser(source: str, line: Any, request: pytest.FixtureRequest) -> list[Json]:
    script = "rudder_browser" if source.startswith("rudder") else "segment_browser"
    order = {
        "url": line.url,
        "writeKey": line.keys[source],
        "calls": CALLS,
        "batching": source.endswith("batching"),
        "beacon": source.endswith("beacon"),
    }
    path = request.getfixturevalue("bundle")(script)
    page = request.getfixturevalue("browser").new_page()
    bodies: list[str] = []
    strangers: list[str] = []

    def on_request(asked: Any) -> None:
        if asked.url.startswith(line.url) and asked.post_data:
            bodies.append(asked.post_data)
        elif not asked.url.startswith((line.url, line.shop)):
            strangers.append(asked.url)

    page.on("request", on_request)
    page.add_init_script(WATCH_BEACONS)
    page.goto(line.shop + path)
    page.evaluate("order => window.send(order)", order)
    for _ in range(600):
        page.wait_for_timeout(50)
        batches = [json.loads(body) for body in bodies + page.evaluate("window.beacons")]
        sent = [message for body in batches for message in body.get("batch", [body])]
        if len(sent) >= len(CALLS):
            break
    page.wait_for_timeout(300)
    page.close()
    assert not strangers, f"the SDK asks others: {strangers}"
    return sent


def send_from_python(module: str) -> Callable[[str, Any, pytest.FixtureRequest], list[Json]]:
    def send(source: str, line: Any, _: pytest.FixtureRequest) -> list[Json]:
        client_module = pytest.importorskip(f"{module}.client", reason=f"{module} is not installed")
        failures: list[Any] = []
        client = client_module.Client(
            line.keys[source], host=line.url, gzip=True, on_error=lambda error, _: failures.append(error)
        )
        user, sent = CALLS[0]["userId"], []
        for call in CALLS:
            names = {
                "userId": "user_id",
                "groupId": "group_id",
                "previousId": "previous_id",
                "anonymousId": "anonymous_id",
            }
            arguments = {names.get(name, name): value for name, value in call.items() if name != "type"}
            guest = {} if call["type"] == "alias" else {"anonymous_id": GUEST}
            queued, message = getattr(client, call["type"])(**{"user_id": user, **guest, **arguments})
            assert queued
            sent.append(json.loads(json.dumps(message)))
        client.shutdown()
        assert not failures, failures
        return sent

    return send


SENDERS: dict[str, Callable[[str, Any, pytest.FixtureRequest], list[Json]]] = {
    "segment_node": send_from_node,
    "segment_browser": send_from_browser,
    "segment_browser_batching": send_from_browser,
    "segment_python": send_from_python("segment.analytics"),
    "rudder_browser": send_from_browser,
    "rudder_browser_beacon": send_from_browser,
    "rudder_python": send_from_python("rudderstack.analytics"),
}


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.browser if "browser" in name else ()) for name in SENDERS],
)
def deliveries(request: pytest.FixtureRequest, line: Any) -> list[Delivery]:
    """All calls through one SDK, in the order of ``calls.json``."""
    source = request.param
    if "python" not in source:
        request.getfixturevalue("node_modules")
    sent = {message["messageId"]: message for message in SENDERS[source](source, line, request)}
    assert len(sent) == len(CALLS)
    rows = {row["message_id"]: row for row in line.rows(source, len(CALLS))}
    assert set(rows) == set(sent), "each message once, under the SDK's own id"
    by_name = {(message["type"], message.get("event")): message for message in sent.values()}
    found = [by_name[call["type"], call.get("event")] for call in CALLS]
    return [
        Delivery(source, call, message, rows[message["messageId"]])
        for call, message in zip(CALLS, found, strict=True)
    ]


def test_the_lake_holds_what_the_sdk_was_given(deliveries: list[Delivery]) -> None:
    for delivery in deliveries:
        call, row = delivery.call, delivery.row
        assert (row["type"], row["event"]) == (call["type"], call.get("event"))
        if "userId" in call:
            assert row["user_id"] == call["userId"]
        elif call["type"] != "alias":
            assert row["user_id"] == CALLS[0]["userId"], "known since identify"
        if "properties" in call:
            properties = json.loads(row["properties"])
            assert {name: properties.get(name) for name in call["properties"]} == call["properties"]
        if "traits" in call:
            assert json.loads(row["traits"]) == call["traits"]
    clicked = next(each.row for each in deliveries if each.call.get("event") == "Product Clicked")
    assert clicked["element_text"] == "Wool jumper"
    assert clicked["element_class"] == "card card--big"
    assert (clicked["element_tag"], clicked["element_id"]) == ("a", "card-501")
    assert clicked["element_href"] == "/products/wool-jumper"
    assert (clicked["zone"], clicked["product_id"], clicked["variant_id"]) == (
        "collection_card",
        "501",
        "9001",
    )


def test_every_column_is_what_the_sdk_sent(deliveries: list[Delivery]) -> None:
    for delivery in deliveries:
        sent, row = delivery.sent, delivery.row
        # RudderStack says the traits of identify in the context.
        in_context = sent["context"].get("traits") if sent["type"] == "identify" else None
        said = {**sent, "traits": sent.get("traits") or in_context}
        for column in ("properties", "context", "traits"):
            assert (row[column] and json.loads(row[column])) == said.get(column), column
        assert row["guest_token"] == sent.get("anonymousId")
        assert row["user_id"] == sent.get("userId")
        context = sent["context"]
        page = context.get("page", {})
        for name in ("url", "path", "title", "referrer", "search"):
            assert row[f"page_{name}"] == page.get(name)
        assert (row["campaign"] and json.loads(row["campaign"])) == (context.get("campaign") or None)
        assert row["session_token"] == (str(context["sessionId"]) if "sessionId" in context else None)
        if "userAgent" in context:
            assert row["user_agent"] == context["userAgent"]
        assert row["original_at"] == _utc(sent.get("originalTimestamp") or sent["timestamp"])
        assert row["sent_at"] >= row["original_at"]
        if "sentAt" in sent:
            assert row["sent_at"] == _utc(sent["sentAt"])
        assert row["occurred_at"] == row["received_at"] - (row["sent_at"] - row["original_at"])
        assert row["received_at"] - row["occurred_at"] < timedelta(seconds=30)
        assert row["clock_flag"] is None


def test_a_browser_is_known_by_its_page(deliveries: list[Delivery]) -> None:
    if "browser" not in deliveries[0].source:
        pytest.skip("a server has no page")
    guests = {delivery.row["guest_token"] for delivery in deliveries}
    assert len(guests) == 1
    assert None not in guests
    for delivery in deliveries:
        row = delivery.row
        assert row["page_path"].endswith("_browser.html")
        assert row["page_title"] == "A shop"
        assert json.loads(row["campaign"]) == {"source": "mail", "name": "autumn"}
        assert "HeadlessChrome" in row["user_agent"]
        assert row["is_bot"], "a browser without a window is flagged, and kept"


def test_no_field_of_a_message_is_lost(deliveries: list[Delivery]) -> None:
    columns = {
        *("type", "event", "messageId", "anonymousId", "userId", "timestamp", "originalTimestamp", "sentAt"),
        *("context", "properties", "traits"),
    }
    for delivery in deliveries:
        rest = {name: value for name, value in delivery.sent.items() if name not in columns}
        assert json.loads(delivery.row["rest"] or "{}") == rest
        for name in ("groupId", "previousId", "name", "category"):
            assert rest.get(name) == delivery.call.get(name)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def test_the_python_sdk_gives_up_on_a_wrong_key(line: Any) -> None:
    """RudderStack's repeats ten times, over minutes, what is answered in words that it does not know."""
    request = pytest.importorskip(
        "rudderstack.analytics.request", reason="rudder-sdk-python is not installed"
    )
    with pytest.raises(request.APIError) as refused:
        request.post("wrong_key", line.url, batch=[])
    assert (refused.value.status, refused.value.code) == (401, "unknown_key")
    segment = importlib.import_module("segment.analytics.request")
    with pytest.raises(segment.APIError) as refused:
        segment.post("wrong_key", line.url, batch=[])
    assert (refused.value.status, refused.value.code) == (401, "unknown_key")
