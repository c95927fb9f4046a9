"""The shop front: every page answers, every link leads somewhere, and buying works from end to end."""

from __future__ import annotations

import json
import logging
import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

from litestar.testing import TestClient

from demo.shop.app import create_app
from demo.shop.catalogue import Catalogue
from demo.shop.state import COOKIE, Cookies, Session
from demo.shop.views import HERE, VIEWS, picture, with_view
from footfall.settings import Settings


class Page(HTMLParser):
    """What a page links to and how its forms and ids stand."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.sources: set[str] = set()
        self.ids: list[str] = []
        self.labels_for: set[str] = set()
        self.fields: list[dict[str, str | None]] = []
        self.unlabelled_images = 0
        self.headings: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "a" and found.get("href"):
            self.links.add(found["href"] or "")
        if tag in {"img", "script"} and found.get("src"):
            self.sources.add(found["src"] or "")
        if tag == "link" and found.get("href"):
            self.sources.add(found["href"] or "")
        if found.get("id"):
            self.ids.append(found["id"] or "")
        if tag == "label" and found.get("for"):
            self.labels_for.add(found["for"] or "")
        if tag in {"input", "select", "textarea"} and found.get("type") != "hidden":
            self.fields.append(found)
        if tag == "img" and "alt" not in found:
            self.unlabelled_images += 1
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(tag)


def test_leaves_logging_to_its_process(catalogue: Catalogue) -> None:
    """Litestar's default would set the root logger to INFO: each request of any HTTP client a line."""
    root = logging.getLogger()
    before = (root.level, *root.handlers)
    root.setLevel(logging.WARNING)  # whatever another test of this process left behind
    try:
        create_app(Settings(), catalogue)
        assert (root.level, *root.handlers) == (logging.WARNING, *before[1:])
    finally:
        root.setLevel(before[0])


def test_every_page_of_the_shop_answers_and_is_sound(shop: TestClient[Any], catalogue: Catalogue) -> None:
    waiting, seen, assets = ["/"], {"/"}, set()
    while waiting:
        address = waiting.pop()
        response = shop.get(address)
        assert response.status_code == 200, address
        if "text/html" not in response.headers["content-type"]:
            continue
        page = Page(response.text)
        assert "h1" in page.headings, address
        assert page.headings.count("h1") == 1, address
        assert page.unlabelled_images == 0, address
        assert len(page.ids) == len(set(page.ids)), f"{address}: an id twice"
        for field in page.fields:
            wrapped = field.get("type") == "radio" and "id" not in field
            assert wrapped or field.get("id") in page.labels_for, (
                f"{address}: a field without a label: {field}"
            )
        assets |= {urljoin(address, source) for source in page.sources if source.startswith("/")}
        for link in page.links:
            target = urljoin(address, link).split("#")[0]
            assert not urlsplit(target).netloc, f"{address} links away to {target}"
            if target and target not in seen and "/cart/change" not in target:
                seen.add(target)
                waiting.append(target)
    products = {path for path in seen if path.startswith("/products/")}
    assert len(products) == len(catalogue.products), "a product that no page links to"
    assert len(seen) > 300
    for source in sorted(assets):
        assert shop.get(source).status_code == 200, source


def test_addresses_that_are_none_get_the_shops_own_page(shop: TestClient[Any]) -> None:
    for address in ("/nothing", "/products/nothing", "/collections/nothing", "/pages/nothing", "/orders/AT1"):
        response = shop.get(address)
        assert response.status_code == 404, address
        assert "Back to the shop" in response.text
    assert shop.post("/products/cairn-three-layer-shell").status_code == 405


def test_the_pixel_is_on_every_page_with_the_addresses_of_the_settings(catalogue: Catalogue) -> None:
    settings = Settings(collector_port=18710, api_port=18720, api_public_keys=("pk_test_key", "pk_before_it"))
    with TestClient(create_app(settings, catalogue)) as client:
        html = client.get("/").text
    tag = re.search(r"<script async src=[^>]+>", html)
    assert tag
    for part in (
        'src="http://127.0.0.1:18710/footfall.js"',
        'data-write-key="ff_demo_write_key"',
        'data-collector="http://127.0.0.1:18710"',
        'data-api="http://127.0.0.1:18720"',
        'data-api-key="pk_test_key"',
    ):
        assert part in tag[0]
    assert "ff_trusted" not in html
    assert "secret" not in html


def test_product_page_says_what_it_sells(shop: TestClient[Any], catalogue: Catalogue) -> None:
    product = catalogue.by_handle["eider-800-down-jacket"]
    html = shop.get(product.url).text
    linked = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', html, re.S)[1])  # type: ignore[index]
    assert linked["productID"] == product.id
    assert {offer["url"].rpartition("=")[2] for offer in linked["offers"]} == {v.id for v in product.variants}
    assert f'data-footfall="similar" data-limit="4" data-product-id="{product.id}"' in html
    assert 'data-footfall="recommended"' in html
    other = product.variants[-1]
    chosen = shop.get(product.url, params={"variant": other.id}).text
    assert f'name="id" value="{other.id}"' in chosen


def test_collections_sort_and_page(shop: TestClient[Any], catalogue: Catalogue) -> None:
    html = shop.get("/collections/tents", params={"sort_by": "price-descending"}).text
    dearest = max(catalogue.collections["tents"].products, key=lambda p: p.price)
    shown = re.findall(r'full-unstyled-link" href="([^"]+)"', html)
    assert shown[0] == dearest.url
    first = re.findall(r'full-unstyled-link" href="([^"]+)"', shop.get("/collections/all").text)
    last = re.findall(r'full-unstyled-link" href="([^"]+)"', shop.get("/collections/all?page=99").text)
    assert len(first) == 24
    assert last
    assert not {*first} & {*last}


def test_storefront_feed_pages_like_shopifys(shop: TestClient[Any], catalogue: Catalogue) -> None:
    seen: list[int] = []
    page = 1
    while products := shop.get("/products.json", params={"limit": 100, "page": page}).json()["products"]:
        seen += [p["id"] for p in products]
        page += 1
    assert [str(i) for i in seen] == list(catalogue.by_id)
    one = shop.get("/products/eider-800-down-jacket.json").json()["product"]
    assert one["product_type"] == "Jackets"
    assert one["images"][0]["src"] == "/pictures/eider-800-down-jacket.svg"


def _notices(html: str) -> dict[str, Any]:
    calls = re.findall(r'footfall\("track", "([^"]+)", (.*?)\);\n', html)
    return {name: json.loads(facts) for name, facts in calls}


def test_from_the_shelf_to_the_thank_you_page(shop: TestClient[Any], catalogue: Catalogue) -> None:
    jacket, mug = catalogue.by_handle["wren-light-down-jacket"], catalogue.by_handle["hearth-mug"]
    wanted = next(v for v in jacket.variants if v.available and v is not jacket.first)
    # without a script in the browser the options count, not the hidden id
    page = shop.post("/cart/add", data={"id": jacket.first.id, "quantity": "1", **wanted.options})
    assert f'data-variant-id="{wanted.id}"' in page.text
    assert re.fullmatch("[0-9a-f]{32}", shop.cookies["cart"]), "what the pixel tells as the cart's token"
    page = shop.post("/cart/add", data={"id": mug.first.id, "quantity": "2"})
    assert "£217.00" in page.text  # 169 + 2 x 24
    page = shop.post("/checkout")
    started = _notices(page.text)["Checkout Started"]
    assert started["value"] == 217
    assert [line["quantity"] for line in started["products"]] == [1, 2]
    assert "Checkout Started" not in shop.get("/checkout").text, "said twice"
    assert shop.post("/checkout/contact", data={"email": "no address", "name": "A"}).status_code == 422
    page = shop.post("/checkout/contact", data={"email": "ann@example.org", "name": "Ann", "town": "Kendal"})
    assert _notices(page.text) == {"Checkout Step Completed": {"step": 1, "step_name": "contact"}}
    page = shop.post("/checkout/shipping", data={"shipping": "express"})
    assert "£226" in page.text
    page = shop.post("/checkout/payment", data={"method": "card"})
    notices = _notices(page.text)
    assert set(notices) == {"Payment Info Entered", "Order Completed"}
    order = notices["Order Completed"]
    assert order["value"] == 226
    assert order["currency"] == "GBP"
    assert order["products"][0] == {
        "product_id": jacket.id, "variant_id": wanted.id, "name": jacket.title, "price": 169, "quantity": 1,
    }  # fmt: skip
    assert order["order_id"] in str(page.url)
    assert "Order Completed" not in shop.get(str(page.url)).text
    assert "Nothing in it yet" in shop.get("/cart").text


def test_the_basket_changes_and_keeps_its_limits(shop: TestClient[Any], catalogue: Catalogue) -> None:
    mug = catalogue.by_handle["hearth-mug"]
    shop.post("/cart/add", data={"id": mug.first.id, "quantity": "999999999999"})
    # A digit, and no number
    assert shop.post("/cart/change", data={"id": mug.first.id, "quantity": "²"}).status_code == 200
    assert "£480" in shop.post("/cart/change", data={"id": mug.first.id, "quantity": "20"}).text
    assert "Nothing in it yet" in shop.get("/cart/change", params={"id": mug.first.id, "quantity": 0}).text
    gone = catalogue.by_handle["panniers-pair"]
    assert "is sold out" in shop.post("/cart/add", data={"id": gone.first.id}).text
    assert shop.post("/cart/add", data={"id": "no-such"}).status_code == 404
    assert shop.post("/cart/add", data={}).status_code == 404


def test_signing_in_and_out(shop: TestClient[Any]) -> None:
    assert 'data-customer-id=""' in shop.get("/").text
    assert "Sign in" in shop.get("/account").text
    assert shop.post("/account/login", data={"customer[email]": "nobody"}).status_code == 422
    page = shop.post(
        "/account/login", data={"customer[email]": "ann.lee@example.org", "customer[password]": "secret-word"}
    )
    known = re.search(r'data-customer-id="(\d{13})"', page.text)
    assert known
    assert "Good to see you, Ann." in page.text
    assert known[0] in shop.get("/").text
    assert "secret-word" not in page.text + str(shop.cookies)
    shop.post("/account/logout")
    assert 'data-customer-id=""' in shop.get("/").text
    again = shop.post("/account/login", data={"customer[email]": "Ann.Lee@example.org "})
    assert known[0] in again.text, "the same address is the same customer"


def test_a_session_outlives_a_new_secret() -> None:
    before, during, after = (
        Cookies(secrets) for secrets in (["the-old-one"], ["the-new-one", "the-old-one"], ["the-new-one"])
    )
    session = Session(cart_token="c" * 32)
    signed = before.write(session)[0].value
    assert during.read(signed) == session
    assert after.read(signed) == Session()
    assert after.read(during.write(session)[0].value) == session
    assert Cookies([]).read(Cookies([]).write(session)[0].value) == Session(), "each process has its own"


def test_a_cookie_that_was_tampered_with_is_none(shop: TestClient[Any], catalogue: Catalogue) -> None:
    shop.post("/cart/add", data={"id": catalogue.by_handle["hearth-mug"].first.id})
    good = shop.cookies[COOKIE].strip('"')
    for bad in (good[:-4] + "AAAA", "x" + good, good.partition(".")[2], "", "." * 50):
        html = shop.get("/cart", headers={"Cookie": f"{COOKIE}={bad}"}, cookies=None).text
        assert "Your basket" in html


def test_what_is_typed_comes_back_as_text_never_as_markup(shop: TestClient[Any]) -> None:
    html = shop.get("/search", params={"q": "<script>alert(1)</script>\"'"}).text
    assert "<script>alert" not in html


def test_forms_thank_and_keep_nothing(shop: TestClient[Any]) -> None:
    page = shop.post("/pages/contact", data={"email": "a@example.org", "message": "canary-message"})
    assert "Thank you" in page.text
    assert "canary" not in page.text + str(shop.cookies)
    assert "Thank you" not in shop.get("/").text


def test_every_variant_has_a_picture_with_every_view(shop: TestClient[Any], catalogue: Catalogue) -> None:
    addresses = {picture(product, v): product for product in catalogue.products for v in product.variants}
    for product in catalogue.products:
        mine = [address for address, of in addresses.items() if of is product]
        assert len(mine) == max(1, len(product.tints)), f"{product.title}: two colours with one picture"
        assert product.image in mine, "the picture that lists and recommendations show"
    files = {f"/pictures/{file.name}" for file in (HERE / "static" / "pictures").iterdir()}
    assert files == {*addresses}, "a picture without a product, or a product without its picture"
    for address in addresses:
        response = shop.get(address)
        assert response.headers["content-type"] == "image/svg+xml", address
        svg = ElementTree.fromstring(response.text)
        views = [f"{address}#{view.get('id')}" for view in svg.iterfind("{*}view")]
        assert [with_view(address, view) for view in VIEWS] == [address, *views]
    jacket = catalogue.by_handle["cairn-three-layer-shell"]
    assert len({shop.get(picture(jacket, v)).text for v in jacket.variants}) == len(jacket.tints)
