"""Accepted events: found, set aside, restored; and the journal outlives compaction, retention and forgetting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from click.testing import CliRunner

from footfall.runtime.paths import Paths
from footfall.runtime.terminal import printable
from orchestration.commands.events import events_group
from orchestration.lake.compaction import compact
from orchestration.lake.events import Choice, NothingChosen, find, set_events_aside
from orchestration.lake.loader import load_sealed
from orchestration.lake.privacy import Person, forget
from orchestration.lake.retention import retain
from orchestration.lake.set_aside import in_force, journal, last_change
from tests.orchestration.conftest import RECEIVED, Seal, message

SECOND = RECEIVED + timedelta(days=1)
Say = Callable[..., str]


@pytest.fixture
def shop(paths: Paths, seal: Seal, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """Two days; anna is g-1 on the first."""
    monkeypatch.setenv("FOOTFALL_DATA", str(paths.data))
    seal("s1", [message(0), message(1, userId="anna")], [message(2)])
    load_sealed(paths)
    seal("s2", [message(3), message(4)], received_at=SECOND)
    load_sealed(paths)
    return paths


@pytest.fixture
def say(shop: Paths) -> Say:
    def run(*arguments: str, fails: bool = False) -> str:
        done = CliRunner().invoke(events_group, list(arguments))
        assert (done.exit_code != 0) == fails, done.output
        return done.output

    return run


def test_events_are_found_by_what_an_operator_knows(shop: Paths) -> None:
    def ids(**choice: object) -> list[str]:
        return find(shop, Choice(**choice))["message_id"].to_pylist()  # type: ignore[arg-type]

    assert ids(message_ids=("m-2", "m-4")) == ["m-2", "m-4"]
    assert ids(guests=("g-1",)) == ["m-1", "m-4"]
    assert ids(guests=("g-1",), day=RECEIVED.date()) == ["m-1"]
    assert ids(users=("anna",)) == ["m-1"]
    assert ids(loads=(2,)) == ["m-3", "m-4"]
    assert ids(places=(("s1", 1, 0), ("s2", 0, 1))) == ["m-2", "m-4"]
    assert ids(day=date(2020, 1, 1)) == []
    with pytest.raises(NothingChosen):
        find(shop, Choice())


def test_what_is_found_says_nothing_of_a_visit(say: Say) -> None:
    said = say("find", "--message-id", "m-1")
    assert "s1/0/1" in said
    assert "Product Clicked" in said
    assert "anna" not in said
    assert "collection_card" not in said
    assert "segment/frame/message" in say("find", "s1-0-1", fails=True)
    assert "no such event" in say("find", "--guest", "nobody", fails=True)
    assert printable("m\x1b[2J") == r"m\x1b[2J", "an id can't clear the operator's screen"


def test_setting_aside_is_journalled_and_undone(shop: Paths, say: Say) -> None:
    assert last_change(shop) is None
    assert "reason" in say("set-aside", "s1/0/1", fails=True)
    assert "select events by" in say("set-aside", "--reason", "all", fails=True)
    assert "nothing is set aside" in say("list")
    assert "2 events set aside" in say("set-aside", "s1/0/1", "s2/0/0", "--reason", "breaks orders")
    first = last_change(shop)
    assert "no event set aside" in say("set-aside", "s1/0/1", "--reason", "again", fails=True)
    assert "breaks orders" in say("find", "--message-id", "m-1")
    assert "1 event restored" in say("restore", "--message-id", "m-1")
    assert last_change(shop) != first, "the warehouse is built again"
    assert [row["message_id"] for row in in_force(journal(shop)).to_pylist()] == ["m-3"]
    assert "s1/0/1" not in say("list")
    assert "restored" in say("list", "--all")
    say("set-aside", "s1/0/1", "--reason", "after all")
    assert [row["reason"] for row in journal(shop).to_pylist()] == [
        "breaks orders",
        "breaks orders",
        "after all",
    ]


def test_it_outlives_compaction(shop: Paths, seal: Seal) -> None:
    seal("s3", [message(5)])
    load_sealed(shop)
    set_events_aside(shop, Choice(places=(("s1", 0, 1),)), "r")
    assert compact(shop, today=date(2027, 1, 1), recent_loads=0).days
    (row,) = find(shop, Choice(message_ids=("m-1",))).to_pylist()
    assert row["reason"] == "r"


def test_what_retention_removes_is_set_aside_no_more(shop: Paths) -> None:
    """Else it would be counted beside a lake that has it no more."""
    set_events_aside(shop, Choice(message_ids=("m-1", "m-4")), "r")
    retain(shop, SECOND.date())
    assert journal(shop)["message_id"].to_pylist() == ["m-4"]


def test_forgetting_takes_the_reason_and_leaves_the_event_aside(shop: Paths) -> None:
    set_events_aside(shop, Choice(message_ids=("m-1",)), "anna's order is broken")
    set_events_aside(shop, Choice(message_ids=("m-3",)), "a bot's")
    forget(shop, Person(users=["anna"]))
    kept = {row["message_id"]: row["reason"] for row in in_force(journal(shop)).to_pylist()}
    assert kept == {"m-1": "forgotten", "m-3": "a bot's"}
