"""If-None-Match, for the servers that answer with ETags."""

from __future__ import annotations


def matches(if_none_match: str | None, etag: str) -> bool:
    """Return whether the caller has what this ETag names, by weak comparison (RFC 9110, 13.1.2). ``etag`` is quoted."""
    if not if_none_match:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags
