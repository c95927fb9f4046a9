"""The security part of `footfall doctor`: keys, origins, rate limits and file modes, each with its remedy."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

from footfall.masking import mask
from footfall.settings import Settings

#: Of a secret: characters, and bits by the frequencies of its characters. `openssl rand -hex 24` has 48 and over 150.
MIN_SECRET, MIN_BITS = 20, 64.0


def look_at_security(settings: Settings) -> list[tuple[bool, str]]:
    """Whether each is well, and what was seen."""
    wrong = [*_keys(settings), *_origins(settings), *_limits(settings), *_modes(settings)]
    return [(False, text) for text in wrong] or [
        (True, "security: keys, origins, rate limits and file modes")
    ]


def _keys(settings: Settings) -> list[str]:
    secrets = {
        "write_keys": [key.key for key in settings.write_keys if key.is_of_a_server],
        "api_secret_keys": settings.api_secret_keys,
        "identity_secrets": settings.identity_secrets,
        "shopify_secrets": settings.shopify_secrets,
    }
    found = [
        f"{name}: {mask(key)} can be guessed: `openssl rand -hex 24` makes a better one"
        for name, keys in secrets.items()
        for key in keys
        if len(key) < MIN_SECRET or _bits(key) < MIN_BITS
    ]
    roles: dict[str, set[str]] = defaultdict(set)
    public = {"public write_keys": [key.key for key in settings.write_keys if not key.is_of_a_server]}
    for name, keys in {**secrets, **public, "api_public_keys": settings.api_public_keys}.items():
        for key in keys:
            roles[key].add(name)
    return found + [
        f"{' and '.join(sorted(names))} share the key {mask(key)}: give each its own"
        for key, names in roles.items()
        if len(names) > 1
    ]


def _bits(key: str) -> float:
    counts = Counter(key).values()
    return -sum(count * math.log2(count / len(key)) for count in counts)


def _origins(settings: Settings) -> list[str]:
    open_to_all = [f"the write key of {key.source}" for key in settings.write_keys if "*" in key.origins]
    open_to_all += ["api_origins"] if "*" in settings.api_origins else []
    return [
        f"{each} allows pages of any origin: name the shop's, https://shop.example" for each in open_to_all
    ]


def _limits(settings: Settings) -> list[str]:
    found = [
        f"the write key of {key.source} has no rate limit: set its messages_per_second_of_address"
        for key in settings.write_keys
        if not key.is_of_a_server and key.messages_per_second_of_address is None
    ]
    if settings.api_public_per_second_of_address is None:
        found.append("public keys have no rate limit at the API: set api_public_per_second_of_address")
    return found


def _modes(settings: Settings) -> list[str]:
    data = settings.paths.data
    if not data.exists() or not data.stat().st_mode & 0o027:
        return []
    return [f"{data} is open to other users ({oct(data.stat().st_mode & 0o777)}): chmod -R o-rwx,g-w {data}"]
