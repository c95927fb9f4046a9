"""OpenAPI of the collector, and a page that shows it without loading anything from elsewhere."""

from __future__ import annotations

import html
import json
from typing import Any

from litestar import Litestar, Request
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import (
    Components,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    PathItem,
    Reference,
    RequestBody,
    Schema,
    SecurityScheme,
)

from collector.intake import BATCH_ROUTES, SINGLE_ROUTES
from collector.problems import PROBLEM_TYPE
from collector.shopify import MAX_WEBHOOK, PATH
from footfall import __version__
from footfall.wire import MAX_BODY, MAX_INFLATED, MAX_MESSAGE, MAX_MESSAGES, MESSAGE_TYPES

_DESCRIPTION = (
    "Takes clickstream messages in the Segment/RudderStack format; answers 2xx only when they are on disk. "
    f"At most {MAX_MESSAGES} messages of {MAX_MESSAGE // 1024} KB in a body of {MAX_BODY // 2**20} MiB "
    f"({MAX_INFLATED // 2**20} MiB after gzip). A refusal is RFC 9457 problem details with a stable `reason`."
)
_TEXT = Schema(type=OpenAPIType.STRING)
_TIME = Schema(type=OpenAPIType.STRING, description="RFC 3339")
_OBJECT = Schema(type=OpenAPIType.OBJECT)

_MESSAGE = Schema(
    type=OpenAPIType.OBJECT,
    title="Message",
    description="One thing that happened. Needs anonymousId or userId; a track message needs an event.",
    required=["type"],
    properties={
        "type": Schema(type=OpenAPIType.STRING, enum=list(MESSAGE_TYPES)),
        "messageId": Schema(
            type=OpenAPIType.STRING, description="uuid; the key that duplicates are found by"
        ),
        "event": _TEXT,
        "anonymousId": Schema(type=OpenAPIType.STRING, description="guest token"),
        "userId": _TEXT,
        "timestamp": _TIME,
        "originalTimestamp": _TIME,
        "context": _OBJECT,
        "properties": _OBJECT,
        "traits": _OBJECT,
    },
)
_BATCH = Schema(
    type=OpenAPIType.OBJECT,
    title="Batch",
    required=["batch"],
    properties={
        "writeKey": Schema(
            type=OpenAPIType.STRING, description="or Basic authorization, with the key as user"
        ),
        "sentAt": _TIME,
        "batch": Schema(type=OpenAPIType.ARRAY, items=_MESSAGE),
    },
)
_ANSWER = Schema(
    type=OpenAPIType.OBJECT,
    title="BatchAnswer",
    required=["accepted", "rejected"],
    properties={
        "accepted": Schema(type=OpenAPIType.INTEGER, description="messages that are on disk"),
        "rejected": Schema(
            type=OpenAPIType.ARRAY,
            description="messages that break the schema; kept as failed events, their neighbours pass",
            items=Schema(
                type=OpenAPIType.OBJECT,
                required=["index", "field", "reason"],
                properties={
                    "index": Schema(type=OpenAPIType.INTEGER),
                    "messageId": _TEXT,
                    "field": _TEXT,
                    "reason": _TEXT,
                },
            ),
        ),
    },
)
_PROBLEM = Schema(
    type=OpenAPIType.OBJECT,
    title="Problem",
    required=["type", "status", "title", "reason", "detail"],
    properties={
        "type": _TEXT,
        "status": Schema(type=OpenAPIType.INTEGER),
        "title": _TEXT,
        "reason": _TEXT,
        "detail": _TEXT,
        "code": Schema(type=OpenAPIType.STRING, description="reason again, for SDKs that look for it"),
        "message": Schema(type=OpenAPIType.STRING, description="detail again"),
    },
)
_REFUSALS = {
    "400": "unparseable body: never send it again as it is",
    "401": "no write key, or an unknown one",
    "403": "the page's origin may not use this key",
    "408": "the body came too slowly",
    "413": "too large: halve the batch",
    "415": "content type or encoding",
    "429": "more than the key may send: again after Retry-After seconds",
    "503": "not on disk (full, failing or overloaded): send it again after Retry-After seconds",
}
_GUEST = Schema(
    type=OpenAPIType.OBJECT,
    title="GuestAnswer",
    required=["guest", "is_new"],
    properties={
        "guest": Schema(type=OpenAPIType.STRING, description="guest token"),
        "is_new": Schema(type=OpenAPIType.BOOLEAN),
    },
)
_WEBHOOK = Schema(
    type=OpenAPIType.OBJECT,
    title="WebhookAnswer",
    required=["accepted"],
    properties={
        "accepted": Schema(type=OpenAPIType.INTEGER, description="messages made of it that are on disk"),
        "rejected": Schema(type=OpenAPIType.INTEGER, description="kept as failed events; left out where 0"),
        "duplicate": Schema(type=OpenAPIType.BOOLEAN, description="taken within the last 48 hours"),
        "ignored": Schema(type=OpenAPIType.STRING, description="a topic that has no adapter"),
    },
)
_READY = Schema(
    type=OpenAPIType.OBJECT,
    required=["ready", "reasons"],
    properties={
        "ready": Schema(type=OpenAPIType.BOOLEAN),
        "reasons": Schema(type=OpenAPIType.ARRAY, items=_TEXT),
    },
)
_JSON, _PROBLEM_JSON = "application/json", PROBLEM_TYPE.decode("ascii")
#: What Litestar can't know of handlers that answer with a bare ``Response``: path, content type and body of a 200
#: (no body where it is bytes), and the refusals.
_ANSWERS: dict[str, tuple[str, Schema | None, dict[str, str]]] = {
    PATH: (
        _JSON,
        _WEBHOOK,
        {
            "401": "X-Shopify-Hmac-Sha256 is not the signature of this body",
            "403": "a shop that is not in FOOTFALL_SHOPIFY_SHOPS",
            "404": "no secret is set: no webhooks here",
            "413": f"more than {MAX_WEBHOOK // 2**20} MiB",
            "503": _REFUSALS["503"],
        },
    ),
    "/v1/guest": (
        _JSON,
        _GUEST,
        {
            "400": "a parameter of the wrong type or length",
            "403": "pages of this origin may not ask for tokens",
            "405": "reset without POST",
        },
    ),
    "/v1/pixel.gif": (
        "image/gif",
        None,
        {
            **{status: text for status, text in _REFUSALS.items() if status not in ("408", "415")},
            "422": "the message breaks the schema; it is kept as a failed event",
        },
    ),
    "/metrics": ("text/plain", _TEXT, {}),
    "/{name}": (
        "text/javascript",
        None,
        {"400": "no path of a file", "404": "no such file of the pixel, or it is not built"},
    ),
}


def openapi_config() -> OpenAPIConfig:
    """The description; ``/docs`` for people, ``/docs/openapi.json`` for programs."""
    return OpenAPIConfig(
        title="Footfall collector",
        version=__version__,
        description=_DESCRIPTION,
        path="/docs",
        render_plugins=[PlainPage(path="/"), JsonRenderPlugin(path="/openapi.json")],
        components=Components(security_schemes={"writeKey": SecurityScheme(type="http", scheme="basic")}),
    )


def describe_routes(app: Litestar, short_path: str) -> None:
    """Complete the application's OpenAPI document: the raw routes, and the answers that Litestar can't see.

    ``tests/collector/test_openapi.py`` holds the application against it.
    """
    paths = app.openapi_schema.paths
    assert paths is not None
    for path, (content_type, schema, refusals) in _ANSWERS.items():
        for operation in (paths[path].get, paths[path].head, paths[path].post):
            if operation is not None:
                operation.responses = _responses("", content_type, schema, refusals)
    for operation in (paths["/{name}"].get, paths["/{name}"].head):
        assert operation is not None
        assert operation.responses is not None
        operation.responses["304"] = OpenAPIResponse(description="the browser has this one already")
    webhook, ready = paths[PATH].post, paths["/readyz"].get
    assert webhook is not None
    assert ready is not None
    webhook.request_body = RequestBody(required=True, content={_JSON: OpenAPIMediaType(schema=_OBJECT)})
    ready.responses = {
        status: OpenAPIResponse(description=text, content={_JSON: OpenAPIMediaType(schema=_READY)})
        for status, text in (("200", "yes"), ("503", "no, and why"))
    }
    for route in (*BATCH_ROUTES, short_path):
        paths[route] = _path(
            f"Send a batch of messages{' (the short path)' if route == short_path else ''}", _BATCH
        )
    for route, kind in SINGLE_ROUTES.items():
        paths[route] = _path(f"Send one {kind} message; type may be left out", _MESSAGE)


def _path(summary: str, body: Schema) -> PathItem:
    return PathItem(
        post=Operation(
            tags=["messages"],
            summary=summary,
            security=[{"writeKey": []}, {}],
            request_body=RequestBody(
                required=True,
                content={
                    _JSON: OpenAPIMediaType(schema=body),
                    "text/plain": OpenAPIMediaType(schema=body),
                },
            ),
            responses=_responses("what is on disk, and what was refused", _JSON, _ANSWER, _REFUSALS),
        )
    )


def _responses(
    text: str, content_type: str, schema: Schema | None, refusals: dict[str, str]
) -> dict[str, OpenAPIResponse | Reference]:
    problem = {_PROBLEM_JSON: OpenAPIMediaType(schema=_PROBLEM)}
    return {
        "200": OpenAPIResponse(description=text, content={content_type: OpenAPIMediaType(schema=schema)}),
        **{
            status: OpenAPIResponse(description=why, content=problem)
            for status, why in sorted(refusals.items())
        },
    }


class PlainPage(OpenAPIRenderPlugin):
    """A page of HTML. The usual renderers load scripts from a CDN, which need not know who reads this."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The document as HTML, one section for each route."""
        info = openapi_schema["info"]
        sections = []
        for path, item in sorted(openapi_schema["paths"].items()):
            for method, operation in item.items():
                if isinstance(operation, dict):
                    sections.append(_section(method, path, operation))
        page = (
            f"<!doctype html><html lang=en><meta charset=utf-8>{_STYLE}"
            f"<title>{html.escape(info['title'])}</title>"
            f"<h1>{html.escape(info['title'])} <small>{html.escape(info['version'])}</small></h1>"
            f"<p>{html.escape(info['description'])}</p><p><a href='/docs/openapi.json'>openapi.json</a></p>"
            f"{''.join(sections)}</html>"
        )
        return page.encode("utf-8")


_STYLE = (
    "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem}"
    "code,pre{font:14px/1.4 ui-monospace,monospace}pre{background:#f5f5f2;padding:.75rem;overflow:auto}"
    "summary{cursor:pointer;padding:.4rem 0;border-top:1px solid #ddd}b{display:inline-block;width:4rem}"
    "small{color:#666;font-weight:normal}td{padding:.1rem 1rem .1rem 0;vertical-align:top}</style>"
)


def _section(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{html.escape(status)}</code><td>{html.escape(response.get('description', ''))}"
        for status, response in operation.get("responses", {}).items()
    )
    content = operation.get("requestBody", {}).get("content", {})
    body = next((media["schema"] for media in content.values()), None)
    shape = f"<p>Body:<pre>{html.escape(json.dumps(body, indent=2))}</pre>" if body else ""
    return (
        f"<details><summary><b>{method.upper()}</b> <code>{html.escape(path)}</code> "
        f"<small>{html.escape(operation.get('summary') or '')}</small></summary>"
        f"<p>{html.escape(operation.get('description') or '')}</p>{shape}<table>{rows}</table></details>"
    )
