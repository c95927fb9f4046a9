"""Reads what the request says about the visitor: user agent, Global Privacy Control."""

from __future__ import annotations

from functools import lru_cache

from footfall.wire.bots import bot_reason

#: Of the tracking plan, "Limits".
MAX_USER_AGENT = 1000


def read_user_agent(raw: bytes | None) -> tuple[str | None, str | None]:
    """The user agent as text, at most 1000 characters, no control characters (None where there is none), and why it is
    a program's (None: a person's).
    """
    # Cut before the cache keeps it: a header may be 400 KB long, and each request may bring another one.
    return _read(raw[: 4 * MAX_USER_AGENT] if raw else b"")


@lru_cache(maxsize=4096)
def _read(raw: bytes) -> tuple[str | None, str | None]:
    text = raw.decode("utf-8", "replace")
    user_agent = "".join(char for char in text if char.isprintable())[:MAX_USER_AGENT] or None
    return user_agent, bot_reason(user_agent)
