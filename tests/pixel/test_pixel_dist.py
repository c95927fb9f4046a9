"""pixel/dist is committed: it has to be what pixel/src builds, within its sizes."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

PIXEL = Path(__file__).resolve().parents[2] / "pixel"
DIST = PIXEL / "dist"
#: Another zlib may differ by so many bytes from the one that Node's own builds bring.
OTHER_ZLIB = 32
MANIFEST = json.loads((DIST / "manifest.json").read_text())


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_source_is_the_one_that_was_built() -> None:
    names = [f"src/{p.relative_to(PIXEL / 'src').as_posix()}" for p in (PIXEL / "src").rglob("*.ts")]
    found = {name: sha256(PIXEL / name) for name in [*names, "build.mjs", "package-lock.json"]}
    assert found == MANIFEST["sources"], "run `npm run build` in pixel/ and commit dist/"


def test_every_output_is_the_one_that_the_build_wrote() -> None:
    outputs = {p.name: sha256(p) for p in DIST.iterdir() if p.name != "manifest.json"}
    assert outputs == {name: entry["sha256"] for name, entry in MANIFEST["outputs"].items()}


def test_no_file_leaves_names_in_the_page() -> None:
    """The others are modules, whose names are their own; a browser that takes them for scripts stops at an import."""
    code = (DIST / "footfall.js").read_text()
    assert re.match(r"(//# \w+\n)?\(\(\)=>{", code)
    assert code.endswith("})();")
    assert "import(" in code


def test_what_every_visitor_loads_is_compiled_before_it_runs() -> None:
    """The browser takes the hint only from the first line."""
    hinted = {
        name
        for name in MANIFEST["outputs"]
        if (DIST / name).read_text().startswith("//# allFunctionsCalledOnLoad\n")
    }
    assert hinted == {"footfall.js", "footfall-extra.js", "footfall-watch.js"}


@pytest.mark.parametrize(
    ("name", "budget"), [("footfall.js", 5 * 1024), ("footfall-extra.js", 2600), ("footfall-watch.js", 4024)]
)
def test_what_every_visitor_loads_is_small(name: str, budget: int) -> None:
    assert len(gzip.compress((DIST / name).read_bytes(), 9)) <= budget + OTHER_ZLIB
    assert MANIFEST["outputs"][name]["gzip"] <= budget


def test_the_lock_file_names_no_registry() -> None:
    lock = (PIXEL / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert not re.search(
        r"https?://(?!(opencollective|github|www\.patreon|tidelift|paulmillr|feross|ko-fi))", lock
    )


def test_a_rebuild_gives_the_same_bytes(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node on this machine")
    if not (PIXEL / "node_modules" / "esbuild").is_dir():
        pytest.skip("pixel/node_modules is not installed (npm ci in pixel/)")
    built = subprocess.run(
        [node, "build.mjs"],
        cwd=PIXEL,
        env={**os.environ, "FOOTFALL_PIXEL_DIST": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    for name in MANIFEST["outputs"]:
        assert (tmp_path / name).read_bytes() == (DIST / name).read_bytes(), name
    found = json.loads((tmp_path / "manifest.json").read_text())
    assert found["sources"] == MANIFEST["sources"]
    for name, entry in MANIFEST["outputs"].items():
        assert {**found["outputs"][name], "gzip": entry["gzip"]} == entry
        assert abs(found["outputs"][name]["gzip"] - entry["gzip"]) <= OTHER_ZLIB


def test_the_unit_tests_of_the_source_pass() -> None:
    node = shutil.which("node")
    vitest = PIXEL / "node_modules" / "vitest" / "vitest.mjs"
    if node is None or not vitest.is_file():
        pytest.skip("Node or pixel/node_modules is not installed (npm ci in pixel/)")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").split(".")[0]) < 20:
        pytest.skip(f"vitest needs Node 20 or newer, this is {version.strip()}")
    run = subprocess.run([node, str(vitest), "run"], cwd=PIXEL, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
