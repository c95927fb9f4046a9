"""Secrets, as a screen or a log may have them."""

from __future__ import annotations

import re

_CREDENTIALS = re.compile(r"(?<=://)[^/?#\s]*@")
_QUERY = re.compile(r"(?<=://)([^?\s]*)\?\S*")


def mask(secret: str) -> str:
    """Its first letters, which tell which one it is, and its length."""
    return f"{secret[: min(3, len(secret) // 4)]}... ({len(secret)} characters)"


def without_credentials(text: str) -> str:
    """The text without what a URL in it has before its host, and without its query: both may hold a password."""
    return _QUERY.sub(r"\1?...", _CREDENTIALS.sub("...@", text))
