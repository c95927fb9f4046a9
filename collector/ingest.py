"""The hot path: a raw ASGI handler, mounted in the Litestar application.

A plain typed handler costs twice as much as everything that this one does. So: headers are read once, the
body is decoded once, nothing is injected, and no middleware stands in front.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from msgspec import Struct

from collector.body_limits import BodyLimits
from collector.committer import Committer
from collector.daily_ids import DailyIds
from collector.login_proofs import take_signatures
from collector.metrics import Metrics
from collector.origins import Headers, Origins
from collector.parsing import (
    BATCH_ROUTES,
    SINGLE_ROUTES,
    ParsedRequest,
    Sender,
    answer,
    inflate,
    make_envelope,
    open_batch,
    open_single,
    validate,
)
from collector.problems import PROBLEM_TYPE, RefusedError, problem_body
from collector.refusals import RefusalLog
from collector.user_agent import read_user_agent
from collector.writer import CommitError
from footfall.http.addresses import client_address, truncate_address
from footfall.http.rate_limit import Buckets, Quota, QuotaSpentError
from footfall.landing.segments import FailedMessage, frame_parts
from footfall.runtime.origins import OriginRule
from footfall.settings import Settings, WriteKey
from footfall.wire.schema import MAX_BODY

log = logging.getLogger("footfall.collector")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

#: A client that trickles its body, or never begins it, holds a slot for this long, and for a fifteenth more at most.
BODY_SECONDS = 15.0
#: How often in that time somebody looks who has taken as long. A timer for each request takes 1.1 microseconds more.
LOOKS = 15
#: Of a body that is too large this much is read and thrown away, so that its sender gets to see the answer.
MAX_DISCARDED = 16 * MAX_BODY
#: Requests in flight. Each may hold a body of 1 MiB, so this bounds memory under a flood; past it the answer
#: is 503.
MAX_IN_FLIGHT = 1024
ROUTES = (*BATCH_ROUTES, *SINGLE_ROUTES)
#: text/plain is what sendBeacon must use: a JSON type triggers a preflight that dies with the page.
CONTENT_TYPES = frozenset({b"", b"text/plain", b"application/json"})

_NO_SNIFF = (b"x-content-type-options", b"nosniff")
_COMMON: Headers = [(b"content-type", b"application/json"), _NO_SNIFF]


class _Key(Struct, frozen=True):
    """A write key, and what is asked of it with every request."""

    key: WriteKey
    origins: OriginRule
    quota: Quota | None
    is_of_a_server: bool


class Reading:
    """The requests whose bodies are still arriving: one that takes longer than BODY_SECONDS is cut off.

    They are looked at together, a few times in that span. As long as no body is awaited nothing runs.
    """

    def __init__(self) -> None:
        self._since: dict[asyncio.Task[Any], float] = {}
        self._cut_off: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> asyncio.Task[Any]:
        """The current task waits for a body from now on."""
        task = asyncio.current_task()
        assert task is not None
        self._since[task] = time.monotonic()
        if self._timer is None:
            self._look_later()
        return task

    def was_cut_off(self, task: asyncio.Task[Any]) -> bool:
        """Return whether its cancellation was ours, and ours alone; that is used up then."""
        return task in self._cut_off and task.uncancel() == 0

    def end(self, task: asyncio.Task[Any]) -> None:
        """It waits no longer."""
        del self._since[task]
        self._cut_off.discard(task)

    def _look_later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(BODY_SECONDS / LOOKS, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._since:
            return
        long_ago = time.monotonic() - BODY_SECONDS
        for task, since in self._since.items():  # the eldest comes first
            if since > long_ago:
                break
            if task not in self._cut_off:
                self._cut_off.add(task)
                task.cancel()
        self._look_later()


class IngestHandler:
    """Takes requests with messages; one for each process. ``buckets`` are those of ``settings.write_keys``, by their
    order.
    """

    def __init__(self, settings: Settings, committer: Committer, metrics: Metrics, buckets: Buckets) -> None:
        self._keys = {
            key.key: _Key(key, OriginRule(key.origins), _quota(key, buckets, number), key.is_of_a_server)
            for number, key in enumerate(settings.write_keys)
        }
        self.origins = Origins(settings.write_keys)
        self._trust_forwarded_for = settings.trust_forwarded_for
        self._identity_secrets = settings.identity_secrets
        self.daily_ids = DailyIds(settings.paths.data / "collector" / "salts")
        self._committer = committer
        self._metrics = metrics
        self._refusals = RefusalLog(settings.paths.landing)
        self._good_starts: dict[bytes | None, dict[str, Any]] = {}
        self._reading = Reading()
        self.body_limits = BodyLimits()
        self.in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: 200 with the messages on disk, 204 to a preflight, or problem details."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        origin = headers.get(b"origin")
        if scope["method"] == "OPTIONS":
            await _respond(send, 204, self.origins.preflight_headers(origin), b"")
            return
        self.in_flight += 1
        try:
            if scope["method"] != "POST":
                raise RefusedError(405, "method", "messages are sent with POST")
            if self.in_flight > MAX_IN_FLIGHT:
                raise RefusedError(
                    503, "overloaded", f"more than {MAX_IN_FLIGHT} requests in flight", retry_after=2
                )
            network = self.network_of(headers, scope)
            self.body_limits.begin(network)
            try:
                body = await _read_body(receive, headers, self._reading)
            finally:
                self.body_limits.end(network)
            parsed = _open(scope["path"], body)
            accepted, failed = await self.land(parsed, headers, scope)
            # Without a Content-Length: the server sets it, as it sees the whole body.
            await send(self._good_starts.get(origin) or self._good_start(origin))
            await send({"type": "http.response.body", "body": answer(accepted, failed), "more_body": False})
        except RefusedError as refusal:
            await self._refuse(send, refusal, origin, scope["path"])
        except CommitError as failure:
            ours = RefusedError(503, failure.reason, failure.detail, retry_after=failure.retry_after)
            await self._refuse(send, ours, origin, scope["path"])
        except Exception:
            log.exception("unexpected error at %s", scope["path"])
            await self._refuse(
                send,
                RefusedError(500, "internal", "unexpected error; the log has the details"),
                origin,
                scope["path"],
            )
        finally:
            self.in_flight -= 1

    async def land(
        self, parsed: ParsedRequest, headers: Mapping[bytes, bytes], scope: Scope
    ) -> tuple[int, list[FailedMessage]]:
        """Judge the messages and put them on disk; returns how many were accepted, and the others.

        A daily id is made only where one of them asks for it.

        Raises RefusedError (401 key, 403 origin, 429 quota) or CommitError.
        """
        known = self._key(headers, parsed, scope)
        key = known.key
        origin = headers.get(b"origin")
        if origin is not None and not known.origins.allows(origin):
            raise RefusedError(
                403,
                "origin",
                f"the write key of {key.source} may not be used from {origin[:300].decode('latin-1')}: "
                "add it to the key's origins (FOOTFALL_WRITE_KEYS)",
            )
        address = self._address_of(headers, scope)
        ip = truncate_address(address) if address else None
        if known.quota is not None:
            _spend(known.quota, key, ip, parsed.count)
        validated = validate(parsed)
        if validated.accepted or validated.failed:
            user_agent, bot_reason = read_user_agent(headers.get(b"user-agent"))
            now = datetime.now(UTC)
            sender = Sender(
                received_at=now,
                ip=ip,
                user_agent=user_agent,
                day_id=self.daily_ids.id_of(now, address, user_agent, key.source)
                if validated.is_cookieless and not key.trusted
                else None,
                gpc=headers.get(b"sec-gpc") == b"1",
                bot_reason=None if known.is_of_a_server else bot_reason,
            )
            # A key that no page has: its server knows who is logged in
            proven: bool | list[int] = known.is_of_a_server and origin is None
            if parsed.is_signed:
                proven = take_signatures(validated, self._identity_secrets) or proven
            envelope = make_envelope(
                parsed, validated, source=key.source, trusted=key.trusted, proven=proven, sender=sender
            )
            await self._committer.submit(*frame_parts(envelope))
            self._metrics.accepted[key.source] += validated.accepted
            if validated.failed:
                self._metrics.reject(key.source, validated.failed)
        return validated.accepted, validated.failed

    def server_key(self, headers: Mapping[bytes, bytes], scope: Scope) -> WriteKey:
        """The server's write key that a request has as the user of Basic authorization; its quota pays for a message.

        Raises RefusedError: 401 without a key, 403 for a key of pages or a request of a page, 429.
        """
        known = self._key(headers, ParsedRequest(0, None, None), scope)
        if not known.is_of_a_server or b"origin" in headers:
            raise RefusedError(
                403,
                "server_key",
                "only a shop's server may do this: use a write key with origins = [], which no page has",
            )
        if known.quota is not None:
            _spend(known.quota, known.key, self.network_of(headers, scope), 1)
        return known.key

    def network_of(self, headers: Mapping[bytes, bytes], scope: Scope) -> str | None:
        """The client's address prefix, v4 /24 or v6 /48; None where it has no address."""
        address = self._address_of(headers, scope)
        return truncate_address(address) if address else None

    def _address_of(self, headers: Mapping[bytes, bytes], scope: Scope) -> str | None:
        client = scope.get("client")
        return client_address(
            client[0] if client else None,
            headers.get(b"x-forwarded-for"),
            trusted=self._trust_forwarded_for,
        )

    def _key(self, headers: Mapping[bytes, bytes], parsed: ParsedRequest, scope: Scope) -> _Key:
        authorization = headers.get(b"authorization")
        text = parsed.write_key if authorization is None else _basic_user(authorization)
        if not text and authorization is None and scope.get("query_string"):
            # A beacon can't have headers.
            text = dict(parse_qsl(scope["query_string"].decode("latin-1"))).get("writeKey")
        if not text:
            raise RefusedError(
                401,
                "no_key",
                "no write key: send it as the user of Basic authorization, or as writeKey in the body or the query",
            )
        key = self._keys.get(text)
        if key is None:
            raise RefusedError(
                401, "unknown_key", "unknown write key: `footfall config` lists the current keys"
            )
        return key

    def _good_start(self, origin: bytes | None) -> dict[str, Any]:
        """Return how an answer with status 200 begins. Without what is for caches, which keep no answer to a POST that
        doesn't say for how long, and without what says that Retry-After may be read: each header is 1 % of a small
        request.
        """
        headers = [*_COMMON, *self.origins.allow_headers(origin)]
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        # Strangers must not fill the memory.
        if len(self._good_starts) < 1024 and len(origin or b"") < 300:
            self._good_starts[origin] = start
        return start

    async def _refuse(self, send: Send, refusal: RefusedError, origin: bytes | None, path: str) -> None:
        self._metrics.refused[refusal.reason] += 1
        self._refusals.tell(refusal, path, origin)
        headers = [
            (b"content-type", PROBLEM_TYPE),
            (b"cache-control", b"no-store"),
            _NO_SNIFF,
            *self.origins.answer_headers(origin),
        ]
        if refusal.retry_after is not None:
            headers.append((b"retry-after", b"%d" % refusal.retry_after))
        if refusal.status == 401:
            headers.append((b"www-authenticate", b'Basic realm="write key"'))
        if refusal.status == 405:
            headers.append((b"allow", b"POST, OPTIONS"))
        if refusal.status in (408, 413) or refusal.reason in ("slow_bodies", "cut_short"):
            headers.append((b"connection", b"close"))  # the rest of the body is not read
        await _respond(
            send, refusal.status, headers, problem_body(refusal.status, refusal.reason, refusal.detail)
        )


async def _respond(send: Send, status: int, headers: Headers, body: bytes) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": headers if status == 204 else [*headers, (b"content-length", b"%d" % len(body))],
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _quota(key: WriteKey, buckets: Buckets, number: int) -> Quota | None:
    """None where the key has none."""
    if key.messages_per_second is None and key.messages_per_second_of_address is None:
        return None
    return Quota(
        key.messages_per_second,
        key.messages_per_second_of_address,
        key.burst,
        buckets=buckets,
        number=number,
    )


def _spend(quota: Quota, key: WriteKey, address: str | None, messages: int) -> None:
    try:
        quota.spend(address, messages)
    except QuotaSpentError as spent:
        raise RefusedError(
            429,
            "quota",
            f"more than the write key of {key.source} may send; send it again later",
            retry_after=spent.retry_after,
        ) from None


def _open(path: str, body: bytes) -> ParsedRequest:
    kind = SINGLE_ROUTES.get(path)
    return open_batch(body) if kind is None else open_single(body, kind)


async def _read_body(receive: Receive, headers: Mapping[bytes, bytes], reading: Reading) -> bytes:
    """The body, inflated. Raises RefusedError 400, 408, 413, 415."""
    content_type = headers.get(b"content-type", b"")
    if content_type not in CONTENT_TYPES:
        content_type = content_type.split(b";", 1)[0].strip().lower()
    if content_type not in CONTENT_TYPES:
        raise RefusedError(415, "content_type", "send text/plain or application/json")
    encoding = headers.get(b"content-encoding", b"").strip().lower()
    if encoding not in (b"", b"identity", b"gzip"):
        raise RefusedError(
            415, "content_encoding", "send the body uncompressed, or with Content-Encoding: gzip"
        )
    declared = headers.get(b"content-length")
    # int() raises ValueError past 4300 digits.
    length = int(declared[:20]) if declared is not None and declared.isdigit() else None
    if length is not None and length > MAX_DISCARDED:
        raise _too_large()
    task = reading.begin()
    try:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise _cut_short()
        body: bytes = event.get("body", b"")
        # The server reports the end as one more, empty event. A small body has arrived whole: don't wait for that.
        if event.get("more_body") and (length is None or len(body) < length):
            body = await _read_rest(receive, body, length)
    except asyncio.CancelledError:
        # Somebody else's, or somebody else's too
        if not reading.was_cut_off(task):
            raise
        raise RefusedError(408, "slow_body", f"the body did not arrive within {BODY_SECONDS:.0f} s") from None
    finally:
        reading.end(task)
    if len(body) > MAX_BODY:
        raise _too_large()
    return inflate(body) if encoding == b"gzip" else body


async def _read_rest(receive: Receive, first: bytes, length: int | None) -> bytes:
    """The whole body. One that is too large is read to its end all the same, and thrown away.

    A client that is cut off while it sends sees a broken connection and not our 413, and would send again.
    """
    chunks = [first]
    arrived = len(first)
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise _cut_short()
        chunk = event.get("body", b"")
        arrived += len(chunk)
        if arrived <= MAX_BODY:
            chunks.append(chunk)
        else:
            chunks.clear()
            if arrived > MAX_DISCARDED:
                raise _too_large()
        if not event.get("more_body") or arrived == length:
            if arrived > MAX_BODY:
                raise _too_large()
            return b"".join(chunks)


def _cut_short() -> RefusedError:
    """The client ended its side before the body. It may have ended that side alone, so it is answered."""
    return RefusedError(400, "cut_short", "the connection closed before the body was complete: send it again")


def _too_large() -> RefusedError:
    return RefusedError(413, "too_large", f"more than {MAX_BODY} bytes: send smaller batches")


def _basic_user(authorization: bytes) -> str | None:
    scheme, _, value = authorization.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        return base64.b64decode(value.strip(), validate=True).partition(b":")[0].decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
