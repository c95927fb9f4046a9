"""Downloads a file from an address that an operator set, without becoming a way into the operator's own network.

Host names are resolved here, judged, and connected to at the address that was judged: a name that resolves to something
else a moment later gains nothing. Proxies of the environment are not used, since they would resolve by themselves.
"""

from __future__ import annotations

import ipaddress
import socket
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import httpx

MAX_REDIRECTS = 5
#: Of a single step: to connect, to wait for the next bytes.
_STEP_SECONDS = 20.0
_PIECE = 1 << 16
_GZIP = b"\x1f\x8b"
#: IPv6 addresses that carry an IPv4 one, which is where a translator would lead.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class FetchError(Exception):
    """The file could not be had; the text says why, without anything secret."""


@dataclass(frozen=True)
class Limits:
    """max_bytes: after gzip. seconds: for all of it. allow_private: addresses that are not the internet's, too."""

    max_bytes: int
    seconds: float
    allow_private: bool = False


@dataclass(frozen=True)
class Fetched:
    """What the server said about the file; ``is_new`` is False where it said that nothing changed (304)."""

    is_new: bool
    etag: str = ""
    last_modified: str = ""


def is_public(text: str) -> bool:
    """Return whether an IP address is one of the internet's, and not of this machine or of a network behind it."""
    address: _Address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return address.is_global and not address.is_multicast


def download(
    url: str,
    target: Path,
    limits: Limits,
    *,
    headers: Mapping[str, str],
    transport: Callable[[], httpx.BaseTransport] = lambda: httpx.HTTPTransport(trust_env=False),
) -> Fetched:
    """Write what the address has to ``target``, gzip undone. Secret ``headers`` go to its own origin alone.

    Raises FetchError; ``target`` may then hold a part.
    """
    end = time.monotonic() + limits.seconds
    at, own = httpx.URL(url), httpx.URL(url)
    with httpx.Client(transport=transport(), timeout=_STEP_SECONDS, follow_redirects=False) as client:
        for _ in range(MAX_REDIRECTS + 1):
            same = (at.scheme, at.host, at.port) == (own.scheme, own.host, own.port)
            answer = _ask(client, at, headers if same else {}, limits)
            try:
                if answer.status_code == 304:
                    return Fetched(is_new=False)
                if not answer.has_redirect_location:
                    return _take(answer, target, limits, end)
                at = _next(at, answer.headers["location"])
            except httpx.HTTPError as error:
                raise FetchError(f"the transfer from {at.host} broke off ({type(error).__name__})") from None
            finally:
                answer.close()
            if time.monotonic() > end:
                break
    raise FetchError(f"more than {MAX_REDIRECTS} redirects, or {limits.seconds:.0f} s of them")


def _next(at: httpx.URL, location: str) -> httpx.URL:
    try:
        onward = at.join(location)
    except httpx.InvalidURL:
        raise FetchError(f"{at.host} redirects to something that is no address") from None
    if onward.scheme not in ("http", "https") or not onward.host or onward.userinfo:
        raise FetchError(f"{at.host} redirects to what is not an http(s) address")
    if at.scheme == "https" and onward.scheme == "http":
        raise FetchError(f"{at.host} redirects from https to http, which is not followed")
    return onward


def _ask(client: httpx.Client, url: httpx.URL, headers: Mapping[str, str], limits: Limits) -> httpx.Response:
    """The answer of the first of the host's addresses that can be connected to; its body is not read yet."""
    for address in (found := _addresses(url, limits.allow_private)):
        request = client.build_request(
            "GET",
            url.copy_with(host=address),
            headers={
                **headers,
                "host": url.netloc.decode("ascii"),
                "accept-encoding": "gzip",
                "user-agent": "footfall",
            },
            extensions={"sni_hostname": url.host},
        )
        try:
            return client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            if address == found[-1]:
                why = " ".join(str(error).split())[:200] or "no answer"
                raise FetchError(f"can't connect to {url.host}: {why}") from None
        except httpx.HTTPError as error:
            raise FetchError(f"{url.host} does not answer ({type(error).__name__})") from None
    raise FetchError(f"{url.host} has no address")


def _addresses(url: httpx.URL, allow_private: bool) -> list[str]:
    try:
        port = url.port or (443 if url.scheme == "https" else 80)
        found = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise FetchError(f"{url.host} is not a host that can be found") from None
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    inner = [each for each in addresses if not is_public(each)]
    if inner and not allow_private:
        raise FetchError(
            f"{url.host} is {inner[0]}, an address of a private network: set allow_private = true for the source if "
            "that is meant"
        )
    return addresses


def _take(answer: httpx.Response, target: Path, limits: Limits, end: float) -> Fetched:
    if answer.status_code != 200:
        raise FetchError(f"it answers {answer.status_code}")
    size = 0
    with target.open("wb") as file:
        for piece in _inflated(answer.iter_raw(_PIECE)):
            size += len(piece)
            if size > limits.max_bytes:
                raise FetchError(f"larger than {limits.max_bytes / 2**20:.0f} MB (max_mb)")
            if time.monotonic() > end:
                raise FetchError(f"not there within {limits.seconds:.0f} s (max_seconds)")
            file.write(piece)
    if not size:
        raise FetchError("it is empty")
    return Fetched(True, answer.headers.get("etag", ""), answer.headers.get("last-modified", ""))


def _inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Undo gzip where the content is so, as encoding or as a ``.gz`` file; never more than a piece at once."""
    first = next(pieces, b"")
    if not first.startswith(_GZIP):
        yield first
        yield from pieces
        return
    inflater = zlib.decompressobj(31)
    try:
        for piece in chain([first], pieces):
            rest = piece
            while rest:
                if inflater.eof:
                    inflater = zlib.decompressobj(31)
                yield inflater.decompress(rest, _PIECE)
                rest = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    except zlib.error:
        raise FetchError("its gzip is damaged") from None
    if not inflater.eof:
        raise FetchError("its gzip ends too early")
