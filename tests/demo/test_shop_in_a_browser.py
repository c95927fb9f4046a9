"""The shop's own script in a real browser: pickers, gallery, menus; and no page wider than a phone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo.shop.catalogue import Catalogue

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def address(free_port: int) -> Iterator[str]:
    """The shop as its own process on a free port; the pixel's collector is not there, and must not be missed."""
    server = [sys.executable, "-m", "granian", "--interface", "asgi", "--log-level", "warning"]
    env = {**os.environ, "FOOTFALL_SHOP_PORT": str(free_port), "FOOTFALL_COLLECTOR_PORT": "9"}
    process = subprocess.Popen([*server, "--port", str(free_port), "demo.shop.app:app"], cwd=ROOT, env=env)
    url = f"http://127.0.0.1:{free_port}"
    try:
        deadline = time.monotonic() + 180
        while not _answers(url):
            assert process.poll() is None, "the shop has ended"
            assert time.monotonic() < deadline, "the shop did not start"
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/livez", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_pickers_gallery_and_menus(address: str, browser: Any, catalogue: Catalogue) -> None:
    page = browser.new_page(viewport={"width": 1366, "height": 900})
    page.set_default_timeout(30_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))

    mat = catalogue.by_handle["self-inflating-mat"]
    page.goto(address + mat.url)
    page.click("label:has-text('10 cm')")
    page.click("label:has-text('Moss')")
    wanted = mat.pick({"Thickness": "10 cm", "Colour": "Moss"})
    assert wanted is not None
    assert page.input_value("[name=id]") == wanted.id
    assert page.inner_text("#product-price") == "£140.00"
    page.click(".product__thumb >> nth=2")
    assert page.get_attribute("#product-image", "src") == f"/pictures/{mat.handle}-moss.svg#material"

    sold_out = next(
        v for p in catalogue.products for v in p.variants if not v.available and len(v.options) == 2
    )
    product, _ = catalogue.by_variant[sold_out.id]
    page.goto(address + product.url)
    for name, value in sold_out.options.items():
        control = page.locator(f".product-form [name='{name}']")
        if control.first.evaluate("e => e.tagName") == "SELECT":
            control.select_option(value)
        else:
            page.locator(f".product-form input[name='{name}'][value='{value}'] + label").click()
    assert page.is_disabled("[name=add]")
    assert page.inner_text("#add-label") == "Sold out"

    page.click(".header__inline-menu summary:has-text('Camp')")
    page.wait_for_selector(".header__submenu >> text=Sleeping bags")
    page.click(".header__inline-menu summary:has-text('Wear')")
    page.wait_for_selector(".header__submenu >> text=Base layers")
    page.wait_for_selector(".header__submenu >> text=Sleeping bags", state="hidden")
    page.keyboard.press("Escape")
    page.wait_for_selector(".header__submenu >> text=Base layers", state="hidden")

    page.goto(address + "/collections/tents")
    page.select_option("#sort-by", "price-ascending")
    page.wait_for_url("**sort_by=price-ascending")
    assert page.locator(".card__heading").first.inner_text() == "Guy Line Kit"
    assert errors == []


def test_no_page_is_wider_than_a_phone(address: str, browser: Any) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.set_default_timeout(30_000)
    for path in ("/", "/collections/jackets", "/products/drover-duffel", "/search?q=merino", "/cart", "/account/login",
                 "/pages/contact", "/pages/about", "/collections"):  # fmt: skip
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    page.goto(address)
    page.click("summary:has-text('Menu')")
    page.click(".menu-drawer__menu-item:has-text('Home')")
    page.click(".menu-drawer >> text=Ceramics")
    page.wait_for_url("**/collections/ceramics")


def test_prices_of_a_row_are_level_however_long_the_names_are(address: str, browser: Any) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 740})
    page.set_default_timeout(30_000)
    page.goto(address + "/search?q=merino")
    feet = [foot.bounding_box() for foot in page.query_selector_all(".card__footer")]
    ends = [round(foot["y"] + foot["height"]) for foot in feet]
    assert len(ends) > 4
    assert ends[0::2] == ends[1::2]
