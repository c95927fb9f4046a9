"""The definitions as text: what a change adds to the graph, or takes from it, shows in its diff.

.venv/bin/python -m tests.orchestration.definitions_text    # writes definitions.txt again
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import dagster as dg

FILE = Path(__file__).with_name("definitions.txt")


def as_text(defs: dg.Definitions) -> str:
    """Assets by group with deps, freshness and checks; then jobs, sensors and schedules. In the order of names."""
    return "\n".join([*_assets(defs), *_jobs(defs), *_sensors(defs), *_schedules(defs)]) + "\n"


def _assets(defs: dg.Definitions) -> Iterator[str]:
    graph = defs.resolve_asset_graph()
    groups = defaultdict(list)
    for key in graph.get_all_asset_keys():
        groups[graph.get(key).group_name].append(key)
    checks = defaultdict(list)
    for check in graph.asset_check_keys:
        checks[check.asset_key].append(check.name + (" (blocking)" if graph.get(check).blocking else ""))
    for group, keys in sorted(groups.items()):
        yield f"group {group}"
        for key in sorted(keys):
            node = graph.get(key)
            kind = "asset" if node.is_materializable else "external asset"
            policy = node.freshness_policy
            fresh = f", fresh within {policy.fail_window.to_timedelta()}" if policy else ""
            yield f"  {kind} {key.to_user_string()}{fresh}"
            yield from (f"    from {parent}" for parent in _names(node.parent_keys))
            yield from (f"    check {name}" for name in sorted(checks[key]))
        yield ""


def _jobs(defs: dg.Definitions) -> Iterator[str]:
    every = defs.resolve_asset_graph().materializable_asset_keys
    for job in sorted(defs.resolve_all_job_defs(), key=lambda job: job.name):
        if job.name.startswith("__"):  # Dagster's own
            continue
        yield f"job {job.name}"
        assets, checks = job.asset_layer.selected_asset_keys, job.asset_layer.asset_graph.asset_check_keys
        if not assets:
            yield from (f"  op {node.name}" for node in job.nodes)
        elif len(assets) > len(every) / 2:
            yield f"  {len(assets)} assets, {len(checks)} checks; without"
            yield from (f"    {name}" for name in _names(every - assets))
        else:
            yield f"  {len(assets)} assets, {len(checks)} checks"
            yield from (f"    {name}" for name in _names(assets))
        yield ""


def _sensors(defs: dg.Definitions) -> Iterator[str]:
    for sensor in sorted(defs.sensors or (), key=lambda sensor: sensor.name):
        yield f"sensor {sensor.name}, {sensor.sensor_type.value}, every {sensor.minimum_interval_seconds} s"
        yield from (f"  starts {target.job_name}" for target in sensor.targets)
    yield ""


def _schedules(defs: dg.Definitions) -> Iterator[str]:
    for schedule in sorted(defs.schedules or (), key=lambda schedule: schedule.name):
        when = f"{schedule.cron_schedule} {schedule.execution_timezone}"
        yield f"schedule {schedule.name}, {when}, {schedule.default_status.value}"
        yield f"  starts {schedule.job_name}"


def _names(keys: Iterable[dg.AssetKey]) -> list[str]:
    return sorted(key.to_user_string() for key in keys)


if __name__ == "__main__":
    from orchestration.definitions import defs

    FILE.write_text(as_text(defs), encoding="utf-8")
