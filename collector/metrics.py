"""Counters of one collector process, in Prometheus' text format.

Hand-written: the hot path adds to plain integers (the event loop and the committer each own theirs), and a
client library's locks would cost more than all of the request's own accounting.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable

#: Upper bounds of the commit-time histogram, seconds: an NVMe's fsync is in the first three, a spinning
#: disk's around 0.01.
COMMIT_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """What happened since this process started."""

    def __init__(self) -> None:
        self.accepted: Counter[str] = Counter()
        """Messages on disk, by source."""
        self.rejected: Counter[str] = Counter()
        """Messages refused and kept as failed events, by source."""
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

    def render(self, gauges: Iterable[tuple[str, str, float]]) -> str:
        """The page that Prometheus reads; gauges are (name, help, value)."""
        lines: list[str] = []
        for name, text, label, values in (
            ("messages_accepted_total", "Messages written durably.", "source", self.accepted),
            ("messages_rejected_total", "Messages kept as failed events.", "source", self.rejected),
            ("requests_refused_total", "Requests refused as a whole.", "reason", self.refused),
            ("commit_failures_total", "Commits that the disk refused.", "reason", self.commit_failures),
        ):
            lines += [f"# HELP footfall_collector_{name} {text}", f"# TYPE footfall_collector_{name} counter"]
            lines += [
                f'footfall_collector_{name}{{{label}="{key}"}} {count}'
                for key, count in sorted(values.items())
            ]
        name = "footfall_collector_commit_seconds"
        lines += [f"# HELP {name} Time of a group commit (write and fdatasync).", f"# TYPE {name} histogram"]
        running = 0
        for bound, count in zip((*COMMIT_BUCKETS, float("inf")), self._buckets, strict=True):
            running += count
            lines.append(f'{name}_bucket{{le="{"+Inf" if bound == float("inf") else bound}"}} {running}')
        lines += [f"{name}_sum {self.commit_seconds}", f"{name}_count {self.commits}"]
        name = "footfall_collector_commit_requests_total"
        lines += [f"# HELP {name} Requests that commits carried.", f"# TYPE {name} counter"]
        lines.append(f"{name} {self.commit_requests}")
        for gauge, text, value in gauges:
            name = f"footfall_collector_{gauge}"
            lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge", f"{name} {value:g}"]
        return "\n".join(lines) + "\n"
