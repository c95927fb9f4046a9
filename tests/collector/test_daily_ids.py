"""Cookieless: one id a visitor, shop and day, made here, that nobody can follow into the next day."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from collector.app import create_app
from collector.daily_ids import PREFIX, DailyIds
from footfall.landing.segments import Envelope
from footfall.settings import Settings
from footfall.wire.schema import is_placeholder

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
WHO = ("192.0.2.7", "Mozilla/5.0", "shop_pixel")


@pytest.fixture
def ids(tmp_path: Path) -> DailyIds:
    return DailyIds(tmp_path / "salts")


def salts(ids: DailyIds) -> list[str]:
    return sorted(each.name for each in ids.folder.iterdir())


def test_the_same_visitor_is_the_same_all_day_and_another_the_day_after(ids: DailyIds) -> None:
    first = ids.id_of(NOON.replace(hour=0), *WHO)
    assert first is not None
    assert first.startswith(PREFIX)
    assert len(first) == 36
    assert not is_placeholder(first)
    assert ids.id_of(NOON.replace(hour=23, minute=59), *WHO) == first
    assert ids.id_of(NOON + timedelta(days=1), *WHO) != first


def test_address_agent_and_shop_each_make_another_visitor(ids: DailyIds) -> None:
    others = [
        WHO,
        ("192.0.2.8", *WHO[1:]),
        (WHO[0], "Mozilla/5.1", WHO[2]),
        (WHO[0], None, WHO[2]),
        (*WHO[:2], "other_shop"),
        (WHO[0], "Mozilla/5.0\0shop", "pixel"),
    ]
    assert len({ids.id_of(NOON, *who) for who in others}) == len(others)


def test_addresses_are_compared_as_addresses(ids: DailyIds) -> None:
    def of(address: str | None) -> str | None:
        return ids.id_of(NOON, address, "agent", "shop")

    assert of("::ffff:192.0.2.7") == of("192.0.2.7")
    # A browser's own half of a v6 address changes within the day; the network's half is the household.
    assert of("2001:db8:1:2:aaaa::1") == of("2001:db8:1:2:bbbb::2")
    assert of("2001:db8:1:3::1") != of("2001:db8:1:2::1")
    assert of(None) is of("") is of("unix:") is None


def test_the_salt_goes_with_its_day(ids: DailyIds) -> None:
    first = ids.id_of(NOON, *WHO)
    (ids.folder / ".2026-11-24.left-by-a-killed-worker").touch()
    assert len(salts(ids)) == 2
    ids.forget(NOON.date())
    assert salts(ids) == ["2026-11-25"]
    assert ids.id_of(NOON, *WHO) == first
    ids.forget((NOON + timedelta(days=1)).date())
    assert salts(ids) == []
    # Nothing is left from which yesterday's id could be made again, not even in memory.
    assert ids.id_of(NOON, *WHO) != first


def test_the_first_request_of_a_day_deletes_the_salt_of_the_last(ids: DailyIds) -> None:
    ids.id_of(NOON, *WHO)
    ids.id_of(NOON + timedelta(days=1), *WHO)
    assert salts(ids) == ["2026-11-26"]


def test_the_salt_is_readable_by_nobody_else(ids: DailyIds) -> None:
    ids.id_of(NOON, *WHO)
    assert (ids.folder / "2026-11-25").stat().st_mode & 0o077 == 0
    assert ids.folder.stat().st_mode & 0o077 == 0


def test_what_a_power_cut_left_of_a_salt_is_replaced(ids: DailyIds) -> None:
    ids.folder.mkdir(mode=0o700)
    (ids.folder / "2026-11-25").touch()
    first = ids.id_of(NOON, *WHO)
    assert (ids.folder / "2026-11-25").stat().st_size == 32
    assert DailyIds(ids.folder).id_of(NOON, *WHO) == first


def _id_in_a_worker(folder: Path) -> str | None:
    return DailyIds(folder).id_of(NOON, *WHO)


def test_workers_that_start_at_once_share_one_salt(tmp_path: Path) -> None:
    # Not children of this process: what threads of dbt or DuckDB hold at a fork is never let go in a child.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with context.Pool(8) as pool:
        for number in range(20):
            made = pool.map(_id_in_a_worker, [tmp_path / str(number)] * 16, chunksize=1)
            assert len(set(made)) == 1
            assert None not in made


def test_without_a_place_for_the_salt_there_is_no_id_and_no_failure(tmp_path: Path) -> None:
    (tmp_path / "salts").write_text("not a folder")
    assert DailyIds(tmp_path / "salts").id_of(NOON, *WHO) is None


Landed = Callable[[], list[Envelope]]
Message = Callable[..., dict[str, Any]]


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient[Litestar]]:
    settings = msgspec.structs.replace(settings, trust_forwarded_for=True)
    with TestClient(create_app(settings)) as client:
        client.headers.update({"x-forwarded-for": "192.0.2.7", "user-agent": "Mozilla/5.0"})
        yield client


def send(client: TestClient[Litestar], *messages: dict[str, Any], key: str = "ff_demo_write_key") -> None:
    assert client.post("/v1/batch", json={"writeKey": key, "batch": messages}).status_code == 200


def test_only_who_asks_gets_a_daily_id(
    client: TestClient[Litestar], message: Message, landed: Landed
) -> None:
    cookieless = message(context={"cookieless": True})
    send(client, cookieless)
    send(client, message(context={"cookieless": False}))
    send(client, message(), cookieless)
    send(client, cookieless, key="ff_trusted_write_key")  # history: its sender is not the visitor
    client.__exit__(None, None, None)
    asked, not_asked, mixed, history = landed()
    assert asked.day_id is not None
    assert asked.day_id == mixed.day_id
    assert not_asked.day_id is history.day_id is None
    assert asked.ip == "192.0.2.0"
    assert b"192.0.2.7" not in msgspec.json.encode(asked)


def test_a_collector_that_starts_deletes_the_salts_of_earlier_days(settings: Settings) -> None:
    folder = settings.paths.data / "collector" / "salts"
    folder.mkdir(parents=True)
    (folder / "2026-01-01").write_bytes(bytes(32))
    with TestClient(create_app(settings)) as client:
        client.get("/livez")
        assert not list(folder.iterdir())
