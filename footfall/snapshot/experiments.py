"""Assigns visitors to the arms of an experiment: a pure function of the experiment and a token that outlives a login.

``arm = bucket(sha256(salt, token))``. The token is the *first guest token* of the visitor, as the identity map knows
it, else the guest token at hand: a login changes neither, so nobody's page changes with it (decision 0010). No
state, no write: every API process and every analyst computes the same arm.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Literal

import msgspec

#: What an arm may show: the shop's own lists, or what is popular, the same for everybody.
Recommender = Literal["personal", "popularity"]


class Arm(msgspec.Struct, frozen=True):
    """A share of the visitors and what they are shown."""

    name: str
    share_from: float
    share_until: float
    """Excluded; buckets that no arm has are outside of the experiment."""
    recommender: Recommender


class Experiment(msgspec.Struct, frozen=True):
    """An experiment as declared in dbt's var ``experiments``; days are UTC."""

    name: str
    salt: str
    starts_on: date | None
    ends_on: date | None
    """The first day that is not part of it any more."""
    arms: tuple[Arm, ...]

    def is_running(self, today: date) -> bool:
        return (self.starts_on is None or self.starts_on <= today) and (
            self.ends_on is None or today < self.ends_on
        )

    def arm_of(self, token: str) -> Arm | None:
        """The arm of a visitor; None for the share that takes no part."""
        place = bucket(self.salt, token)
        for arm in self.arms:
            if arm.share_from <= place < arm.share_until:
                return arm
        return None


def bucket(salt: str, token: str) -> float:
    """A number in [0, 1), even over tokens and unrelated between salts."""
    digest = hashlib.sha256(f"{salt}\0{token}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def running(experiments: Sequence[Experiment], today: date) -> Experiment | None:
    """The one experiment of the day: the declaration allows no two at a time."""
    return next((experiment for experiment in experiments if experiment.is_running(today)), None)
