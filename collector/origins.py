"""Matches browser origins to write keys, and makes the CORS headers."""

from __future__ import annotations

from collections.abc import Iterable

from footfall.runtime.origins import OriginRule
from footfall.settings import WriteKey

Headers = list[tuple[bytes, bytes]]

#: Browsers cap this themselves (Chromium at two hours).
PREFLIGHT_SECONDS = b"7200"
#: Named, since ``*`` does not stand for Authorization; then any, since SDKs add their own (AnonymousId, SentAt,
#: X-Retry-Count, Rsa-*). No header opens anything here: the origin does.
ALLOWED_HEADERS = b"authorization, content-type, content-encoding, *"
#: Without this a page's script can't read how long it should wait.
EXPOSED_HEADERS = b"retry-after"


class Origins:
    """The origins of all write keys."""

    def __init__(self, keys: Iterable[WriteKey]) -> None:
        self._any = OriginRule([origin for key in keys for origin in key.origins])

    def any_lists(self, origin: bytes) -> bool:
        """Return whether some key names this origin, not only everyone."""
        return self._any.lists(origin)

    def allow_headers(self, origin: bytes | None) -> Headers:
        """Return the CORS headers that let a page of an allowed origin read an answer."""
        if origin is None or not self._any.allows(origin):
            return []
        return [(b"access-control-allow-origin", origin)]

    def answer_headers(self, origin: bytes | None) -> Headers:
        """CORS headers of a refusal, or of an answer that a cache may keep."""
        if allowed := self.allow_headers(origin):
            allowed.append((b"access-control-expose-headers", EXPOSED_HEADERS))
        return [(b"vary", b"origin"), *allowed]

    def preflight_headers(self, origin: bytes | None) -> Headers:
        """The answer to OPTIONS, which carries no key: it can say no more than that some key may be used from there."""
        headers = self.answer_headers(origin)
        if len(headers) > 1:
            headers += [
                (b"access-control-allow-methods", b"POST, OPTIONS"),
                (b"access-control-allow-headers", ALLOWED_HEADERS),
                (b"access-control-max-age", PREFLIGHT_SECONDS),
            ]
        return headers
