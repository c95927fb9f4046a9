"""A product's link: the catalogue's own, judged, or made of the setting product_url."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from footfall.settings import Settings, SettingsError, WriteKey, load_settings
from orchestration.catalog.links import Links, handle_in
from orchestration.catalog.model import BadProductError

SHOP = "https://shop.example"
EN = Links(f"{SHOP}/en", origins=(SHOP, "https://*.shop.example"))
PATHS = Links()


@pytest.mark.parametrize(
    ("links", "link", "wanted"),
    [
        (EN, "https://shop.example/p/mug", "https://shop.example/p/mug"),
        (EN, "https://de.shop.example/p/mug", "https://de.shop.example/p/mug"),
        # As a browser reads them on the storefront's page
        (EN, "/p/mug", "https://shop.example/p/mug"),
        (EN, "p/mug", "https://shop.example/en/p/mug"),
        (EN, "?p=12", "https://shop.example/en/?p=12"),
        (EN, "//shop.example/p/mug", "https://shop.example/p/mug"),
        (PATHS, "/p/mug", "/p/mug"),
        (PATHS, "p/mug?size=m#top", "/p/mug?size=m#top"),
        (PATHS, "https://any.example/mug", "https://any.example/mug"),
        (PATHS, " /p/blue mug ", "/p/blue%20mug"),
        (EN, "/p?utm_source=a&id=4&UTM_campaign=b&gclid=c&size=%2F", "https://shop.example/p?id=4&size=%2F"),
    ],
)
def test_own_links(links: Links, link: str, wanted: str) -> None:
    assert links.own(link) == wanted


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "ftp://shop.example/x", "http://", "#",
     "https://evil.example/mug", "https://shop.example.evil.example/", "https://shop.example@evil.example/",
     "http://shop.example/mug", "/\\evil.example", "https:evil.example", "//evil.example/x", "www.shop.example/mug",
     "https://shop.example:444/", "https://sh\u00f6p.example/", "java\nscript:alert(1)"],
)  # fmt: skip
def test_links_that_lead_elsewhere_or_nowhere_are_refused(link: str) -> None:
    with pytest.raises(BadProductError, match=r"^link "):
        EN.own(link)


@given(st.text() | st.from_regex(r"(https?:)?/{0,4}[\\@a-z.:%/ ?#]{0,20}", fullmatch=True))
@example("/..//evil.example")
@example("..//../\\evil")
def test_whatever_a_catalogue_says_leads_to_the_shop(link: str) -> None:
    for links in (EN, PATHS):
        try:
            found = links.own(link)
        except BadProductError:
            continue
        if links is EN:
            assert re.match(r"https://([a-z.]+\.)?shop\.example([/?#]|$)", found)
        elif not found.startswith(("https://", "http://")):
            assert re.match(r"/(?![/\\])", found)


@pytest.mark.parametrize(
    ("links", "handle", "product_id", "wanted"),
    [
        (PATHS, "mug", "7", "/products/mug"),
        (EN, "mug", "7", "https://shop.example/en/products/mug"),
        (Links(SHOP, "/p/{id}-{handle}.html"), "mug", "7", "https://shop.example/p/7-mug.html"),
        (Links(SHOP, "https://other.example/?p={id}"), "mug", "7", "https://other.example/?p=7"),
        (PATHS, "赤", "7", "/products/%E8%B5%A4"),
        (PATHS, "%E8%B5%A4", "7", "/products/%E8%B5%A4"),
        (PATHS, "100%", "7", "/products/100%25"),
        (PATHS, "a b?c#d", "7", "/products/a%20b%3Fc%23d"),
        (Links(template="/{handle}"), "//evil.example", "7", "/evil.example"),
    ],
)
def test_made_links(links: Links, handle: str, product_id: str, wanted: str) -> None:
    assert links.made(handle, product_id) == wanted


@given(st.text(), st.sampled_from(["/{handle}", "/p/{id}", "/products/{handle}.html"]))
def test_made_links_stay_in_the_shop(text: str, template: str) -> None:
    made = Links(template=template).made(text, text)
    assert re.fullmatch(r"/(?!/)[^\s\\?#]*", made)
    assert not urlsplit(made).netloc


@pytest.mark.parametrize(
    ("link", "handle"),
    [
        ("/products/mug", "mug"),
        (f"{SHOP}/collections/all/products/mug?variant=1", "mug"),
        (f"{SHOP}/de/product/mug/", "mug"),
        (f"{SHOP}/kitchen/mug.html#reviews", "mug"),
        (f"{SHOP}/12-mug.html", "12-mug"),
        (f"{SHOP}/caf%C3%A9", "café"),
        (SHOP, None),
        (f"{SHOP}/?p=7", None),
    ],
)
def test_the_handle_of_a_link(link: str, handle: str | None) -> None:
    assert handle_in(link) == handle


def test_the_settings_say_where_links_may_lead() -> None:
    key = WriteKey(key="wk_page", source="shop_pixel", origins=("https://shop.example",))
    made = Links.of(
        Settings(
            write_keys=(key,),
            storefront_url="https://www.shop.example/en/",
            catalog_origins=("https://shop.fr",),
        )
    )
    assert made.storefront == "https://www.shop.example/en"
    for link in ("https://shop.example/a", "https://www.shop.example/a", "https://shop.fr/a"):
        assert made.own(link) == link
    with pytest.raises(
        BadProductError, match=r"https://shop\.de, which is none of the shop's own: add it to catalog_"
    ):
        made.own("https://shop.de/a")


@pytest.mark.parametrize(
    ("value", "is_fine"),
    [
        ("/product/{handle}/", True),
        ("/?p={id}", True),
        ("https://shop.example/{id}-{handle}.html", True),
        ("", True),
        ("/product/", False),
        ("product/{handle}", False),
        ("//evil.example/{handle}", False),
        ("/product/{slug}", False),
        ("javascript:{handle}", False),
    ],
)
def test_the_template_is_checked(value: str, is_fine: bool, tmp_path: Path) -> None:
    env = {"FOOTFALL_PRODUCT_URL": value, "FOOTFALL_DATA": str(tmp_path)}
    if is_fine:
        assert load_settings(env).product_url == value
    else:
        with pytest.raises(SettingsError, match="product_url"):
            load_settings(env)
