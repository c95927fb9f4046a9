# ruff: noqa: E501 -- markup reads better in one line
"""`?ff_debug=1`: it stays on from page to page, and says in words what was refused, what was not filled and which button it
does not know. Collector and API are real processes where their own words are shown.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from footfall.runtime.supervisor import Processes, footfall_command
from tests.conftest import new_port
from tests.pixel import conftest
from tests.pixel.conftest import Shop, pause

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PANEL = "[data-ff-debug]"
OWN = "<p>The picks of the shop</p>"
BLOCK = f'<div data-footfall="recommended" data-placement="home">{OWN}</div>'
LD = '<script type="application/ld+json">{"@type": "Product", "name": "Mug", "sku": "SKU-1"}</script>'


def html(body: str, head: str = "") -> str:
    return f"<!doctype html><html lang=en><head><title>Debug</title><!--footfall-->{head}</head><body>{body}</body></html>"


def notes(page: Any) -> list[str]:
    return [note.inner_text() for note in page.query_selector_all(f"{PANEL} p")]


def note(shop: Shop, page: Any, words: str) -> str:
    """The advice that holds these words, once it is shown."""
    found: list[str] = shop.wait(lambda: [text for text in notes(page) if words in text])
    return found[0]


@pytest.fixture(scope="module")
def port() -> int:
    """The shop's, by which collector and API know its pages."""
    return new_port()


@pytest.fixture
def shop(port: int) -> Iterator[Shop]:
    with conftest.serve_shop(port) as shop:
        yield shop


@pytest.fixture(scope="module")
def services(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A collector and an API of their own: for the pages of the shop, and of another one elsewhere."""
    data = tmp_path_factory.mktemp("services")
    collector, api = new_port(), new_port()
    keys = [
        {"key": "wk_here", "source": "here", "origins": [f"http://127.0.0.1:{port}"]},
        {"key": "wk_other", "source": "other", "origins": ["https://other.example"]},
    ]
    env = {
        **os.environ,
        "FOOTFALL_DATA": str(data),
        "FOOTFALL_MIN_FREE_BYTES": "0",
        "FOOTFALL_COLLECTOR_PORT": str(collector),
        "FOOTFALL_API_PORT": str(api),
        "FOOTFALL_API_PUBLIC_KEYS": '["pk_public"]',
        "FOOTFALL_API_ORIGINS": f'["http://127.0.0.1:{port}"]',
        "FOOTFALL_WRITE_KEYS": msgspec.json.encode(keys).decode(),
    }
    with Processes(Path(data) / "logs") as processes:
        for command, port, path in (("collect", collector, "readyz"), ("serve", api, "livez")):
            started = processes.start(command, footfall_command(command), env)
            processes.wait_ready(started, f"http://127.0.0.1:{port}/{path}", 120)
        yield {"collector": f"http://127.0.0.1:{collector}", "api": f"http://127.0.0.1:{api}"}


def tag(services: dict[str, Any], *, write_key: str = "wk_here", api_key: str = "pk_public") -> str:
    return (
        f'<script async src="/footfall.js" data-write-key="{write_key}" data-collector="{services["collector"]}"'
        f' data-api="{services["api"]}" data-api-key="{api_key}"></script>'
    )


def test_it_stays_on_from_page_to_page_until_it_is_ended(shop: Shop, page: Any) -> None:
    shop.pages["/"] = shop.pages["/two"] = html("<h1>One</h1>")
    shop.visit(page, "/")
    assert not page.query_selector(PANEL)
    shop.visit(page, "/?ff_debug=1")
    page.wait_for_selector(PANEL)
    shop.visit(page, "/two")
    page.wait_for_selector(PANEL)
    other = page.context.new_page()
    shop.visit(other, "/two")
    pause(other, 300)
    assert not other.query_selector(PANEL), "another tab is a visitor's"
    shop.visit(page, "/two?ff_debug=0")
    shop.wait(lambda: not page.evaluate("sessionStorage.ff_debug"))
    shop.visit(page, "/two")
    pause(page, 300)
    assert not page.query_selector(PANEL)
    shop.visit(page, "/?ff_debug=1")
    page.click(f"{PANEL} button")
    assert not page.query_selector(PANEL)
    shop.visit(page, "/two")
    pause(page, 300)
    assert not page.query_selector(PANEL)


@pytest.mark.parametrize(
    ("write_key", "words"),
    [
        ("wk_unknown", r'does not know the write key "wk_unknown" \(data-write-key of the tag\)'),
        ("wk_other", r"the write key of other may not be used from http://127\.0\.0\.1:\d+: add it to the key's origins"),
        ("", "give it data-write-key"),
    ],
)  # fmt: skip
def test_what_the_collector_refuses_is_said_in_words(
    write_key: str, words: str, shop: Shop, page: Any, services: dict[str, Any]
) -> None:
    shop.pages["/"] = html("<h1>One</h1>").replace("<!--footfall-->", tag(services, write_key=write_key))
    shop.visit(page, "/?ff_debug=1")
    page.wait_for_selector(PANEL)
    page.evaluate("footfall('flush')")
    assert re.search(words, note(shop, page, "Collector:"))


def test_a_message_that_breaks_the_schema_is_marked_with_its_field(
    shop: Shop, page: Any, services: dict[str, Any]
) -> None:
    shop.pages["/"] = html("<h1>One</h1>").replace("<!--footfall-->", tag(services))
    shop.visit(page, "/?ff_debug=1")
    page.wait_for_selector(PANEL)
    page.evaluate("footfall('track', 'Dear', {price: 1e13}); footfall('track', 'Cheap', {price: 1})")
    page.evaluate("footfall('flush')")
    page.wait_for_selector(f"{PANEL} summary:has-text('refused (properties.price: ')")
    page.wait_for_selector(f"{PANEL} summary:has-text('✓ Cheap')")
    assert notes(page) == []


def test_pages_of_another_origin_are_told_to_be_listed(
    shop: Shop, page: Any, services: dict[str, Any]
) -> None:
    """Their browser shows no answer to them: the server is asked whether it is there."""
    here = shop.url.replace("127.0.0.1", "localhost")
    shop.pages["/"] = html(BLOCK).replace("<!--footfall-->", tag(services))
    page.goto(f"{here}/?ff_debug=1")
    page.wait_for_selector(PANEL)
    page.evaluate("footfall('flush')")
    assert f"not to pages of {here}: add {here} to the write key's origins" in note(shop, page, "Collector:")
    assert f"add {here} to api_origins" in note(shop, page, "Block recommended · home kept")


@pytest.mark.parametrize(
    ("api_key", "words"),
    [
        ("pk_public", "the API has nothing to serve: nothing has been published yet"),
        ("pk_nobodys", 'the API does not know the key "pk_nobodys" (data-api-key of the tag)'),
        ("", "the tag has no data-api-key"),
    ],
)
def test_why_a_block_was_not_filled_by_the_apis_own_words(
    api_key: str, words: str, shop: Shop, page: Any, services: dict[str, Any]
) -> None:
    shop.pages["/"] = html(BLOCK).replace("<!--footfall-->", tag(services, api_key=api_key))
    shop.visit(page, "/?ff_debug=1")
    assert words in note(shop, page, "Block recommended · home kept the shop's own content")


@pytest.mark.parametrize(
    ("kind", "found", "words"),
    [
        ("recommended", 0, "the API answered an empty list"),
        ("similar", 3, "no product is known on this page: give the block data-product-id"),
        ("recently-viewed", 3, "this visitor has looked at no other product yet"),
    ],
)
def test_why_nothing_was_there_to_show(
    kind: str, found: int, words: str, shop: Shop, page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = conftest.sample_items(found)
    monkeypatch.setattr(conftest, "sample_items", lambda _: items)
    shop.pages["/"] = html(BLOCK.replace("recommended", kind))
    shop.visit(page, "/?ff_debug=1")
    assert words in note(shop, page, f"Block {kind} · home")
    assert page.evaluate(f"footfall('recommend', {{kind: '{kind}'}})") == []
    assert words.partition(": give")[0] in note(shop, page, f"recommend() {kind} ")


def test_a_product_that_the_api_does_not_know(shop: Shop, page: Any) -> None:
    problem = {"status": 404, "title": "Not found", "detail": "no product 'SKU-1' in this snapshot"}
    page.route("**/v1/products/**", lambda route: route.fulfill(status=404, json=problem))
    shop.pages["/"] = html('<div data-footfall="similar" data-product-id="SKU-1"></div>')
    shop.visit(page, "/?ff_debug=1")
    said = note(shop, page, "Block similar kept the shop's own content: no product 'SKU-1' in this snapshot")
    assert "names another id than the catalogue" in said


def test_why_nothing_came(shop: Shop, page: Any) -> None:
    """Too late, not allowed by the page's policy, or nobody there; for the shop's own calls too."""
    shop.pages["/"] = html(BLOCK)
    shop.api_delay = 2
    shop.visit(page, "/?ff_debug=1")
    assert "took longer than 1.5 s" in note(shop, page, "Block recommended")
    shop.api_delay = 0
    gone = f"http://127.0.0.1:{new_port()}"
    shop.pages["/gone"] = html("").replace(
        "<!--footfall-->", conftest.TAG.format(attributes="").replace('data-api=""', f'data-api="{gone}"')
    )
    shop.visit(page, "/gone")
    page.wait_for_selector(PANEL)
    assert page.evaluate("footfall('recommend', {placement: 'drawer'})") == []
    assert f"{gone} can't be reached" in note(shop, page, "recommend() recommended · drawer")
    shop.policy = "connect-src 'self'"
    shop.visit(page, "/gone")
    page.wait_for_selector(PANEL)
    assert page.evaluate("footfall('recommend')") == []
    assert f"Content-Security-Policy forbids it: add {gone} to connect-src" in note(shop, page, "recommend()")


def test_a_button_that_seems_to_add_and_adds_nothing_is_told_with_its_remedy(shop: Shop, page: Any) -> None:
    shop.pages["/p/1"] = html(
        "<button class='buy big' onclick=\"fetch('/basket', {method: 'POST'})\">Add to bag</button>"
        "<button id=other>Compare</button><button data-ff-zone=add_to_cart>Add to cart</button>", LD,
    )  # fmt: skip
    shop.visit(page, "/p/1?ff_debug=1")
    page.wait_for_selector(PANEL)
    page.click("#other")
    page.click("text=Add to bag")
    said = note(shop, page, "adds to the cart")
    assert (
        said
        == '"Add to bag" (button.buy.big) looks like a button that adds to the cart, and no Product Added came of it: give it data-ff-zone="add_to_cart"'
    )
    page.evaluate(
        "document.querySelector('.buy').dataset.ffZone = 'add_to_cart'; sessionStorage.ff_debug = '[]'"
    )
    shop.visit(page, "/p/1")
    page.wait_for_selector(PANEL)
    page.click("text=Add to cart")
    shop.wait(lambda: page.evaluate("footfall('flush')") or shop.named("Product Added"))
    pause(page, 2800)
    assert notes(page) == []


def test_a_link_that_seems_to_add_is_told_on_the_page_that_it_leads_to(shop: Shop, page: Any) -> None:
    shop.pages["/p/1"] = html("<a href='/after?add=1' class=btn-addtocart>+</a>", LD)
    shop.visit(page, "/p/1?ff_debug=1")
    page.wait_for_selector(PANEL)
    with contextlib.suppress(Exception):
        page.click(".btn-addtocart")
    page.wait_for_url("**/after?add=1")
    assert "(a.btn-addtocart) looks like a button that adds" in note(shop, page, "adds to the cart")


def test_an_add_without_a_product_is_told(shop: Shop, page: Any) -> None:
    shop.pages["/landing"] = html("<button data-ff-zone=add_to_cart>Add to cart</button>")
    shop.visit(page, "/landing?ff_debug=1")
    page.wait_for_selector(PANEL)
    page.click("text=Add to cart")
    shop.wait(lambda: page.evaluate("footfall('flush')") or shop.named("Product Added"))
    assert "put data-product-id on" in note(shop, page, "Product Added says no product")
