"""Arms at the API: stable through a login, a popularity holdout that is the same for everybody, and the results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from footfall.snapshot.experiments import bucket
from orchestration.serving.publish import build_snapshot, publish
from tests.api.conftest import ADA_GUEST, PUBLIC, SECRET, make_marts, settings_for, write_sessions

Ask = Callable[..., dict[str, Any]]
#: Of a second device of ada's, and of guests that nobody knows; all long enough to be no guess.
PHONE = "phone-" + "x" * 24
GUESTS = [f"guest-{n:020d}" for n in range(60)]


def asking(data: Path, change: str) -> TestClient[Litestar]:
    """The API over a snapshot whose experiment runs; ``change`` is SQL on the marts."""
    with duckdb.connect() as con:
        make_marts(con)
        con.execute("update marts.experiments set starts_on = date '2020-01-01', ends_on = date '9999-12-31'")
        con.execute("update marts.experiments set share_until = 0.5 where arm_number = 1")
        con.execute("update marts.experiments set share_from = 0.5, share_until = 0.9 where arm_number = 2")
        con.execute(change)
        sessions = write_sessions(data / "sessions.index")
        build_snapshot(con, data / "serving", version="v1", session_index=sessions)
    publish(data / "serving", "v1")
    return TestClient(create_app(settings_for(data)), raise_server_exceptions=False)


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Any:
    known = f"'guest:{PHONE}', 'u_ada', 'guest', '{PHONE}', false, true, now(), now()"
    phone = f"insert into marts.identity_map values ({known})"
    with asking(tmp_path_factory.mktemp("running"), phone) as client:

        def get(headers: dict[str, str] = PUBLIC, **parameters: str) -> dict[str, Any]:
            answer = client.get("/v1/recommendations", params=parameters, headers=headers)
            assert answer.status_code == 200, answer.text
            body: dict[str, Any] = answer.json()
            return body

        yield get


def expected(token: str) -> str | None:
    place = bucket("lists", token)
    return "popular" if place < 0.5 else "personal" if place < 0.9 else None


def test_every_guest_is_dealt_by_the_token_and_stays(ask: Ask) -> None:
    dealt = {guest: ask(guest=guest)["arm"] for guest in GUESTS}
    assert dealt == {guest: expected(guest) for guest in GUESTS}
    assert set(dealt.values()) == {"popular", "personal", None}
    assert dealt == {guest: ask(guest=guest, viewed="p01")["arm"] for guest in GUESTS}


def test_a_login_and_a_second_device_keep_the_arm_of_the_first_token(ask: Ask) -> None:
    first = ask(guest=ADA_GUEST)["arm"]
    assert first == expected(ADA_GUEST)
    assert ask(guest=PHONE)["arm"] == first
    assert ask(headers=SECRET, user="ada")["arm"] == first


def test_the_holdout_sees_what_is_popular_whoever_it_is_and_whatever_it_looked_at(ask: Ask) -> None:
    held_out = next(guest for guest in GUESTS if expected(guest) == "popular")
    plain = ask(guest=held_out)
    assert plain["experiment"] == "lists"
    assert [item["source"] for item in plain["items"][:3]] == ["trending"] * 3
    looked = ask(guest=held_out, viewed="p03")
    shown = [item["product_id"] for item in plain["items"] if item["product_id"] != "p03"]
    assert [item["product_id"] for item in looked["items"]][: len(shown)] == shown
    personal = next(guest for guest in GUESTS if expected(guest) == "personal")
    assert ask(guest=personal, viewed="p01")["items"][0]["source"] != "trending"


def test_who_is_not_recognised_and_who_is_not_dealt_takes_no_part(ask: Ask) -> None:
    nobody = ask(viewed="p01")
    assert (nobody["experiment"], nobody["arm"]) == (None, None)
    rest = next(guest for guest in GUESTS if expected(guest) is None)
    assert ask(guest=rest)["experiment"] is None


def test_results_need_the_secret_key_and_say_what_each_arm_brought(client: TestClient[Litestar]) -> None:
    results = "/v1/marts/experiment_results"
    assert client.get(results, headers=PUBLIC).status_code == 403
    control, personal = client.get(results, headers=SECRET).json()["items"]
    assert (control["arm"], control["conversion_difference"], control["is_ratio_ok"]) == (
        "popular",
        None,
        True,
    )
    assert (personal["visitors"], personal["revenue"], personal["revenue_difference"]) == (200, 550.0, 1.0)
    declared = client.get("/v1/marts/experiments", headers=SECRET).json()["items"]
    assert [row["ends_on"] for row in declared] == ["2025-12-01", "2025-12-01"]
    # An experiment that is over deals nobody
    assert (
        client.get("/v1/recommendations", params={"guest": ADA_GUEST}, headers=PUBLIC).json()["arm"] is None
    )
