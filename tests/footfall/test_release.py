"""The version stands in several files, and the changelog has a heading for it."""

from __future__ import annotations

import json
import re
import tomllib

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
