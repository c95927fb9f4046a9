"""How much memory a container or a service leaves us, and what DuckDB gets of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.runtime.memory import memory_bytes, warehouse_default
from footfall.settings import load_settings

GB = 10**9
#: Less than any machine that runs these tests has.
LOW, LOWER = 64 * 2**20, 32 * 2**20


def files(root: Path, contents: dict[str, str]) -> Path:
    for name, text in contents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + "\n")
    return root


@pytest.mark.parametrize(
    ("contents", "limit"),
    [
        ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/memory.max": f"{LOW}"}, LOW),
        # A systemd service: its own group has no limit, the slice above has.
        (
            {
                "proc/self/cgroup": "0::/shop.slice/footfall-ui.service",
                "sys/fs/cgroup/shop.slice/footfall-ui.service/memory.max": "max",
                "sys/fs/cgroup/shop.slice/memory.max": f"{LOW}",
            },
            LOW,
        ),
        (
            {
                "proc/self/cgroup": "0::/a/b",
                "sys/fs/cgroup/a/b/memory.max": f"{LOWER}",
                "sys/fs/cgroup/a/memory.max": f"{LOW}",
            },
            LOWER,
        ),
        # Version 1 in a container: the path is the host's, and only the top is there.
        (
            {
                "proc/self/cgroup": "9:name=systemd:/x\n8:cpu,cpuacct:/x\n4:memory:/libpod/12ab\n0::/x",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{LOW}",
            },
            LOW,
        ),
    ],
)
def test_the_lowest_limit_counts(tmp_path: Path, contents: dict[str, str], limit: int) -> None:
    assert memory_bytes(files(tmp_path, contents)) == limit


@pytest.mark.parametrize(
    "contents",
    [
        {},
        {"proc/self/cgroup": "0::/"},
        {"proc/self/cgroup": "0::/", "sys/fs/cgroup/memory.max": "max"},
        {"proc/self/cgroup": "0::/", "sys/fs/cgroup/memory.max": f"{2**50}"},
        {
            "proc/self/cgroup": "4:memory:/",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
        },
    ],
)
def test_without_a_limit_it_is_the_machines(tmp_path: Path, contents: dict[str, str]) -> None:
    kilobytes = int(Path("/proc/meminfo").read_text().split()[1])
    # What the kernel keeps for itself at the start is not in it.
    assert memory_bytes(files(tmp_path, contents)) == pytest.approx(kilobytes * 1024, rel=0.001)


@pytest.mark.parametrize(
    ("total", "limit"),
    [(GB, "256MB"), (2 * GB, "500MB"), (4 * GB, "1500MB"), (9 * GB, "4GB"), (64 * GB, "4GB")],
)
def test_what_the_warehouse_gets(total: int, limit: str) -> None:
    assert warehouse_default(total) == limit


@given(st.integers(1, 2**50))
def test_it_is_a_setting_that_could_be_written_and_leaves_dagster_its_own(total: int) -> None:
    text = warehouse_default(total)
    assert load_settings({"FOOTFALL_WAREHOUSE_MEMORY": text}).warehouse_memory == text
    megabytes = int(text[:-2]) * (1000 if text.endswith("GB") else 1)
    assert 256 <= megabytes <= 4000
    assert megabytes == 256 or total - megabytes * 10**6 >= GB
