"""Counters in Prometheus' text format, of all the workers of one server together.

Hand-written: the hot paths add to plain integers, and a client library's locks would cost more than all of a request's
own accounting.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

#: Media type of the page.
PAGE_TYPE = "text/plain; version=0.0.4"

#: Series, such as ``messages_accepted_total{source="shop"}`` -> value. Values of several workers add up.
Series = Mapping[str, float]
#: Name, type (counter, gauge, histogram) and help.
Family = tuple[str, str, str]


def render(
    prefix: str,
    families: Iterable[Family],
    workers: Sequence[Series],
    gauges: Iterable[tuple[str, str, float]],
) -> str:
    """The page that Prometheus reads: the series of all workers added up, and gauges as (series, help, value). Every
    name gets the ``prefix``.
    """
    total: defaultdict[str, float] = defaultdict(float)
    for series in workers:
        for name, value in series.items():
            total[name] += value
    lines: list[str] = []
    for family, kind, text in families:
        lines += [f"# HELP {prefix}{family} {text}", f"# TYPE {prefix}{family} {kind}"]
        endings = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        names = {family + ending for ending in endings}
        lines += [
            f"{prefix}{name} {int(value) if value == int(value) else value}"
            for name, value in total.items()
            if name.partition("{")[0] in names
        ]
    named: set[str] = set()
    for gauge, text, value in gauges:
        name = prefix + gauge.partition("{")[0]
        if name not in named:
            named.add(name)
            lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge"]
        lines.append(f"{prefix}{gauge} {value:g}")
    return "\n".join(lines) + "\n"
