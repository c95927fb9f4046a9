"""What the OpenAPI document says is what the API does: schemathesis makes requests of it, good and bad ones, and holds
every answer against it. No 5xx, no undocumented status, content type or body.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hypothesis
import jsonschema
import pytest
import schemathesis
from litestar import Litestar
from litestar.testing import TestClient
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from footfall.settings import Settings
from tests.api.conftest import PUBLIC, SECRET, settings_for

#: Not the check that data outside of the schema is refused: in an address everything is text, an object for a text too
#: (test_routes.py and test_marts.py have what is refused).
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


_PRODUCT, _VISITOR = {"product_id": "p01"}, {"visitor_id": "ada"}
KNOWN = {
    "/v1/products/{product_id}/similar": _PRODUCT,
    "/v1/products/{product_id}/viewed-together": _PRODUCT,
    "/v1/products/{product_id}/bought-together": _PRODUCT,
    "/v1/visitors/{visitor_id}/affinities": _VISITOR,
    "/v1/visitors/{visitor_id}/profile": _VISITOR,
    "/v1/visitors/{visitor_id}/segments": _VISITOR,
    "/v1/visitors/{visitor_id}/neighbours": _VISITOR,
    "/v1/affinity": {"visitor": "ada", "product": "p05"},
    "/v1/segments/{name}/members": {"name": "abandoned_cart", "cursor": None},
    "/v1/marts/{name}": {"name": "shelves", "cursor": None, "order": "-place"},
}


def document() -> dict[str, Any]:
    with TestClient(create_app(Settings())) as client:
        found: dict[str, Any] = client.get("/docs/openapi.json").json()
    return found


DOCUMENT = document()
schema = schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def app(published: Path) -> Litestar:
    return create_app(settings_for(published))


@schema.parametrize()
@hypothesis.settings(
    max_examples=8, deadline=None, phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate]
)
def test_the_documented_answers(case: schemathesis.Case, app: Litestar) -> None:
    for key in ({}, PUBLIC, SECRET):
        case.call_and_validate(app=app, checks=CHECKS, headers=key)
    # Once more about what there is: nobody guesses an id.
    known = KNOWN.get(case.path, {})
    for place in (case.path_parameters, case.query):
        place.update({name: value for name, value in known.items() if name in place})
    if known:
        case.call_and_validate(app=app, checks=CHECKS, headers=SECRET)


OPERATIONS = [
    (path, operation["responses"]["200"])
    for path, item in DOCUMENT["paths"].items()
    if path.startswith("/v1/")
    for operation in item.values()
]


@pytest.mark.parametrize(("path", "response"), OPERATIONS, ids=[path for path, _ in OPERATIONS])
def test_every_answer_has_an_example_of_its_own_shape(path: str, response: dict[str, Any]) -> None:
    content = response["content"]["application/json"]
    (example,) = content["examples"].values()
    jsonschema.validate(example["value"], {**content["schema"], "components": DOCUMENT["components"]})


@pytest.mark.browser
def test_the_page_of_the_document_asks_this_host_alone_and_tries_things_out(page: Any) -> None:
    page.goto("http://shop.test/docs")
    page.get_by_text("Authentication", exact=True).first.click()
    page.get_by_placeholder("api-token").first.fill(PUBLIC["X-Footfall-Key"])
    page.get_by_role("button", name="Set").first.click()
    page.locator("[id='link-get-/v1/recommendations']").click()
    assert page.get_by_text("The product that led to it, if the source has one.").count(), "a field's meaning"
    with page.expect_response("**/v1/recommendations?*") as answered:
        page.get_by_role("button", name="Execute").click()
    assert answered.value.json()["items"]
    assert page.complaints == []
    assert {path.partition("?")[0] for path in page.asked} == {
        "/docs",
        "/docs/openapi.json",
        "/docs/explorer/openapi-explorer.min.js",
        "/v1/recommendations",
    }
