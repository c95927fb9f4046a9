"""The Google Tag Manager template: its sandboxed code, with stubs that hold it to its permissions.

Tag Manager itself runs on Google's servers only; the template has not been loaded there. What it injects is tried in
``tests/pixel/test_pixel_tag_manager.py``.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import pytest

from footfall.settings import REPO
from tests.platforms.conftest import HERE, Json

TEMPLATE = REPO / "platforms" / "gtm" / "template.tpl"
LOAD = {
    "action": "load",
    "collector": "https://events.example.com/",
    "writeKey": "wk&1",
    "consent": "granted",
}
ITEM = {
    "item_id": 501,
    "item_name": "Wool jumper",
    "item_variant": "M",
    "price": "89.00",
    "quantity": 2,
    "coupon": "x",
}


def run(data: Json, **given: Any) -> Json:
    """What the tag did; the pixel is there already unless ``window`` says otherwise."""
    if not shutil.which("node"):
        pytest.skip("no Node on this machine")
    told = {"template": str(TEMPLATE), "window": {"footfall": True}, "data": data, **given}
    command = ["node", str(HERE / "gtm.mjs")]
    done = subprocess.run(
        command, input=json.dumps(told), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    answer: Json = json.loads(done.stdout)
    return answer


def test_it_loads_the_pixel_with_the_options_of_its_fields() -> None:
    data = {**LOAD, "api": "https://api.example.com", "apiKey": "pk"}
    told = run(data, window={})
    url = "https://events.example.com/footfall-gtm.js?writeKey=wk%261&api=https%3A%2F%2Fapi.example.com&apiKey=pk"
    assert told["injected"] == [[url, url]]
    assert told["finished"] == ["success"]
    assert told["queued"] == []


def test_consent_mode_is_said_before_the_pixel_comes_and_when_it_changes() -> None:
    told = run(
        {**LOAD, "consent": "mode"},
        window={},
        consent={"analytics_storage": False, "ad_storage": False},
        then={"analytics_storage": True},
    )
    assert told["injected"][0][0].endswith("&consent=required")
    assert told["queued"] == [
        ["consent", {"analytics": False, "marketing": False}],
        ["consent", {"analytics": True, "marketing": False}],
    ]


@pytest.mark.parametrize(
    ("event", "name"),
    [
        ("view_item", "Product Viewed"),
        ("add_to_cart", "Product Added"),
        ("remove_from_cart", "Product Removed"),
    ],
)
def test_each_product_of_an_event_is_told_by_itself(event: str, name: str) -> None:
    ecommerce = {"currency": "EUR", "items": [ITEM, {"item_id": "7", "price": "free"}]}
    told = run({"action": "ecommerce"}, dataLayer={"event": event, "ecommerce": ecommerce})
    assert told["calls"] == [
        [
            "track",
            name,
            {
                "product_id": "501",
                "name": "Wool jumper",
                "variant": "M",
                "price": 89,
                "quantity": 2,
                "currency": "EUR",
            },
        ],
        ["track", name, {"product_id": "7", "currency": "EUR"}],
    ]
    assert told["finished"] == ["success"]


def test_a_purchase_is_an_order_with_its_lines() -> None:
    ecommerce = {
        "transaction_id": 77,
        "value": "178",
        "currency": "EUR",
        "tax": 0,
        "coupon": "",
        "items": [ITEM],
    }
    told = run({"action": "ecommerce"}, dataLayer={"event": "purchase", "ecommerce": ecommerce})
    [[_, name, said]] = told["calls"]
    products = said.pop("products")
    assert (name, said) == ("Order Completed", {"order_id": "77", "value": 178, "currency": "EUR", "tax": 0})
    assert products == [
        {"product_id": "501", "name": "Wool jumper", "variant": "M", "price": 89, "quantity": 2}
    ]


@pytest.mark.parametrize(
    "layer",
    [
        {},
        {"event": "scroll", "ecommerce": {}},
        {"event": "purchase"},
        {"event": "purchase", "ecommerce": {"value": 1}},
        {"event": "add_to_cart", "ecommerce": {"items": "no list"}},
        {"event": "add_to_cart", "ecommerce": {"items": []}},
    ],
)
def test_what_is_no_event_of_a_shop_fails_the_tag_and_tells_nothing(layer: Json) -> None:
    told = run({"action": "ecommerce"}, dataLayer=layer)
    assert (told["calls"], told["finished"]) == ([], ["failure"])


def test_events_customers_and_logouts() -> None:
    rows = [{"name": "plan", "value": "gold"}, {"name": "empty", "value": ""}]
    assert run({"action": "track", "event": "Quiz Done", "properties": rows})["calls"] == [
        ["track", "Quiz Done", {"plan": "gold"}]
    ]
    assert run({"action": "track", "event": "Quiz Done"})["calls"] == [["track", "Quiz Done", {}]]
    known = {"action": "identify", "userId": 4711, "userSignature": "5d3a"}
    assert run(known)["calls"] == [["identify", "4711", {"userSignature": "5d3a"}]]
    # on every page of a guest: no logout, which would make a new guest each time
    assert run({"action": "identify", "userId": ""})["calls"] == []
    assert run({"action": "reset"})["calls"] == [["reset"]]


def test_the_code_is_of_the_sandboxs_language_and_its_fields_are_read() -> None:
    parts = run(LOAD)["parts"]
    code = re.sub(r"'[^'\n]*'|//[^\n]*", "''", parts["code"])
    # No templates, classes, regular expressions, spread or destructuring there.
    assert not re.search(
        r"`|\bnew\b|\bclass\b|\basync\b|\.\.\.|=\s*/|\bconst \{|\bwindow\b|\bdocument\b", code
    )
    names = {field["name"] for field in parts["parameters"]}
    assert set(re.findall(r"\bdata\.(\w+)", parts["code"])) - {"gtmOnSuccess", "gtmOnFailure"} == names
    assert parts["info"]["containerContexts"] == ["WEB"]
