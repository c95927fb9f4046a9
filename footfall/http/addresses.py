"""The network that a request comes from; the host is never kept."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

#: The longest text of an address (v6 with an embedded v4, a zone, brackets), with room to spare.
MAX_ADDRESS = 100
#: An entry of X-Forwarded-For with a port, as some gateways write it: an address of v4, or one of v6 in brackets.
_WITH_PORT = re.compile(r"\s*(?:([0-9.]+)|\[([^\]]+)\]):[0-9]+\s*")


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """An address as a header may have it, in brackets or with a zone; None if it is not an address.

    A v4 address that arrives mapped into v6 (``::ffff:192.0.2.7``) counts as v4.
    """
    try:
        address = ip_address(text.strip().strip("[]").split("%", 1)[0])
    except ValueError:
        return None
    return address if isinstance(address, IPv4Address) else address.ipv4_mapped or address


@lru_cache(maxsize=8192)
def truncate_address(text: str) -> str | None:
    """The network of an address, v4 /24 and v6 /48 (tracking plan, "Consent"); None if it is not an address."""
    address = parse_address(text)
    if address is None:
        return None
    if isinstance(address, IPv6Address):
        return str(IPv6Address(int(address) >> 80 << 80))
    return str(IPv4Address(int(address) >> 8 << 8))


def client_address(peer: str | None, forwarded_for: bytes | None, *, trusted: bool) -> str | None:
    """The whole address of whoever sent the request, as it came: to be used and forgotten, never kept.

    ``forwarded_for`` is the header X-Forwarded-For, ``trusted`` whether one's own proxy wrote it: then its last entry
    counts, the one that the proxy itself added; those before it are the client's own words. Its port doesn't: the
    next connection has another.
    """
    if trusted and forwarded_for:
        last = forwarded_for.rsplit(b",", 1)[-1][:MAX_ADDRESS].decode("latin-1")
        found = _WITH_PORT.fullmatch(last)
        return last if found is None else found[1] or found[2]
    return peer or None


def visitor_address(peer: str | None, forwarded_for: bytes | None, *, trusted: bool) -> str | None:
    """The truncated address of whoever sent the request; see ``client_address``."""
    address = client_address(peer, forwarded_for, trusted=trusted)
    return truncate_address(address) if address else None
