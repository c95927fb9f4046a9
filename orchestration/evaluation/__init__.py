"""Offline evaluation: how well the recommendations would have predicted what visitors did next.

In: a shop's lake or a public data set. Out: metrics with intervals, by protocol and baseline.
May import: ``orchestration.recommend``, ``catalog``, ``warehouse`` and below. Knows no Dagster.
"""
