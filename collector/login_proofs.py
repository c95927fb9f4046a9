"""Proof of a login: the trait ``userSignature``, made by the shop's server.

A page may say any user id, and so may anybody. A message that carries HMAC-SHA256(user_id, identity_secret) was made
in a page that the shop's server gave to that user. Whoever has the signature may ask the API as that user, so it never
reaches the disk: what lands is an empty text in its place, and beside the messages the numbers of those that it proves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Raw, Struct

from collector.parsing import SIGNATURE, Validated
from footfall.wire.keys import is_signed_user
from footfall.wire.schema import text_id

#: The trait with its text, wherever it stands. In a good message two such quotes are never inside of a text.
_WITH_TEXT = re.compile(SIGNATURE + rb'(\s*:\s*)"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_WITHOUT = SIGNATURE + rb'\1""'


class _Traits(Struct, rename="camel"):
    # Any, since a text of another shape is no reason to refuse the message
    user_signature: Any = None


class _Claim(Struct, rename="camel"):
    user_id: str | int | None = None
    traits: _Traits | None = None
    context: Raw = Raw(b"{}")


class _ContextTraits(Struct):
    traits: _Traits | None = None


_claim = msgspec.json.Decoder(_Claim)
_context = msgspec.json.Decoder(_ContextTraits)


def take_signatures(validated: Validated, secrets: Iterable[str]) -> list[int]:
    """The numbers of the good messages whose user is proven. Takes the signatures out of all messages, failed ones too.

    Each message is an entry of its own (``open_batch`` sees to it).
    """
    secrets = tuple(secrets)
    proven = []
    for number, raw in enumerate(validated.good):
        message = bytes(raw)
        if SIGNATURE in message:
            if _is_proven(message, secrets):
                proven.append(number)
            validated.good[number] = Raw(without_signature(message))
    for failed in validated.failed:
        failed.raw = without_signature(failed.raw)
    return proven


def without_signature(message: bytes) -> bytes:
    """The message with an empty text for its signature."""
    return _WITH_TEXT.sub(_WITHOUT, message)


def _is_proven(message: bytes, secrets: tuple[str, ...]) -> bool:
    try:
        claim = _claim.decode(message)
        # RudderStack's SDKs put traits into the context
        traits = claim.traits or _context.decode(claim.context).traits
    except msgspec.ValidationError:  # traits of another shape
        return False
    user = text_id(claim.user_id)
    signature = traits.user_signature if traits else None
    return bool(user) and isinstance(signature, str) and is_signed_user(secrets, user or "", signature)
