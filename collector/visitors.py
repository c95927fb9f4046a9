"""What the request itself says about the visitor: user agent, Global Privacy Control."""

from __future__ import annotations

from functools import lru_cache

#: Of the tracking plan, "Limits".
MAX_USER_AGENT = 1000


def clean_user_agent(raw: bytes | None) -> str | None:
    """The user agent as text, at most 1000 characters, no control characters; None where there is none."""
    # Cut before the cache keeps it: a header may be 400 KB long, and each request may bring another one.
    return _clean(raw[: 4 * MAX_USER_AGENT]) if raw else None


@lru_cache(maxsize=4096)
def _clean(raw: bytes) -> str | None:
    text = raw.decode("utf-8", "replace")
    return "".join(char for char in text if char.isprintable())[:MAX_USER_AGENT] or None
