"""Encodes a response once, with ETag and Cache-Control, or answers 304 where the caller has it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from litestar import Request, Response, Router
from litestar.config.cors import CORSConfig
from litestar.enums import MediaType
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Example, OpenAPIType, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.static_files import create_static_files_router
from litestar.typing import FieldDefinition

from api.schemas import Answer, Problem
from footfall.http.etags import matches
from footfall.http.openapi_page import EXPLORER, openapi_page
from footfall.runtime.origins import OriginRule

#: Product lists are the same for everyone: a minute in any cache, five more while it asks for news.
PUBLIC_LIST = "public, max-age=60, stale-while-revalidate=300"
#: What belongs to a person stays in their browser and is asked for each time; the ETag keeps that cheap.
PERSONAL = "private, no-cache"

#: Money as a JSON number with the shop's own digits: 19.90, not 19.9 and not 19.899999.
_ENCODER = msgspec.json.Encoder(decimal_format="number")

BY_KEY = "X-Footfall-Key, Authorization"

#: What can go wrong anywhere; a 404 is named by the routes that have one.
_ANYWHERE = (400, 401, 403, 429, 503)
_PROBLEMS = {
    400: "Invalid parameter",
    401: "No key, or an unknown one",
    403: "This key has no access to the route, or not from this page",
    404: "Not in this snapshot",
    429: "Rate limit of the key or the network exceeded: see Retry-After",
    503: "No snapshot published yet: see Retry-After",
}


class DocsPage(OpenAPIRenderPlugin):
    """The document as a page that fetches nothing from elsewhere."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return openapi_page(openapi_schema["info"]["title"], "/docs")

    def receive_router(self, router: Router) -> None:
        router.register(create_static_files_router(path="/explorer", directories=[EXPLORER]))


@dataclass
class OriginCors(CORSConfig):
    """Lets the pages read an answer that may ask for it: the rule is that of ``api.auth``."""

    rule: OriginRule = field(default_factory=lambda: OriginRule(()))

    def is_origin_allowed(self, origin: str) -> bool:
        return self.rule.allows(origin.encode("latin-1", "replace"))


class MoneySchema(OpenAPISchemaPlugin):
    """Describes a Decimal as the number it is written as; Litestar says string, which it is by default."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        return field_definition.annotation is Decimal

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        return Schema(type=OpenAPIType.NUMBER)


def documented(example: Answer, *also: int) -> dict[int, ResponseSpec]:
    """The answers of a route for the OpenAPI document: its own with an example, 304, and the problems it can have."""
    problems = {
        status: ResponseSpec(
            Problem,
            description=_PROBLEMS[status],
            media_type="application/problem+json",
            generate_examples=False,
        )
        for status in sorted({*_ANYWHERE, *also})
    }
    about = (type(example).__doc__ or "").strip().split("\n\n")[0]
    good = ResponseSpec(
        type(example),
        description=about,
        generate_examples=False,
        examples=[Example(value=json.loads(encode(example)))],
    )
    return {200: good, 304: ResponseSpec(None, description="Not modified since `If-None-Match`"), **problems}


def answer(
    request: Request[Any, Any, Any],
    body: Answer,
    cache_control: str,
    headers: Mapping[str, str] | None = None,
) -> Response[Any]:
    """The response for an answer."""
    return sealed(request, encode(body), cache_control, MediaType.JSON, headers)


def sealed(
    request: Request[Any, Any, Any],
    content: bytes,
    cache_control: str,
    media_type: str,
    headers: Mapping[str, str] | None = None,
) -> Response[Any]:
    """Content with an ETag that is a digest of the bytes, so it changes exactly when they do; 304 where the
    caller has them.
    """
    etag = f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
    sent = {"ETag": etag, "Cache-Control": cache_control, "Vary": BY_KEY, **(headers or {})}
    if matches(request.headers.get("if-none-match"), etag):
        return Response(None, status_code=304, headers=sent)
    return Response(content, headers=sent, media_type=media_type)


def encode(body: Any) -> bytes:
    return _ENCODER.encode(body)


def raw_path(scope: Mapping[str, Any]) -> bytes:
    """The path as it came, not decoded: what is a slash in it divides, what is %2F belongs to a name."""
    path: bytes = scope["raw_path"]
    return path.partition(b"?")[0]


def next_link(request: Request[Any, Any, Any], cursor: str | None) -> dict[str, str]:
    """RFC 8288, relative, so that it holds behind any proxy. The key isn't repeated: links end up in logs."""
    if cursor is None:
        return {}
    kept = [(k, v) for k, v in request.query_params.multi_items() if k not in ("cursor", "key")]
    # As it was asked for: a segment may be called Große Käufer or a/b, and a header is ASCII.
    path = quote(raw_path(request.scope), safe="/%")
    return {"Link": f'<{path}?{urlencode([*kept, ("cursor", cursor)])}>; rel="next"'}
