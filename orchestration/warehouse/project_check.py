"""Reads a dbt project without building it: what it declares, and whether its SQL holds against the columns there are.

dbt compiles the shop's models and those in which declared SQL stands, and DuckDB binds them in memory, model after
model, over a lake without a row. So a rule stands where it is applied, in the macros; here its error gets its line.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import yaml

from footfall.runtime.paths import Paths
from orchestration.lake.schema import prepare_lake
from orchestration.warehouse.dbt_runner import project_options
from orchestration.warehouse.shop_project import PROJECT_FILE

#: The models that declared SQL becomes a part of, and what a declaration is called in messages.
DECLARED_IN = ("funnel_conversions", "segment_members", "segments", "retention_periods")
KINDS = {
    "shop_funnels": "funnel", "funnels": "funnel", "shop_segments": "segment", "segments": "segment",
    "retentions": "retention", "experiments": "experiment",
}  # fmt: skip
_STEP = re.compile(r", step (?:number )?(\d+)")
_PART = re.compile(r", (exclude|breakdown|since)\b")
_DECLARED = re.compile(r"/\* ((?:funnel|segment) [^*]+?) \*/")
_LINE = re.compile(r"^LINE (\d+): ", re.MULTILINE)
_FILE = re.compile(r"([\w./-]+\.(?:sql|ya?ml))\b")
#: Lines of dbt's messages that only frame what is said.
_FRAME = re.compile(r">|called by|Compilation Error in|Encountered an error|-{3,}|\(models/\S+\)$")


class Problem(msgspec.Struct, frozen=True, order=True):
    """What is wrong, and where: a file of the project, and a line from 1, or 0 where none can be named."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


class Lines:
    """The lines of ``dbt_project.yml`` on which declarations stand. Raises OSError, and yaml.YAMLError."""

    def __init__(self, project: Path) -> None:
        root = yaml.compose((project / PROJECT_FILE).read_text(encoding="utf-8"))
        values = _mapping(_mapping(root).get("vars"))
        self._vars = values | _mapping(values.get("footfall"))
        self._declared = [
            (f"{kind} {name.value}", one)
            for variable, kind in KINDS.items()
            if isinstance(listed := self._vars.get(variable), yaml.SequenceNode)
            for one in listed.value
            if (name := _mapping(one).get("name")) is not None
        ]

    def __len__(self) -> int:
        return len(self._declared)

    def find(self, told: str) -> int:
        """The line of what a message speaks of, of its step or key where it names one; 0 where of nothing here."""
        for name, node in sorted(self._declared, key=lambda each: -len(each[0])):
            if name in told:
                return _line(_part(_mapping(node), told.partition(name)[2]) or node)
        return next((_line(node) for name, node in self._vars.items() if re.search(rf"\b{name}\b", told)), 0)


def check_project(project: Path) -> tuple[list[Problem], int]:
    """Return the problems of a project, by file and line, and how many declarations and models were read.

    Of the declarations of one kind the first that is wrong hides the others. Raises SettingsError where there is no
    project.
    """
    try:
        lines = Lines(project)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return [Problem(PROJECT_FILE, mark.line + 1 if mark else 0, getattr(error, "problem", "no YAML"))], 0
    except OSError:
        project_options(project, project)  # says what to do
        raise
    with tempfile.TemporaryDirectory(prefix="footfall-check-") as folder, _empty_shop(Path(folder)):
        return _check(project, Path(folder) / "target", lines)


def _check(project: Path, target: Path, lines: Lines) -> tuple[list[Problem], int]:
    from dbt.cli.main import dbtRunner

    options = [
        *project_options(project, target),
        "--target", "lint",
        "--log-level", "none",
        "--log-level-file", "none",
    ]  # fmt: skip
    parsed = dbtRunner().invoke(["parse", *options])
    if not parsed.success:
        return [_told(lines, project, str(parsed.exception))], 0
    manifest: Any = parsed.result
    package = manifest.metadata.project_name
    own = [node for node in manifest.nodes.values() if node.package_name == package != "footfall"]
    models = sum(node.resource_type == "model" for node in own)

    errors: list[str] = []  # an operation's result doesn't say why it failed

    def listen(event: Any) -> None:
        if event.info.level == "error":
            errors.append(event.info.msg)

    for macro in ("check_rules", "check_served"):
        dbtRunner(manifest, [listen]).invoke(["run-operation", f"footfall.{macro}", *options])
    problems = [_told(lines, project, each) for each in errors]
    selected = [f"+{name}" for name in DECLARED_IN] + ([f"+package:{package}"] if models else [])
    compiled: Any = dbtRunner(manifest=manifest).invoke(
        ["compile", *options, "--select", *selected, "--exclude", "resource_type:unit_test"]
    )
    if compiled.exception:
        return [*problems, _told(lines, project, str(compiled.exception))], len(lines) + models
    results = compiled.result.results
    problems += [
        _told(lines, project, f"({each.node.original_file_path})\n{each.message}")
        for each in results
        if each.status == "error"
    ]
    nodes = {
        each.node.unique_id: each.node
        for each in results
        if each.status == "success" and each.node.resource_type == "model"
    }
    problems += _bind(nodes, lines, package)
    return sorted(set(problems)), len(lines) + models


def _bind(nodes: Mapping[str, Any], lines: Lines, package: str) -> Iterator[Problem]:
    """Make each model an empty table of what its SQL says, those that it reads first; what can't be bound is told."""
    tables: dict[str, bool] = {}
    with duckdb.connect() as connection:

        def stands(unique_id: str) -> Iterator[Problem]:
            node = nodes[unique_id]
            tables[unique_id] = False
            models = [parent for parent in node.depends_on.nodes if parent.startswith("model.")]
            for parent in models:
                if parent in nodes and parent not in tables:
                    yield from stands(parent)
            if not all(tables.get(parent, False) for parent in models):
                return
            try:
                connection.execute(
                    f"create table {node.relation_name} as select * from ({node.compiled_code}\n) limit 0"
                )
            except duckdb.Error as error:
                yield _unbound(node, str(error), lines)
                return
            tables[unique_id] = True
            if node.package_name == package and node.config.contract.enforced:
                yield from _contract(node, connection)

        for unique_id in nodes:
            if unique_id not in tables:
                yield from stands(unique_id)


def _contract(node: Any, connection: duckdb.DuckDBPyConnection) -> Iterator[Problem]:
    """Where a model's columns are others than its contract names."""
    made = {name: kind for name, kind, *_ in connection.execute(f"describe {node.relation_name}").fetchall()}
    file = str(node.patch_path or node.original_file_path).rpartition("://")[2]
    for name, column in node.columns.items():
        wanted = column.data_type
        if name not in made:
            yield Problem(file, 0, f"{node.name}: the model has no column {name} of its contract")
        elif wanted and made[name] != _type(wanted, connection):
            yield Problem(file, 0, f"{node.name}: {name} is {made[name]}, its contract says {wanted}")
    for name in made.keys() - node.columns.keys():
        yield Problem(file, 0, f"{node.name}: the column {name} is not in its contract")


def _type(name: str, connection: duckdb.DuckDBPyConnection) -> str:
    """A type as DuckDB calls it: VARCHAR for text. Another one, or none, as it was given."""
    try:
        [(found,)] = connection.execute(f"select typeof(cast(null as {name}))").fetchall()
    except duckdb.Error:
        return name
    return str(found)


def _unbound(node: Any, message: str, lines: Lines) -> Problem:
    """DuckDB's error, in the declaration that its line stands in, else in the model's file."""
    told = message.partition("\n\nLINE ")[0].strip()
    found = _LINE.search(message)
    code = node.compiled_code.splitlines()
    at = min(int(found[1]), len(code)) if found else 0
    comments = _DECLARED.findall("\n".join(code[:at]))
    if comments and (line := lines.find(comments[-1])):
        return Problem(PROJECT_FILE, line, f"{comments[-1]}: {told}")
    text = code[at - 1].strip() if at else ""
    source = [number for number, each in enumerate(node.raw_code.splitlines(), 1) if each.strip() == text]
    return Problem(node.original_file_path, source[0] if text and source else 0, told)


def _told(lines: Lines, project: Path, message: str) -> Problem:
    """dbt's message without its frame, and the file of the shop's that it speaks of."""
    said = [each.strip() for each in message.splitlines()]
    text = " ".join(each for each in said if each and not _FRAME.match(each))
    if PROJECT_FILE in text and (line := lines.find(text)):
        return Problem(PROJECT_FILE, line, text.removeprefix(f"{PROJECT_FILE}, "))
    number = re.search(r"\bline (\d+)", message)
    for name in _FILE.findall(message):
        # dbt names a file of properties without its folder
        for file in (project / name, *(project / "models").rglob(Path(name).name)):
            if file.is_file():
                return Problem(str(file.relative_to(project)), int(number[1]) if number else 0, text)
    return Problem(PROJECT_FILE, 0, text)


def _part(declared: Mapping[str, yaml.Node], told: str) -> yaml.Node | None:
    """The step or the key of a declaration that the rest of its name in a message names; else its condition."""
    if (step := _STEP.match(told)) and isinstance(steps := declared.get("steps"), yaml.SequenceNode):
        number = int(step[1])
        named = steps.value[number - 1] if 0 < number <= len(steps.value) else steps
        return _mapping(named).get("where") or named
    if part := _PART.match(told):
        return declared.get(part[1])
    return declared.get("where")


def _mapping(node: yaml.Node | None) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


@contextmanager
def _empty_shop(folder: Path) -> Iterator[None]:
    """A lake without a row at the place where dbt looks for one."""
    paths = Paths(folder / "data")
    prepare_lake(paths)
    before = os.environ.get("FOOTFALL_DATA")
    os.environ["FOOTFALL_DATA"] = str(paths.data)
    try:
        yield
    finally:
        if before is None:
            del os.environ["FOOTFALL_DATA"]
        else:
            os.environ["FOOTFALL_DATA"] = before
