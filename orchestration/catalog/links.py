"""A product's link: the catalogue's own where it has one, else made of the setting ``product_url``.

A catalogue is written elsewhere, so its links are judged: http(s) or relative, and on one of the shop's own origins
where the settings name any.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from footfall.runtime.origins import OriginRule, origin_of, web_address
from footfall.settings import Settings
from orchestration.catalog.model import BadProductError

#: Where Shopify has its product pages, and what is assumed of a shop that says nothing else.
PRODUCT_URL = "/products/{handle}"
#: What advertising adds to a feed's links. Who follows one inside the shop would count as come from there.
_CAMPAIGN = re.compile(r"(utm_\w+|gclid|gbraid|wbraid|dclid|srsltid|fbclid|msclkid)", re.IGNORECASE)
#: A host without a scheme, which a browser takes for a path.
_HOST_ALONE = re.compile(r"www\.", re.IGNORECASE)
#: The handle in a product's address. dbt reads the pages of events by the same rule (macro ``handle_of``).
_AFTER_PRODUCTS = re.compile(r"/products?/([^/?#]+)")
_WRITTEN = re.compile("%[0-9A-Fa-f]{2}")
_LAST_PART = re.compile(r"/([^/]+?)(?:\.html?|\.php)?/?$")


@dataclass(frozen=True)
class Links:
    """How a shop's product pages are addressed.

    storefront: address of the front, without a slash at its end; empty: links are paths.
    template: ``product_url`` of the settings; empty: what the format of the file says.
    origins: those that a catalogue's own link may be on, as ``OriginRule`` takes them; where none has a name, any.
    """

    storefront: str = ""
    template: str = ""
    origins: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> Links:
        """The rules that the settings make."""
        return cls(
            storefront=settings.storefront_url.rstrip("/"),
            template=settings.product_url,
            origins=(*settings.link_origins, *settings.catalog_origins),
        )

    def own(self, link: str) -> str:
        """A link of the catalogue's: one that is relative seen from the storefront, and any without what advertising
        added to it. Raises BadProductError for one that leads nowhere, or to where the settings don't allow.
        """
        address = web_address(link)
        if address is None or address.startswith("#") or _HOST_ALONE.match(address):
            raise BadProductError(
                f"link {link[:200]!r} is not a web address: https://shop.example/..., or /..."
            )
        address = urljoin(f"{self.storefront}/", address)
        parts = urlsplit(address)
        if parts.scheme:
            self._judge(link, address)
        elif address.startswith("//"):
            raise BadProductError(f"link {link[:200]!r} is another host to a browser")
        kept = [each for each in parts.query.split("&") if not _CAMPAIGN.fullmatch(each.partition("=")[0])]
        return urlunsplit(parts._replace(query="&".join(kept)))

    def _judge(self, link: str, address: str) -> None:
        origin = origin_of(address)
        if origin is None:
            raise BadProductError(f"link {link[:200]!r} has a host that browsers may read otherwise")
        rule = OriginRule(self.origins)
        if not rule.is_nameless and not rule.lists(origin.encode()):
            raise BadProductError(
                f"link on {origin}, which is none of the shop's own: add it to catalog_origins"
            )

    def made(self, handle: str, product_id: str, template: str = PRODUCT_URL) -> str:
        """The link that ``product_url``, else the file's format, makes of a product's handle or id."""
        path = (self.template or template).format(handle=_in_path(handle), id=_in_path(product_id))
        return path if urlsplit(path).scheme else self.storefront + path

    def of_product(self, link: str | None, handle: str, product_id: str, template: str = PRODUCT_URL) -> str:
        """The catalogue's link where it has one, else the one that is made."""
        return self.own(link) if link else self.made(handle, product_id, template)


def handle_in(link: str) -> str | None:
    """The handle in a product's address, as the catalogue writes it: what follows ``/product/`` or ``/products/``, else
    the last part of the path without an ending.
    """
    found = _AFTER_PRODUCTS.search(link) or _LAST_PART.search(urlsplit(link).path)
    return unquote(found[1]) if found else None


def image_of(address: str | None) -> str | None:
    """The address of a picture as the catalogue says it, wherever it is; None of what no browser should load."""
    return web_address(address) if address else None


def _in_path(text: str) -> str:
    """A handle as a path has it: one that is written so already (``%E8%B5%A4``) stays, and none begins another host."""
    safe = "/:@!$&'()*+,;=~" + ("%" if _WRITTEN.search(text) else "")
    return quote(re.sub("/+", "/", text).lstrip("/"), safe=safe, errors="replace")


@dataclass(frozen=True)
class Shop:
    """What a catalogue's file doesn't say, or not always.

    currency: ISO code of prices that name none. now: decides which sale prices are in force.
    """

    links: Links = field(default_factory=Links)
    currency: str | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
