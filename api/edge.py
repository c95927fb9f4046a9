"""What every answer gets on its way out, after routes and CORS: HEAD, and ``Vary`` that holds for shared caches."""

from __future__ import annotations

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.http import BY_KEY

#: All that an answer of any route depends on.
_ANYTHING = f"Origin, Accept, {BY_KEY}"


def at_the_edge(app: ASGIApp, *, by_origin: bool) -> ASGIApp:
    """HEAD is answered as GET without the body (RFC 9110, 9.3.2). by_origin: what an answer says to a page depends on
    the page, so a cache must not give a page the answer that a server got, which names no origin.
    """

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"
        if is_head:
            scope["method"] = "GET"

        async def edged(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableScopeHeaders.from_message(message)
                _vary(headers, by_origin)
                if allow := headers.get("Allow"):  # of a 405
                    headers["Allow"] = allow.replace("GET", "GET, HEAD")
            elif message["type"] == "http.response.body" and is_head:
                message["body"] = b""
            await send(message)

        await app(scope, receive, edged)

    return answering


def _vary(headers: MutableScopeHeaders, by_origin: bool) -> None:
    vary = headers.get("Vary")
    if vary == "Origin":  # the CORS middleware's, written over the route's own
        headers["Vary"] = _ANYTHING
    elif vary and by_origin:
        headers["Vary"] = f"Origin, {vary}"
