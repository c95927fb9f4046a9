"""Counters of the collector: plain integers, of which the event loop and the committer each own theirs."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable

from footfall.http.metrics import Family
from footfall.landing.segments import FailedMessage

#: Upper bounds of the commit-time histogram, seconds: an NVMe's fsync is in the first three, a spinning
#: disk's around 0.01.
COMMIT_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

#: What is counted, of all workers together.
COUNTED: tuple[Family, ...] = (
    ("messages_accepted_total", "counter", "Messages written durably."),
    ("messages_rejected_total", "counter", "Messages kept as failed events, by the field that violates the schema."),
    ("requests_refused_total", "counter", "Requests refused as a whole."),
    ("commit_failures_total", "counter", "Commits that the disk refused."),
    ("commit_seconds", "histogram", "Time of a group commit (write and fdatasync)."),
    ("commit_requests_total", "counter", "Requests in commits."),
    ("fsync_errors", "gauge", "Failed fsyncs; each moved a file to quarantine."),
    ("segments_sealed", "gauge", "Segments sealed."),
)  # fmt: skip


class Metrics:
    """Counters since this process started."""

    def __init__(self) -> None:
        self.accepted: Counter[str] = Counter()
        """Messages on disk, by source."""
        self.rejected: Counter[tuple[str, str]] = Counter()
        """Messages refused and kept as failed events, by source and reason."""
        self.refused: Counter[str] = Counter()
        """Requests refused whole, by reason."""
        self.commits = 0
        self.commit_requests = 0
        self.commit_seconds = 0.0
        self.commit_failures: Counter[str] = Counter()
        self._buckets = [0] * (len(COMMIT_BUCKETS) + 1)

    def commit(self, seconds: float, requests: int, failure: str | None) -> None:
        """Called by the committer thread alone."""
        self.commits += 1
        self.commit_requests += requests
        self.commit_seconds += seconds
        self._buckets[bisect_left(COMMIT_BUCKETS, seconds)] += 1
        if failure is not None:
            self.commit_failures[failure] += 1

    def reject(self, source: str, failed: Iterable[FailedMessage]) -> None:
        """Count failed messages. The reason is the schema's own field at the top of the message, so there are few."""
        for one in failed:
            self.rejected[source, one.field.partition(".")[0].partition("[")[0]] += 1

    def series(self) -> dict[str, float]:
        """All of it, as series of families in ``COUNTED``."""
        found: dict[str, float] = {}
        for source, count in self.accepted.items():
            found[f'messages_accepted_total{{source="{source}"}}'] = count
        for (source, reason), count in self.rejected.items():
            found[f'messages_rejected_total{{source="{source}",reason="{reason}"}}'] = count
        for reason, count in self.refused.items():
            found[f'requests_refused_total{{reason="{reason}"}}'] = count
        # A copy: the committer's thread may add a reason meanwhile.
        for reason, count in self.commit_failures.copy().items():
            found[f'commit_failures_total{{reason="{reason}"}}'] = count
        running = 0
        for bound, count in zip((*COMMIT_BUCKETS, "+Inf"), self._buckets, strict=True):
            running += count
            found[f'commit_seconds_bucket{{le="{bound}"}}'] = running
        return found | {
            "commit_seconds_sum": self.commit_seconds,
            "commit_seconds_count": self.commits,
            "commit_requests_total": self.commit_requests,
        }
