"""What the OpenAPI document says is what the application does: schemathesis makes requests of it, good and bad ones,
and holds every answer against it. No 5xx, no undocumented status, content type or body.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Awaitable, Callable
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from collector.adapters import SHOPIFY
from collector.app import create_app
from footfall.settings import Settings
from footfall.wire.schema import WEBHOOKS_PATH

KEY = base64.b64encode(b"ff_demo_write_key:").decode()
Receive = Callable[[], Awaitable[Any]]
SECRET = "webhook secret"
#: Not the check that each body outside of the schema is refused: one bad message is answered with 200 and listed, so
#: that it costs its neighbours nothing (test_door.py has those).
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


class Shop:
    """The collector with a Shopify beside it, which signs what comes to the webhook endpoint; the topic by the body."""

    topics = sorted(SHOPIFY)

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.collector = create_app(settings)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Any) -> None:
        if scope["type"] == "lifespan":
            # schemathesis stops the application after each operation, and a collector that stopped stays so.
            self.collector = create_app(self.settings)
        elif scope["path"] == WEBHOOKS_PATH:
            scope, receive = await self.signed(scope, receive)
        await self.collector(scope, receive, send)  # type: ignore[arg-type]

    async def signed(self, scope: dict[str, Any], receive: Receive) -> tuple[dict[str, Any], Receive]:
        first = await receive()
        digest = hmac.digest(SECRET.encode(), first["body"], "sha256")
        events = iter([first])

        async def again() -> Any:
            return next(events, None) or await receive()

        ours = [
            (b"x-shopify-hmac-sha256", base64.b64encode(digest)),
            (b"x-shopify-topic", self.topics[digest[0] % len(self.topics)].encode()),
        ]
        return {**scope, "headers": [*scope["headers"], *ours]}, again


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(
        Settings(data=tmp_path_factory.mktemp("openapi"), min_free_bytes=0, shopify_secrets=(SECRET,))
    )


schema = schemathesis.openapi.from_dict(create_app(Settings()).openapi_schema.to_schema())


# The one-letter routes of Segment's SDK are the handlers of the long ones.
@schema.exclude(path_regex=r"^/v1/[tpsiag]$").parametrize()
@hypothesis.settings(max_examples=8, phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate])
def test_the_documented_answers(case: schemathesis.Case, shop: Shop) -> None:
    case.call_and_validate(app=shop, checks=CHECKS)
    case.call_and_validate(app=shop, checks=CHECKS, headers={"authorization": f"Basic {KEY}"})
