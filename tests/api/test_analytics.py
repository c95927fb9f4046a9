"""Segments with their members, and what the owner is told of the catalogue."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import duckdb
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from api.routes import segments as segment_routes
from api.routes.parameters import cursor_of
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


def test_the_owner_is_told_of_catalogue_files_that_can_t_be_read(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    said = "shop.json: no JSON: Expecting value; it was never read"
    build_snapshot(warehouse, tmp_path / "serving", version="v1", catalogue_problems=[said])
    publish(tmp_path / "serving", "v1")
    with TestClient(create_app(settings_for(tmp_path))) as client:
        assert get(client, "/v1/marts")["catalogue_problems"] == [said]
    build_snapshot(warehouse, tmp_path / "serving", version="v2")
    publish(tmp_path / "serving", "v2")
    with TestClient(create_app(settings_for(tmp_path))) as client:
        assert get(client, "/v1/marts")["catalogue_problems"] == []
