"""Who is in which arm: even, unrelated between salts, and always the same."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from footfall.snapshot.experiments import Arm, Experiment, bucket, running

ARMS = (Arm("popular", 0.0, 0.1, "popularity"), Arm("personal", 0.1, 0.8, "personal"))
EXPERIMENT = Experiment("one", "one", date(2026, 3, 1), date(2026, 4, 1), ARMS)


@given(st.text(), st.text())
def test_every_token_has_a_place_and_keeps_it(salt: str, token: str) -> None:
    place = bucket(salt, token)
    assert 0.0 <= place < 1.0
    assert bucket(salt, token) == place


def test_places_are_known_numbers() -> None:
    """Another hash would deal everybody again in the middle of an experiment."""
    assert round(bucket("one", "guest"), 9) == 0.616343258
    assert bucket("a", "bc") != bucket("ab", "c")


def test_shares_are_kept_and_salts_are_unrelated() -> None:
    tokens = [f"guest-{n}" for n in range(20_000)]
    arms = [EXPERIMENT.arm_of(token) for token in tokens]
    shares = {
        arm.name: sum(found is not None and found.name == arm.name for found in arms) / len(arms)
        for arm in ARMS
    }
    # Five standard errors of a share of 20,000
    assert abs(shares["popular"] - 0.1) < 0.011
    assert abs(shares["personal"] - 0.7) < 0.017
    both = sum(bucket("one", token) < 0.5 and bucket("two", token) < 0.5 for token in tokens) / len(tokens)
    assert abs(both - 0.25) < 0.016


def test_an_experiment_runs_on_its_days() -> None:
    open_end = Experiment("two", "two", date(2026, 4, 1), None, ARMS)
    assert running([EXPERIMENT, open_end], date(2026, 2, 28)) is None
    assert running([EXPERIMENT, open_end], date(2026, 3, 1)) is EXPERIMENT
    assert running([EXPERIMENT, open_end], date(2026, 3, 31)) is EXPERIMENT
    assert running([EXPERIMENT, open_end], date(2026, 4, 1)) is open_end
