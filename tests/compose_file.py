"""deploy/compose.yaml and the Containerfile, read as far as we use them: a slip in a name is an error here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
import yaml
from msgspec import Meta, Struct

from footfall.settings import REPO

CONTAINERFILE = REPO / "Containerfile"
DEPLOY = REPO / "deploy"
Duration = Annotated[str, Meta(pattern=r"^[0-9]+[sm]$")]


class Healthcheck(Struct, forbid_unknown_fields=True):
    test: list[str]
    interval: Duration
    timeout: Duration
    start_period: Duration


class Build(Struct, forbid_unknown_fields=True):
    context: str
    dockerfile: str


class LogOptions(Struct, forbid_unknown_fields=True, rename="kebab"):
    max_size: Annotated[str, Meta(pattern=r"^[0-9]+m$")]


class Logging(Struct, forbid_unknown_fields=True):
    driver: Literal["json-file"]
    options: LogOptions


class Service(Struct, forbid_unknown_fields=True):
    """What we use of compose's services."""

    image: str
    restart: Literal["unless-stopped", "no"]
    read_only: bool
    cap_drop: list[str]
    security_opt: list[str]
    logging: Logging
    volumes: list[str]
    networks: list[str]
    environment: dict[str, str]
    command: list[str] = []
    build: Build | None = None
    cap_add: list[str] = []
    entrypoint: list[str] = []
    healthcheck: Healthcheck | None = None
    ports: list[str] = []
    profiles: list[str] = []
    stop_grace_period: Duration = "10s"
    tmpfs: list[str] = []
    user: str = ""
    working_dir: str = ""

    @property
    def mounts(self) -> dict[str, str]:
        """Volume or folder, by the place in the container; ``ro`` and the like are left out."""
        pairs = [volume.split(":") for volume in self.volumes]
        return {place: source for source, place, *_ in pairs}


class Compose(Struct, forbid_unknown_fields=True):
    name: str
    services: dict[str, Service]
    networks: dict[str, None]
    volumes: dict[str, None]
    environment: Annotated[dict[str, str], Meta()] = msgspec.field(name="x-environment")
    logging: Annotated[Logging, Meta()] = msgspec.field(name="x-logging")
    footfall: Annotated[dict[str, Any], Meta()] = msgspec.field(name="x-footfall")


def read_compose(env: Mapping[str, str]) -> Compose:
    """The file with the variables of ``env`` in it, as compose has those of ``.env``. Raises KeyError, with the
    file's own words, for one that must be there.
    """
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    return msgspec.convert(_interpolated(yaml.safe_load(text), env), Compose)


def read_env(text: str) -> dict[str, str]:
    """The variables of an ``.env`` file, in the form that every version of compose understands alike."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def image_variables() -> dict[str, str]:
    """What the image sets, of ours."""
    text = " ".join(rest for word, rest in instructions() if word == "ENV")
    return dict(re.findall(r"(FOOTFALL_[A-Z_]+)=(\S+)", text))


def instructions() -> list[tuple[str, str]]:
    """The Containerfile's instructions with what follows them, comments left out and lines joined."""
    lines = [
        line for line in CONTAINERFILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word, rest) for line in joined.splitlines() if line for word, _, rest in [line.partition(" ")]]


def _interpolated(node: Any, env: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {name: _interpolated(each, env) for name, each in node.items()}
    if isinstance(node, list):
        return [_interpolated(each, env) for each in node]
    if not isinstance(node, str):
        return node

    def value(found: re.Match[str]) -> str:
        name, rule, text = found.groups()
        if env.get(name):
            return env[name]
        if rule == ":?":
            raise KeyError(f"{name} {text}")
        return text

    return re.sub(r"\$\{([A-Z_]+)(:[-?])([^}]*)\}", value, node)
