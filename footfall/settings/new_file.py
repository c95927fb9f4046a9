"""A shop's first ``footfall.toml``: fresh random keys, allowed to the shop's own pages alone."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from footfall.runtime.atomic_write import replace_file
from footfall.runtime.origins import origin_of
from footfall.settings.declared import DEMO_KEYS, Settings, SettingsError

#: Of one address prefix (v4 /24, v6 /48), ten seconds' worth at once. A pixel sends 10 messages a second at most, and
#: a mobile network has hundreds of customers behind one prefix.
PER_SECOND_OF_ADDRESS = 50
#: What the file names with the defaults of ``Settings``, because somebody will look for them.
_HEAD = """\
# Footfall's settings of {origin}, as `footfall init` wrote them. `footfall config` lists all there are.
# It holds secrets: keep it 0600, and out of version control.
"""


class NewShop(msgspec.Struct, frozen=True):
    """What ``footfall init`` was told."""

    storefront_url: str
    """Address of the shop's front without a slash at its end, with the path below which it stands."""
    currency: str
    data: Path
    ports: Mapping[str, int]
    """By setting."""
    product_url: str = ""
    """Template of a product's link; empty: the catalog's own, or Shopify's."""
    catalog_sources: tuple[Mapping[str, Any], ...] = ()

    @property
    def origins(self) -> list[str]:
        """The origins that its pages have: with and without ``www.``, and of this machine by name and by number."""
        return pages_of(self.storefront_url)


def pages_of(storefront_url: str) -> list[str]:
    """The origins that a shop's pages have, from the address of its front that ``storefront_of`` returned."""
    origin = origin_of(storefront_url)
    assert origin is not None, "storefront_of returned it"
    scheme, _, host = origin.partition("://")
    name, _, port = host.partition(":")
    tail = f":{port}" if port else ""
    if name in ("localhost", "127.0.0.1"):
        names = [name, "127.0.0.1" if name == "localhost" else "localhost"]
    elif host.startswith("[") or _is_number(name) or "." not in name:
        return [origin]
    else:
        names = [name, name.removeprefix("www.") if name.startswith("www.") else f"www.{name}"]
    return [f"{scheme}://{each}{tail}" for each in names]


class Keys(msgspec.Struct, frozen=True):
    """Keys and secrets; the lists hold the newest first, older ones behind it."""

    page: str
    server: str
    public: list[str]
    secret: list[str]
    identity: list[str]
    shopify: list[str]


def storefront_of(domain: str) -> str:
    """The address of a shop's front from what a person types: ``shop.example``, ``https://shop.example/en/``,
    ``localhost:8000``. Raises SettingsError.
    """
    text = domain.strip().rstrip("/")
    if "://" not in text:
        host = text.partition("/")[0].rpartition(":")[0] or text.partition("/")[0]
        scheme = "http" if host == "localhost" or host.startswith("127.") or _is_number(host) else "https"
        text = f"{scheme}://{text}"
    origin = origin_of(_as_browsers_name_it(text))
    # (of "www." the second origin would be that of no host)
    is_whole = origin is not None and all((urlsplit(origin).hostname or "").split("."))
    if origin is None or not is_whole or urlsplit(text).query or urlsplit(text).fragment:
        raise SettingsError(
            f"{domain!r} is no address of a shop: say shop.example, https://shop.example/en or 127.0.0.1:8000"
        )
    return origin + urlsplit(text).path


def _as_browsers_name_it(url: str) -> str:
    """The address with its host in ASCII: ``xn--mller-kva.example`` for ``müller.example``."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    with contextlib.suppress(UnicodeError):  # no host name: `origin_of` says so
        host = host.encode("idna").decode() if not host.isascii() else host
    return f"{scheme}://{host}{slash}{path}"


def fresh_keys() -> Keys:
    """Keys that nobody can guess: 192 bits each."""
    key = secrets.token_hex
    return Keys(
        page=f"wk_{key(24)}",
        server=f"wk_{key(24)}",
        public=[f"pk_{key(24)}"],
        secret=[f"sk_{key(24)}"],
        identity=[key(24)],
        shopify=[],
    )


def kept_keys(content: Mapping[str, Any], fresh: Keys) -> Keys:
    """The keys of a settings file, so that pages and servers that have them go on working; fresh ones where it has
    none, or those of the public repository.
    """
    write_keys = [each for each in content.get("write_keys", []) if isinstance(each, dict)]
    servers = [each for each in write_keys if each.get("trusted") or each.get("origins") == []]
    pages = [each for each in write_keys if each not in servers]

    def keys(name: str, otherwise: list[str]) -> list[str]:
        return [key for key in content.get(name, []) if key not in DEMO_KEYS] or otherwise

    return Keys(
        page=_first_own(pages) or fresh.page,
        server=_first_own(servers) or fresh.server,
        public=keys("api_public_keys", fresh.public),
        secret=keys("api_secret_keys", fresh.secret),
        identity=keys("identity_secrets", fresh.identity),
        shopify=keys("shopify_secrets", fresh.shopify),
    )


def render(shop: NewShop, keys: Keys) -> str:
    """The text of the file."""
    defaults = Settings()
    lines = [
        _HEAD.format(origin=shop.storefront_url),
        *_set(data=str(shop.data), storefront_url=shop.storefront_url, currency=shop.currency),
        *(_set(product_url=shop.product_url) if shop.product_url else []),
        *_set(**{name: port for name, port in shop.ports.items() if port != getattr(defaults, name)}),
        "",
        "# In the shop's pages, so no secret: what protects it is that only the shop's pages may use it.",
        *_set(
            api_public_keys=keys.public,
            api_origins=shop.origins,
            api_public_per_second_of_address=PER_SECOND_OF_ADDRESS,
        ),
        "",
        "# Secret: who has the first reads everything, with the second the shop's server proves who is logged in.",
        *_set(api_secret_keys=keys.secret, identity_secrets=keys.identity),
        *(_set(shopify_secrets=keys.shopify) if keys.shopify else []),
        "",
        "# The tag's.",
        "[[write_keys]]",
        *_set(
            key=keys.page,
            source="shop_pixel",
            origins=shop.origins,
            messages_per_second_of_address=PER_SECOND_OF_ADDRESS,
        ),
        "",
        "# Secret, of the shop's server: orders, refunds, catalogue. No page may use it.",
        "[[write_keys]]",
        *_set(key=keys.server, source="shop_server", trusted=True, origins=[]),
    ]
    for source in shop.catalog_sources:
        lines += ["", "[[catalog_sources]]", *_set(**source)]
    return "\n".join(lines) + "\n"


def write_private(file: Path, text: str) -> None:
    """Write a file that its owner alone may read, from its first moment on, in the place of the one before."""

    def write(aside: Path) -> None:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
            handle.write(text)

    replace_file(file, write)


def _set(**values: Any) -> list[str]:
    # JSON's strings, numbers, booleans and flat lists are TOML's
    return [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]


def _first_own(write_keys: list[dict[str, Any]]) -> str | None:
    return next((each["key"] for each in write_keys if each.get("key") not in (None, *DEMO_KEYS)), None)


def _is_number(host: str) -> bool:
    try:
        ip_address(re.sub(r"[\[\]]", "", host))
    except ValueError:
        return False
    return True
