"""OpenAPI of the collector: of the routes that Litestar knows, and of the handlers that are faster than it."""

from __future__ import annotations

from typing import Any

from litestar import Litestar, Request, Router
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import (
    Components,
    Example,
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
from litestar.static_files import create_static_files_router

from collector.catalog_push import ENDINGS, MAX_CATALOG
from collector.parsing import BATCH_ROUTES, SINGLE_ROUTES
from collector.problems import PROBLEM_TYPE
from collector.shopify_webhooks import MAX_WEBHOOK
from footfall import __version__
from footfall.http.openapi_page import EXPLORER, openapi_page
from footfall.wire.schema import (
    CATALOG_PATH,
    MAX_BODY,
    MAX_INFLATED,
    MAX_MESSAGE,
    MAX_MESSAGES,
    MESSAGE_TYPES,
    WEBHOOKS_PATH,
)

_DESCRIPTION = (
    "Takes clickstream messages in the Segment/RudderStack format; answers 2xx only when they are on disk. "
    f"At most {MAX_MESSAGES} messages of {MAX_MESSAGE // 1024} KB in a body of {MAX_BODY // 2**20} MiB "
    f"({MAX_INFLATED // 2**20} MiB after gzip). A refusal is RFC 9457 problem details with a stable `reason`."
)
_TEXT = Schema(type=OpenAPIType.STRING)
_TIME = Schema(type=OpenAPIType.STRING, description="RFC 3339")
_OBJECT = Schema(type=OpenAPIType.OBJECT)


def _reference(schema: Schema) -> Schema | Reference:
    """The schema by its name, if it has one."""
    return Reference(ref=f"#/components/schemas/{schema.title}") if schema.title else schema


_MESSAGE = Schema(
    type=OpenAPIType.OBJECT,
    title="Message",
    description="One thing that happened. Needs anonymousId or userId; a track message needs an event.",
    required=["type"],
    properties={
        "type": Schema(type=OpenAPIType.STRING, enum=list(MESSAGE_TYPES)),
        "messageId": Schema(type=OpenAPIType.STRING, description="uuid; duplicates are recognised by it"),
        "event": _TEXT,
        "anonymousId": Schema(type=OpenAPIType.STRING, description="guest token"),
        "userId": Schema(type=OpenAPIType.STRING, description="the shop's id of the logged-in user"),
        "timestamp": _TIME,
        "originalTimestamp": _TIME,
        "context": _OBJECT,
        "properties": Schema(
            type=OpenAPIType.OBJECT, description="what the event is about: product_id, order_id, ..."
        ),
        "traits": _OBJECT,
    },
)
_WHO = {"anonymousId": "guest-token-of-22-characters-or-more", "userId": "4711"}
_ORDER = {
    "order_id": "A-77",
    "value": 89.0,
    "currency": "EUR",
    "products": [{"product_id": "501", "quantity": 1, "price": 89.0}],
}
#: An example of each kind of message, without its type.
_EXAMPLES: dict[str, dict[str, Any]] = {
    "track": {**_WHO, "messageId": "order-A-77", "event": "Order Completed", "properties": _ORDER},
    "page": {**_WHO, "properties": {"path": "/products/wool-jumper", "page_type": "product"}},
    "screen": {**_WHO, "name": "Basket"},
    "identify": {**_WHO, "traits": {"plan": "club"}},
    "alias": {"previousId": "4711", "userId": "4712"},
    "group": {**_WHO, "groupId": "trade"},
}
_BATCH = Schema(
    type=OpenAPIType.OBJECT,
    title="Batch",
    required=["batch"],
    properties={
        "writeKey": Schema(
            type=OpenAPIType.STRING, description="or Basic authorization, with the key as user"
        ),
        "sentAt": _TIME,
        "batch": Schema(type=OpenAPIType.ARRAY, items=_reference(_MESSAGE)),
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
            description="messages that violate the schema; kept as failed events, the others are accepted",
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
        "code": Schema(type=OpenAPIType.STRING, description="the reason again, for SDKs that expect it here"),
        "message": Schema(type=OpenAPIType.STRING, description="the detail again"),
    },
)
_REFUSALS = {
    "400": "unparseable body: don't send the same again",
    "401": "no write key, or an unknown one",
    "403": "this key is not valid for the page's origin",
    "408": "the body came too slowly",
    "413": "too large: halve the batch",
    "415": "content type or encoding",
    "429": "rate limit of the key exceeded: retry after Retry-After seconds",
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
        "accepted": Schema(
            type=OpenAPIType.INTEGER, description="messages from this delivery that are on disk"
        ),
        "rejected": Schema(type=OpenAPIType.INTEGER, description="kept as failed events; omitted if 0"),
        "duplicate": Schema(
            type=OpenAPIType.BOOLEAN, description="already accepted within the last 48 hours"
        ),
        "ignored": Schema(type=OpenAPIType.STRING, description="a topic that has no adapter"),
    },
)
_PRODUCTS = Schema(
    type=OpenAPIType.OBJECT,
    properties={
        "products": Schema(type=OpenAPIType.ARRAY, items=_OBJECT),
        "deleted": Schema(type=OpenAPIType.ARRAY, items=_TEXT, description="ids, with mode=changes"),
    },
)
_PUSHED = Schema(
    type=OpenAPIType.OBJECT,
    title="PushAnswer",
    required=["source", "mode", "sequence", "bytes", "next"],
    properties={
        "source": _TEXT,
        "mode": Schema(type=OpenAPIType.STRING, enum=["whole", "changes"]),
        "sequence": Schema(type=OpenAPIType.INTEGER, description="its place among the pushes of this source"),
        "bytes": Schema(type=OpenAPIType.INTEGER, description="after gzip"),
        "next": Schema(type=OpenAPIType.STRING, description="what happens with it, in words"),
        "products": Schema(
            type=OpenAPIType.INTEGER, description="objects in the body; omitted where not JSON"
        ),
        "deleted": Schema(type=OpenAPIType.INTEGER, description="omitted if 0"),
    },
)
_READY = Schema(
    type=OpenAPIType.OBJECT,
    title="Ready",
    required=["ready", "reasons"],
    properties={
        "ready": Schema(type=OpenAPIType.BOOLEAN),
        "reasons": Schema(type=OpenAPIType.ARRAY, items=_TEXT),
    },
)
_JSON, _PROBLEM_JSON = "application/json", PROBLEM_TYPE.decode("ascii")
_SCHEMAS = {
    schema.title: schema
    for schema in (_MESSAGE, _BATCH, _ANSWER, _PROBLEM, _GUEST, _WEBHOOK, _PUSHED, _READY)
    if schema.title is not None
}
#: What Litestar can't know of handlers that answer with a bare ``Response``: path, content type and body of a 200
#: (no body where it is bytes), and the refusals.
_ANSWERS: dict[str, tuple[str, Schema | None, dict[str, str]]] = {
    WEBHOOKS_PATH: (
        _JSON,
        _WEBHOOK,
        {
            "401": "X-Shopify-Hmac-Sha256 is not the signature of this body",
            "403": "a shop that is not in FOOTFALL_SHOPIFY_SHOPS",
            "404": "webhooks are not set up: no secret",
            "408": _REFUSALS["408"],
            "413": f"more than {MAX_WEBHOOK // 2**20} MiB",
            "503": _REFUSALS["503"],
        },
    ),
    CATALOG_PATH: (
        _JSON,
        _PUSHED,
        {
            "400": "source, mode or gzip",
            "401": _REFUSALS["401"],
            "403": "a key that pages may use, or a request of a page",
            "404": "this collector ships to a bucket: there is no pipeline beside it",
            "408": _REFUSALS["408"],
            "409": "too many changes since the last whole: push the whole",
            "413": f"more than {MAX_CATALOG // 2**20} MiB",
            "415": _REFUSALS["415"],
            "422": "no catalogue",
            "429": _REFUSALS["429"],
            "503": _REFUSALS["503"],
        },
    ),
    "/v1/guest": (
        _JSON,
        _GUEST,
        {
            "400": "a parameter of the wrong type or length",
            "403": "pages of this origin may not request tokens",
            "405": "reset without POST",
        },
    ),
    "/v1/pixel.gif": (
        "image/gif",
        None,
        {
            **{status: text for status, text in _REFUSALS.items() if status not in ("408", "415")},
            "422": "the message violates the schema; it is kept as a failed event",
        },
    ),
    "/metrics": ("text/plain", _TEXT, {}),
    "/{name}": (
        "text/javascript",
        None,
        {"400": "no path of a file", "404": "unknown file of the pixel, or the pixel is not built"},
    ),
}


class DocsPage(OpenAPIRenderPlugin):
    """The document as a page that fetches nothing from elsewhere."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return openapi_page(openapi_schema["info"]["title"], "/docs")

    def receive_router(self, router: Router) -> None:
        router.register(create_static_files_router(path="/explorer", directories=[EXPLORER]))


def openapi_config() -> OpenAPIConfig:
    """The description; ``/docs`` for people, ``/docs/openapi.json`` for programs."""
    return OpenAPIConfig(
        title="Footfall collector",
        version=__version__,
        description=_DESCRIPTION,
        path="/docs",
        render_plugins=[DocsPage(path="/"), JsonRenderPlugin(path="/openapi.json")],
        components=Components(security_schemes={"writeKey": SecurityScheme(type="http", scheme="basic")}),
    )


def describe_routes(app: Litestar, short_path: str) -> None:
    """Complete the application's OpenAPI document: the raw routes, and the answers that Litestar can't see.

    ``tests/collector/test_openapi.py`` holds the application against it.
    """
    paths, components = app.openapi_schema.paths, app.openapi_schema.components
    assert paths is not None
    assert components.schemas is not None
    components.schemas.update(_SCHEMAS)
    for path, (content_type, schema, refusals) in _ANSWERS.items():
        for operation in (paths[path].get, paths[path].head, paths[path].post):
            if operation is not None:
                operation.responses = _responses("", content_type, schema, refusals)
    for operation in (paths["/{name}"].get, paths["/{name}"].head):
        assert operation is not None
        assert operation.responses is not None
        operation.responses["304"] = OpenAPIResponse(description="the browser has the current version")
    catalog = paths[CATALOG_PATH].post
    assert catalog is not None
    assert catalog.responses is not None
    catalog.responses = {
        "202" if status == "200" else status: said for status, said in catalog.responses.items()
    }
    catalog.request_body = RequestBody(
        required=True,
        content={kind: OpenAPIMediaType(schema=_PRODUCTS if kind == _JSON else _TEXT) for kind in ENDINGS},
    )
    webhook = paths[WEBHOOKS_PATH].post
    assert webhook is not None
    webhook.request_body = RequestBody(required=True, content={_JSON: OpenAPIMediaType(schema=_OBJECT)})
    for ready in (paths["/readyz"].get, paths["/readyz"].head):
        assert ready is not None
        ready.responses = {
            status: OpenAPIResponse(
                description=text, content={_JSON: OpenAPIMediaType(schema=_reference(_READY))}
            )
            for status, text in (("200", "yes"), ("503", "no, and why"))
        }
    example = {"batch": [{"type": "track", **_EXAMPLES["track"]}]}
    # What people come for stands first
    handlers = {
        route: _path("messages", "Send a batch of messages" + about, _BATCH, example)
        for route, about in {
            **dict.fromkeys(BATCH_ROUTES, ""),
            "/beacon/v1/batch": ", as RudderStack's beacons do",
            short_path: ", as the pixel does",
        }.items()
    } | {
        route: _path("one message", f"Send one {kind} message", _MESSAGE, _EXAMPLES[kind])
        for route, kind in SINGLE_ROUTES.items()
    }
    app.openapi_schema.paths = handlers | {path: item for path, item in paths.items() if path not in handlers}


def _path(tag: str, summary: str, body: Schema, example: dict[str, Any]) -> PathItem:
    media = OpenAPIMediaType(schema=_reference(body), examples={"message": Example(value=example)})
    return PathItem(
        post=Operation(
            tags=[tag],
            summary=summary,
            security=[{"writeKey": []}, {}],
            request_body=RequestBody(
                required=True,
                content={_JSON: media, "text/plain": media},
            ),
            responses=_responses(
                "accepted messages, and refused ones with the reason", _JSON, _ANSWER, _REFUSALS
            ),
        )
    )


def _responses(
    text: str, content_type: str, schema: Schema | None, refusals: dict[str, str]
) -> dict[str, OpenAPIResponse | Reference]:
    problem = {_PROBLEM_JSON: OpenAPIMediaType(schema=_reference(_PROBLEM))}
    good = _reference(schema) if schema is not None else None
    return {
        "200": OpenAPIResponse(description=text, content={content_type: OpenAPIMediaType(schema=good)}),
        **{
            status: OpenAPIResponse(description=why, content=problem)
            for status, why in sorted(refusals.items())
        },
    }
