"""The handlers beside the hot path: catalogues, Shopify's webhooks, the guest cookie, the image for pages without
scripts.

Plain Litestar handlers: they are few requests, and clarity is worth more here than microseconds.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from litestar import HttpMethod, Request, Response, get, post, route
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter

from collector.catalog_push import MAX_CATALOG, CatalogPush
from collector.guest_cookie import GIF, choose_guest, guest_cookie, is_https, may_read, open_image
from collector.ingest import IngestHandler
from collector.problems import RefusedError
from collector.shopify_webhooks import MAX_WEBHOOK, ShopifyWebhookHandler
from footfall.settings import Settings
from footfall.wire.schema import CATALOG_PATH, WEBHOOKS_PATH

AnyRequest = Request[Any, Any, Any]
_NO_STORE = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def other_routes(
    settings: Settings, handler: IngestHandler, shopify: ShopifyWebhookHandler, catalogs: CatalogPush
) -> list[BaseRouteHandler]:
    """The handlers, bound to this process's handlers."""
    trusts_proxy = settings.trust_forwarded_for

    @post(
        WEBHOOKS_PATH,
        tags=["shopify"],
        summary="Take a Shopify webhook",
        status_code=200,
        request_max_body_size=MAX_WEBHOOK,
    )
    async def webhook(request: AnyRequest) -> Response[bytes]:
        """200 when it is on disk as our messages; signed by X-Shopify-Hmac-Sha256 over the body. A delivery that was
        already accepted within the last 48 hours is a duplicate, and answered with 200 too.
        """
        network = handler.network_of(dict(request.scope["headers"]), request.scope)  # type: ignore[arg-type]
        with _counted(handler):
            with handler.body_limits.one_of(network):
                body = await shopify.read(request.stream())
            answer = await shopify.take(request.headers, body)
        return _json(answer)

    @post(
        CATALOG_PATH,
        tags=["catalogue"],
        summary="Push the catalogue, or what changed in it",
        status_code=202,
        request_max_body_size=MAX_CATALOG,
        security=[{"writeKey": []}],
    )
    async def catalog(
        request: AnyRequest,
        source: Annotated[str | None, QueryParameter(max_length=63)] = None,
        mode: Annotated[str, QueryParameter(max_length=20)] = "whole",
    ) -> Response[bytes]:
        """202 when it is on disk; the pipeline reads it within a minute. A server's write key is the user of Basic
        authorization. ``mode=whole``: all products of ``source`` (the key's by default), in any format of a catalogue
        file. ``mode=changes``: ``{"products": [...], "deleted": ["7"]}``, in any of the JSON formats.
        """
        headers: dict[bytes, bytes] = dict(request.scope["headers"])
        key = handler.server_key(headers, request.scope)  # type: ignore[arg-type]
        with _counted(handler), handler.body_limits.one_of(handler.network_of(headers, request.scope)):  # type: ignore[arg-type]
            answer = await catalogs.take(
                key.source if source is None else source,
                mode,
                request.headers.get("content-type", ""),
                request.headers.get("content-encoding", "").strip().lower(),
                request.stream(),
            )
        return Response(
            msgspec.json.encode(answer), media_type="application/json", status_code=202, headers=_NO_STORE
        )

    @route(
        "/v1/guest",
        http_method=[HttpMethod.GET, HttpMethod.POST],
        tags=["pixel"],
        summary="The visitor's guest token, as a cookie for 365 days",
        status_code=200,
    )
    async def guest(
        request: AnyRequest,
        shown: Annotated[str | None, QueryParameter(name="guest", max_length=255)] = None,
        is_reset: Annotated[bool, QueryParameter(name="reset")] = False,
    ) -> Response[bytes]:
        """The token of the cookie ``_ff_guest``, else ``guest`` (the page's own, if it is long enough not to be
        guessed), else a new one. ``POST`` with ``reset=true`` always makes a new one: a logout. Ask after consent.
        """
        headers = _for_page(request, settings, handler)
        if is_reset and request.method != "POST":
            raise RefusedError(405, "method", "reset requires POST")
        answer = choose_guest(request.headers.get("cookie"), shown, is_reset=is_reset)
        is_secure = is_https(
            request.scope["scheme"],
            request.headers.getall("x-forwarded-proto", [""])[-1],
            trust_forwarded=trusts_proxy,
        )
        headers["set-cookie"] = guest_cookie(answer.guest, domain=settings.cookie_domain, is_secure=is_secure)
        return _json(answer, headers | {"vary": "origin, cookie"})

    @get("/v1/pixel.gif", tags=["messages"], summary="One message in an image address")
    async def image(
        request: AnyRequest, message: Annotated[str, QueryParameter(name="data", max_length=64 * 1024)]
    ) -> Response[bytes]:
        """For pages without scripts: ``data`` is the message's JSON in base64, ``writeKey`` in it or beside it. The
        image comes when the message is on disk; a refusal is problem details.
        """
        headers = request.headers
        parsed = open_image(message, headers.get("cookie"), headers.get("referer"))
        raw_headers: dict[bytes, bytes] = dict(request.scope["headers"])
        with _counted(handler):
            _, failed = await handler.land(parsed, raw_headers, request.scope)  # type: ignore[arg-type]
        if failed:
            raise RefusedError(422, "schema", f"{failed[0].field}: {failed[0].reason}")
        return Response(GIF, media_type="image/gif", headers=_NO_STORE)

    return [webhook, catalog, guest, image]


def _for_page(request: AnyRequest, settings: Settings, handler: IngestHandler) -> dict[str, str]:
    """The headers of an answer with a guest token. Raises RefusedError (403) for a page that may not read one."""
    headers = dict(_NO_STORE)
    origin = request.headers.get("origin")
    if origin is None:
        # A script's GET without an origin is of the collector's own host and in one of these modes, which its browser
        # names. A link, or a picture's address, would give the visitor a token that whoever made it knows, and by
        # which the API answers.
        if request.headers.get("sec-fetch-mode", "cors") not in ("cors", "same-origin"):
            raise RefusedError(
                403, "origin", "guest tokens are for the shop's scripts, not for links and pictures"
            )
        return headers
    if not may_read(origin, request.headers.get("host", ""), settings.cookie_domain, handler.origins):
        raise RefusedError(
            403,
            "origin",
            f"pages of {origin[:300]} may not request guest tokens: add it to a write key's origins",
        )
    return headers | {"access-control-allow-origin": origin, "access-control-allow-credentials": "true"}


@contextlib.contextmanager
def _counted(handler: IngestHandler) -> Iterator[None]:
    """Work that a stopping worker waits for."""
    handler.in_flight += 1
    try:
        yield
    finally:
        handler.in_flight -= 1


def _json(body: msgspec.Struct, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(
        msgspec.json.encode(body),
        media_type="application/json",
        headers=_NO_STORE if headers is None else headers,
    )
