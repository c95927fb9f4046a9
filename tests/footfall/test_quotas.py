"""Token buckets: what fits, what is refused, and when it fits again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall import quotas
from footfall.quotas import Quota, QuotaSpentError


def test_without_rates_everything_fits() -> None:
    Quota(None, None).spend("192.0.2.0", 10**9)


def test_buckets_fill_and_addresses_have_their_own() -> None:
    now = [0.0]
    quota = Quota(10, 1, monotonic=lambda: now[0])
    quota.spend("192.0.2.0", 10)
    with pytest.raises(QuotaSpentError) as caught:
        quota.spend("192.0.2.0", 5)
    assert (caught.value.of, caught.value.retry_after) == ("address", 5)
    quota.spend("198.51.100.0", 10)  # what was refused cost nothing
    now[0] = 5.0
    quota.spend("192.0.2.0", 5)
    quota.spend(None, 95)  # an address that nobody knows is bound by the key alone
    with pytest.raises(QuotaSpentError) as caught:
        quota.spend("203.0.113.0")
    assert caught.value.of == "key"


def test_a_batch_larger_than_the_bucket_passes_when_it_is_full_and_is_paid_for_afterwards() -> None:
    quota = Quota(10, None, burst=20, monotonic=lambda: 0.0)
    quota.spend(None, 500)
    with pytest.raises(QuotaSpentError) as caught:
        quota.spend(None, 1)
    assert caught.value.retry_after == 49


def test_nobody_waits_longer_than_an_hour() -> None:
    quota = Quota(0.001, None, monotonic=lambda: 0.0)
    quota.spend(None, 10**6)
    with pytest.raises(QuotaSpentError) as caught:
        quota.spend(None)
    assert caught.value.retry_after == quotas.MAX_WAIT


def test_addresses_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "MAX_ADDRESSES", 3)
    quota = Quota(None, 1, monotonic=lambda: 0.0)
    for number in range(10):
        quota.spend(f"10.0.{number}.0", 10)
    assert len(quota._addresses) == 3
    with pytest.raises(QuotaSpentError):
        quota.spend("10.0.9.0")


@given(
    rate=st.floats(0.1, 100),
    gaps=st.lists(st.floats(0, 5), min_size=1, max_size=60),
)
def test_never_more_than_the_burst_and_what_filled_in_the_meantime(rate: float, gaps: list[float]) -> None:
    now = [0.0]
    quota = Quota(rate, None, monotonic=lambda: now[0])
    passed = 0
    for gap in gaps:
        now[0] += gap
        try:
            quota.spend(None)
            passed += 1
        except QuotaSpentError as refused:
            later = now[0] + refused.retry_after
            now[0], before = later, now[0]
            quota.spend(None)  # what it was told to wait was enough
            passed += 1
            assert later - before >= 1
    assert passed <= max(1.0, rate * quotas.BURST_SECONDS) + rate * now[0] + 1e-6
