"""The security part of `footfall doctor`: each finding with its remedy."""

from __future__ import annotations

import math
import os
import socket
from collections import Counter, defaultdict
from itertools import islice
from pathlib import Path

from footfall.settings import DEMO_KEYS, SECRETS, Settings
from footfall.settings.file import read_settings_file
from footfall.settings.masking import mask

#: Of a secret: characters, and bits by the frequencies of its characters. `openssl rand -hex 24` has 48 and over 150.
MIN_SECRET, MIN_BITS = 20, 64.0
#: Of the files and directories below each entry of the data directory: a lake of years has a million.
MODES_LOOKED_AT = 1000
#: What others may not do to files that hold people's data or secrets, and the group may not either: read, or write.
OPEN = 0o027


def look_at_security(settings: Settings) -> list[tuple[bool, str]]:
    """Return whether each is well, and what was seen."""
    wrong = [
        *_keys(settings),
        *_identities(settings),
        *_origins(settings),
        *_limits(settings),
        *_settings_file(settings),
        *_modes(settings),
        *_dagster(settings),
    ]
    return [(False, text) for text in wrong] or [
        (True, "security: keys, identities, origins, rate limits, file modes and Dagster's address")
    ]


def _keys(settings: Settings) -> list[str]:
    secrets = {
        "write_keys": [key.key for key in settings.write_keys if key.is_of_a_server],
        "api_secret_keys": settings.api_secret_keys,
        "identity_secrets": settings.identity_secrets,
        "shopify_secrets": settings.shopify_secrets,
    }
    found = [
        f"{name}: {mask(key)} is easy to guess: `openssl rand -hex 24` makes a better one"
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


def _identities(settings: Settings) -> list[str]:
    remedy = (
        "set identity_secrets to the output of `openssl rand -hex 24`, and sign user ids with it on the shop's server "
        "(docs/reference/tracking-plan.md)"
    )
    if not settings.identity_secrets:
        return [
            f"identity_secrets is empty: no login can be proven, and any page can claim any user id; {remedy}"
        ]
    if DEMO_KEYS.intersection(settings.identity_secrets):
        return [
            f"identity_secrets contains the public repository's secret: anybody can sign any user id; {remedy}"
        ]
    return []


def _origins(settings: Settings) -> list[str]:
    open_to_all = [f"the write key of {key.source}" for key in settings.write_keys if "*" in key.origins]
    open_to_all += ["api_origins"] if "*" in settings.api_origins else []
    return [
        f"{each} allows pages of any origin: name the shop's origin, https://shop.example"
        for each in open_to_all
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


def _settings_file(settings: Settings) -> list[str]:
    file, content = read_settings_file(os.environ)
    holds = sorted(SECRETS & content.keys())
    if "write_keys" in content and any(key.is_of_a_server for key in settings.write_keys):
        holds.append("write_keys of servers")
    if not holds or not file.stat().st_mode & OPEN:
        return []
    return [f"{file} holds {', '.join(holds)} and {_open(file)}: chmod o-rwx,g-w {file}"]


def _modes(settings: Settings) -> list[str]:
    data = settings.paths.data
    if not data.exists():
        return []
    remedy = f"chmod -R o-rwx,g-w {data}"
    if data.stat().st_mode & OPEN:
        return [f"{data} {_open(data)}: {remedy}"]
    below = (path for entry in data.iterdir() for path in (entry, *islice(entry.rglob("*"), MODES_LOOKED_AT)))
    found = [path for path in below if _is_open(path)]
    return (
        [f"{found[0]} {_open(found[0])}, and {len(found) - 1} more below {data}: {remedy}"] if found else []
    )


def _is_open(path: Path) -> bool:
    try:
        return not path.is_symlink() and bool(path.stat().st_mode & OPEN)
    except FileNotFoundError:  # taken away since it was listed, as a segment is that was loaded
        return False


def _open(path: Path) -> str:
    return f"is open to other users ({path.stat().st_mode & 0o777:04o})"


def _dagster(settings: Settings) -> list[str]:
    import httpx

    found = []
    for address in _addresses():
        host = f"[{address}]" if ":" in address else address
        url = f"http://{host}:{settings.dagster_port}"
        try:
            answer = httpx.get(f"{url}/server_info", timeout=2, trust_env=False)
        except httpx.HTTPError:  # as it should be
            continue
        if "dagster_version" in answer.text:
            found.append(
                f"Dagster answers at {url} and has no login: start `footfall ui` without --host "
                "and use ssh -L, or allow only a proxy with a login to reach that address"
            )
    return found


def _addresses() -> list[str]:
    """The addresses by which this machine goes to others. Nothing is sent: UDP connects without a word."""
    found = []
    for family, documentation in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((documentation, 9))
                found.append(probe.getsockname()[0])
        except OSError:  # no such network here
            continue
    return found
