# ruff: noqa: E501 -- markup and products read better in one line
"""The WooCommerce plugin: what it writes into pages, the catalogue, settings, and WordPress's tools for personal data."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collector.adapters.common import Delivery
from collector.shopify_webhooks import translate
from footfall import __version__
from footfall.landing.segments import NO_VISIT
from footfall.wire.keys import is_signed_user, is_signed_webhook
from orchestration.catalog.formats import read_catalog
from tests.pixel.clicks import script
from tests.platforms.conftest import GUEST, ORDER, PLUGIN, Collector, Json

Run = Callable[..., Json]


def test_the_tag_has_what_the_documentation_says(shop: Run, collector: Collector) -> None:
    theme = (PLUGIN / "assets" / "theme.js").read_text()
    said = [line.removeprefix("  ") for line in script("woocommerce").splitlines()[2:-1]]
    assert theme.splitlines() == said
    html = shop(["html", "wp_head"])["answers"][0]
    assert theme in html
    [tag] = re.findall(r"<script async.*</script>", html)
    url = collector.url
    assert tag == (
        f'<script async src="{url}/footfall.js" data-write-key="wk_pages" data-api="{url}" data-api-key="pk"></script>'
    )


@pytest.mark.parametrize("consent", ["required", "wp_consent_api"])
def test_where_consent_is_required_the_tag_waits_for_it(shop: Run, consent: str) -> None:
    html = shop(["html", "wp_head"], settings={"consent": consent})["answers"][0]
    assert 'data-consent="required"' in html
    assert ("wp_has_consent" in html) == (consent == "wp_consent_api")


def test_without_settings_nothing_is_written_and_nothing_queued(shop: Run) -> None:
    none = {"collector_url": "", "write_key": "", "server_key": ""}
    acts = (["order", ORDER], ["do", "woocommerce_payment_complete", 727])
    seen = shop(["html", "wp_head"], ["html", "wp_body_open"], *acts, settings=none)
    assert seen["answers"][:2] == ["", ""]
    assert seen["queue"] == []


def test_who_is_logged_in_is_said_once_and_proven(shop: Run) -> None:
    secret = "s" * 32
    seen = shop(["html", "wp_body_open"], ["html", "wp_footer"], user=7, settings={"identity_secret": secret})
    found = re.fullmatch(
        r'<i hidden data-customer-id="7" data-customer-signature="(.*)"></i>', seen["answers"][0]
    )
    assert found
    assert is_signed_user([secret], "7", found[1])
    assert seen["answers"][1] == ""
    [nobody] = shop(["html", "wp_footer"], settings={"identity_secret": secret})["answers"]
    assert nobody == '<i hidden data-customer-id=""></i>'


def test_a_product_page_says_the_catalogues_id_and_a_price(shop: Run) -> None:
    offer = {"priceSpecification": [{"price": "129.00", "priceCurrency": "GBP"}]}
    product = {"id": 11, "name": "Jacket", "sku": "WAX-1"}
    seen = shop(
        ["product_ld", {"sku": "WAX-1"}, product],
        ["filter", "woocommerce_structured_data_product_offer", offer],
        ["filter", "woocommerce_structured_data_product_offer", {"lowPrice": 1}],
    )
    assert seen["answers"] == [
        {"sku": "WAX-1", "productID": "11"},
        {**offer, "price": "129.00", "priceCurrency": "GBP"},
        {"lowPrice": 1},
    ]


def test_blocks_are_the_element_that_the_pixel_fills(shop: Run) -> None:
    hostile = '"><script>alert(1)</script>'
    seen = shop(
        ["shortcode", "footfall_recommended", {"limit": "6", "placement": "home"}],
        ["shortcode", "footfall_bought_together", {"product": "11"}, "<p>our picks</p>"],
        ["block", {"kind": "nonsense", "limit": 999, "placement": hostile, "min_height": 0}],
    )
    assert seen["answers"] == [
        '<div class="footfall-block" data-footfall="recommended" data-limit="6" data-placement="home" style="min-height:360px"></div>',
        '<div class="footfall-block" data-footfall="bought-together" data-limit="4" data-product-id="11"><p>our picks</p></div>',
        '<div class="footfall-block" data-footfall="recommended" data-limit="24" data-placement="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"></div>',
    ]


PRODUCTS = {
    "17": {"id": 17, "name": "Hoodie", "slug": "hoodie", "type": "variable", "status": "publish", "sku": "H",
           "price": "42", "variations": [18, 19], "permalink": "https://loom.example/product/hoodie/", "meta_data": ["x"]},
    "18": {"id": 18, "name": "Green", "type": "variation", "parent_id": 17, "status": "publish", "sku": "H-G", "price": "42"},
    "19": {"id": 19, "name": "Blue", "type": "variation", "parent_id": 17, "status": "private", "sku": "H-B", "price": "44"},
    "20": {"id": 20, "name": "Draft", "type": "simple", "status": "draft", "sku": "", "price": "1", "variations": []},
}  # fmt: skip


def test_the_catalogue_is_pushed_in_woocommerces_shape(shop: Run, collector: Collector) -> None:
    seen = shop(["catalog"], ["push", "whole"], products=PRODUCTS)
    [hoodie, green] = seen["answers"][0]
    assert hoodie == {name: value for name, value in PRODUCTS["17"].items() if name != "meta_data"}
    assert (green["type"], green["parent_id"], green["id"]) == ("variation", 17, 18)
    [request] = collector.requests
    assert request.path == "/v1/catalog?mode=whole&source=woocommerce"
    assert request.json == {"products": [hoodie, green]}


def test_every_page_of_a_large_catalogue_is_in_it(shop: Run) -> None:
    many = {
        str(at): {
            "id": at,
            "name": f"P {at}",
            "type": "simple",
            "status": "publish",
            "sku": "",
            "variations": [],
        }
        for at in range(1, 202)
    }
    [pushed] = shop(["catalog"], products=many)["answers"]
    assert [shape["id"] for shape in pushed] == list(range(1, 202))


def test_changes_are_pushed_once_and_what_is_gone_is_out_of_stock(shop: Run, collector: Collector) -> None:
    changed = (["do", "woocommerce_update_product_variation", 18], ["do", "woocommerce_trash_product", 20])
    seen = shop(*changed, ["do", "shutdown"], ["push", "changes"], ["push", "changes"], products=PRODUCTS)
    [request] = collector.requests
    assert request.path == "/v1/catalog?mode=changes&source=woocommerce"
    assert [(shape["id"], shape.get("stock_status")) for shape in request.json["products"]] == [
        (17, None), (18, None), (20, "outofstock")
    ]  # fmt: skip
    assert "footfall_catalog_changes" in seen["schedule"]


def test_the_catalogues_reader_takes_what_is_pushed(shop: Run, collector: Collector, tmp_path: Path) -> None:
    shop(
        ["push", "whole"],
        ["do", "woocommerce_trash_product", 20],
        ["do", "shutdown"],
        ["push", "changes"],
        products=PRODUCTS,
    )
    read = []
    for at, request in enumerate(collector.requests):
        (tmp_path / f"{at}.json").write_text(json.dumps(request.json))
        read.append(read_catalog(tmp_path / f"{at}.json"))
    whole, changes = read
    [hoodie] = whole.products
    assert (hoodie.product_id, hoodie.handle, hoodie.url) == ("17", "hoodie", PRODUCTS["17"]["permalink"])
    assert [variant.variant_id for variant in hoodie.variants] == ["18"]
    # Even where all that changed is a product that is gone.
    assert [(product.product_id, product.available) for product in changes.products] == [("20", False)]


def test_changes_that_were_not_taken_are_pushed_again(shop: Run, collector: Collector) -> None:
    collector.answers = [(503, {}, {}), (200, {}, {})]
    acts = (
        ["do", "woocommerce_update_product", 17],
        ["do", "shutdown"],
        ["push", "changes"],
        ["push", "changes"],
    )
    seen = shop(*acts, products=PRODUCTS)
    assert seen["answers"][2].startswith("HTTP 503")
    assert seen["answers"][3] == ""
    assert len(collector.requests) == 2


def test_wrong_settings_are_refused_with_what_to_enter(shop: Run) -> None:
    sent = {
        "collector_url": "events.example.com",
        "api_url": "https://api.example.com/?key=1",
        "server_key": "two words",
        "consent": "maybe",
        "write_key": "wk_new",
    }
    seen = shop(["sanitize", sent])
    assert set(seen["errors"]) == {"collector_url", "api_url", "server_key", "consent"}
    kept = seen["answers"][0]
    assert (kept["write_key"], kept["server_key"], kept["consent"]) == ("wk_new", "wk_server", "granted")
    assert "https://events.example-shop.com" in seen["errors"]["collector_url"]


def test_a_secret_stays_when_its_field_is_empty_and_goes_when_asked(shop: Run) -> None:
    seen = shop(
        ["sanitize", {"server_key": "", "clear": {"secret_key": "1"}}], ["sanitize", ["x"]], ["sanitize", "x"]
    )
    assert (seen["answers"][0]["server_key"], seen["answers"][0]["secret_key"]) == ("wk_server", "")
    masks = shop(["mask", ""], ["mask", "short"], ["mask", "sk_0123456789abcd"])["answers"]
    assert masks == ["", "••••", "••••abcd"]


def test_the_eraser_sends_the_request_that_the_collector_believes(shop: Run, collector: Collector) -> None:
    secret = "p" * 32
    acts = (
        ["order", {**ORDER, "customer_id": 7}],
        ["checkout", 727],
        ["erase", "ann@example.com"],
        ["export", "ann@example.com"],
    )
    people = {"users": {"ann@example.com": 7}, "cookie": GUEST}
    seen = shop(*acts, settings={"privacy_secret": secret}, **people)
    erased, exported = seen["answers"][2:]
    assert (erased["items_removed"], erased["items_retained"], erased["done"]) == (True, False, True)
    request = collector.requests[0]
    assert is_signed_webhook([secret], request.body, request.headers["x-shopify-hmac-sha256"])
    delivery = Delivery(
        topic=request.headers["x-shopify-topic"],
        shop=request.headers["x-shopify-shop-domain"],
        body=request.body,
        triggered_at=None,
    )
    [envelope] = translate(delivery, "shopify", datetime.now(UTC))
    assert envelope.bot_reason == NO_VISIT
    [message] = [json.loads(bytes(raw)) for raw in envelope.batch]
    assert (message["event"], message["userId"]) == ("Redaction Requested", "7")
    # The token has left the order.
    assert [item["item_id"] for item in exported["data"]] == ["footfall-user-7"]


def test_an_eraser_that_failed_says_what_to_run(shop: Run, collector: Collector) -> None:
    collector.answers = [(401, {}, {"detail": "signature"})]
    acts = (["order", ORDER], ["checkout", 727], ["erase", "ann@example.com"])
    for settings in ({"privacy_secret": "p" * 32}, {}):
        erased = shop(*acts, users={"ann@example.com": 7}, settings=settings)["answers"][2]
        assert erased["items_retained"]
        assert "footfall person forget --user 7" in erased["messages"][0]
    guest = shop(*acts, cookie=GUEST)["answers"][2]
    assert f"footfall person forget --guest {GUEST}" in guest["messages"][0]


def test_the_exporter_has_the_tokens_of_orders_and_the_profile(shop: Run, collector: Collector) -> None:
    collector.answers = [(200, {}, {"visitor_id": "u_7", "orders": 2, "cart": [{"product_id": "1"}]})]
    acts = (["order", ORDER], ["checkout", 727], ["export", "ann@example.com"])
    exported = shop(*acts, cookie=GUEST, users={"ann@example.com": 7})["answers"][2]
    values = [(fact["name"], fact["value"]) for item in exported["data"] for fact in item["data"]]
    assert values == [
        ("Guest token of order 727", GUEST), ("visitor_id", "u_7"), ("orders", "2"), ("cart", '[{"product_id":"1"}]')
    ]  # fmt: skip
    [request] = collector.requests
    assert request.path == "/v1/visitors/7/profile"
    assert request.headers["x-footfall-key"] == "sk"


#: What PHP 7.4 can't read; the plugin is for it too.
NEWER = "T_MATCH T_ENUM T_READONLY T_NULLSAFE_OBJECT_OPERATOR T_ATTRIBUTE T_PROPERTY_C"
OLD = """
foreach (array_slice($argv, 2) as $file) {
  $tokens = PhpToken::tokenize(file_get_contents($file), TOKEN_PARSE);
  $newer = explode(' ', $argv[1]);
  foreach ($tokens as $token) if (in_array($token->getTokenName(), $newer, true)) echo "$file:$token->line $token->text\n";
}
"""
NEWER_FUNCTIONS = r"\b(str_contains|str_starts_with|str_ends_with|array_is_list|get_debug_type)\("
NEWER_SIGNATURES = (
    r"function[^{;]*(\bmixed\b|\w\|\w|(public|private|protected) \S*\$)|\bcatch \( \S+ \)|, \)\s*(\{|;)"
)


def test_the_plugin_is_written_for_php_7_4(php: str) -> None:
    files = sorted(PLUGIN.rglob("*.php"))
    assert len(files) >= 10
    done = subprocess.run(
        [php, "-r", OLD, "--", NEWER, *map(str, files)], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    for file in files:
        text = file.read_text()
        assert not re.search(NEWER_FUNCTIONS, text), file
        code = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
        assert not re.search(NEWER_SIGNATURES, code), file


def test_versions_agree() -> None:
    main = (PLUGIN / "footfall.php").read_text()
    readme = (PLUGIN / "readme.txt").read_text()
    assert f"* Version: {__version__}\n" in main
    assert f"'FOOTFALL_VERSION', '{__version__}'" in main
    assert f"Stable tag: {__version__}\n" in readme


def test_uninstalling_removes_all_that_is_written() -> None:
    removed = (PLUGIN / "uninstall.php").read_text()
    written = "".join(file.read_text() for file in (PLUGIN / "includes").glob("*.php"))
    names = set(
        re.findall(r"const (?:OPTION|STATE|CHANGED|HOOK|CHANGES|GUEST|CONSENT|SENT) +?= '(\w+)'", written)
    )
    assert names >= {
        "footfall_settings",
        "footfall_queue_state",
        "footfall_flush",
        "_footfall_guest",
        "_footfall_sent",
    }
    assert [name for name in sorted(names) if f"'{name}'" not in removed] == []
