"""The loader: every sealed message stands in the lake exactly once, whatever happens on the way."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.daily_ids import PREFIX
from footfall.landing.directory import sealed
from footfall.landing.segments import FailedMessage
from footfall.runtime.paths import Paths
from footfall.settings import Settings
from orchestration.lake import flatten, loader
from orchestration.lake.event_columns import occurred_at
from orchestration.lake.loader import load_sealed, load_waiting, newest_load_id
from orchestration.lake.schema import prepare_lake
from orchestration.storage import atomic_write
from orchestration.storage.locks import LoaderBusy, only_loader
from tests.orchestration.conftest import RECEIVED, Seal, message


def rows(paths: Paths, table: str = "events") -> list[dict[str, Any]]:
    relation = duckdb.sql(f"select * from read_parquet('{paths.lake}/{table}/**/*.parquet') order by all")
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def message_ids(paths: Paths) -> list[str]:
    return sorted(row["message_id"] for row in rows(paths))


def test_an_empty_lake_can_be_read(paths: Paths) -> None:
    report = load_sealed(paths)
    assert (report.segments, report.events) == (0, 0)
    for table in ("events", "failed_events", "landing_counts", "products"):
        assert rows(paths, table) == []


def test_the_seven_facts_have_columns_of_their_own(paths: Paths, seal: Seal) -> None:
    seal("s1", [message(1, userId=42)], sent_at=RECEIVED - timedelta(seconds=1))
    load_sealed(paths)
    [row] = rows(paths)
    assert row["element_text"] == "Cap"
    assert row["element_class"] == "card link"
    # Sent a second before it was received; happened a second before it was sent.
    assert row["occurred_at"] == datetime(2026, 3, 1, 11, 59, 59)
    assert row["page_url"] == "https://shop/x"
    assert (row["guest_token"], row["session_token"], row["user_id"]) == ("g-1", "s-1", "42")
    assert (row["product_id"], row["zone"]) == ("7", "collection_card")
    assert json.loads(row["context"])["odd"] == {"kept": [1]}


def test_fields_without_a_column_go_to_rest_and_traits_may_stand_in_the_context(
    paths: Paths, seal: Seal
) -> None:
    context = {"traits": {"plan": "gold"}}
    seal(
        "s1",
        [
            message(1, type="group", groupId="club-9", integrations={"All": True}),
            message(2, type="identify", context=context),
            message(3, context=context),
        ],
    )
    load_sealed(paths)
    group, identify, track = sorted(rows(paths), key=lambda row: row["message_id"])
    assert json.loads(group["rest"]) == {"groupId": "club-9", "integrations": {"All": True}}
    assert identify["rest"] is None
    assert json.loads(identify["traits"]) == {"plan": "gold"}
    assert track["traits"] is None, "elsewhere they are surroundings, not news"


def test_a_retry_is_told_from_another_message_under_its_id(paths: Paths, seal: Seal) -> None:
    first = message(1, sentAt="2026-03-01T11:59:00Z")
    again = message(1, sentAt="2026-03-01T11:59:59Z", context={"network": "better"})
    other = message(1, properties={"product_id": "8"})
    seal("s1", [first, again, other])
    seal("s2", [first], trusted=True)
    load_sealed(paths)
    hashes = [row["content_hash"] for row in rows(paths)]
    assert (len(hashes), len(set(hashes))) == (4, 3)
    assert hashes[0] == hashes[1] != hashes[2]
    assert hashes[3] is None, "who makes ids from what a message is about repeats them where it is told again"


def test_a_cookieless_visitor_has_the_daily_id_that_the_collector_made(paths: Paths, seal: Seal) -> None:
    """Its own ids were made for one page; who doesn't ask keeps them, also in the same batch."""
    context = {"sessionId": "of-this-page", "cookieless": True}
    seal("s1", [message(1, context=context), message(2)], day_id=f"{PREFIX}0123456789abcdef")
    seal("s2", [message(3, context=context)])
    load_sealed(paths)
    cookieless, other, without = sorted(rows(paths), key=lambda row: row["message_id"])
    assert (cookieless["guest_token"], cookieless["session_token"]) == (f"{PREFIX}0123456789abcdef", None)
    assert (other["guest_token"], other["session_token"]) == ("g-2", "s-1")
    assert (without["guest_token"], without["session_token"]) == ("g-0", "of-this-page")


@pytest.mark.parametrize("trusted", [True, False])
def test_a_visitors_agent_that_somebody_else_tells_is_judged(paths: Paths, seal: Seal, trusted: bool) -> None:
    """History of a crawler is a crawler's, whoever sends it."""
    crawler = {"userAgent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}
    person = {"userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"}
    seal("s1", [message(1, context=crawler), message(2, context=person), message(3)], trusted=trusted)
    load_sealed(paths)
    flags = {row["message_id"]: (row["is_bot"], row["bot_reason"]) for row in rows(paths)}
    assert flags == {"m-1": (True, "search-engine"), "m-2": (False, None), "m-3": (False, None)}


def test_a_page_told_without_its_parts(paths: Paths, seal: Seal) -> None:
    """The path is the address's; SDKs of servers tell a page in its properties."""
    told = {"url": "https://shop/a/b?c=1", "referrer": "https://else/", "title": "B"}
    seal(
        "s1",
        [
            message(1, context={"page": {"url": "https://shop/x?y#z"}}),
            message(2, context={"page": {"url": "https://shop"}}),
            message(3, type="page", context={}, properties=told),
            message(4, context={}, properties=told),
            message(5, context={"page": {"url": "http://["}}),
        ],
    )
    load_sealed(paths)
    assert [
        (row["page_url"], row["page_path"], row["page_referrer"], row["page_title"])
        for row in sorted(rows(paths), key=lambda row: row["message_id"])
    ] == [
        ("https://shop/x?y#z", "/x", None, None),
        ("https://shop", "/", None, None),
        ("https://shop/a/b?c=1", "/a/b", "https://else/", "B"),
        (None, None, None, None),
        ("http://[", None, None, None),
    ]


def test_a_second_run_changes_nothing(paths: Paths, seal: Seal) -> None:
    seal("s1", [message(1), message(2)])
    assert load_sealed(paths).events == 2
    assert load_sealed(paths).events == 0
    assert message_ids(paths) == ["m-1", "m-2"]
    assert sealed(paths.landing) == []


def test_load_ids_grow_and_stand_in_the_file_names(paths: Paths, seal: Seal) -> None:
    for number in (1, 2):
        seal(f"s{number}", [message(number)])
        assert load_sealed(paths).load_id == number
    assert [row["load_id"] for row in rows(paths)] == [1, 2]
    assert newest_load_id(paths) == 2


def test_a_segment_over_midnight_goes_to_both_days(paths: Paths, seal: Seal) -> None:
    seal("s1", [message(1)], received_at=datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC))
    seal("s2", [message(2)], received_at=datetime(2026, 3, 2, tzinfo=UTC))
    load_sealed(paths)
    days = {file.parent.name for file in (paths.lake / "events").glob("received_date=2026*/*.parquet")}
    assert days == {"received_date=2026-03-01", "received_date=2026-03-02"}


def test_what_fails_keeps_its_bytes_and_reason(paths: Paths, seal: Seal) -> None:
    refused = FailedMessage(index=3, message_id="m-9", field="event", reason="too long", raw=b'{"x":1}')
    seal("s1", [message(1), message(2, type="nonsense")], failed=[refused], tail=b"torn")
    report = load_sealed(paths)
    assert (report.events, report.failed) == (1, 3)
    failed = {row["stage"]: row for row in rows(paths, "failed_events")}
    assert bytes(failed["collector"]["raw"]) == b'{"x":1}'
    assert failed["collector"]["message_no"] == 3
    assert failed["load"]["field"] == "type"
    assert json.loads(bytes(failed["load"]["raw"]))["messageId"] == "m-2"
    assert bytes(failed["disk"]["raw"]) == b"torn"
    [counts] = rows(paths, "landing_counts")
    assert (counts["accepted"], counts["rejected"]) == (2, 1)


def test_a_file_that_is_no_segment_is_set_aside_and_the_rest_goes_on(paths: Paths, seal: Seal) -> None:
    seal("s2", [message(1)])
    (paths.landing / "sealed" / "s1.seg").write_bytes(b"not ours")
    report = load_sealed(paths)
    assert report.events == 1
    assert report.quarantined == [str(paths.landing / "quarantine" / "s1.seg")]
    assert (paths.landing / "quarantine" / "s1.seg").read_bytes() == b"not ours"


def test_two_loaders_do_not_load_one_lake(paths: Paths, seal: Seal) -> None:
    seal("s1", [message(1)])
    prepare_lake(paths)
    with only_loader(paths), pytest.raises(LoaderBusy):
        load_sealed(paths)


def test_a_load_waits_for_a_backup_that_holds_the_lake(paths: Paths, seal: Seal) -> None:
    seal("s1", [message(1)])
    prepare_lake(paths)
    with ThreadPoolExecutor(1) as pool:
        with only_loader(paths):
            load = pool.submit(load_waiting, Settings(data=paths.data))
            time.sleep(0.5)
            assert not load.done()
        assert load.result().events == 1


def test_a_message_that_the_loader_trips_over_holds_up_nobody(
    paths: Paths, seal: Seal, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = flatten.event_row

    def tripping(raw: Any, *rest: Any) -> Any:
        if b'"m-2"' in bytes(raw):
            raise ZeroDivisionError("a fault of ours")
        return real(raw, *rest)

    monkeypatch.setattr(flatten, "event_row", tripping)
    seal("s1", [message(1), message(2), message(3)])
    assert load_sealed(paths).events == 2
    [failed] = rows(paths, "failed_events")
    assert failed["reason"] == "ZeroDivisionError: a fault of ours"
    assert json.loads(bytes(failed["raw"]))["messageId"] == "m-2"


class Killed(BaseException):
    """What a SIGKILL looks like to code that cannot catch it."""


@pytest.mark.parametrize("at", range(22))
def test_a_kill_at_any_step_loses_and_doubles_nothing(
    paths: Paths, seal: Seal, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Every rename, fsync and unlink of the loader is a place to die; the next run finishes the work."""
    prepare_lake(paths)
    seal("s1", [message(1), message(2, type="nonsense")], [message(3)])
    seal("s2", [message(4)], received_at=RECEIVED + timedelta(days=1))
    steps = 0

    def dying(real: Any) -> Any:
        def step(*arguments: Any, **options: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps == at + 1:
                raise Killed
            return real(*arguments, **options)

        return step

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", dying(Path.replace))
        patch.setattr(Path, "unlink", dying(Path.unlink))
        patch.setattr(loader, "fsync_path", dying(loader.fsync_path))
        patch.setattr(atomic_write, "fsync_path", dying(atomic_write.fsync_path))
        try:
            load_sealed(paths)
        except Killed:
            pass
        else:
            pytest.fail(f"the loader has only {steps} steps: fewer places to die than this test visits")
    load_sealed(paths)
    assert message_ids(paths) == ["m-1", "m-3", "m-4"]
    assert [row["stage"] for row in rows(paths, "failed_events")] == ["load"]
    assert sum(row["accepted"] for row in rows(paths, "landing_counts")) == 4


def test_a_segment_goes_only_when_each_name_on_the_way_to_its_rows_is_on_disk(
    paths: Paths, seal: Seal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a power cut may take: every name whose folder was not fsynced since it was made."""
    prepare_lake(paths)
    stood = set(paths.lake.rglob("*"))
    seal("s1", [message(1), message(2, type="nonsense")])
    on_disk: set[Path] = set()
    lost: list[Path] = []

    def sync(path: Path) -> None:
        if path.is_dir():
            on_disk.update(path.iterdir())

    real = Path.unlink

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if path.parent.name == "sealed":
            lost.extend({each for each in paths.lake.rglob("*") if "lock" not in each.name} - stood - on_disk)
        real(path, missing_ok)

    monkeypatch.setattr(loader, "fsync_path", sync)
    monkeypatch.setattr(atomic_write, "fsync_path", sync)
    monkeypatch.setattr(Path, "unlink", unlink)
    load_sealed(paths)
    assert len(on_disk) >= 6
    assert lost == []


moments = st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC))


@given(happened=st.none() | moments, sent=st.none() | moments, received=moments)
def test_a_wrong_client_clock_never_moves_an_event_past_its_arrival(
    happened: datetime | None, sent: datetime | None, received: datetime
) -> None:
    moment, _ = occurred_at(happened, sent, received, trusted=False)
    assert moment <= received
    if happened and sent and sent >= happened:
        assert received - moment == sent - happened


def test_clock_flags() -> None:
    hour, day = timedelta(hours=1), timedelta(days=1)
    assert occurred_at(RECEIVED + 2 * hour, RECEIVED, RECEIVED, trusted=False) == (RECEIVED, "ahead")
    assert occurred_at(RECEIVED + hour, RECEIVED, RECEIVED, trusted=False) == (RECEIVED, None)
    assert occurred_at(RECEIVED - 5 * day, RECEIVED, RECEIVED, trusted=False)[1] is None
    assert occurred_at(RECEIVED - 6 * day, RECEIVED, RECEIVED, trusted=False)[1] == "behind"
    assert occurred_at(RECEIVED - 6 * day, RECEIVED, RECEIVED, trusted=True) == (RECEIVED - 6 * day, None)
    assert occurred_at(RECEIVED + 2 * hour, RECEIVED, RECEIVED, trusted=True) == (
        RECEIVED + 2 * hour,
        "ahead",
    )
