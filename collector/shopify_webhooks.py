"""``POST /v1/shopify/webhooks``: Shopify's deliveries, checked, turned into our messages, and on disk when answered.

The order of things: signature over the raw body (nothing unsigned is parsed), the shop, what was seen already, the
adapter, each message against the wire schema, the commit, and only then the memory of having seen it.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

import msgspec
from msgspec import Raw

from collector.adapters import SHOPIFY
from collector.adapters.common import Delivery, encode
from collector.committer import Committer
from collector.ingest import BODY_SECONDS
from collector.metrics import Metrics
from collector.parsing import explain
from collector.problems import RefusedError
from collector.webhook_dedup import SeenDeliveries
from footfall.landing.segments import NO_VISIT, Envelope, FailedMessage, encode_frame
from footfall.settings import Settings
from footfall.wire.keys import is_signed_webhook
from footfall.wire.schema import MAX_ID, WireError, check_message

log = logging.getLogger("footfall.collector")

#: A product with 2,048 variants has some 3 MB.
MAX_WEBHOOK = 8 * 2**20
#: Deliveries in work at once: each holds its body and its messages in memory.
MAX_AT_ONCE = 16
#: Bytes of bodies that are still arriving, of all together. Whoever sends one is a stranger until it is whole and its
#: signature is right, so it is what they send that is bounded, and not how many they are: a connection costs nothing.
MAX_ARRIVING = 64 * 2**20


class WebhookAnswer(msgspec.Struct, omit_defaults=True):
    """The outcome of a delivery."""

    accepted: int
    rejected: int = 0
    duplicate: bool = False
    ignored: str | None = None


class ShopifyWebhookHandler:
    """Takes Shopify's webhooks; one for each process."""

    def __init__(
        self, settings: Settings, committer: Committer, metrics: Metrics, seen: SeenDeliveries
    ) -> None:
        self._secrets = settings.shopify_secrets
        self._shops = frozenset(shop.lower() for shop in settings.shopify_shops)
        self._source = settings.shopify_source
        self._committer = committer
        self._metrics = metrics
        self._seen = seen
        self._arriving = self._in_work = 0

    async def read(self, chunks: AsyncIterator[bytes], seconds: float = BODY_SECONDS) -> bytes:
        """The body, which has so many seconds to arrive.

        Raises RefusedError: 404 where no secret is set, 408 where it is too slow, 503 past what memory may hold.
        """
        if not self._secrets:
            raise RefusedError(404, "not_set_up", "no webhooks here: set FOOTFALL_SHOPIFY_SECRETS")
        arrived, size = [], 0
        try:
            async with asyncio.timeout(seconds):
                async for chunk in chunks:
                    arrived.append(chunk)
                    size += len(chunk)
                    self._arriving += len(chunk)
                    if self._arriving > MAX_ARRIVING:
                        raise RefusedError(503, "overloaded", "too many deliveries at once", retry_after=5)
        except TimeoutError:
            raise RefusedError(408, "slow_body", f"the body did not arrive within {seconds:.0f} s") from None
        finally:
            self._arriving -= size
        return b"".join(arrived)

    async def take(self, headers: Mapping[str, str], body: bytes) -> WebhookAnswer:
        """Raises RefusedError (401 signature, 403 shop, 503 room) or CommitError; then Shopify delivers it again."""
        if self._in_work >= MAX_AT_ONCE:
            raise RefusedError(503, "overloaded", f"{MAX_AT_ONCE} deliveries in work", retry_after=5)
        self._in_work += 1
        try:
            return await self._take(headers, body)
        finally:
            self._in_work -= 1

    async def _take(self, headers: Mapping[str, str], body: bytes) -> WebhookAnswer:
        if not is_signed_webhook(self._secrets, body, headers.get("x-shopify-hmac-sha256", "")):
            raise RefusedError(401, "signature", "X-Shopify-Hmac-Sha256 does not match this body")
        delivery = Delivery(
            topic=headers.get("x-shopify-topic", "").lower()[:MAX_ID],
            shop=headers.get("x-shopify-shop-domain", "").lower()[:MAX_ID],
            body=body,
            triggered_at=_time(headers.get("x-shopify-triggered-at")),
        )
        if self._shops and delivery.shop not in self._shops:
            raise RefusedError(403, "shop", f"{delivery.shop} is not in FOOTFALL_SHOPIFY_SHOPS")
        if delivery.topic not in SHOPIFY:
            # Not kept: a topic that nobody asked for may hold names and addresses. 200, or Shopify repeats it for
            # two days and then ends the subscription.
            self._metrics.refused["topic"] += 1
            log.warning("webhook topic %r has no adapter: unsubscribe it", delivery.topic)
            return WebhookAnswer(0, ignored=delivery.topic)
        # The header's id is not under the signature, the bytes are.
        digest = hashlib.sha256(f"{delivery.topic}\n{delivery.shop}\n".encode() + body).hexdigest()
        keys = [f"body:{digest}"]
        if webhook_id := headers.get("x-shopify-webhook-id"):
            keys.append(f"id:{webhook_id[:MAX_ID]}")
        if await asyncio.to_thread(self._seen.any_of, keys):
            return WebhookAnswer(0, duplicate=True)
        envelopes = translate(delivery, self._source, datetime.now(UTC))
        await asyncio.gather(*(self._committer.submit(encode_frame(envelope)) for envelope in envelopes))
        await asyncio.to_thread(self._seen.add, keys)
        answer = WebhookAnswer(
            accepted=sum(envelope.accepted for envelope in envelopes),
            rejected=sum(envelope.rejected for envelope in envelopes),
        )
        self._metrics.accepted[self._source] += answer.accepted
        for envelope in envelopes:
            self._metrics.reject(self._source, envelope.failed)
        return answer


def translate(delivery: Delivery, source: str, received_at: datetime) -> list[Envelope]:
    """Return what lands of a delivery: one envelope of visitors' acts, one of facts without a visitor, as far as there
    are.

    A body that its adapter can't read is kept whole as a failed event; a message that breaks the schema is too, by
    itself. Both can be sent again after a fix (``footfall failed``).
    """
    visits: list[Raw] = []
    facts: list[Raw] = []
    failed: list[FailedMessage] = []
    try:
        made = SHOPIFY[delivery.topic](delivery)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        reason = f"{delivery.topic}: {explain(delivery.body, str(error))}"
        failed.append(FailedMessage(index=0, field="webhook", reason=reason, raw=delivery.body))
        made = []
    for index, fact in enumerate(made):
        raw = encode(fact.message)
        try:
            check_message(raw)
        except WireError as error:
            failed.append(
                FailedMessage(
                    index=index,
                    field=error.field,
                    reason=error.reason,
                    raw=raw,
                    message_id=str(fact.message.get("messageId"))[:MAX_ID],
                )
            )
        else:
            (visits if fact.is_visit else facts).append(Raw(raw))
    envelopes = []
    if visits or failed or not facts:
        envelopes.append(_envelope(visits, failed, source, received_at, None))
    if facts:
        envelopes.append(_envelope(facts, [], source, received_at, NO_VISIT))
    return envelopes


def _envelope(
    batch: list[Raw], failed: list[FailedMessage], source: str, received_at: datetime, reason: str | None
) -> Envelope:
    return Envelope(
        received_at=received_at,
        source=source,
        # Shopify's own times are kept: a delivery may be two days late.
        trusted=True,
        is_bot=reason is not None,
        bot_reason=reason,
        accepted=len(batch),
        rejected=len(failed),
        batch=batch,
        failed=failed,
    )


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        return None
