"""Which pages a setting means by their origins: those of a write key at the collector's door, those of the API."""

from __future__ import annotations

import re
from collections.abc import Iterable

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
        self._exact = {origin.encode() for origin in listed}
        self._suffixes = [
            (scheme.encode() + b"://", host[1:].encode())
            for scheme, _, host in (origin.partition("://") for origin in listed)
            if host.startswith("*.")
        ]

    def allows(self, origin: bytes) -> bool:
        """Whether a page of this origin is meant."""
        return self.is_everyone or self.lists(origin)

    def lists(self, origin: bytes) -> bool:
        """Whether it is meant by name, not only as everyone."""
        origin = origin.lower()
        return origin in self._exact or any(
            origin.startswith(scheme) and origin.endswith(suffix) for scheme, suffix in self._suffixes
        )
