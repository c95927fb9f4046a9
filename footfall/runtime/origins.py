"""Origins in settings: those of a write key, those of the API."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

#: What a browser names (scheme, host, perhaps a port), a subdomain of any name, or what it says of a file or a sandbox.
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#\s@]+/?|null|\*", re.IGNORECASE)


def no_origin(origins: Iterable[str]) -> str | None:
    """The first that no page can have: without a scheme, say, or with a path. It would let nobody in, silently."""
    return next((origin for origin in origins if not _ORIGIN.fullmatch(origin)), None)


class OriginRule:
    """The origins that a setting lists, in any case, with or without a slash at the end. ``*`` is any;
    ``https://*.shop.example`` any subdomain, over https.
    """

    def __init__(self, origins: Iterable[str]) -> None:
        listed = [origin.lower().rstrip("/") for origin in origins]
        self.is_everyone = "*" in listed
        self.is_nameless = not any(origin not in ("*", "null") for origin in listed)
        self._exact = {origin.encode() for origin in listed}
        self._suffixes = [
            (scheme.encode() + b"://", host[1:].encode())
            for scheme, _, host in (origin.partition("://") for origin in listed)
            if host.startswith("*.")
        ]

    def allows(self, origin: bytes) -> bool:
        """Return whether a page of this origin is meant."""
        return self.is_everyone or self.lists(origin)

    def lists(self, origin: bytes) -> bool:
        """Return whether it is meant by name, not only as everyone."""
        origin = origin.lower()
        return origin in self._exact or any(
            origin.startswith(scheme) and origin.endswith(suffix) for scheme, suffix in self._suffixes
        )


#: What browsers drop from an address, or read as a slash, after anybody else has judged it.
_TRICK = re.compile(r"[\x00-\x20\x7f\\]")
#: From the root of a site: neither a scheme nor a host (`//evil`).
_PATH = re.compile(r"/(?!/).*")
_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str | None:
    """The origin of an absolute web address, as a browser names it; None of any other, and of one that a browser may
    read otherwise: with a user (``https://shop@evil``), a backslash, a blank or a line break in it, or a host that is
    no ASCII.
    """
    if _TRICK.search(url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    scheme, host = parts.scheme, parts.hostname
    if scheme not in _PORTS or not host or not host.isascii() or "@" in parts.netloc or "%" in parts.netloc:
        return None
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}" + ("" if port in (None, _PORTS[scheme]) else f":{port}")


def own_link(url: str, rule: OriginRule) -> str | None:
    """The address, where it leads to one of the origins that a rule lists by name or is a path of the shop's own. Where
    the rule lists none, an absolute one is cut to its path: any page may be the shop's then, and its origin says
    nothing. None: nobody is led there.
    """
    if _TRICK.search(url):
        return None
    origin = origin_of(url)
    if origin is None:
        return url if _PATH.fullmatch(url) else None
    if rule.lists(origin.encode()):
        return url
    if not rule.is_nameless:
        return None
    path = urlsplit(url)
    cut = urlunsplit(("", "", path.path or "/", path.query, path.fragment))
    return cut if not cut.startswith("//") else None


def web_address(url: str) -> str | None:
    """The operator's own address of a page or a picture, wherever it leads: http or https, or a path; None of a script,
    of data, and of what a browser reads otherwise than it looks. Blanks are written as such files need them, and
    ``//cdn.example`` is https.
    """
    url = url.strip().replace(" ", "%20")
    if url.startswith("//"):
        url = f"https:{url}"
    if _TRICK.search(url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    is_web = parts.scheme in _PORTS and parts.netloc and "@" not in parts.netloc
    is_path = not parts.scheme and not parts.netloc
    return url if is_web or is_path else None
