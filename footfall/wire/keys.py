"""Keys and signatures of requests, compared with all current secrets: during a rotation the old one is good too.

The shop's server signs user ids. Shopify signs webhooks and the App Proxy's requests with the app's client secret, for
a while after a rotation with the old one. All signatures are HMAC-SHA256. Sources: shopify.dev, "Verify webhook
deliveries" and "Authenticate app proxies".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import parse_qsl

#: How far the clock of a proxied request may be from ours, seconds. It is signed when the visitor asks, so this
#: only has to allow for clocks; it bounds how long a copied address works.
PROXY_SECONDS = 600
#: A guest token proves whose it is, so nobody may guess it: 128 random bits take 22 characters in base64url, 32 in hex,
#: 36 as a UUID.
MIN_TOKEN = 22
#: Tokens that the collector makes up for a delivery that names no visitor begin so, followed by the number of the order
#: or cart (``shopify-order-5678901234567``): long enough for a token, but anybody can guess them.
NOBODYS = "shopify-"
#: Parameters of an address. Shopify adds five; past this nobody means well.
MAX_PARAMETERS = 200


def is_one_of(given: str, expected: Iterable[str]) -> bool:
    """Return whether the text is among those expected, in a time that tells neither the answer nor which one
    matched.
    """
    # On bytes, because compare_digest refuses text beyond ASCII. All are compared, whether or not one has matched.
    matches = [hmac.compare_digest(given.encode("utf-8", "replace"), one.encode()) for one in expected]
    return any(matches)


def is_proof(guest: str) -> bool:
    """Return whether a guest token is one that only its visitor's browser can know."""
    return len(guest) >= MIN_TOKEN and not guest.startswith(NOBODYS)


def sign_user(identity_secret: str, user_id: str) -> str:
    """HMAC-SHA256(user_id, identity_secret) in hex: what the shop's server gives a logged-in user's page."""
    return hmac.new(identity_secret.encode(), user_id.encode(), hashlib.sha256).hexdigest()


def is_signed_user(secrets: Iterable[str], user_id: str, signature: str) -> bool:
    """Return whether one of the secrets made this signature, in hex of either case, over the user id."""
    return is_one_of(signature.lower(), (sign_user(secret, user_id) for secret in secrets))


def webhook_signature(secret: str, body: bytes) -> str:
    """Return what Shopify writes into ``X-Shopify-Hmac-Sha256`` for this body."""
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode("ascii")


def is_signed_webhook(secrets: Iterable[str], body: bytes, signature: str) -> bool:
    """Return whether one of the secrets made this signature over the body's exact bytes. Takes the same time for any
    text.
    """
    return is_one_of(signature, (webhook_signature(secret, body) for secret in secrets))


def proxy_signature(secret: str, query: str) -> str:
    """The ``signature`` that belongs to a query string: hex, over the other parameters.

    They are decoded, put in order of their names, joined without a separator; of a name that occurs several times the
    values stand with commas between them.
    """
    values: dict[str, list[str]] = {}
    for name, value in _parameters(query):
        if name != "signature":
            values.setdefault(name, []).append(value)
    text = "".join(f"{name}={','.join(values[name])}" for name in sorted(values))
    return hmac.new(secret.encode(), text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()


def is_signed_proxy(secrets: Iterable[str], query: str, now: float) -> bool:
    """Return whether Shopify forwarded this request from a shop's ``/apps/...`` address, within the last ten minutes.

    ``query`` is the raw query string, ``now`` seconds since 1970.
    """
    try:
        parameters = _parameters(query)
        given = [value for name, value in parameters if name == "signature"]
        moments = [int(value) for name, value in parameters if name == "timestamp"]
    except ValueError:
        return False
    if len(given) != 1 or len(moments) != 1:
        return False
    # Compared, not subtracted: a number of hundreds of digits is not a float.
    if not now - PROXY_SECONDS <= moments[0] <= now + PROXY_SECONDS:
        return False
    return is_one_of(given[0].lower(), (proxy_signature(secret, query) for secret in secrets))


def _parameters(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True, errors="surrogateescape", max_num_fields=MAX_PARAMETERS)
