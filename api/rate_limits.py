"""Rate limits by key and by address prefix: token buckets, shared by all workers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import TooManyRequestsException

from api.metrics import Metrics
from footfall.http.addresses import visitor_address
from footfall.http.rate_limit import Buckets, Quota, QuotaSpentError
from footfall.settings import Settings

#: Whoever brings no key, or an unknown one: bound by address as the public key is, so that nobody tries keys in turn.
NO_KEY = "none"


class Limits:
    """The current quotas. ``together``: the folder that the workers of one API share."""

    def __init__(self, settings: Settings, metrics: Metrics, together: Path | None = None) -> None:
        self._trusts_proxy = settings.trust_forwarded_for
        self._metrics = metrics
        rates = {
            "public": (settings.api_public_per_second, settings.api_public_per_second_of_address),
            "secret": (settings.api_secret_per_second, settings.api_secret_per_second_of_address),
            NO_KEY: (None, settings.api_public_per_second_of_address),
        }
        buckets = Buckets(len(rates), together / "quotas" if together else None)
        self._quotas = {
            key: Quota(*of_key, buckets=buckets, number=number)
            for number, (key, of_key) in enumerate(rates.items())
        }

    def spend(
        self, connection: ASGIConnection[Any, Any, Any, Any], key: str, *, by_address: bool = True
    ) -> None:
        """Count one request. ``by_address`` is False where the address is not the visitor's (a shop's proxy).

        Raises TooManyRequestsException (429) with Retry-After.
        """
        address = self._address(connection) if by_address else None
        try:
            self._quotas[key].spend(address)
        except QuotaSpentError as spent:
            self._metrics.limited[key, spent.of] += 1
            whose = "your network" if spent.of == "address" else "this key"
            raise TooManyRequestsException(
                detail=f"more requests than {whose} may make; retry in {spent.retry_after} s",
                headers={"Retry-After": str(spent.retry_after)},
            ) from None

    def _address(self, connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
        client = connection.scope["client"]
        # Of several the last: the proxy's own, where it writes it behind what the client said
        forwarded = connection.headers.getall("x-forwarded-for", [""])[-1]
        return visitor_address(
            client[0] if client else None,
            forwarded.encode("latin-1", "replace") if forwarded else None,
            trusted=self._trusts_proxy,
        )
