"""Which pages a setting means by their origins: those of a write key at the collector's door, those of the API."""

from __future__ import annotations

from collections.abc import Iterable


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
