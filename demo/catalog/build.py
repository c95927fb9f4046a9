"""Expand the hand-written goods into ``products.json``: ``python -m demo.catalog.build``.

A category file holds the products that a person wrote (title, text, options, price); this adds what a shop system
adds: ids, handles, one variant for each combination of options, skus, stock, dates and the standard paragraphs.
Everything is derived from the handle, so an edit to one product changes no other.
"""

from __future__ import annotations

import hashlib
import html
import itertools
import json
import re
import tomllib
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from demo.catalog import DATA, PRODUCTS_JSON
from demo.catalog.notes import BY_KIND, DELIVERY

#: Shopify's product and variant ids are 13-14 digits; ours begin where no real one does.
_PRODUCT_BASE, _VARIANT_BASE = 7_100_000_000_000, 41_000_000_000_000
#: Share of variants that are out of stock, as in a shop mid-season.
_OUT_OF_STOCK = 0.07
_FIRST_DAY, _DAYS = datetime(2025, 2, 3, 9, 0, tzinfo=UTC), 600
_KNOWN = {"title", "vendor", "price", "was", "tags", "options", "extra", "text", "details", "sold_out"}


class CatalogError(Exception):
    """A category file that breaks a rule; the message names file, product and rule."""


def handle_of(title: str) -> str:
    """A product's address: ``Cafetière & Co`` -> ``cafetiere-co``."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower().replace("'", "")
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def number_of(text: str) -> int:
    """A number that depends on nothing but the text (48 bits)."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big")


def _money(value: float) -> str:
    return f"{value:.2f}"


def _body(product: dict[str, Any], note: str) -> str:
    parts = [f"<p>{html.escape(product['text'].strip(), quote=False)}</p>"]
    if details := product.get("details"):
        parts.append(
            "<ul>" + "".join(f"<li>{html.escape(line, quote=False)}</li>" for line in details) + "</ul>"
        )
    parts += [f"<p>{BY_KIND[note]}</p>", f"<p><strong>Delivery and returns.</strong> {DELIVERY}</p>"]
    return "\n".join(parts)


def _variants(product: dict[str, Any], handle: str, options: dict[str, list[str]]) -> list[dict[str, Any]]:
    extra = product.get("extra", {})
    values = list(itertools.product(*options.values())) if options else [("Default Title",)]
    variants = []
    for combination in values:
        title = " / ".join(combination)
        key = f"{handle}|{title}"
        price = product["price"] + sum(extra.get(value, 0) for value in combination)
        scarce = number_of(f"stock|{key}") % 1000 < _OUT_OF_STOCK * 1000
        variant: dict[str, Any] = {
            "id": _VARIANT_BASE + number_of(f"variant|{key}") % 10**12,
            "title": title,
            "option1": combination[0],
            "option2": combination[1] if len(combination) > 1 else None,
            "option3": None,
            "sku": _sku(handle, combination),
            "price": _money(price),
            "compare_at_price": _money(price + product["was"] - product["price"])
            if "was" in product
            else None,
            "available": not product.get("sold_out", False) and not (scarce and len(values) > 1),
        }
        variants.append(variant)
    return variants


def _sku(handle: str, combination: tuple[str, ...]) -> str:
    words = "".join(word[:3] for word in handle.split("-")[:4]).upper()
    tail = "-".join(
        (letters := re.sub(r"[^A-Za-z0-9]", "", value).upper())[:4] + letters[-2:] for value in combination
    )
    return f"AT-{words}" if combination == ("Default Title",) else f"AT-{words}-{tail}"


def _product(product: dict[str, Any], category: dict[str, Any], where: str) -> dict[str, Any]:
    if unknown := set(product) - _KNOWN:
        raise CatalogError(f"{where}: unknown fields {sorted(unknown)}")
    handle = handle_of(product["title"])
    sets = category.get("sets", {})
    options = {
        name: sets[values[1:]] if isinstance(values, str) else values
        for name, values in product.get("options", {}).items()
    }
    if loose := set(product.get("extra", {})) - set(itertools.chain.from_iterable(options.values())):
        raise CatalogError(f"{where}: extra price for {sorted(loose)}, which no option has")
    published = _FIRST_DAY + timedelta(days=number_of(f"day|{handle}") % _DAYS)
    return {
        "id": _PRODUCT_BASE + number_of(f"product|{handle}") % 10**11,
        "title": product["title"],
        "handle": handle,
        "body_html": _body(product, category["note"]),
        "vendor": product["vendor"],
        "product_type": category["category"],
        "tags": product["tags"],
        "created_at": (published - timedelta(days=9)).isoformat(),
        "published_at": published.isoformat(),
        "updated_at": (published + timedelta(days=30)).isoformat(),
        "variants": _variants(product, handle, options),
        "options": [
            {"name": name, "position": position, "values": values}
            for position, (name, values) in enumerate(options.items(), start=1)
        ]
        or [{"name": "Title", "position": 1, "values": ["Default Title"]}],
        "images": [{"src": f"/pictures/{handle}.svg", "position": 1, "alt": product["title"]}],
    }


def build(data: Path = DATA) -> dict[str, list[dict[str, Any]]]:
    """The whole catalogue in Shopify's form, in the order of the files. Raises CatalogError."""
    products: list[dict[str, Any]] = []
    for file in sorted(data.glob("*.toml")):
        category = tomllib.loads(file.read_text(encoding="utf-8"))
        products += [_product(p, category, f"{file.name}, {p.get('title')}") for p in category["products"]]
    for kind, of in (
        ("product id", [p["id"] for p in products]),
        ("handle", [p["handle"] for p in products]),
        ("variant id", [v["id"] for p in products for v in p["variants"]]),
    ):
        if len(of) != len(set(of)):
            raise CatalogError(f"{kind} given twice: {sorted(x for x in set(of) if of.count(x) > 1)}")
    return {"products": products}


def render(catalogue: dict[str, list[dict[str, Any]]]) -> str:
    """The text of ``products.json``: one product a line, so that a diff shows which product changed."""
    lines = ",\n".join(json.dumps(product, ensure_ascii=False) for product in catalogue["products"])
    return f'{{"products": [\n{lines}\n]}}\n'


def main() -> None:
    catalogue = build()
    PRODUCTS_JSON.write_text(render(catalogue), encoding="utf-8")
    variants = sum(len(product["variants"]) for product in catalogue["products"])
    print(f"{PRODUCTS_JSON}: {len(catalogue['products'])} products, {variants} variants")


if __name__ == "__main__":
    main()
