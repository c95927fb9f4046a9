"""The formats of catalogue files: what each says, and what happens to files that are of none."""

from __future__ import annotations

import csv
import functools
import gzip
import io
import json
import random
import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.importing.online_retail import catalog_csv
from orchestration.catalog import formats
from orchestration.catalog.formats import NAMES, read_catalog
from orchestration.catalog.links import Links, Shop
from orchestration.catalog.model import CatalogError, CatalogFile
from tests.orchestration.catalog.feeds import SHOP, WITH_CURRENCY, WITH_LINKS, WRITERS, Sold

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OF_SHOP = Shop(Links(SHOP, origins=(SHOP,)), "GBP", NOW)


def read(folder: Path, content: str | bytes, name: str, shop: Shop = OF_SHOP) -> CatalogFile:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_catalog(path, shop)


def table(*rows: list[str], separator: str = ",") -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator).writerows(rows)
    return out.getvalue()


def check(catalog: CatalogFile, wanted: list[Sold], name: str) -> None:
    """Every product is there, as it was written."""
    assert catalog.failed == []
    assert [(p.product_id, p.title, p.price, p.available) for p in catalog.products] == [
        w[:4] for w in wanted
    ]
    assert {p.currency for p in catalog.products} == {"EUR" if name in WITH_CURRENCY else "GBP"}
    if name in WITH_LINKS:
        assert [p.url for p in catalog.products] == [each.link for each in wanted]
        assert all(
            p.handle == each.link.rpartition("/")[2] for p, each in zip(catalog.products, wanted, strict=True)
        )
    if name != "magento.csv":
        assert [p.image_url for p in catalog.products] == [each.image for each in wanted]


@functools.cache
def gift_shop(file: Path) -> list[Sold]:
    """The products of half a million order lines, titles and prices as people typed them."""
    rows = csv.DictReader(io.StringIO(catalog_csv(file)[0]))
    return [
        Sold(row["Handle"], row["Title"], Decimal(row["Variant Price"]), row["Published"] == "TRUE")
        for row in rows
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITERS)
def test_every_product_of_a_real_gift_shop_is_in(shared: Path, tmp_path: Path, name: str) -> None:
    real = shared / "data" / "online-retail" / "online_retail.parquet"
    if not real.exists():
        pytest.skip("online_retail.parquet is not here")
    wanted = gift_shop(real)
    assert len(wanted) == 4070
    check(read(tmp_path, WRITERS[name](wanted), name), wanted, name)


NAME = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=30)
SOLD = st.builds(
    Sold,
    product_id=st.text("abcXYZ0129-_", min_size=1, max_size=12).filter(lambda text: text.strip("-_")),
    title=st.lists(NAME, min_size=1, max_size=4)
    .map(" ".join)
    .filter(lambda text: "&" not in text and text[0] not in "'\""),
    price=st.decimals(Decimal("0.01"), Decimal("99999.99"), places=2),
    available=st.booleans(),
    own_link=st.just(""),
    own_handle=st.just(""),
)


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_written_is_read(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("feeds")

    @given(st.lists(SOLD, min_size=1, max_size=5, unique_by=lambda each: each.product_id))
    @settings(max_examples=40, deadline=None)
    def holds(wanted: list[Sold]) -> None:
        check(read(folder, WRITERS[name](wanted), name), wanted, name)

    holds()


MUGS = [
    Sold(f"m-{number}", f"Mug {number}, „groß“", Decimal("12.50"), number % 2 == 0) for number in range(40)
]


@pytest.mark.parametrize("name", WRITERS)
def test_whatever_happens_to_a_file_ends_in_words(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Cut, shuffled, with bytes changed: products are read or refused, and nothing else is raised."""
    folder = tmp_path_factory.mktemp("broken")
    whole = WRITERS[name](MUGS)

    @given(st.randoms(use_true_random=False))
    @settings(max_examples=60, deadline=None)
    def holds(chance: random.Random) -> None:
        content = bytearray(whole[: chance.randrange(len(whole))] if chance.random() < 0.5 else whole)
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(content) + 1)
            content[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
        try:
            catalog = read(folder, bytes(content), name)
        except CatalogError as error:
            assert str(error).startswith(name)
        else:
            for product in catalog.products:
                assert product.product_id
                assert product.title

    holds()


@pytest.mark.parametrize("name", WRITERS)
def test_garbage_of_any_ending_is_refused(tmp_path: Path, name: str) -> None:
    chance = random.Random(7)
    for content in (
        chance.randbytes(3000),
        b"",
        b"\n",
        b"hello",
        b"PK\x03\x04",
        b"\x1f\x8b\x08",
        b"{}",
        b"<html/>",
        b"[1]",
    ):
        with pytest.raises(CatalogError, match=rf"^{name}:"):
            read(tmp_path, content, name)


@pytest.mark.parametrize("name", WRITERS)
def test_a_second_product_with_an_id_costs_itself(tmp_path: Path, name: str) -> None:
    catalog = read(tmp_path, WRITERS[name]([MUGS[0], MUGS[1], MUGS[0]._replace(title="Other")]), name)
    assert [p.product_id for p in catalog.products] == ["m-0", "m-1"]
    if name == "shopify.csv":  # where rows of one handle are one product
        return
    [failed] = catalog.failed
    assert failed.key == "m-0"
    assert "before it" in failed.reason or "second" in failed.reason


@pytest.mark.parametrize("name", WRITERS)
def test_a_format_is_told_by_its_content(tmp_path: Path, name: str) -> None:
    ending = name.rpartition(".")[2]
    for other in (".txt", f".{ending}"):
        assert len(read(tmp_path, WRITERS[name](MUGS), f"catalogue{other}").products) == 40
    assert name.replace(".", "_").replace("_store", "") in NAMES


@pytest.mark.parametrize("name", WRITERS)
def test_a_compressed_file_is_read(tmp_path: Path, name: str) -> None:
    """One behind another is one file to gzip; cut anywhere, it is refused."""
    content = WRITERS[name](MUGS)
    half = len(content) // 2
    parts = gzip.compress(content[:half]) + gzip.compress(content[half:])
    assert read(tmp_path, parts, f"{name}.gz").products == [
        replace(each, source_file=f"{name}.gz") for each in read(tmp_path, content, name).products
    ]
    for end in (5, 30, len(parts) - 4):
        with pytest.raises(CatalogError, match=r"its gzip is damaged"):
            read(tmp_path, parts[:end], f"{name}.gz")


def test_a_compressed_file_is_bounded_by_what_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "MAX_BYTES", 1 << 20)
    with pytest.raises(CatalogError, match=r"larger than 1 MiB"):
        read(tmp_path, gzip.compress(b"[" + b" " * (1 << 20)), "bomb.json.gz")
    with pytest.raises(CatalogError, match=r"a compressed file"):
        read(tmp_path, gzip.compress(gzip.compress(b"[]")), "twice.json.gz")


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITERS)
def test_a_hundred_thousand_products(tmp_path: Path, name: str) -> None:
    """A file whose reading takes a time in the square of its length would not come back."""
    wanted = [Sold(f"p{number}", f"Product {number}", Decimal("9.99")) for number in range(100_000)]
    assert len(read(tmp_path, WRITERS[name](wanted), name).products) == 100_000


# Google Merchant


def item(**attributes: str) -> str:
    told = {
        "id": "1",
        "title": "Mug",
        "link": f"{SHOP}/p/mug.html",
        "price": "12.00 EUR",
        "availability": "in_stock",
    }
    return (
        "<item>"
        + "".join(f"<g:{name}>{value}</g:{name}>" for name, value in (told | attributes).items())
        + "</item>"
    )


def rss(*items: str, before: str = "") -> str:
    return f'<?xml version="1.0"?>{before}<rss xmlns:g="http://base.google.com/ns/1.0"><channel>{"".join(items)}</channel></rss>'


def test_items_of_a_group_are_variants(tmp_path: Path) -> None:
    feed = rss(
        item(id="m-s", item_group_id="m", size="S", price="14.00 EUR", availability="out_of_stock", mpn="MS"),
        item(id="m-m", item_group_id="m", size="M", color="Red", price="16.00 EUR", sale_price="15.00 EUR",
             link=f"{SHOP}/product/mug?size=m&amp;utm_source=google&amp;gclid=7", image_link="https://cdn.example/m.jpg"),
        item(id="m-l", item_group_id="m", size="L", price="18.00 EUR", availability="preorder",
             product_type="Home &gt; Kitchen &gt; Mugs", brand="Skarn"),
        item(id="other", price="3 USD", link=f"{SHOP}/p/other.html", google_product_category="Home &gt; Pots"),
    )  # fmt: skip
    mug, other = read(tmp_path, feed, "feed.xml").products
    assert (mug.product_id, mug.title, mug.price, mug.currency, mug.available) == (
        "m",
        "Mug",
        Decimal(15),
        "EUR",
        True,
    )
    # The link and the picture are of the variant that the price is of
    assert (mug.url, mug.handle, mug.image_url) == (
        f"{SHOP}/product/mug?size=m",
        "mug",
        "https://cdn.example/m.jpg",
    )
    assert [(v.variant_id, v.title, v.sku, v.price, v.available) for v in mug.variants] == [
        ("m-s", "S", "MS", Decimal(14), False),
        ("m-m", "Red / M", None, Decimal(15), True),
        ("m-l", "L", None, Decimal(18), True),
    ]
    assert mug.variants[1].url == f"{SHOP}/product/mug?size=m"
    assert (other.currency, other.product_type, other.handle) == ("USD", "Pots", "other")


@pytest.mark.parametrize(
    ("dates", "price"),
    [
        ("2026-02-24T11:07+0100/2026-03-29T23:07+0100", "9.00"),
        ("2026-02-01T00:00Z/2026-02-28T00:00Z", "12.00"),
        ("2026-04-01T00:00Z/2026-04-28T00:00Z", "12.00"),
        ("next week", "12.00"),
    ],
)
def test_a_sale_price_counts_while_it_lasts(tmp_path: Path, dates: str, price: str) -> None:
    feed = rss(item(sale_price="9.00 EUR", sale_price_effective_date=dates))
    [mug] = read(tmp_path, feed, "feed.xml").products
    assert mug.price == Decimal(price)


def test_atom_and_other_spellings(tmp_path: Path) -> None:
    feed = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><entry><g:id>1</g:id>'
        '<title>Mug &amp; <![CDATA[<lid>]]></title><link rel="edit" href="https://shop.example/edit"/>'
        '<link href="https://shop.example/p/mug"/><summary>&lt;p&gt;Of steel&lt;/p&gt;</summary>'
        "<g:price>EUR 1.299,00</g:price><g:availability>https://schema.org/InStock</g:availability>"
        "<g:shipping><g:price>5 USD</g:price><g:id>9</g:id></g:shipping></entry></feed>"
    )
    [mug] = read(tmp_path, feed, "feed.xml").products
    assert (mug.product_id, mug.title, mug.body_text) == ("1", "Mug & <lid>", "Of steel")
    assert (mug.price, mug.currency, mug.available) == (Decimal(1299), "EUR", True)
    assert mug.url == "https://shop.example/p/mug"


BOMB = '<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (rss(item(title="&b;"), before=BOMB), "has a DOCTYPE"),
        (rss(item(title="&a;"), before=OUTSIDE), "has a DOCTYPE"),
        (rss(item(), before='<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">'), "has a DOCTYPE"),
        (rss(item(title="&nbsp;")), "invalid XML: undefined entity"),
        (rss(item())[:-20], "invalid XML: "),
        (rss(item()).encode().replace(b"Mug", b"M\xfcg"), "invalid XML: "),
        (rss(item()).encode("utf-16-le"), "no text file"),
        ('<?xml version="1.0" encoding="klingon"?><rss/>', "XML"),
        ("<html><body>404</body></html>", "an XML file is a Google Merchant feed"),
        ("<a>" * 100_000, "an XML file is a Google Merchant feed"),
    ],
)
def test_hostile_or_broken_xml_is_refused(tmp_path: Path, content: str | bytes, why: str) -> None:
    with pytest.raises(CatalogError, match=rf"^feed\.xml:.*{why}"):
        read(tmp_path, content, "feed.xml")


def test_a_feed_in_another_encoding(tmp_path: Path) -> None:
    feed = rss(item(title="Größe M")).replace("?>", ' encoding="ISO-8859-1"?>', 1).encode("latin-1")
    assert [p.title for p in read(tmp_path, feed, "feed.xml").products] == ["Größe M"]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ({"id": ""}, "no id"),
        ({"title": ""}, "no title"),
        ({"price": "cheap"}, "price 'cheap' is not a number"),
        ({"availability": "maybe"}, "says neither in_stock nor out_of_stock"),
        ({"link": "javascript:alert(1)"}, "is not a web address"),
        ({"link": "https://evil.example/mug"}, "none of the shop's own: add it to catalog_origins"),
        ({"link": "https://shop.example@evil.example/"}, "is not a web address"),
    ],
)
def test_a_bad_item_costs_itself(tmp_path: Path, bad: dict[str, str], why: str) -> None:
    catalog = read(tmp_path, rss(item(id="a"), item(**{"id": "b"} | bad), item(id="c")), "feed.xml")
    assert [p.product_id for p in catalog.products] == ["a", "c"]
    assert [why in failed.reason for failed in catalog.failed] == [True]


def test_a_text_feed_with_quotes_that_quote_nothing(tmp_path: Path) -> None:
    head = "id\ttitle\tlink\tprice\tavailability\n"
    titles = ['"Best of" set', '"A ""mug"""', '12" pan']
    rows = "".join(f"{number}\t{title}\t/p\t1 EUR\tin_stock\n" for number, title in enumerate(titles))
    catalog = read(tmp_path, head + rows, "feed.tsv")
    assert [p.title for p in catalog.products] == ['"Best of" set', 'A "mug"', '12" pan']
    spanning = f'4\t"Two\nlines"\t{SHOP}/d\t4 EUR\tin_stock\n'
    assert [p.title for p in read(tmp_path, head + spanning, "feed.tsv").products] == ["Two\nlines"]


# WooCommerce

WOO = ["ID", "Type", "SKU", "Name", "Published", "Visibility in catalog", "Description", "Date sale price ends",
       "In stock?", "Stock", "Sale price", "Regular price", "Categories", "Tags", "Images", "Parent", "Brands",
       "Attribute 1 name", "Attribute 1 value(s)", "Attribute 2 name", "Attribute 2 value(s)"]  # fmt: skip


def woo(**cells: str) -> list[str]:
    return [cells.get(name.lower().translate(str.maketrans("", "", " ?()")), "") for name in WOO]


def test_woocommerce_variations(tmp_path: Path) -> None:
    content = table(
        WOO,
        woo(id="44", type="variable", sku="tee", name="V-Neck T-Shirt", published="1", instock="1",
            description="Soft\\nand <b>light</b>", categories=r"Clothing > Tshirts, Sale\, all", tags="new, cotton",
            images="https://cdn.example/1.jpg, https://cdn.example/2.jpg", brands="Skarn"),
        woo(id="45", type="simple, virtual", name="Men’s 'Ålbum'", published="1", instock="0", regularprice="15"),
        woo(id="46", type="simple", name="'-50% off", published="1", instock="backorder", regularprice="20,50",
            saleprice="18,25"),
        woo(id="47", type="simple", name="Draft", published="-1", instock="1", regularprice="1"),
        woo(id="48", type="simple", name="Hidden", published="1", visibilityincatalog="hidden", instock="1",
            regularprice="1"),
        woo(id="49", type="grouped", name="Set", published="1", instock="1"),
        woo(id="50", type="simple", name="Sale is over", published="1", instock="1", regularprice="9", saleprice="5",
            datesalepriceends="2026-02-01 00:00:00"),
        woo(id="76", type="variation", sku="tee-r", name="V-Neck T-Shirt - Red", published="1", instock="1",
            regularprice="20", parent="tee", attribute1name="Color", attribute1values="Red", attribute2name="Size"),
        woo(id="77", type="variation", published="1", instock="0", regularprice="10", parent="id:44",
            attribute1name="Color", attribute1values="Blue", images="https://cdn.example/blue.jpg"),
        woo(id="78", type="variation", published="1", instock="1", regularprice="10", parent="nobody"),
    )  # fmt: skip
    catalog = read(tmp_path, content, "export.csv")
    tee, album, off, draft, hidden, grouped, over = catalog.products
    assert (tee.price, tee.available, tee.vendor, tee.product_type) == (Decimal(20), True, "Skarn", "Tshirts")
    assert (tee.collections, tee.tags) == (("Tshirts", "Sale, all"), ("new", "cotton"))
    assert (tee.body_text, tee.image_url) == ("Soft and light", "https://cdn.example/1.jpg")
    assert [(v.variant_id, v.sku, v.options, v.price, v.available, v.image_url) for v in tee.variants] == [
        ("76", "tee-r", {"Color": "Red"}, Decimal(20), True, None),
        ("77", None, {"Color": "Blue"}, Decimal(10), False, "https://cdn.example/blue.jpg"),
    ]
    # WordPress leads its number to any product; the slug is a guess
    assert (tee.url, tee.handle) == (f"{SHOP}/?p=44", "v-neck-t-shirt")
    assert (album.handle, album.available) == ("mens-album", False)
    assert (off.title, off.price, off.available) == ("-50% off", Decimal("18.25"), True)
    assert (draft.available, hidden.available) == (False, False)
    assert (grouped.available, grouped.price) == (False, None)
    assert over.price == 9
    assert [(f.key, "its parent 'nobody' is not in the file" in f.reason) for f in catalog.failed] == [
        ("78", True)
    ]


def test_woocommerce_answers(tmp_path: Path) -> None:
    parent: dict[str, Any] = {
        "id": 12, "name": "Tom &amp; Jerry mug", "slug": "tom-mug", "permalink": f"{SHOP}/product/tom-mug/",
        "type": "variable", "status": "publish", "price": "10", "purchasable": True, "stock_status": "instock",
        "categories": [{"name": "Mugs", "slug": "mugs"}], "images": [{"src": "https://cdn.example/m.jpg"}],
        "brands": [{"name": "Skarn"}], "variations": [13, 14],
    }  # fmt: skip
    red = {"id": 13, "parent_id": 12, "type": "variation", "price": "11.50", "stock_status": "onbackorder",
           "permalink": f"{SHOP}/product/tom-mug/?attribute_color=Red", "image": {"src": "https://cdn.example/r.jpg"},
           "attributes": [{"name": "Color", "option": "Red"}]}  # fmt: skip
    sold_out = {"id": 14, "parent_id": 12, "price": "9", "stock_status": "outofstock", "attributes": []}
    catalog = read(
        tmp_path, json.dumps([parent]) + "\n" + json.dumps([red, sold_out, red | {"parent_id": 99}]), "w.json"
    )
    [mug] = catalog.products
    assert (mug.title, mug.url, mug.handle) == ("Tom & Jerry mug", f"{SHOP}/product/tom-mug/", "tom-mug")
    assert (mug.price, mug.product_type, mug.vendor, mug.collections) == (
        Decimal("11.50"),
        "Mugs",
        "Skarn",
        ("mugs",),
    )
    assert [(v.variant_id, v.options, v.available, v.image_url) for v in mug.variants] == [
        ("13", {"Color": "Red"}, True, "https://cdn.example/r.jpg"),
        ("14", {}, False, None),
    ]
    assert ["a variation of 99" in failed.reason for failed in catalog.failed] == [True]


def test_what_the_woocommerce_plugin_pushes(tmp_path: Path) -> None:
    """Pages around WooCommerce's own objects; of a product that was deleted, that it is no more."""
    mug = {"id": 12, "name": "Mug", "slug": "mug", "permalink": f"{SHOP}/product/mug/", "status": "publish",
           "type": "variable", "price": "9", "stock_status": "instock"}  # fmt: skip
    small = {"type": "variation", "parent_id": 12, "id": 13, "name": "Mug - S", "price": "8.00", "sku": "M-S",
             "attributes": [{"id": 1, "name": "Size", "option": "S"}], "stock_status": "instock"}  # fmt: skip
    gone = {
        "id": 14,
        "name": "14",
        "slug": "",
        "permalink": "",
        "status": "trash",
        "stock_status": "outofstock",
    }
    for content in (
        json.dumps({"products": [mug, small, gone]}),
        "\n".join(map(json.dumps, [mug, small, gone])),
    ):
        catalog = read(tmp_path, content, "catalog.json")
        assert catalog.failed == []
        assert [(p.product_id, p.price, p.available, len(p.variants)) for p in catalog.products] == [
            ("12", Decimal(8), True, 1),
            ("14", None, False, 0),
        ]


@pytest.mark.parametrize(
    ("prices", "price", "currency"),
    [
        ({"price": "1800", "currency_code": "EUR", "currency_minor_unit": 2}, "18.00", "EUR"),
        ({"price": "1800", "currency_code": "JPY", "currency_minor_unit": 0}, "1800", "JPY"),
        ({"price": "1800", "currency_code": "KWD", "currency_minor_unit": 3}, "1.80", "KWD"),
    ],
)
def test_minor_units(tmp_path: Path, prices: dict[str, Any], price: str, currency: str) -> None:
    mug = {
        "id": 1,
        "name": "Mug",
        "slug": "mug",
        "permalink": f"{SHOP}/product/mug/",
        "prices": prices,
        "is_in_stock": True,
    }
    [read_mug] = read(tmp_path, json.dumps([mug]), "store.json").products
    assert (read_mug.price, read_mug.currency) == (Decimal(price), currency)


# Magento

MAGENTO = ["sku", "store_view_code", "product_type", "categories", "name", "product_online", "visibility", "price",
           "special_price", "special_price_to_date", "url_key", "base_image", "additional_attributes", "qty",
           "is_in_stock", "configurable_variations"]  # fmt: skip


def magento(**cells: str) -> list[str]:
    return [
        ({"product_online": "1", "visibility": "Catalog, Search", "is_in_stock": "1"} | cells).get(n, "")
        for n in MAGENTO
    ]


def test_magento_configurable_products(tmp_path: Path) -> None:
    content = table(
        MAGENTO,
        magento(sku="s-b", product_type="simple", name="Shirt - Black", visibility="Not Visible Individually",
                price="20.0000", special_price="18.0000", base_image="/s/b/black.jpg"),
        magento(sku="s-r", product_type="simple", name="Shirt - Red", visibility="Not Visible Individually",
                price="15.0000", is_in_stock="0"),
        magento(sku="shirt", product_type="configurable", name="Shirt", url_key="shirt",
                categories="Default Category,Default Category/Men/Tops", base_image="/s/h/shirt.jpg",
                additional_attributes='manufacturer=Skarn,"sizes=a,b",activity=Gym|Yoga',
                configurable_variations="sku=s-b,color=Black|sku=s-r,color=Red|sku=s-x,color=Green"),
        magento(sku="shirt", store_view_code="german", name="Hemd"),
        magento(sku="bag", product_type="simple", name="Bag", price="10.0000", special_price="5.0000",
                special_price_to_date="2/1/26", product_online="2", url_key="bag"),
        magento(sku="kit", product_type="bundle", name="Kit", price="0.0000", url_key="kit"),
    )  # fmt: skip
    catalog = read(tmp_path, content, "catalog_product.csv")
    shirt, bag, kit = catalog.products
    assert catalog.failed == []
    assert (shirt.product_id, shirt.url, shirt.handle) == ("shirt", f"{SHOP}/shirt.html", "shirt")
    assert (shirt.price, shirt.vendor, shirt.product_type) == (Decimal(18), "Skarn", "Tops")
    assert shirt.image_url == f"{SHOP}/media/catalog/product/s/h/shirt.jpg"
    assert [(v.sku, v.options, v.price, v.available) for v in shirt.variants] == [
        ("s-b", {"color": "Black"}, Decimal(18), True),
        ("s-r", {"color": "Red"}, Decimal(15), False),
        ("s-x", {"color": "Green"}, None, False),
    ]
    assert (bag.price, bag.available) == (Decimal(10), False)
    assert (kit.price, kit.available) == (None, False)


# The plain form


def test_plain_rows_with_variants(tmp_path: Path) -> None:
    head = "id,title,url,price,currency,image_url,available,description,vendor,type,tags,"
    head += "variant_id,sku,variant_url,option_size"
    rows = [
        'm,Mug,/p/mug,12,eur,/i/mug.jpg,yes,<p>Steel</p>,Skarn,Home > Mugs,"a, b",m-s,MS,/p/mug?s,S',
        "m,,,14,,,no,,,,,m-l,ML,,L",
        "p,Pot,pots/pot,9.50,,,out of stock,,,,,,POT,,",
        "p,Pot again,,1,,,,,,,,,,,",
        "q,Bad,,1,euro,,,,,,,,,,",
    ]
    catalog = read(tmp_path, "\n".join([head, *rows]), "catalogue.csv")
    mug, pot = catalog.products
    assert (mug.url, mug.handle, mug.price, mug.currency) == (f"{SHOP}/p/mug", "mug", Decimal(12), "EUR")
    assert (mug.vendor, mug.product_type, mug.tags, mug.body_text) == ("Skarn", "Mugs", ("a", "b"), "Steel")
    assert [(v.variant_id, v.sku, v.options, v.price, v.available, v.url) for v in mug.variants] == [
        ("m-s", "MS", {"size": "S"}, Decimal(12), True, f"{SHOP}/p/mug?s"),
        ("m-l", "ML", {"size": "L"}, Decimal(14), False, None),
    ]
    assert (pot.url, pot.price, pot.currency, pot.available) == (
        f"{SHOP}/pots/pot",
        Decimal("9.50"),
        "GBP",
        False,
    )
    assert [(v.variant_id, v.sku) for v in pot.variants] == [("p", "POT")]
    assert [(f.key, f.line) for f in catalog.failed] == [("p", 5), ("q", 6)]


def test_plain_json(tmp_path: Path) -> None:
    mug = {"id": 7, "title": "Mug", "price": 12.5, "available": True, "tags": ["a"], "url": "https://shop.example/mug",
           "variants": [{"id": "7-s", "price": "11", "options": {"Size": "S"}, "image_url": "https://cdn.example/s.jpg"},
                        {"id": "7-m", "available": False}]}  # fmt: skip
    [read_mug] = read(tmp_path, json.dumps(mug), "catalogue.jsonl").products
    assert (read_mug.product_id, read_mug.price, read_mug.image_url) == (
        "7",
        Decimal(11),
        "https://cdn.example/s.jpg",
    )
    assert [(v.title, v.price, v.available) for v in read_mug.variants] == [
        ("S", Decimal(11), True),
        ("7-m", Decimal("12.50"), False),
    ]
    bad = [
        mug | {"id": "x", "variants": [{"title": "no id"}]},
        mug | {"id": "y", "tags": 7},
        mug | {"id": None},
    ]
    catalog = read(tmp_path, json.dumps([mug, *bad]), "catalogue.json")
    assert [p.product_id for p in catalog.products] == ["7", "y"]
    assert [(f.key, f.reason) for f in catalog.failed] == [
        ("x", "products[1]: a variant without id"),
        (None, "products[3]: no id"),
    ]


def test_handles_off_links_that_say_nothing_are_nobodys(tmp_path: Path) -> None:
    rows = "id,title,url\n1,Mug,/index.php?id=1\n2,Pot,/index.php?id=2\n3,Cup,/cups/12-cup.html\n"
    assert [p.handle for p in read(tmp_path, rows, "c.csv").products] == ["1", "2", "12-cup"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            "a,b\n1,2\n",
            ["its columns are a, b", "id and title (the plain form)", "Handle and Title", "Regular price"],
        ),
        (
            '[{"sku": "x"}]',
            ["its first product has sku", "id, name and permalink", "id and title (the plain form)"],
        ),
        (
            "id,title,link\n1,Mug,https://evil.example/x\n",
            ["none of its 1 products can be read", "catalog_origins"],
        ),
    ],
)
def test_what_is_no_catalogue_is_told_what_one_has(tmp_path: Path, content: str, told: list[str]) -> None:
    with pytest.raises(CatalogError) as failure:
        read(tmp_path, content, "x.csv")
    assert all(each in str(failure.value) for each in told)


def test_a_format_that_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,title,handle\n1,Mug,mug\n")
    assert [p.product_id for p in read_catalog(path, OF_SHOP, "plain_csv").products] == ["1"]
    with pytest.raises(CatalogError, match="no format 'shopware'; there are google_xml, "):
        read_catalog(path, OF_SHOP, "shopware")


def test_the_examples_of_the_documentation(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "developer" / "catalog.md").read_text()
    examples = re.findall(r"^```(csv|json|xml)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(examples) == 9
    for kind, text in examples:
        catalog = read(tmp_path, text, f"example.{kind}")
        assert catalog.failed == []
        jumper = catalog.products[0]
        assert (jumper.title, jumper.price, jumper.available) in (
            ("Wool jumper", Decimal(89), True),
            ("Wool jumper", Decimal(79), True),
        )
