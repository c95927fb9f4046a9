"""From a handler's facts to a page: template engine, filters, and what every page needs (menus, cart count, pixel)."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from litestar import MediaType, Request, Response
from litestar.di import NamedDependency
from litestar.response import Redirect

from demo.shop import navigation
from demo.shop.catalogue import Catalogue, Product, Variant, slug
from demo.shop.colours import tint
from demo.shop.state import COOKIE, Cookies, Session
from footfall.settings import Settings
from footfall.wire.keys import sign_user

HERE = Path(__file__).parent
#: What the gallery shows of each product: view name and what a screen reader hears.
VIEWS = {"whole": "The whole of it", "detail": "A closer look", "material": "The material"}

AnyRequest = Request[Any, Any, Any]


def money(amount: Decimal | float) -> str:
    """``£12.00``: with pence, as the recommendation blocks on the same page write it."""
    return f"£{Decimal(amount):,.2f}"


def picture(product: Product, variant: Variant | None = None) -> str:
    """The address of a product's picture in the colour of a variant."""
    chosen = variant.options if variant else {}
    colour = next(
        (chosen[o.name] for o in product.options if o.picker == "swatch" and o.name in chosen), None
    )
    if colour is None or colour == product.tints[0]:
        return product.image
    return f"/pictures/{product.handle}-{slug(colour)}.svg"


def with_view(address: str, view: str) -> str:
    """The same picture's address for one of ``VIEWS``: each but the whole is a ``<view>`` of the file."""
    return address if view == "whole" else f"{address}#{view}"


class Pages:
    """Renders templates for one catalogue and one set of settings."""

    def __init__(self, catalogue: Catalogue, settings: Settings) -> None:
        self.catalogue = catalogue
        self.settings = settings
        self.cookies = Cookies(settings.identity_secrets)
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "money": money,
            "money_or_free": lambda amount: money(amount) if amount else "Free",
            "tint": tint,
            "slug": slug,
            "picture": picture,
            "view": with_view,
        }
        public = next((key for key in settings.write_keys if not key.trusted), settings.write_keys[0])
        self._environment.globals |= {
            "menus": navigation.MAIN,
            "footer_menus": navigation.FOOTER,
            "shop_url": settings.shop_url,
            "assets": _fingerprint(),
            "pixel": {
                "collector": settings.collector_url,
                "api": settings.api_url,
                "write_key": public.key,
                "api_key": settings.public_key,
            },
        }
        self.favourites = _favourites(catalogue)

    def session(self, request: AnyRequest) -> Session:
        return self.cookies.read(request.cookies.get(COOKIE))

    def render(
        self,
        request: AnyRequest,
        template: str,
        *,
        page_type: str,
        title: str,
        session: Session | None = None,
        status: int = 200,
        **facts: Any,
    ) -> Response[str]:
        """A page. ``session`` is given by handlers that changed it; its one-time messages are shown and dropped."""
        changed = session is not None
        session = self.session(request) if session is None else session
        context = {
            "page_type": page_type,
            "title": title,
            "description": facts.pop("description", ""),
            "path": request.url.path,
            "status": status,
            "query": "",
            "customer": session.customer,
            # proves the login, so that the list follows the customer (docs/developer/cross-device.md)
            "customer_signature": sign_user(self.settings.identity_secrets[0], session.customer.id)
            if session.customer
            else "",
            "cart_count": sum(line.quantity for line in session.lines),
            "flash": session.flash,
            "notices": session.notices,
            "favourites": self.favourites,
            **facts,
        }
        html = self._environment.get_template(template).render(context)
        if session.flash or session.notices:
            session.flash, session.notices, changed = "", [], True
        response = Response(html, media_type=MediaType.HTML, status_code=status)
        response.headers["Cache-Control"] = "private, no-store"
        if changed:
            for cookie in self.cookies.write(session):
                response.set_cookie(cookie)
        return response

    def redirect(self, to: str, session: Session) -> Redirect:
        """Answer a form: the session is written, the browser goes on with a GET."""
        return Redirect(to, status_code=303, cookies=self.cookies.write(session))


def _favourites(catalogue: Catalogue) -> list[Product]:
    """The shop's own hand of goods for a stranger: one of each category, from the middle of the shelf."""
    return [
        c.products[len(c.products) // 3]
        for c in catalogue.categories
        if c.products[len(c.products) // 3].available
    ]


def _fingerprint() -> str:
    """Changes when a stylesheet or script does, so that browsers may cache them for good."""
    digest = hashlib.blake2b(digest_size=4)
    for file in sorted(HERE.glob("static/*.*")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


Shop = NamedDependency[Pages]
"""What a handler asks for to render pages: `pages: Shop`."""
