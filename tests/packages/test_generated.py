"""What the packages know of the API and of events is what the API and the code say: drift fails here."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from footfall.wire.events import EVENTS, PROPERTIES
from footfall.wire.schema import DIGITS
from tests.conftest import REPO

PACKAGES = REPO / "packages"
AGAIN = "run `.venv/bin/python packages/generate.py` (after `npm ci` in packages/) and commit what it writes"


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = _load(PACKAGES / "generate.py")


@pytest.fixture(scope="module")
def document() -> Any:
    return generate.openapi()


def test_the_committed_files_are_those_of_this_api(document: Any) -> None:
    stale = [
        name for name, text in generate.rendered(document).items() if (PACKAGES / name).read_text() != text
    ]
    assert stale == [], AGAIN


def test_the_typescript_schema_is_that_of_the_document(document: Any) -> None:
    assert generate.digest(document) in (PACKAGES / "client/src/schema.ts").read_text().partition("\n")[0], (
        AGAIN
    )


@pytest.mark.slow
def test_openapi_typescript_makes_the_same_of_it(document: Any) -> None:
    tool = PACKAGES / "node_modules" / ".bin" / "openapi-typescript"
    if not (shutil.which("node") and tool.exists()):
        pytest.skip("Node or packages/node_modules is not installed (npm ci in packages/)")
    made = subprocess.run(
        [tool, "openapi.json"], cwd=PACKAGES, capture_output=True, text=True, check=True
    ).stdout
    assert (PACKAGES / "client/src/schema.ts").read_text().partition("\n")[2] == made, AGAIN


def test_a_kind_of_schema_that_is_not_known_is_an_error() -> None:
    with pytest.raises(ValueError, match="teach it"):
        generate._kind({"type": "tuple"}, generate._PYTHON)


def test_every_event_has_properties_that_are_declared() -> None:
    of_pages = {"page_type"}
    assert {name for names in EVENTS.values() for name in names} | of_pages == set(PROPERTIES)
    numbers = {name for name, found in PROPERTIES.items() if found.type in (int, float)}
    measured = {"fields_completed", "ttfb", "fcp", "lcp", "inp", "cls"}
    assert numbers - measured <= set(DIGITS), "what the warehouse reads as a number has bounds on the wire"


def test_the_tracking_plan_names_the_same_events() -> None:
    page = (REPO / "docs/reference/tracking-plan.md").read_text()
    table = page[page.index("## Events") : page.index("## Rules")]
    named = set(re.findall(r"`([A-Z][a-z]+(?: [A-Z][a-z]+)+)`", table))
    assert named == set(EVENTS) - {"Web Vitals"}


def test_the_pixel_sends_and_the_warehouse_reads_what_is_declared() -> None:
    sources = [*(REPO / "pixel/src").rglob("*.ts"), *(REPO / "pixel/shopify").rglob("src/*.ts")]
    pixel = "\n".join(path.read_text() for path in sources)
    sent = set(
        re.findall(r"""(?:track|once|tell)_?\((?:[^'")]*\? )?'([A-Z][a-z]+(?: [A-Z][a-z]+)+)'""", pixel)
    )
    assert len(sent) > 20
    assert sent <= set(EVENTS)
    models = "\n".join(path.read_text() for path in (REPO / "dbt_project/models").rglob("*.sql"))
    lists = re.findall(r"event (?:=|in) *(\(?'[^)\n]+'\)?)", models)
    read = {name for text in lists for name in re.findall(r"'([A-Z][^']+)'", text)}
    assert len(read) > 15
    assert read <= set(EVENTS)
    base = (REPO / "dbt_project/models/staging/footfall/base/base_footfall__messages.sql").read_text()
    columns = base[base.index("set properties = {") : base.index("} -%}")]
    assert set(re.findall(r": '(\w+)'", columns)) <= set(PROPERTIES)


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((PACKAGES / "package-lock.json").read_text())
    assert not [name for name, found in lock["packages"].items() if "://" in found.get("resolved", "")]
