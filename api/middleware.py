"""Middleware around routes and CORS: ids with slashes in
them, HEAD, and ``Vary`` that holds for shared caches.
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.responses import BY_KEY, raw_path

#: All that an answer of any route depends on.
_ANYTHING = f"Origin, Accept, {BY_KEY}"
#: Stands for a slash that belongs to an id (``SKU%2F12``) while the router divides the path: no id has it.
_SLASH = "\ue000"


def common_middleware(app: ASGIApp, *, by_origin: bool) -> ASGIApp:
    """HEAD is answered as GET without the body (RFC 9110, 9.3.2). by_origin: what an answer says to a page depends on
    the page, so a cache must not give a page the answer that a server got, which names no origin.
    """

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        if b"%2f" in (raw := raw_path(scope)).lower():
            parts = (unquote_to_bytes(part).decode("utf-8", "replace") for part in raw.split(b"/"))
            scope["path"] = "/".join(part.replace("/", _SLASH) for part in parts)
        is_head = scope["method"] == "HEAD"
        if is_head:
            scope["method"] = "GET"

        async def wrapped(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableScopeHeaders.from_message(message)
                _vary(headers, by_origin)
                if allow := headers.get("Allow"):  # of a 405
                    headers["Allow"] = allow.replace("GET", "GET, HEAD")
            elif message["type"] == "http.response.body" and is_head:
                message["body"] = b""
            await send(message)

        await app(scope, receive, wrapped)

    return answering


def ids_with_slashes(app: ASGIApp) -> ASGIApp:
    """Middleware, behind the router: gives ids the slashes back that ``common_middleware`` hid from it."""

    async def giving_back(scope: Scope, receive: Receive, send: Send) -> None:
        if _SLASH in scope["path"]:
            scope["path"] = with_slashes(scope["path"])
            scope["path_params"] = {name: with_slashes(value) for name, value in scope["path_params"].items()}
        await app(scope, receive, send)

    return giving_back


def with_slashes(text: str) -> str:
    """A path, or an id in it, as it was meant."""
    return text.replace(_SLASH, "/")


def _vary(headers: MutableScopeHeaders, by_origin: bool) -> None:
    vary = headers.get("Vary")
    if vary == "Origin":  # the CORS middleware's, written over the route's own
        headers["Vary"] = _ANYTHING
    elif vary and by_origin:
        headers["Vary"] = f"Origin, {vary}"
