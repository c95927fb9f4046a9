"""``footfall failed``: refused events are found by reason, exported, mended and sent again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from click.testing import CliRunner

from footfall.landing.segments import FailedMessage
from footfall.settings import Settings, load_settings
from footfall.wire.keys import is_signed_webhook
from orchestration.commands import failed as command
from orchestration.commands.failed import Failed, read_failed, resubmit
from orchestration.lake.loader import load_sealed
from orchestration.lake.privacy import Person, forget
from tests.orchestration.conftest import Seal, message


@pytest.fixture
def lake(settings: Settings, seal: Seal, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Three failed events: one without an event name, one without an id too, one that is not text."""
    bad = message(1, event=None)
    nameless = {key: value for key, value in bad.items() if key != "messageId"}
    seal(
        "s1",
        [message(0)],
        failed=[
            FailedMessage(index=1, field="event", reason="a track message needs an event name",
                          raw=json.dumps(bad).encode(), message_id="m-1"),
            FailedMessage(index=2, field="event", reason="a track message needs an event name",
                          raw=json.dumps(nameless).encode()),
            FailedMessage(index=3, field="message", reason="not UTF-8 (byte 7)", raw=b'{"a":"\xff"}'),
        ],
    )  # fmt: skip
    load_sealed(settings.paths)
    monkeypatch.setenv("FOOTFALL_DATA", str(settings.data))
    return settings


def run(*arguments: str) -> Any:
    return CliRunner().invoke(command.failed, list(arguments))


def test_listed_by_reason(lake: Settings) -> None:
    answer = run()
    assert answer.exit_code == 0, answer.output
    assert "needs an event name" in answer.output
    assert "not UTF-8" in answer.output
    assert "not UTF-8" not in run("list", "--reason", "EVENT name").output


def test_what_somebody_sent_is_listed_as_it_is(lake: Settings, seal: Seal) -> None:
    """The brackets of rich's markup: a closing tag that nothing opened ends a program that takes it for one."""
    seal(
        "s2",
        [message(1)],
        failed=[
            FailedMessage(
                index=1, field="event", reason="not [red]this[/green]", raw=b"{}", message_id="[/b]"
            )
        ],
    )
    load_sealed(lake.paths)
    answer = run()
    assert answer.exit_code == 0, answer.exception
    assert "not [red]this[/green]" in answer.output
    assert "[/b]" in answer.output


def test_shown_raw(lake: Settings) -> None:
    assert '"m-1"' in run("show").output
    assert "(base64)" in run("show", "--reason", "utf-8").output
    assert "and more" in run("show", "--limit", "1").output
    assert run("show", "--source", "nobody").output == ""


def test_no_lake_no_failed_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory that nothing was collected into is the wrong one."""
    data = tmp_path / "empty"
    monkeypatch.setenv("FOOTFALL_DATA", str(data))
    answer = run()
    assert answer.exit_code == 1
    assert f"{data} holds no events" in answer.output
    (data / "landing").mkdir(parents=True)
    assert run().output.startswith("No failed events in the lake")


class StubCollector:
    """A collector that takes what has an event."""

    def __init__(self) -> None:
        self.batches: list[dict[str, Any]] = []
        self.webhooks: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("webhooks"):
            self.webhooks.append(request)
            return httpx.Response(200, json={"accepted": 1})
        body = json.loads(request.content)
        self.batches.append(body)
        rejected = [
            {"index": number, "field": "event", "reason": "still none"}
            for number, one in enumerate(body["batch"])
            if not one.get("event")
        ]
        return httpx.Response(
            200, json={"accepted": len(body["batch"]) - len(rejected), "rejected": rejected}
        )


def test_exported_mended_and_sent_again(lake: Settings, tmp_path: Path) -> None:
    file = tmp_path / "failed.ndjson"
    assert run("export", str(file), "--reason", "event name").exit_code == 0
    assert "1 refused: event" in run("resubmit", "--dry-run", "--reason", "event name").output.replace(
        "2", "1"
    )
    mended = file.read_text().replace('\\"event\\": null', '\\"event\\": \\"Product Clicked\\"')
    file.write_text(mended)
    assert run("resubmit", "--dry-run", "--from", str(file)).output == "2 would be accepted\n"

    events = [msgspec.json.decode(line, type=Failed) for line in file.read_bytes().splitlines()]
    collector = StubCollector()
    key = load_settings({}).write_keys[0]
    with httpx.Client(base_url="http://collector", transport=httpx.MockTransport(collector)) as client:
        for _ in range(2):
            result = resubmit(
                [msgspec.structs.replace(event, source=key.source) for event in events], lake, client
            )
    assert (result.accepted, result.rejected) == (2, {})
    first, again = collector.batches
    assert first["writeKey"] == key.key
    assert first["batch"] == again["batch"]
    assert first["batch"][0]["messageId"] == "m-1"
    assert first["batch"][1]["messageId"].startswith("failed/")


def test_nobody_who_was_forgotten_is_sent_again(lake: Settings, seal: Seal, tmp_path: Path) -> None:
    """Neither from the lake, where nothing is left of them, nor from a file that was exported before."""
    file = tmp_path / "failed.ndjson"
    webhook = FailedMessage(
        index=0, field="webhook", reason="orders/create: no order", raw=b'{"userId":"g-1"}'
    )
    seal("s2", [message(2)], failed=[webhook])
    load_sealed(lake.paths)
    assert run("export", str(file), "--source", "shop_pixel").exit_code == 0
    file.write_text(file.read_text().replace('\\"event\\": null', '\\"event\\": \\"Product Clicked\\"'))
    forget(lake.paths, Person(guests=["g-1"]))

    answer = run("resubmit", "--dry-run")
    assert answer.output.splitlines() == [
        "0 would be accepted",
        "1 refused: message: still no JSON object: 'utf-8' codec can't decode byte 0xff in position 6: "
        "invalid start byte",
    ]
    assert run("resubmit", "--dry-run", "--reason", "forgotten").exit_code == 0, "nothing is wrong with these"
    answer = run("resubmit", "--dry-run", "--from", str(file))
    assert "0 would be accepted" in answer.output
    assert f"3 in {file} belong to people erased since: not sent. Remove the file" in answer.output


def test_what_can_not_be_sent_is_said(lake: Settings) -> None:
    events = list(read_failed(lake, reason="utf-8"))
    events.append(Failed(place="s/0/None", stage="disk", field="frame", raw="x"))
    events.append(Failed(place="s/0/1", stage="collector", source="gone", raw='{"type":"page","userId":"7"}'))
    with httpx.Client(base_url="http://collector", transport=httpx.MockTransport(StubCollector())) as client:
        result = resubmit(events, lake, client)
    assert result.accepted == 0
    assert sorted(reason.split(":")[0] for reason in result.rejected) == ["frame", "message", "source"]


def test_one_that_no_request_holds_costs_the_others_nothing(lake: Settings) -> None:
    key = load_settings({}).write_keys[0]
    large = json.dumps({"type": "track", "event": "x" * 2**20, "userId": "7"})
    events = [
        Failed(place=f"s/0/{number}", stage="collector", source=key.source, raw=raw)
        for number, raw in enumerate((large, '{"type":"track","event":"e","userId":"7","messageId":null}'))
    ]
    collector = StubCollector()
    with httpx.Client(base_url="http://collector", transport=httpx.MockTransport(collector)) as client:
        result = resubmit(events, lake, client)
    assert (result.accepted, list(result.rejected)) == (1, ["message: larger than 32768 bytes"])
    # An id that is null is none: sent twice, the message would count twice.
    assert [one["messageId"] for one in collector.batches[0]["batch"]] == ["failed/s/0/1"]


def test_a_webhook_goes_to_its_own_route_signed(lake: Settings) -> None:
    event = Failed(
        place="s/0/0", stage="collector", field="webhook", reason="orders/create: Expected", raw='{"id":1}'
    )
    assert resubmit([event], lake, None).rejected.total() == 1
    signing = msgspec.structs.replace(lake, shopify_secrets=("hush",))
    collector = StubCollector()
    with httpx.Client(base_url="http://collector", transport=httpx.MockTransport(collector)) as client:
        assert resubmit([event], signing, client).accepted == 1
    (request,) = collector.webhooks
    assert request.headers["x-shopify-topic"] == "orders/create"
    assert is_signed_webhook(["hush"], request.content, request.headers["x-shopify-hmac-sha256"])


def test_a_door_that_is_closed_is_said(lake: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTFALL_WRITE_KEYS", '[{"key": "abcd", "source": "shop_pixel"}]')
    answer = run("resubmit", "--url", "http://127.0.0.1:1", "--reason", "event name")
    assert answer.exit_code == 1
    assert "127.0.0.1:1" in answer.output or "refused" in answer.output
