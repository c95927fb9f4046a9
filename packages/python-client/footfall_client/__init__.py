"""Typed client of Footfall's API, for a shop's server.

from footfall_client import Footfall

with Footfall("https://recommend.example-shop.com", key="...") as footfall:
    for item in footfall.recommendations(user="42", limit=4).items:
        print(item.title, item.reason)
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

import httpx
import msgspec

from footfall_client.generated import Answer, Operations

__all__ = ["Footfall", "FootfallError"]


class FootfallError(Exception):
    """The API refused, or what answered was no API of this version. ``status`` is that of HTTP, ``problem`` its problem
    details (RFC 9457), empty where it sent none; ``retry_after`` is in seconds.
    """

    def __init__(self, status: int, detail: str, problem: dict[str, Any], retry_after: float | None) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.problem = problem
        self.retry_after = retry_after


class Footfall(Operations):
    """The API at an address. The secret key asks for everything, and belongs on a server.

    Each call raises FootfallError, or httpx.HTTPError where nobody answers within ``timeout`` seconds. ``transport`` is
    httpx's: for retries (``httpx.HTTPTransport(retries=2)``) and for tests.
    """

    def __init__(
        self, url: str, *, key: str, timeout: float = 1.5, transport: httpx.BaseTransport | None = None
    ) -> None:
        headers = {"X-Footfall-Key": key, "Accept": "application/json"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout, transport=transport)

    def __enter__(self) -> Footfall:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _get(self, path: str, query: dict[str, Any], answer: type[Answer]) -> Answer:
        response = self._http.get(
            path, params={name: value for name, value in query.items() if value is not None}
        )
        if response.status_code != 200:
            raise _error(response)
        try:
            return msgspec.json.decode(response.content, type=answer)
        except msgspec.MsgspecError as error:
            detail = f"no {answer.__name__} of this client's version at {response.url.copy_with(query=None)}: {error}"
            raise FootfallError(response.status_code, detail, {}, None) from error


def _error(response: httpx.Response) -> FootfallError:
    try:
        problem = msgspec.json.decode(response.content, type=dict[str, Any])
    except msgspec.MsgspecError:
        problem = {}
    wait = response.headers.get("retry-after", "")
    detail = problem.get("detail") or problem.get("title") or response.reason_phrase
    return FootfallError(response.status_code, str(detail), problem, float(wait) if wait.isdigit() else None)
