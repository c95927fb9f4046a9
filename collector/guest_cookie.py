"""``/v1/guest``: the guest token as a cookie that the server sets, and ``/v1/pixel.gif`` for pages without scripts.

A cookie that a script sets lives for seven days in Safari; one that the shop's own (sub)domain sets lives as long as it
says. The pixel may show its own token, of the mirror in localStorage, and have it kept.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from urllib.parse import urlsplit

import msgspec

from collector.origins import Origins
from collector.parsing import ParsedRequest, open_single
from collector.problems import RefusedError
from footfall.wire.keys import MIN_TOKEN, is_proof
from footfall.wire.schema import MAX_MESSAGE, is_placeholder

COOKIE = "_ff_guest"
#: Tracking plan, "Rules with their numbers".
COOKIE_SECONDS = 365 * 24 * 3600
#: Long enough not to be guessed, and nothing that breaks a header.
_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{{MIN_TOKEN},64}}")
_SCHEME = re.compile(r"https?")
#: One transparent pixel.
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


class GuestAnswer(msgspec.Struct):
    """The visitor's guest token, and whether it was made just now."""

    guest: str
    is_new: bool


def good_token(text: str | None) -> str | None:
    """The token, if it is one that nobody can guess."""
    return text if text and _TOKEN.fullmatch(text) and is_proof(text) and not is_placeholder(text) else None


def token_in(cookie_header: str | None) -> str | None:
    """The guest token among a request's cookies."""
    # Not http.cookies: it gives up on all of them where one, of whatever else the shop runs, has an odd character.
    for part in (cookie_header or "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return good_token(value)
    return None


def choose_guest(cookie_header: str | None, shown: str | None, *, is_reset: bool) -> GuestAnswer:
    """The cookie's token, else the one that the page shows, else a new one; always a new one after a logout."""
    known = None if is_reset else token_in(cookie_header) or good_token(shown)
    return GuestAnswer(known or secrets.token_hex(16), is_new=known is None)


def guest_cookie(token: str, *, domain: str, is_secure: bool) -> str:
    """The ``Set-Cookie`` header. Not HttpOnly: the pixel has to read the token."""
    parts = [f"{COOKIE}={token}", f"Max-Age={COOKIE_SECONDS}", "Path=/", "SameSite=Lax"]
    if domain:
        parts.append(f"Domain={domain}")
    if is_secure:
        parts.append("Secure")
    return "; ".join(parts)


def may_read(origin: str, host: str, domain: str, origins: Origins) -> bool:
    """Return whether a page of this origin may have its visitor's token: one that a write key lists by name, or one of
    the cookie's own domain. ``*`` is not enough: any page of the world could ask with the visitor's cookies.
    """
    if origin == "null":  # any page can make itself one
        return False
    if origins.any_lists(origin.encode("latin-1", "replace")):
        return True
    try:
        theirs = urlsplit(origin).hostname or ""
        ours = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    suffix = domain.lower().lstrip(".")
    return bool(theirs) and (theirs == ours or (suffix != "" and f".{theirs}".endswith(f".{suffix}")))


def is_https(scheme: str, forwarded_proto: str | None, *, trust_forwarded: bool) -> bool:
    """Return whether the visitor's browser spoke https, to us or to our own proxy."""
    if trust_forwarded and forwarded_proto:
        last = forwarded_proto.rsplit(",", 1)[-1].strip().lower()
        if _SCHEME.fullmatch(last):
            return last == "https"
    return scheme == "https"


def open_image(data: str, cookie_header: str | None, referrer: str | None) -> ParsedRequest:
    """The one message of an image's address: base64 (either alphabet) of its JSON.

    The page is static, so what only the request knows is filled in where the message doesn't say: the guest token of
    the cookie (else a token for this one view; no cookie is set), the page's address, the type ``page``.
    Raises RefusedError 400 where it is not a message, 413 where it is too long.
    """
    if len(data) > MAX_MESSAGE * 4 // 3 + 4:
        raise RefusedError(413, "too_large", f"more than {MAX_MESSAGE} bytes")
    text = data.replace("-", "+").replace("_", "/").replace(" ", "+").rstrip("=")
    try:
        body = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        message = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (binascii.Error, ValueError, RecursionError) as error:
        raise RefusedError(400, "unreadable", f"data is not base64 of a message: {error}") from None
    additions: dict[str, object] = {}
    if "anonymousId" not in message and "userId" not in message:
        additions["anonymousId"] = token_in(cookie_header) or secrets.token_hex(16)
    if "context" not in message and referrer:
        additions["context"] = {"page": {"url": referrer[:4096]}}
    if additions:
        body = msgspec.json.encode({**message, **additions})
    return open_single(body, "page")
