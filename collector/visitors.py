"""What the request itself says about the visitor: truncated address, user agent, Global Privacy Control."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

#: Of the tracking plan, "Limits".
MAX_USER_AGENT = 1000
#: The longest text of an address (v6 with an embedded v4, a zone, brackets), with room to spare.
MAX_ADDRESS = 100


@lru_cache(maxsize=8192)
def truncate_address(text: str) -> str | None:
    """The network of an address, v4 /24 and v6 /48 (tracking plan, "Consent"); None for what is no address.

    A v4 address that arrives mapped into v6 (``::ffff:192.0.2.7``) counts as v4.
    """
    try:
        address = ip_address(text.strip().strip("[]").split("%", 1)[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(IPv6Address(int(address) >> 80 << 80))
        address = address.ipv4_mapped
    return str(IPv4Address(int(address) >> 8 << 8))


def visitor_address(
    peer: str | None, headers: Mapping[bytes, bytes], *, trust_forwarded_for: bool
) -> str | None:
    """The truncated address of whoever sent the request.

    With a trusted proxy it is the last entry of X-Forwarded-For, the one that the proxy itself wrote: those
    before it are the client's own words.
    """
    if trust_forwarded_for and (forwarded := headers.get(b"x-forwarded-for")):
        return truncate_address(forwarded.rsplit(b",", 1)[-1][:MAX_ADDRESS].decode("latin-1"))
    return truncate_address(peer) if peer else None


def clean_user_agent(raw: bytes | None) -> str | None:
    """The user agent as text, at most 1000 characters, no control characters; None where there is none."""
    # Cut before the cache keeps it: a header may be 400 KB long, and each request may bring another one.
    return _clean(raw[: 4 * MAX_USER_AGENT]) if raw else None


@lru_cache(maxsize=4096)
def _clean(raw: bytes) -> str | None:
    text = raw.decode("utf-8", "replace")
    return "".join(char for char in text if char.isprintable())[:MAX_USER_AGENT] or None
