"""Marts that the dbt project asks to be served: published as they are, and read through the API."""

from __future__ import annotations

import csv
import io
import tempfile
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import duckdb
import msgspec
import pytest
from litestar import Litestar, Request, Response
from litestar import get as handler
from litestar.params import PathParameter
from litestar.testing import TestClient

from api import snapshots
from api.app import create_app
from api.csv_responses import csv_lines
from api.middleware import common_middleware, ids_with_slashes
from api.responses import next_link
from api.routes import marts as marts_routes
from footfall.snapshot.format import ServedMart, read_manifest
from orchestration.serving.publish import build_snapshot, publish
from tests.api.conftest import SECRET, SERVED, SERVED_OF_THE_DOCS, make_shelves, settings_for
from tests.api.test_routes import assert_problem, get

Client = TestClient[Litestar]
SHELVES = "/v1/marts/shelves"


def places(client: Client, query: str) -> list[tuple[str, int]]:
    return [(row["shelf"], row["place"]) for row in get(client, f"{SHELVES}?{query}")["items"]]


def test_the_marts_there_are(client: Client) -> None:
    body = get(client, "/v1/marts")
    assert (body["time_zone"], body["today"]) == ("UTC", body["generated_at"][:10])
    assert [mart["name"] for mart in body["items"]] == sorted(["shelves", *SERVED_OF_THE_DOCS])
    (mart,) = [mart for mart in body["items"] if mart["name"] == "shelves"]
    assert (mart["name"], mart["description"], mart["rows"]) == ("shelves", SERVED.description, 3)
    assert [(column["name"], column["type"]) for column in mart["columns"]] == [
        ("shelf", "varchar"), ("place", "integer"), ("price", "decimal(18,2)"), ("day", "date"),
        ("counted_at", "timestamp"), ("is_full", "boolean"), ("tags", "varchar[]"), ("visitor_id", "varchar"),
        ("wood", "enum('Oak', 'Smith''s Pine')"),
    ]  # fmt: skip
    assert mart["columns"][0]["description"] == "Name."


def test_rows_as_json_in_the_marts_order(client: Client) -> None:
    body = get(client, SHELVES)
    assert body["rows"] == 3, "who objects is in no snapshot"
    assert body["items"][1] == {
        "shelf": "mugs", "place": 1, "price": 12.5, "day": "2026-11-01", "counted_at": "2026-11-01T12:00:00Z",
        "is_full": True, "tags": ["a", "b"], "visitor_id": "u_ada", "wood": "Oak",
    }  # fmt: skip
    assert places(client, "") == [("=shirts", 1), ("mugs", 1), ("mugs", 2)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("where=shelf:mugs", [("mugs", 1), ("mugs", 2)]),
        ("where=shelf:mugs&where=place:2", [("mugs", 2)]),
        ("where=price:9.9", [("mugs", 2)]),
        ("where=day:2026-11-02", [("mugs", 2)]),
        ("where=counted_at:2026-11-01T12:00:00Z", [("mugs", 1)]),
        ("where=is_full:true", [("mugs", 1)]),
        ("where=is_full:", [("=shirts", 1)]),
        ("where=shelf:nowhere", []),
        ("at_least=day:2026-11-02", [("mugs", 2)]),
        ("at_most=day:2026-11-01", [("=shirts", 1), ("mugs", 1)]),
        ("at_least=day:2026-11-01&at_most=day:2026-11-01&where=shelf:mugs", [("mugs", 1)]),
        ("at_least=price:9.90&at_most=price:12.49", [("mugs", 2)]),
        ("at_most=price:1000000", [("mugs", 1), ("mugs", 2)]),
        ("at_least=place:2&at_most=place:1", []),
        ("at_least=counted_at:2026-11-01T12:30:00Z", [("=shirts", 1)]),
        ("where=wood:Oak", [("mugs", 1)]),
        ("where=wood:Smith's Pine", [("mugs", 2)]),
        ("contains=shelf:UG", [("mugs", 1), ("mugs", 2)]),
        ("contains=shelf:UG&contains=shelf:=", []),
        ("contains=shelf:%25", []),
        ("contains=visitor_id:_", [("=shirts", 1), ("mugs", 1), ("mugs", 2)]),
        ("order=price", [("mugs", 2), ("mugs", 1), ("=shirts", 1)]),
        ("order=-price", [("mugs", 1), ("mugs", 2), ("=shirts", 1)]),
        ("order=-place&where=day:2026-11-01", [("=shirts", 1), ("mugs", 1)]),
    ],
)
def test_conditions_and_order(client: Client, query: str, found: list[tuple[str, int]]) -> None:
    assert places(client, query) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("sessions_daily?order=-day&limit=2", [("2026-11-03", 5, 70.1), ("2026-11-03", 10, 19.9)]),
        ("sessions_daily?at_least=day:2026-11-02&at_most=day:2026-11-02&order=-sessions", [
            ("2026-11-02", 10, 19.9), ("2026-11-02", 5, 70.1),
        ]),
        ("sessions_daily?at_least=day:2027-01-01", []),
        ("funnel_steps?where=funnel:product", [
            ("product", 1, "Product Viewed", 100), ("product", 2, "Product Added", 40),
            ("product", 3, "Checkout Started", 20), ("product", 4, "Order Completed", 10),
        ]),
        ("funnel_steps?where=funnel:nothing", []),
        ("funnel_time_to_convert?where=funnel:product", [("product", 2, 20.0)]),
        ("funnel_time_histogram?where=funnel:product", [(2, 30.0, 25), (2, None, 15)]),
        ("navigation_paths?order=-steps", [("(entrance)", 60), ("(entrance)", 40), ("home", 30), ("home", 30)]),
        ("navigation_paths?where=to_path:/products/thing-1&order=-steps&limit=1", [("(entrance)", 40)]),
        ("search_terms?order=-searches&limit=2", [("shirt", 20), ("mug", 10)]),
        ("search_terms?at_least=without_result:1&order=-without_result", [("größe 42", 5), ("mug", 10)]),
        ("search_terms?order=-last_searched_at&limit=1", [("größe 42", 5)]),
        ("search_terms?contains=query:GRÖSSE", []),
        ("search_terms?contains=query:GRÖßE", [("größe 42", 5)]),
        ("retention_cohorts?at_least=cohort_week:2026-11-03", [("2026-11-09", 0, 20)]),
        ("retention_cohorts?at_most=cohort_week:2026-11-03", [("2026-11-02", 0, 40), ("2026-11-02", 1, 10)]),
        ("retention_periods", [("ordered_again", 30, 0.4), ("ordered_again", 90, None)]),
    ],
)  # fmt: skip
def test_what_shops_ask_of_the_marts(client: Client, query: str, found: list[tuple[Any, ...]]) -> None:
    columns = {
        "sessions_daily": ("day", "sessions", "revenue"),
        "funnel_steps": ("funnel", "step", "step_name", "reached"),
        "funnel_time_to_convert": ("funnel", "step", "p50"),
        "funnel_time_histogram": ("step", "bucket_to_s", "n"),
        "navigation_paths": ("from_type", "steps"),
        "search_terms": ("query", "searches"),
        "retention_cohorts": ("cohort_week", "weeks_later", "returned"),
        "retention_periods": ("retention", "period_days", "share"),
    }[query.partition("?")[0]]
    rows = get(client, f"/v1/marts/{query}")["items"]
    assert [tuple(row[name] for name in columns) for row in rows] == found


@pytest.mark.parametrize(
    "query",
    [
        "where=shelf", "where=width:3", "where=place:two", "where=day:soon", "where=shelf%22:x", "order=width",
        "at_least=day:soon", "at_most=day:", "at_least=day", "at_most=width:3",
        "contains=shelf", "contains=place:1", "contains=tags:a",
        "order=place%20desc", "order=rowid", "cursor=%21", "cursor=djEgLTE", "cursor=djEgeA", "limit=0", "format=xml",
    ],
)  # fmt: skip
def test_what_cannot_be_asked(client: Client, query: str) -> None:
    problem = assert_problem(client.get(f"{SHELVES}?{query}", headers=SECRET), 400)
    assert problem["errors"]


def test_no_such_mart(client: Client) -> None:
    get(client, "/v1/marts/visitors", 404)
    get(client, "/v1/marts/shelves%22", 404)


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_tell_every_row_once(client: Client, limit: int) -> None:
    found: list[tuple[str, int]] = []
    path = f"{SHELVES}?limit={limit}&order=-place"
    while path:
        answer = client.get(path, headers=SECRET)
        found += [(row["shelf"], row["place"]) for row in answer.json()["items"]]
        path = answer.links["next"]["url"] if answer.json()["next_cursor"] else ""
    assert found == [("mugs", 2), ("=shirts", 1), ("mugs", 1)]


def test_a_cursor_of_another_snapshot_is_refused(client: Client) -> None:
    cursor = marts_routes._cursor("v0", 1)
    problem = assert_problem(client.get(f"{SHELVES}?cursor={cursor}", headers=SECRET), 400)
    assert "start again" in problem["detail"]


def test_csv_is_the_whole_mart(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = client.get(f"{SHELVES}?format=csv&limit=1", headers=SECRET)
    rows = list(csv.DictReader(io.StringIO(whole.text, newline="")))
    assert [row["shelf"] for row in rows] == ["'=shirts", "mugs", "mugs"], "no formula in a spreadsheet"
    assert rows[1] == {
        "shelf": "mugs", "place": "1", "price": "12.50", "day": "2026-11-01", "counted_at": "2026-11-01T12:00:00Z",
        "is_full": "True", "tags": '["a","b"]', "visitor_id": "u_ada", "wood": "Oak",
    }  # fmt: skip
    assert whole.headers["content-disposition"].endswith("shelves.csv")
    monkeypatch.setattr(marts_routes, "CSV_ROWS", 1)
    by_header = client.get(SHELVES, headers={**SECRET, "Accept": "text/csv"})
    assert by_header.content == whole.content, "whatever it is read in"
    again = client.get(
        SHELVES, headers={**SECRET, "Accept": "text/csv", "If-None-Match": whole.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    one = client.get(f"{SHELVES}?format=csv&where=price:12.5", headers=SECRET)
    assert len(one.text.splitlines()) == 2
    assert one.headers["etag"] != whole.headers["etag"]


@pytest.mark.slow
def test_a_mart_that_is_larger_than_memory(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its own order it is read as it lies; in another one it is sorted on disk, not below the working directory."""
    rows = 300_000
    hashed = "md5(cast(i as varchar)) || repeat('-', 100)"
    warehouse.execute(f"create table marts.big as select i as n, {hashed} as hash from range({rows}) as r(i)")
    served = ServedMart(description="Big.", columns={"n": "Number.", "hash": "Its hash."}, order=("n",))
    build_snapshot(warehouse, tmp_path / "serving", version="v1", served={"big": served})
    publish(tmp_path / "serving", "v1")
    here, spill = tmp_path / "here", tmp_path / "spill"
    here.mkdir()
    spill.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(snapshots, "ANALYTICS_MEMORY", "32MB")
    monkeypatch.setattr(tempfile, "tempdir", str(spill))
    with TestClient(create_app(settings_for(tmp_path))) as client:
        told = client.get("/v1/marts/big?format=csv&order=-hash", headers=SECRET).text
        hashes = [line.partition(",")[2] for line in told.splitlines()[1:]]
        assert len(hashes) == rows
        assert hashes == sorted(hashes, reverse=True)
        assert list(spill.iterdir())
    assert not [*here.iterdir(), *spill.iterdir()]

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with TestClient(create_app(settings_for(tmp_path)), raise_server_exceptions=False) as client:
        assert_problem(client.get("/v1/marts/big?format=csv&order=hash", headers=SECRET), 500)
        told = client.get("/v1/marts/big?format=csv", headers=SECRET).text
        assert [line.partition(",")[0] for line in told.splitlines()[1:]] == [str(n) for n in range(rows)]
        last = f"/v1/marts/big?limit=1&cursor={marts_routes._cursor('v1', rows - 1)}"
        assert get(client, last)["items"][0]["n"] == rows - 1


def test_an_empty_mart_has_its_head(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    make_shelves(warehouse)
    warehouse.execute("delete from marts.shelves")
    build_snapshot(warehouse, tmp_path / "serving", version="v1", served={"shelves": SERVED})
    publish(tmp_path / "serving", "v1")
    with TestClient(create_app(settings_for(tmp_path))) as client:
        assert get(client, SHELVES)["items"] == []
        assert client.get(f"{SHELVES}?format=csv", headers=SECRET).text.strip() == ",".join(SERVED.columns)


def test_a_mart_that_cannot_be_served_holds_nothing_back(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    make_shelves(warehouse)
    served = {
        "shelves": SERVED,
        "unbuilt": SERVED,
        "older": msgspec.structs.replace(SERVED, columns={"width": ""}, order=("width",)),
        "segments": ServedMart(description="", columns={"segment": ""}, order=("size",)),
        "unordered": msgspec.structs.replace(SERVED, order=()),
    }
    warehouse.execute("create table marts.older (shelf varchar)")
    report = build_snapshot(warehouse, tmp_path, version="v1", served=served)
    assert report.left_out == {
        "unbuilt": "not built yet",
        "older": "built before it had width",
        "segments": "meta.served must name columns to order by; it names ['size']",
        "unordered": "meta.served must name columns to order by; it names []",
    }
    assert set(read_manifest(report.path).served) == {"shelves"}
    assert warehouse.execute("select count(*) from duckdb_views() where not internal").fetchone() == (0,)


def test_a_mart_may_shrink_and_go(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    make_shelves(warehouse)
    warehouse.execute("insert into marts.shelves (shelf, place) select 'many', range from range(500)")
    publish(tmp_path, build_snapshot(warehouse, tmp_path, version="v1", served={"shelves": SERVED}).version)
    warehouse.execute("delete from marts.shelves where shelf = 'many'")
    publish(tmp_path, build_snapshot(warehouse, tmp_path, version="v2", served={"shelves": SERVED}).version)
    assert read_manifest(build_snapshot(warehouse, tmp_path, version="v3").path).served == {}


def test_an_unchanged_mart_is_the_same_file(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    make_shelves(warehouse)
    publish(tmp_path, build_snapshot(warehouse, tmp_path, version="v1", served={"shelves": SERVED}).version)
    report = build_snapshot(warehouse, tmp_path, version="v2", served={"shelves": SERVED})
    assert report.files_written == 0
    assert (tmp_path / "v1" / "shelves.duckdb").samefile(report.path / "shelves.duckdb")


def test_a_mart_whose_column_is_called_key_is_written_when_it_changes(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    served = {"words": ServedMart(description="Words.", columns={"key": "Word."}, order=("key",))}
    warehouse.execute("create table marts.words as select 'a' as key")
    publish(
        tmp_path / "serving",
        build_snapshot(warehouse, tmp_path / "serving", version="v1", served=served).version,
    )
    warehouse.execute("update marts.words set key = 'b'")
    publish(
        tmp_path / "serving",
        build_snapshot(warehouse, tmp_path / "serving", version="v2", served=served).version,
    )
    with TestClient(create_app(settings_for(tmp_path))) as client:
        assert get(client, "/v1/marts/words")["items"] == [{"key": "b"}]


def test_rows_of_nobody_are_served_whoever_objects(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    make_shelves(warehouse)
    warehouse.execute("insert into marts.shelves (shelf, place) values ('nobody', 1)")
    assert warehouse.execute("select count(*) > 0 from marts.marketing_objections").fetchone() == (True,)
    report = build_snapshot(warehouse, tmp_path, version="v1", served={"shelves": SERVED})
    assert report.rows["analytics.shelves"] == 4


def test_a_time_with_a_zone_is_told_in_utc(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB gives it in the machine's own zone. Two columns: one alone, one in a list of records."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        warehouse.execute(
            """
            create table marts.visits as
            select timestamptz '2026-11-01 12:00:00+00' as at, [{'at': timestamp '2026-11-01 12:00:00'}] as each
            """
        )
        served = {"visits": ServedMart(description="", columns={"at": "", "each": ""}, order=("at",))}
        publish(
            tmp_path / "serving",
            build_snapshot(warehouse, tmp_path / "serving", version="v1", served=served).version,
        )
        with TestClient(create_app(settings_for(tmp_path))) as client:
            [row] = get(client, "/v1/marts/visits")["items"]
            lines = client.get("/v1/marts/visits?format=csv", headers=SECRET).text.splitlines()
    finally:
        monkeypatch.undo()
        time.tzset()
    assert row == {"at": "2026-11-01T12:00:00Z", "each": [{"at": "2026-11-01T12:00:00Z"}]}
    assert lines[1].startswith("2026-11-01T12:00:00Z,")


def test_a_cell_says_what_the_json_says() -> None:
    row = {"hash": b"\x00\xff", "age": timedelta(days=3), "prices": [Decimal("9.90")]}
    assert csv_lines(list(row), [row], head=False) == b"AP8=,P3D,[9.90]\r\n"


def test_the_next_page_of_a_name_that_is_no_address_as_it_stands() -> None:
    @handler("/{name:str}", sync_to_thread=False)
    def page(request: Request[Any, Any, Any], name: Annotated[str, PathParameter()]) -> Response[str]:
        return Response(name, headers=next_link(request, "abc"))

    app = Litestar([page], middleware=[ids_with_slashes])
    app.asgi_handler = common_middleware(app.asgi_handler, by_origin=False)
    with TestClient(app) as client:
        for path, said in {
            "/Gro%C3%9Fe%20K%C3%A4ufer%3F%E5%AE%A2": "Große Käufer?客",
            "/a%2Fb%20%C3%BC": "a/b ü",
        }.items():
            answer = client.get(f"{path}?limit=1")
            assert answer.text == said
            url = answer.links["next"]["url"]
            assert url == f"{path}?limit=1&cursor=abc"
            assert client.get(url).text == said
