"""Seeded chance: one stream of random numbers for each visitor and session, so that adding one changes no other."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def dice(*names: object) -> random.Random:
    """A random stream that depends on nothing but these names."""
    return random.Random(number(*names))


def number(*names: object) -> int:
    """64 bits that depend on nothing but these names."""
    text = "/".join(map(str, names))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def token(*names: object) -> str:
    """32 hex digits: the form of the pixel's guest tokens and session ids."""
    return hashlib.blake2b("/".join(map(str, names)).encode(), digest_size=16).hexdigest()


def uuid(*names: object) -> str:
    """A uuid (version 4 in form) that depends on nothing but these names."""
    h = token(*names)
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"


def pick(rng: random.Random, weighted: Sequence[tuple[T, float]]) -> T:
    """One of the things, by weight."""
    return rng.choices([thing for thing, _ in weighted], [weight for _, weight in weighted])[0]


def poisson(rng: random.Random, mean: float) -> int:
    """Knuth's way, which is fine for small means."""
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count
