"""The version stands in several files, and the changelog has a heading for it; the workflows call what is there."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from footfall import __version__
from footfall.settings import REPO

NPM = ("pixel", "react", "client")


def read(path: str) -> str:
    return (REPO / path).read_text(encoding="utf-8")


def test_all_files_name_the_same_version() -> None:
    found = {
        "pyproject.toml": tomllib.loads(read("pyproject.toml"))["project"]["version"],
        "pixel/package.json": json.loads(read("pixel/package.json"))["version"],
        "pixel/package-lock.json": json.loads(read("pixel/package-lock.json"))["version"],
        "pixel/src/core/message.ts": re.findall(r"VERSION = '(.+)'", read("pixel/src/core/message.ts"))[0],
        "pixel/shopify/extensions/footfall-web-pixel/package.json": json.loads(
            read("pixel/shopify/extensions/footfall-web-pixel/package.json")
        )["version"],
        **{f"packages/{name}": json.loads(read(f"packages/{name}/package.json"))["version"] for name in NPM},
        "packages/react's peer": json.loads(read("packages/react/package.json"))["peerDependencies"][
            "@footfall/pixel"
        ],
        "packages/python-client": tomllib.loads(read("packages/python-client/pyproject.toml"))["project"][
            "version"
        ],
        "CHANGELOG.md": re.findall(r"^## (\d\S*)", read("CHANGELOG.md"), re.M)[0],
    }
    assert {name: version for name, version in found.items() if version != __version__} == {}


WORKFLOWS = {
    file.name: yaml.safe_load(file.read_text()) for file in (REPO / ".github/workflows").glob("*.yml")
}


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """The jobs' steps, each with the name of its file; a called workflow stands for one."""
    for name, workflow in WORKFLOWS.items():
        for job in workflow["jobs"].values():
            yield from ((name, step) for step in job.get("steps", [job]))


def test_what_the_workflows_run_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.M))
    called = [step["run"] for _, step in steps() if "run" in step]
    assert any("make dist" in text for text in called)
    for text in called:
        assert set(re.findall(r"\bmake ([a-z-]+)", text)) <= targets, text
        for path in re.findall(r"(?<![\w/])((?:\.ci|tests)/[\w./-]+)", text):
            assert (REPO / path).is_file(), path
            assert not path.startswith(".ci") or os.access(REPO / path, os.X_OK), path
    for step in (step for _, step in steps() if step.get("uses", "").startswith("./")):
        assert (REPO / step["uses"]).is_file()
        assert "workflow_call" in WORKFLOWS[step["uses"].rpartition("/")[2]][True], "YAML reads `on` as true"


def test_actions_are_of_a_version() -> None:
    for name, step in steps():
        uses = step.get("uses", "")
        assert uses.startswith("./") or re.fullmatch(r"[\w-]+/[\w-]+@v\d+(\.\d+)*", uses) or "run" in step, (
            name,
            uses,
        )


@pytest.mark.parametrize(
    ("job", "permissions"),
    [
        ("test", {"contents": "read"}),
        ("packages", {"contents": "read"}),
        ("image", {"contents": "read", "packages": "write"}),
        ("pypi", {"id-token": "write"}),
        ("npm", {"id-token": "write"}),
    ],
)
def test_a_release_may_do_no_more_than_it_does(job: str, permissions: dict[str, str]) -> None:
    release = WORKFLOWS["release.yml"]
    assert release["permissions"] == {}
    assert release[True] == {"push": {"tags": ["v*"]}}
    assert release["jobs"][job]["permissions"] == permissions
    writes = "write" in permissions.values()
    assert writes == ({"test", "packages"} <= set(release["jobs"][job].get("needs", []))), (
        "nothing goes out untested"
    )


def test_every_package_is_in_the_release() -> None:
    """`make dist` takes the workspaces of npm, and the one package of Python."""
    assert set(json.loads(read("packages/package.json"))["workspaces"]) == set(NPM)
    for name in NPM:
        assert not json.loads(read(f"packages/{name}/package.json")).get("private")
    assert json.loads(read("pixel/package.json"))["private"], "the collector serves it"
    # Without dbt_project/ and pixel/dist a wheel of the whole would collect, and do nothing else
    classifiers = tomllib.loads(read("pyproject.toml"))["project"]["classifiers"]
    assert "Private :: Do Not Upload" in classifiers
