"""Segments with their members, paths, searches, retention: the marts as the API tells them."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import duckdb
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from api.routes import segments as segment_routes
from api.routes.parameters import cursor_of
from orchestration.serving import marts
from orchestration.serving.publish import build_snapshot, publish
from tests.api.conftest import ADA_GUEST, PUBLIC, SECRET, settings_for
from tests.api.test_routes import assert_problem, get

Client = TestClient[Litestar]

MEMBERS = "/v1/segments/abandoned_cart/members"
EVERYBODY = [f"g_{number:04d}" for number in range(250)] + ["u_ada"]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_segments_with_their_sizes(client: Client) -> None:
    items = get(client, "/v1/segments")["items"]
    assert [(row["name"], row["members"], row["reachable_members"]) for row in items] == [
        ("abandoned_cart", 251, 1),
        ("nobody", 0, 0),
    ]


@pytest.mark.parametrize("limit", [1, 7, 50, 100, 250, 251, 1000])
def test_pages_tell_every_member_once(client: Client, limit: int) -> None:
    found: list[str] = []
    path = f"{MEMBERS}?limit={limit}"
    while path:
        answer = client.get(path, headers=SECRET)
        body = answer.json()
        found += [row["visitor_id"] for row in body["items"]]
        assert (body["next_cursor"] is None) == ("next" not in answer.links)
        path = answer.links["next"]["url"] if body["next_cursor"] else ""
    assert found == EVERYBODY


def test_a_cursor_outlives_its_member(client: Client) -> None:
    """Whoever a page ended with may have left the segment in the next snapshot."""
    gone = cursor_of("g_0009x")
    assert get(client, f"{MEMBERS}?cursor={gone}&limit=1")["items"][0]["visitor_id"] == "g_0010"


def test_a_member_carries_what_a_message_needs(client: Client) -> None:
    cursor = cursor_of("g_0249")
    (ada,) = get(client, f"{MEMBERS}?cursor={cursor}")["items"]
    assert ada["user_id"] == "ada"
    assert ada["top_product_not_bought_title"] == 'Thing "1" — größe'
    assert (ada["cart_value"], ada["cart_currency"]) == (101.8, "EUR")
    assert (ada["orders"], ada["since"]) == (1, "2026-11-01T12:00:00Z")
    assert ada["last_query_without_result"].startswith("=HYPERLINK"), "JSON tells it as it is"


def test_csv_is_the_whole_segment(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = client.get(f"{MEMBERS}?format=csv", headers=SECRET)
    assert whole.headers["content-type"] == "text/csv; charset=utf-8"
    assert whole.headers["content-disposition"] == "attachment; filename*=UTF-8''abandoned_cart.csv"
    rows = rows_of(whole.text)
    assert [row["visitor_id"] for row in rows] == EVERYBODY
    assert (rows[-1]["revenue"], rows[-1]["since"]) == ("59.80", "2026-11-01T12:00:00Z")
    assert rows[-1]["last_query_without_result"].startswith("'=HYPERLINK"), "no formula in a spreadsheet"

    monkeypatch.setattr(segment_routes, "CSV_PAGE", 7)
    by_header = client.get(MEMBERS, headers={**SECRET, "Accept": "text/csv, */*;q=0.1"})
    assert by_header.content == whole.content, "whatever it is read in"
    assert by_header.headers["vary"].startswith("Accept")
    again = client.get(f"{MEMBERS}?format=csv", headers={**SECRET, "If-None-Match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_csv_in_pages(client: Client) -> None:
    first = client.get(f"{MEMBERS}?format=csv&limit=200", headers=SECRET)
    second = client.get(first.links["next"]["url"], headers=SECRET)
    assert [row["visitor_id"] for row in rows_of(first.text) + rows_of(second.text)] == EVERYBODY
    assert "next" not in second.links


def test_the_next_link_repeats_no_key(client: Client) -> None:
    secret = SECRET["Authorization"].removeprefix("Bearer ")
    answer = client.get(MEMBERS, params={"key": secret, "limit": 2})
    assert secret not in answer.headers["link"]


def test_a_version_from_before_carts_had_a_currency_answers_until_the_next_publish(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tuple(name for name in marts.MARTS["segment_members"] if name != "cart_currency")
    monkeypatch.setitem(marts.MARTS, "segment_members", before)
    build_snapshot(warehouse, tmp_path / "serving", version="v1")
    publish(tmp_path / "serving", "v1")
    with TestClient(create_app(settings_for(tmp_path))) as client:
        found = get(client, "/v1/segments/abandoned_cart/members?limit=1")
    assert found["items"][0]["cart_value"] == 9.9
    assert found["items"][0]["cart_currency"] is None


def test_only_members_whom_a_mailer_can_know(client: Client) -> None:
    page = get(client, f"{MEMBERS}?reachable=true&limit=1")
    assert ([row["user_id"] for row in page["items"]], page["next_cursor"]) == (["ada"], None)
    (row,) = rows_of(client.get(f"{MEMBERS}?reachable=true&format=csv", headers=SECRET).text)
    assert row["user_id"] == "ada"


def test_an_empty_segment_and_none(client: Client) -> None:
    assert get(client, "/v1/segments/nobody/members")["items"] == []
    assert rows_of(client.get("/v1/segments/nobody/members?format=csv", headers=SECRET).text) == []
    get(client, "/v1/segments/unheard_of/members", 404)
    get(client, "/v1/segments/unheard_of/members?format=csv", 404)


@pytest.mark.parametrize(
    "query", ["cursor=%21%21", "cursor=w%C3%BC", "cursor=_w", "limit=0", "limit=1001", "format=xml"]
)
def test_bad_pages(client: Client, query: str) -> None:
    problem = assert_problem(client.get(f"{MEMBERS}?{query}", headers=SECRET), 400)
    assert problem["errors"]


def test_a_visitors_segments(client: Client) -> None:
    (membership,) = get(client, "/v1/visitors/ada/segments")["items"]
    assert membership == {"segment": "abandoned_cart", "since": "2026-11-01T12:00:00Z"}
    assert get(client, f"/v1/visitors/{ADA_GUEST}/segments")["items"] == [membership]
    get(client, "/v1/visitors/u_ada/segments", 403, PUBLIC)
    assert get(client, "/v1/visitors/short/segments")["items"] == []


def test_paths(client: Client) -> None:
    def steps(query: str) -> list[tuple[Any, ...]]:
        rows = get(client, f"/v1/paths?{query}")["items"]
        return [(row["from_type"], row["to_type"], row["steps"], row["share"]) for row in rows]

    assert [row[2] for row in steps("")] == [60, 40, 30, 30]
    assert steps("from_type=home&from_path=/") == [("home", "(exit)", 30, 0.5), ("home", "product", 30, 0.5)]
    assert steps("to_path=/products/thing-1&limit=1") == [("(entrance)", "product", 40, 0.4)]
    assert steps("from_path=/nowhere") == []
    get(client, "/v1/paths?limit=0", 400)


def test_searches(client: Client) -> None:
    body = get(client, "/v1/searches?limit=2")
    assert [row["query"] for row in body["items"]] == ["shirt", "mug"]
    assert body["total"] == {
        "queries": 3, "searches": 35, "without_result": 6, "with_product_view": 20, "with_cart": 10, "with_order": 5,
    }  # fmt: skip
    fruitless = get(client, "/v1/searches?without_result=true&order=without_result")
    assert [row["query"] for row in fruitless["items"]] == ["größe 42", "mug"]
    assert fruitless["total"]["queries"] == 2
    assert get(client, "/v1/searches?order=with_order")["items"][0]["query"] == "mug"
    assert get(client, "/v1/searches?order=latest")["items"][0]["query"] == "größe 42"
    (found,) = get(client, "/v1/searches?contains=GRÖßE")["items"]
    assert found["last_searched_at"] == "2026-11-02T12:00:00Z"
    assert get(client, "/v1/searches?contains=%25")["items"] == [], "no wildcard"
    get(client, "/v1/searches?order=astrology", 400)


def test_retention(client: Client) -> None:
    body = get(client, "/v1/retention")
    assert [(cohort["week"], cohort["visitors"]) for cohort in body["cohorts"]] == [
        ("2026-11-02", 40),
        ("2026-11-09", 20),
    ]
    assert body["cohorts"][0]["weeks"][1] == {"weeks_later": 1, "returned": 10, "retention": 0.25}
    (declared,) = body["declared"]
    assert declared["name"] == "ordered_again"
    assert [(row["days"], row["share"]) for row in declared["periods"]] == [(30, 0.4), (90, None)]
    assert len(get(client, "/v1/retention?from=2026-11-03")["cohorts"]) == 1
    get(client, "/v1/retention?from=2026-11-03&to=2026-11-02", 400)


def test_the_owner_is_told_of_catalogue_files_that_can_t_be_read(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    said = "shop.json: no JSON: Expecting value; no version of it was ever read"
    build_snapshot(warehouse, tmp_path / "serving", version="v1", catalogue_problems=[said])
    publish(tmp_path / "serving", "v1")
    with TestClient(create_app(settings_for(tmp_path))) as client:
        assert get(client, "/v1/sessions/summary")["catalogue_problems"] == [said]
    build_snapshot(warehouse, tmp_path / "serving", version="v2")
    publish(tmp_path / "serving", "v2")
    with TestClient(create_app(settings_for(tmp_path))) as client:
        assert get(client, "/v1/sessions/summary")["catalogue_problems"] == []
