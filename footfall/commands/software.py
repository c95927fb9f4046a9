"""What `footfall init` knows of each shop software, and what it prints for the shop's pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from footfall.settings import REPO

#: Holds the script for each software's markup, which tests try in a browser.
PLATFORMS = REPO / "docs" / "developer" / "platforms.md"


@dataclass(frozen=True)
class Software:
    """A shop software: its name, the template of its product pages' addresses ("" for Shopify's), the heading of its
    script in ``PLATFORMS`` ("" where the pixel knows its markup), and what else its developer should read.
    """

    title: str
    product_url: str = ""
    heading: str = ""
    page: str = "docs/developer/your-own-shop.md"


SOFTWARE = {
    "shopify": Software("Shopify", page="pixel/shopify/README.md"),
    # With the defaults of each; a catalogue that has links of its own goes before the template. WordPress leads the
    # number of a product to its page whatever its permalinks are
    "woocommerce": Software("WooCommerce", "/?p={id}", "WooCommerce"),
    "magento": Software("Magento", "/{handle}.html", "Magento"),
    "shopware": Software("Shopware", "/detail/{id}", "Shopware"),
    "prestashop": Software("PrestaShop", "/{id}-{handle}.html", "PrestaShop"),
    "hydrogen": Software("Hydrogen", "/products/{handle}", "Hydrogen"),
    "other": Software("another software"),
}


def theme_script(software: Software, page: Path = PLATFORMS) -> str | None:
    """The script that tells the pixel this software's markup; None where it needs none, or the documentation is not
    installed.
    """
    if not software.heading or not page.is_file():
        return None
    section = re.search(
        rf"^## {re.escape(software.heading)}\b.*?$(.*?)(?=^## |\Z)", page.read_text("utf-8"), re.M | re.S
    )
    script = re.search(r"^```html\n(.*?)^```", section[1], re.M | re.S) if section else None
    return script[1].rstrip() if script else None


def tag(*, collector: str, pixel_path: str, api: str, write_key: str, public_key: str) -> str:
    """The pixel's tag, for the head of every page."""
    return (
        f'<script async src="{collector}{pixel_path}" data-write-key="{write_key}"\n'
        f'        data-api="{api}" data-api-key="{public_key}"></script>'
    )


#: A row of recommendations. It reserves the height of its cards.
BLOCK = (
    '<div data-footfall="recommended" data-limit="4" data-placement="home" style="min-height: 360px"></div>'
)
