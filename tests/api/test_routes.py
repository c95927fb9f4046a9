"""The API from outside: answers, keys, caching, errors."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from footfall.status.runs import JobRuns, Runs, runs_file, write_runs
from tests.api.conftest import (
    ADA_GUEST,
    CLAIMED_GUEST,
    COLD_GUEST,
    ORDERS_TOKEN,
    PUBLIC,
    SECRET,
    SOLO_GUEST,
    settings_for,
)

Client = TestClient[Litestar]

EVERY_GET = [
    "/v1/recommendations",
    "/v1/products/p01/similar",
    "/v1/products/p01/viewed-together",
    "/v1/products/p01/bought-together",
    f"/v1/visitors/{ADA_GUEST}/affinities",
    f"/v1/visitors/{ADA_GUEST}/profile",
    f"/v1/visitors/{ADA_GUEST}/segments",
    f"/v1/visitors/{ADA_GUEST}/neighbours",
    "/v1/affinity?visitor=ada&product=p05",
    "/v1/segments",
    "/v1/segments/abandoned_cart/members",
    "/v1/marts",
    "/v1/marts/shelves",
]
SECRET_ONLY = EVERY_GET[EVERY_GET.index(f"/v1/visitors/{ADA_GUEST}/neighbours") :]


def get(client: Client, path: str, status: int = 200, headers: dict[str, str] = SECRET) -> Any:
    answer = client.get(path, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.mark.parametrize("path", EVERY_GET)
def test_every_answer_has_version_time_etag_and_cache_control(client: Client, path: str) -> None:
    answer = client.get(path, headers=SECRET)
    assert answer.status_code == 200
    body = answer.json()
    assert body["version"] == "v1"
    assert body["generated_at"].endswith("Z")
    expected = "public" if "/products/" in path else "private"
    assert answer.headers["cache-control"].startswith(expected)

    again = client.get(path, headers={**SECRET, "If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"]
    other = client.get(path, headers={**SECRET, "If-None-Match": '"other", W/"another"'})
    assert other.status_code == 200


@pytest.mark.parametrize("path", EVERY_GET)
def test_no_key_or_a_wrong_one_is_401(client: Client, path: str) -> None:
    for headers in ({}, {"X-Footfall-Key": "wrong"}, {"Authorization": "Basic xyz"}):
        answer = client.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert_problem(answer, 401)


@pytest.mark.parametrize("path", SECRET_ONLY)
def test_public_key_may_not(client: Client, path: str) -> None:
    assert_problem(client.get(path, headers=PUBLIC), 403)


def test_key_in_every_place(client: Client) -> None:
    path = "/v1/products/p01/similar"
    public, secret = PUBLIC["X-Footfall-Key"], SECRET["Authorization"]
    assert client.get(path, params={"key": public}).status_code == 200
    assert client.get(path, headers={"X-Footfall-Key": public}).status_code == 200
    assert client.get(path, headers={"Authorization": secret.replace("Bearer", "bearer")}).status_code == 200


def test_item_has_what_a_shop_shows(client: Client) -> None:
    answer = client.get("/v1/recommendations", params={"viewed": "p01", "limit": 1}, headers=PUBLIC)
    assert '"price":30.90' in answer.text, "money with the shop's own digits"
    item = answer.json()["items"][0]
    assert item == {
        "product_id": "p03",
        "title": 'Thing "3" — größe',
        "url": "/products/thing-3",
        "image_url": "/img/3.svg",
        "price": 30.9,
        "currency": "EUR",
        "category": "Shirts",
        "score": item["score"],
        "source": "session_neighbours",
        "seed": None,
        "reason": "Others looked at this next",
    }


def test_reasons_are_told_in_the_language_asked_for(client: Client) -> None:
    lists = {
        "/v1/recommendations?user=ada&limit=3&lang=": [
            "Schon einmal angesehen",
            'Beliebt bei allen, denen Thing "5" — größe gefällt',
            "Noch einmal kaufen",
        ],
        "/v1/products/p02/similar?limit=1&lang=": ['Ähnlich wie Thing "2" — größe'],
        "/v1/products/p08/similar?limit=2&lang=": ["Beliebt in Mugs", "Gerade beliebt"],
    }
    for path, reasons in lists.items():
        items = get(client, path + "de-AT")["items"]
        assert [item["reason"] for item in items] == reasons
        english = get(client, path + "xx")["items"]
        assert [{**item, "reason": ""} for item in english] == [{**item, "reason": ""} for item in items]
        assert english == get(client, path)["items"] != items
    item = get(client, "/v1/recommendations?user=ada&limit=3")["items"][1]
    assert item["seed"] == {"product_id": "p05", "title": 'Thing "5" — größe'}
    place = get(client, "/v1/affinity?visitor=ada&product=p07&lang=de")["recommendation"]
    assert (place["seed"], place["reason"]) == (
        item["seed"],
        lists["/v1/recommendations?user=ada&limit=3&lang="][1],
    )


@pytest.mark.parametrize(
    "path",
    [
        "/v1/products/{}/similar",
        "/v1/products/{}/bought-together",
        "/v1/recommendations?viewed={},p02&cart=p04&placement=cart",
        "/v1/recommendations?cart={}&placement=cart",
        "/v1/recommendations?exclude={},p05",
        f"/v1/affinity?visitor={ADA_GUEST}&product={{}}",
    ],
)
def test_a_handle_says_the_same_as_the_id(client: Client, path: str) -> None:
    """All that some cards know of a product is its address; one beyond ASCII comes as addresses write it."""
    by_id = get(client, path.format("p01"))
    assert get(client, path.format("thing-1")) == by_id
    assert get(client, path.format("gr%C3%B6%C3%9Fe-1")) == by_id
    assert get(client, path.format("SKU%2F1")) == get(client, path.format("SKU%2f1")) == by_id
    assert get(client, path.format("p07")) != by_id


def test_an_id_with_a_slash_is_one_id_and_the_problem_says_which(client: Client) -> None:
    found = assert_problem(client.get("/v1/visitors/google%2F4%252F7/profile", headers=SECRET), 404)
    assert found["detail"].startswith("no visitor 'google/4%2F7'")
    assert found["instance"] == "/v1/visitors/google/4%2F7/profile"
    assert_problem(client.get("/v1/products/SKU/1/similar", headers=SECRET), 404)
    assert_problem(client.get("/v1%2Ffunnels", headers=SECRET), 404)


def test_guest_token_leads_to_the_persons_list(client: Client) -> None:
    items = get(client, f"/v1/recommendations?guest={ADA_GUEST}", headers=PUBLIC)["items"]
    assert items[0]["source"] == "affinity"
    cold = get(client, f"/v1/recommendations?guest={COLD_GUEST}", headers=PUBLIC)["items"]
    assert cold[0]["source"] == "trending"


def test_user_needs_secret_or_signature(client: Client) -> None:
    signed = hmac.new(b"identity-secret-of-the-test", b"ada", hashlib.sha256).hexdigest()
    assert get(client, "/v1/recommendations?user=ada")["items"][0]["source"] == "affinity"
    get(client, "/v1/recommendations?user=ada", 403, PUBLIC)
    get(client, f"/v1/recommendations?user=ada&signature={'0' * 64}", 403, PUBLIC)
    get(client, f"/v1/recommendations?user=eve&signature={signed}", 403, PUBLIC)
    found = get(client, f"/v1/recommendations?user=ada&signature={signed}", headers=PUBLIC)
    assert found["items"][0]["source"] == "affinity"
    assert get(client, f"/v1/visitors/ada/profile?signature={signed}", headers=PUBLIC)["sessions"] == 3


@pytest.mark.parametrize("what", ["affinities", "profile", "segments"])
def test_a_guest_token_proves_no_user(client: Client, what: str) -> None:
    """That a user logged in with it, a page says; anybody may send that, and ask what is known of the user."""
    assert_problem(client.get(f"/v1/visitors/{ADA_GUEST}/{what}", headers=PUBLIC), 403)
    guest = get(client, f"/v1/visitors/{SOLO_GUEST}/{what}", headers=PUBLIC)
    assert (guest["visitor"], guest["visitor_id"]) == (SOLO_GUEST, None)


def test_a_login_without_proof_gets_nothing_of_the_user(client: Client) -> None:
    signature = hmac.new(b"identity-secret-of-the-test", b"ada", hashlib.sha256).hexdigest()
    asked = {
        f"guest={CLAIMED_GUEST}": "trending",
        f"guest={CLAIMED_GUEST}&user=ada&signature={signature}": "affinity",
        f"guest={ADA_GUEST}": "affinity",
    }
    for query, source in asked.items():
        items = get(client, f"/v1/recommendations?{query}", headers=PUBLIC)["items"]
        assert items[0]["source"] == source
    for history in ("any", "new", "again"):
        claimed, cold = (
            get(client, f"/v1/recommendations?guest={guest}&history={history}&limit=100", headers=PUBLIC)
            for guest in (CLAIMED_GUEST, COLD_GUEST)
        )
        assert claimed == cold
    assert_problem(client.get(f"/v1/visitors/{CLAIMED_GUEST}/profile", headers=PUBLIC), 403)
    assert get(client, f"/v1/recommendations?guest={CLAIMED_GUEST}")["items"][0]["source"] == "affinity"


@pytest.mark.parametrize("given", ["ada", "u_ada", "short", "g_short", ORDERS_TOKEN])
def test_public_key_does_not_reach_guessable_ids(client: Client, given: str) -> None:
    assert_problem(client.get(f"/v1/visitors/{given}/profile", headers=PUBLIC), 403)
    lists = get(client, f"/v1/recommendations?guest={given}", headers=PUBLIC)
    assert lists["items"][0]["source"] == "trending"


@pytest.mark.parametrize("given", ["ada", "u_ada", ADA_GUEST])
def test_secret_key_takes_any_id(client: Client, given: str) -> None:
    body = get(client, f"/v1/visitors/{given}/affinities")
    assert body["visitor_id"] == "u_ada"
    assert [row["product_id"] for row in body["products"]] == ["p05", "p01"]
    assert body["products"][0]["parts"]["purchases"] == 1
    assert body["categories"][0] == {"category": "Mugs", "affinity": 12.5, "rank": 1}


def test_profile(client: Client) -> None:
    body = get(client, "/v1/visitors/ada/profile")
    assert body["top_category"] == "Mugs"
    assert body["price_band"] == {"low": 10.9, "high": 50.9, "currency": "EUR"}
    assert body["last_product"]["product_id"] == "p05"
    assert body["cart"] == [{"product_id": "p05", "quantity": 2}]
    guest = get(client, f"/v1/visitors/{SOLO_GUEST}/profile")
    assert (guest["is_guest"], guest["cart"], guest["price_band"]) == (True, [], None)
    assert get(client, "/v1/visitors/short/profile")["cart"] == [], "a cart that is not JSON is not a cart"


def test_neighbours(client: Client) -> None:
    assert get(client, "/v1/visitors/ada/neighbours")["items"] == [], "none by the blend"
    (neighbour,) = get(client, "/v1/visitors/ada/neighbours?source=behaviour")["items"]
    assert neighbour["visitor_id"] == f"g_{SOLO_GUEST}"
    assert [shared["product_id"] for shared in neighbour["shared"]] == ["p01", "p05"]
    assert get(client, f"/v1/visitors/{SOLO_GUEST}/neighbours")["items"] == []
    get(client, "/v1/visitors/ada/neighbours?source=astrology", 400)


def test_affinity(client: Client) -> None:
    body = get(client, "/v1/affinity?visitor=ada&product=p05")
    assert (body["affinity"], body["parts"]["purchase_score"], body["category_affinity"]) == (
        12.5,
        10.0,
        12.5,
    )
    assert body["recommendation"] is None
    never_met = get(client, "/v1/affinity?visitor=ada&product=p06")
    assert never_met["affinity"] == 0
    assert never_met["recommendation"]["rank"] == 1
    get(client, "/v1/affinity?visitor=ada&product=ghost", 404)
    get(client, "/v1/affinity?visitor=nobody&product=p05", 404)
    get(client, "/v1/affinity?visitor=ada", 400)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/products/ghost/similar", 404),
        (f"/v1/visitors/{COLD_GUEST}/profile", 404),
        ("/v1/recommendations?limit=0", 400),
        ("/v1/recommendations?limit=many", 400),
        (f"/v1/recommendations?guest={'x' * 256}", 400),
        ("/v1/nowhere", 404),
        ("/", 404),
    ],
)
def test_problem_details(client: Client, path: str, status: int) -> None:
    answer = client.get(path, headers=SECRET)
    problem = assert_problem(answer, status)
    assert problem["instance"] == path.split("?")[0]
    assert "secret-key" not in answer.text
    if status == 400:
        assert problem["errors"][0]["key"] in {"limit", "guest"}


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/v1/affinity?product=p05&key=secret-key", "visitor"),
        ("/v1/marts/sessions_daily?at_least=day:2026-13-01", "at_least"),
        ("/v1/marts/sessions_daily?limit=0", "limit"),
    ],
)
def test_errors_name_the_parameter_as_it_was_asked(client: Client, path: str, key: str) -> None:
    answer = client.get(path, headers=SECRET)
    problem = assert_problem(answer, 400)
    assert [found["key"] for found in problem["errors"]] == [key]
    assert problem["detail"].startswith(f"{key}: ")
    assert "secret-key" not in answer.text, "the address has the key in it"


def test_writing_is_refused(client: Client) -> None:
    refused = client.post("/v1/recommendations", headers=SECRET)
    assert_problem(refused, 405)
    assert refused.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    "path", [*EVERY_GET, "/livez", "/readyz", "/v1/nowhere", "/v1/products/ghost/similar"]
)
def test_head_is_get_without_the_body(client: Client, path: str) -> None:
    whole, head = client.get(path, headers=SECRET), client.head(path, headers=SECRET)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert head.headers == whole.headers
    if etag := whole.headers.get("etag"):
        assert client.head(path, headers={**SECRET, "If-None-Match": etag}).status_code == 304


def test_cors(client: Client) -> None:
    preflight = client.options(
        "/v1/recommendations",
        headers={
            "Origin": "https://shop.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "x-footfall-key",
        },
    )
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    answer = client.get("/v1/recommendations", headers={**PUBLIC, "Origin": "https://shop.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    refused = client.get("/v1/recommendations", headers={"Origin": "https://shop.example"})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "*", "a browser must be able to read why"


def test_operations_need_no_key(client: Client) -> None:
    assert client.get("/livez").json() == {"status": "live"}
    ready = client.get("/readyz").json()
    assert (ready["ready"], ready["version"], ready["problem"]) == (True, "v1", None)
    client.get("/v1/products/p01/similar", headers=PUBLIC)
    text = client.get("/metrics").text
    assert 'footfall_api_requests_total{route="/v1/products/{product_id}/similar",status="200"}' in text
    assert 'footfall_api_snapshot_info{version="v1"} 1' in text


def test_metrics_tell_how_runs_ended_and_of_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    failing = JobRuns(failed=3, failed_at=1_790_000_100.0, succeeded_at=1_790_000_000.0, reason="secret")
    well = JobRuns(succeeded_at=1_790_000_000.5)
    with TestClient(create_app(settings_for(tmp_path))) as api:
        assert "footfall_run_failing{" not in api.get("/metrics").text, "nothing is known"
        write_runs(tmp_path, Runs(jobs={"full_pipeline": failing, "fast_lane": well}))
        text = api.get("/metrics").text
        assert 'footfall_runs_failed_total{job="full_pipeline"} 3\n' in text
        assert 'footfall_run_failing{job="full_pipeline"} 1\n' in text
        assert 'footfall_run_failing{job="fast_lane"} 0\n' in text
        assert 'footfall_run_last_success_seconds{job="fast_lane"} 1790000000.5\n' in text
        assert "footfall_runs_unreadable 0\n" in text
        assert "secret" not in text, "the page needs no key"
        runs_file(tmp_path).write_text("{")
        assert "footfall_runs_unreadable 1\n" in api.get("/metrics").text


def test_openapi_tells_the_truth(client: Client) -> None:
    document = client.get("/docs/openapi.json").json()
    schemas = document["components"]["schemas"]
    answer = client.get("/v1/recommendations", headers=SECRET).json()
    assert set(schemas["Recommendations"]["properties"]) == set(answer)
    assert set(schemas["ProductItem"]["properties"]) == set(answer["items"][0])
    assert {"type": "number"} in schemas["ProductItem"]["properties"]["price"]["oneOf"]
    assert schemas["ProductItem"]["properties"]["seed"]["description"].startswith(
        "The product that led to it"
    )
    assert schemas["Profile"]["properties"]["visitor"]["description"] == "The id as requested."
    assert "description" not in schemas["ProductItem"]["properties"]["title"]
    operation = document["paths"]["/v1/products/{product_id}/similar"]["get"]
    assert operation["responses"]["404"]["content"]["application/problem+json"]["schema"]["$ref"].endswith(
        "Problem"
    )


def assert_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = msgspec.json.decode(answer.content)
    assert problem["status"] == status
    assert problem["title"]
    return problem
