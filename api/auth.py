"""Authorization: which key may call which route.

The **public** key stands in the shop's pages: product lists, and what belongs to the caller's own guest token
(the token is the proof, so it must be too long to guess), as long as nobody logged in with it. The **secret** key
stays on the shop's server: everything. A logged-in user's data from a browser needs the signature
HMAC-SHA256(user_id, identity_secret), made on that server. Of each there may be several, so that one can be changed
while callers have the old one. A token gets its user's list once the login itself was proven, by that signature or by
the shop's server: a login that only a page told joins nothing that is read here.
"""

from __future__ import annotations

import time
from enum import Enum
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, NotFoundException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from api.rate_limits import NO_KEY, Limits
from api.responses import OriginCors
from api.snapshots import Snapshot
from footfall.settings import Settings
from footfall.snapshot.format import GUEST, PROVEN
from footfall.wire.keys import is_one_of, is_proof, is_signed_proxy, is_signed_user

_NO_KEY = "a key is needed: header X-Footfall-Key, Authorization: Bearer, or parameter key"
#: Only Shopify's App Proxy sends ``path_prefix``: there no page is to be given a key.
_NOT_SIGNED = (
    "the App Proxy's signature does not match FOOTFALL_SHOPIFY_SECRETS and this request, is more than ten minutes "
    "old, or is of a shop that FOOTFALL_SHOPIFY_SHOPS doesn't name"
)
_REALM = {"WWW-Authenticate": 'Bearer realm="footfall"'}


class Caller(Enum):
    PUBLIC = "public"
    SECRET = "secret"
    PROXY = "proxy"
    """The public key's rights; its parameter ``signature`` is Shopify's, over the address, and proves no user."""


def identify(connection: ASGIConnection[Any, Any, Any, Any]) -> Caller:
    """Return which key a request carries: header X-Footfall-Key, Authorization: Bearer, or the parameter ``key``.

    One without a key that Shopify's App Proxy forwarded and signed may do what the public key may.
    Raises NotAuthorizedException (401) without a key or with an unknown one.
    """
    headers = connection.headers
    key = (
        headers.get("x-footfall-key")
        or _bearer(headers.get("authorization"))
        or connection.query_params.get("key")
    )
    settings: Settings = connection.app.state.settings
    if not key and _came_through_proxy(connection, settings):
        return Caller.PROXY
    if not key:
        detail = _NOT_SIGNED if "path_prefix" in connection.query_params else _NO_KEY
        raise NotAuthorizedException(detail=detail, headers=_REALM)
    if is_one_of(key, settings.api_secret_keys):
        return Caller.SECRET
    if is_one_of(key, settings.api_public_keys):
        return Caller.PUBLIC
    raise NotAuthorizedException(detail="the key is unknown", headers=_REALM)


async def needs_key(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard: any key. Guards are coroutines because Litestar runs plain functions on a thread."""
    connection.state.caller = _admit(connection)


async def needs_secret(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard: the secret key."""
    if _admit(connection) is not Caller.SECRET:
        raise PermissionDeniedException(detail="this route needs the secret key, on the shop's server")
    connection.state.caller = Caller.SECRET


def _admit(connection: ASGIConnection[Any, Any, Any, Any]) -> Caller:
    """Return the caller, within the rate limit. Raises what ``identify`` and ``Limits.spend`` raise, and
    PermissionDeniedException (403) for a page that the key is not for.
    """
    limits: Limits = connection.app.state.limits
    try:
        caller = identify(connection)
    except NotAuthorizedException:
        limits.spend(connection, NO_KEY)
        raise
    # Shopify forwards from addresses of its own: one bucket for them would be one for all visitors.
    key = "secret" if caller is Caller.SECRET else "public"
    limits.spend(connection, key, by_address=caller is not Caller.PROXY)
    _check_origin(connection, caller)
    return caller


def _check_origin(connection: ASGIConnection[Any, Any, Any, Any], caller: Caller) -> None:
    """The public key is for the pages of ``api_origins``, the secret key for no page but this API's own
    documentation. A server sends no Origin.
    """
    origin = connection.headers.get("origin")
    if not origin or _is_own(connection, origin):
        return
    if caller is Caller.SECRET:
        raise PermissionDeniedException(detail="the secret key is for servers: never put it into a page")
    cors: OriginCors = connection.app.state.cors
    if not cors.is_origin_allowed(origin):
        raise PermissionDeniedException(
            detail=f"the public key may not be used from {origin[:300]}: add it to FOOTFALL_API_ORIGINS"
        )


def _is_own(connection: ASGIConnection[Any, Any, Any, Any], origin: str) -> bool:
    return origin.partition("://")[2] == connection.headers.get("host")


def recommended_visitor(
    snapshot: Snapshot,
    settings: Settings,
    caller: Caller,
    guest: str | None,
    user: str | None,
    signature: str | None,
) -> str | None:
    """The visitor whose list is asked for; None for one the snapshot doesn't know yet.

    A user, proven or asked for by the server, goes before the guest token. A token that could be guessed is
    treated like an unknown one; so is one whose login nobody proved.
    Raises PermissionDeniedException (403) for a user id without its proof.
    """
    if user:
        _check_user(settings, caller, user, signature)
        if visitor_id := snapshot.visitor_of(f"user:{user}"):
            return visitor_id
    if not guest:
        return None
    visitor_id = snapshot.visitor_of(GUEST + guest)
    if caller is Caller.SECRET or (
        is_proof(guest) and visitor_id in (_guest_alone(guest), snapshot.visitor_of(PROVEN + guest))
    ):
        return visitor_id
    return None


def visitor_by_id(
    snapshot: Snapshot, settings: Settings, caller: Caller, given: str, signature: str | None
) -> str:
    """The canonical visitor behind a path's id: guest token (of a guest, with a public key), user id, or (secret key)
    canonical id.

    Raises PermissionDeniedException (403) where the caller may not ask, NotFoundException (404) for an
    unknown id.
    """
    if caller is Caller.SECRET:
        if snapshot.visitor(given) is not None:
            return given
        identifiers = [GUEST + given, f"user:{given}"]
    elif signature and caller is not Caller.PROXY:
        _check_user(settings, caller, given, signature)
        identifiers = [f"user:{given}"]
    elif not is_proof(given):
        raise PermissionDeniedException(
            detail="the public key reaches the caller's own guest token (at least 128 random bits) and users"
            " with a signature; anything else needs the secret key"
        )
    else:
        identifiers = [GUEST + given]
    for identifier in identifiers:
        if visitor_id := snapshot.visitor_of(identifier):
            is_guests = identifier.startswith(GUEST)
            if caller is not Caller.SECRET and is_guests and visitor_id != _guest_alone(given):
                raise PermissionDeniedException(
                    detail="a user logged in with this guest token: request by user id, with its signature"
                    " or the secret key"
                )
            return visitor_id
    raise NotFoundException(detail=f"no visitor {given!r} in this snapshot")


def _check_user(settings: Settings, caller: Caller, user_id: str, signature: str | None) -> None:
    if caller is Caller.SECRET:
        return
    if not signature or not is_signed_user(settings.identity_secrets, user_id, signature):
        raise PermissionDeniedException(
            detail="a user id needs the secret key, or its HMAC-SHA256(user_id, identity_secret) in hex"
        )


def _guest_alone(guest: str) -> str:
    """The visitor of a guest token without a user. It has only data sent with this token:
    the token proves the guest, and no more.
    """
    return f"g_{guest}"


def _came_through_proxy(connection: ASGIConnection[Any, Any, Any, Any], settings: Settings) -> bool:
    if not settings.shopify_secrets or "signature" not in connection.query_params:
        return False
    shops = settings.shopify_shops
    if shops and (connection.query_params.get("shop") or "").lower() not in {shop.lower() for shop in shops}:
        return False
    query = connection.scope["query_string"].decode("latin-1")
    return is_signed_proxy(settings.shopify_secrets, query, time.time())


def _bearer(authorization: str | None) -> str | None:
    if authorization and authorization[:7].lower() == "bearer ":
        return authorization[7:].strip()
    return None
