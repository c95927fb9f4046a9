"""Writes one list of products in each format that a catalogue file may have."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple
from xml.sax.saxutils import escape

SHOP = "https://shop.example"


class Sold(NamedTuple):
    """A product as every format can say it."""

    product_id: str
    title: str
    price: Decimal
    available: bool = True
    own_link: str = ""
    """Else one is made of the id; so is the handle."""
    own_handle: str = ""

    @property
    def link(self) -> str:
        return self.own_link or f"{SHOP}/product/{self.handle}"

    @property
    def handle(self) -> str:
        return self.own_handle or f"p-{self.product_id.encode().hex()}"

    @property
    def image(self) -> str:
        return f"https://cdn.example/{self.product_id.encode().hex()}.jpg"


def _delimited(header: Sequence[str], rows: Sequence[Sequence[object]], separator: str = ",") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, lineterminator="\r\n").writerows([header, *rows])
    return out.getvalue().encode()


def shopify_json(products: Sequence[Sold]) -> bytes:
    listed = [
        {"id": each.product_id, "title": each.title, "handle": each.own_handle or each.product_id,
         "images": [{"src": each.image}],
         "variants": [{"id": f"{each.product_id}-1", "title": "Default Title", "price": str(each.price),
                       "available": each.available}]}
        for each in products
    ]  # fmt: skip
    return json.dumps({"products": listed}).encode()


def shopify_csv(products: Sequence[Sold]) -> bytes:
    return _delimited(
        ["Handle", "Title", "Body (HTML)", "Vendor", "Type", "Published", "Variant SKU", "Variant Inventory Tracker",
         "Variant Inventory Qty", "Variant Inventory Policy", "Variant Price", "Image Src"],
        [[e.product_id, e.title, "", "", "", "TRUE", e.product_id, "shopify", int(e.available), "deny", e.price,
          e.image] for e in products],
    )  # fmt: skip


def google_xml(products: Sequence[Sold]) -> bytes:
    items = "".join(
        f"<item><g:id>{escape(e.product_id)}</g:id><title>{escape(e.title)}</title>"
        f"<g:description>Text</g:description><link>{e.link}?utm_source=google&amp;utm_medium=cpc</link>"
        f"<g:image_link>{e.image}</g:image_link><g:price>{e.price} EUR</g:price>"
        f"<g:availability>{'in_stock' if e.available else 'out_of_stock'}</g:availability></item>\n"
        for e in products
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">'
        f"<channel><title>Shop</title><link>{SHOP}</link><description>Feed</description>\n{items}</channel></rss>"
    ).encode()


def google_tsv(products: Sequence[Sold]) -> bytes:
    return _delimited(
        ["id", "title", "description", "link", "image link", "availability", "price"],
        [[e.product_id, e.title, "Text", e.link, e.image, "in stock" if e.available else "out of stock",
          f"{e.price} EUR"] for e in products],
        "\t",
    )  # fmt: skip


def woocommerce_csv(products: Sequence[Sold]) -> bytes:
    """As WC_CSV_Exporter writes: what a spreadsheet would take for a formula has a quote before it."""
    return _delimited(
        ["ID", "Type", "SKU", "Name", "Published", "Is featured?", "Visibility in catalog", "Short description",
         "Description", "In stock?", "Stock", "Sale price", "Regular price", "Categories", "Tags", "Images", "Parent"],
        [[e.product_id, "simple", "", f"'{e.title}" if e.title[:1] in "=+-@" else e.title, 1, 0, "visible", "", "",
          int(e.available), "", "", e.price, "Clothing > Tshirts", "", e.image, ""] for e in products],
    )  # fmt: skip


def woocommerce_json(products: Sequence[Sold]) -> bytes:
    """As ``/wp-json/wc/v3/products`` answers."""
    return json.dumps(
        [
            {"id": e.product_id, "name": e.title, "slug": e.handle, "permalink": e.link,
             "type": "simple", "status": "publish", "catalog_visibility": "visible", "description": "",
             "short_description": "", "sku": "", "price": str(e.price), "regular_price": str(e.price),
             "sale_price": "", "purchasable": True, "stock_status": "instock" if e.available else "outofstock",
             "categories": [{"id": 9, "name": "Tshirts", "slug": "tshirts"}], "tags": [],
             "images": [{"id": 1, "src": e.image}], "attributes": [], "variations": [], "parent_id": 0}
            for e in products
        ]
    ).encode()  # fmt: skip


def woocommerce_store_json(products: Sequence[Sold]) -> bytes:
    """As ``/wp-json/wc/store/v1/products`` answers: prices in minor units."""
    return json.dumps(
        [
            {"id": e.product_id, "name": e.title, "slug": e.handle, "parent": 0,
             "type": "simple", "variation": "", "permalink": e.link, "sku": "", "short_description": "",
             "description": "", "on_sale": False,
             "prices": {"price": str(int(e.price * 100)), "regular_price": str(int(e.price * 100)), "sale_price": "",
                        "price_range": None, "currency_code": "EUR", "currency_minor_unit": 2},
             "images": [{"id": 1, "src": e.image}], "categories": [], "tags": [], "attributes": [],
             "variations": [], "is_purchasable": True, "is_in_stock": e.available, "is_on_backorder": False}
            for e in products
        ]
    ).encode()  # fmt: skip


def magento_csv(products: Sequence[Sold]) -> bytes:
    return _delimited(
        ["sku", "store_view_code", "attribute_set_code", "product_type", "categories", "product_websites", "name",
         "product_online", "visibility", "price", "url_key", "base_image", "additional_attributes", "qty",
         "is_in_stock", "manage_stock", "configurable_variations"],
        [[e.product_id, "", "Default", "simple", "Default Category/Gear/Bags", "base", e.title, 1, "Catalog, Search",
          f"{e.price}00", e.handle, "/a/b/c.jpg", "color=Red", "5.0000",
          int(e.available), 1, ""] for e in products],
    )  # fmt: skip


def plain_csv(products: Sequence[Sold]) -> bytes:
    return _delimited(
        ["id", "title", "url", "price", "currency", "image_url", "available", "description"],
        [[e.product_id, e.title, e.link, e.price, "EUR", e.image, str(e.available).lower(), "Text"] for e in products],
    )  # fmt: skip


def plain_jsonl(products: Sequence[Sold]) -> bytes:
    lines = [
        {"id": e.product_id, "title": e.title, "url": e.link, "price": float(e.price), "currency": "EUR",
         "image_url": e.image, "available": e.available}
        for e in products
    ]  # fmt: skip
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


#: Name of a file of each format -> what writes it.
WRITERS: dict[str, Callable[[Sequence[Sold]], bytes]] = {
    "shopify.json": shopify_json,
    "shopify.csv": shopify_csv,
    "google.xml": google_xml,
    "google.tsv": google_tsv,
    "woocommerce.csv": woocommerce_csv,
    "woocommerce.json": woocommerce_json,
    "woocommerce_store.json": woocommerce_store_json,
    "magento.csv": magento_csv,
    "plain.csv": plain_csv,
    "plain.jsonl": plain_jsonl,
}
#: Those that say the currency of their prices, and those that say links.
WITH_CURRENCY = frozenset({"google.xml", "google.tsv", "woocommerce_store.json", "plain.csv", "plain.jsonl"})
WITH_LINKS = WITH_CURRENCY | {"woocommerce.json"}
