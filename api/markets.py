"""Links of the market that a page belongs to: a shop with a domain or a path for each has one catalogue and one link a
product (``docs/decisions/0053-markets-are-other-fronts.md``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from litestar.exceptions import ValidationException

from api.schemas import ProductItem
from footfall.runtime.origins import origin_of


class Markets:
    """The fronts of a shop: ``storefront_url``, which links begin with, and by name those of its other markets."""

    def __init__(self, storefront_url: str, fronts: Mapping[str, str]) -> None:
        self._home = storefront_url.rstrip("/")
        self._fronts = {name: front.rstrip("/") for name, front in fronts.items()}
        origins = {name: origin_of(front) for name, front in fronts.items()}
        shared = Counter([origin_of(storefront_url), *origins.values()])
        self._by_origin = {origin: name for name, origin in origins.items() if shared[origin] == 1}

    def front_of(self, market: str | None, origin: str | None) -> str | None:
        """The front that links should begin with: of the market that is named ("" names none), else of the one alone on
        the page's origin. None for the catalogue's links as they are.

        Raises ValidationException (400) for an unknown name.
        """
        name = market or self._by_origin.get((origin or "").lower())
        if name is None:
            return None
        if name not in self._fronts:
            known = ", ".join(self._fronts) or "none: the setting markets is empty"
            raise ValidationException(
                detail=f"unknown market {name!r}",
                extra=[{"key": "market", "source": "query", "message": f"must be a market ({known})"}],
            )
        return self._fronts[name]

    def move(self, items: Iterable[ProductItem], front: str | None) -> None:
        """Give each item its link on a front. A link that is not below ``storefront_url`` stays: it leads elsewhere."""
        if front is None:
            return
        for item in items:
            if item.url is not None and item.url.startswith(self._home):
                rest = item.url[len(self._home) :]
                if not rest or rest[0] in "/?#":
                    item.url = front + rest
