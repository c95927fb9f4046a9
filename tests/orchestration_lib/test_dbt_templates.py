"""What is kept says the same as what is worked out anew, and a file of it that is of no use does no harm."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.artifacts.resources import TestConfig
from dbt.contracts.project import PackageConfig, ProfileConfig, Project, ProjectFlags
from dbt.contracts.selection import SelectorFile
from dbt_common import dataclass_schema
from dbt_common.clients.jinja import MacroFuzzEnvironment, get_template
from dbt_common.dataclass_schema import ValidationError, dbtClassMixin
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.lib import dbt_templates
from orchestration.lib.dbt_templates import kept_templates

SOURCES = (
    "select {{ 1 + 1 }}",
    "{% macro f(x) %}{{ x }} and {{ x | upper }}{% endmacro %}{{ dbt_macro__f('ä') }}",
    "{% for n in [1, 2, 3] %}{% if loop.first %}{% continue %}{% endif %}{% do [].append(n) %}{{ n }}{% endfor %}",
)
#: A text in a macro's template, a number where a value is asked for.
NUMBER = "{% set numbers = [1, 2] %}{{ numbers | length }}"


def rendered(sources: Iterable[str]) -> list[tuple[object, object]]:
    """Each of the texts as a macro's template renders it, and as that of a value in a .yml file."""
    return [
        (get_template(source, {}).render({}), get_template(source, {}, native=True).render({}))
        for source in sources
    ]


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were compiled since."""
    seen: list[str] = []
    original = MacroFuzzEnvironment._parse

    def parse(self: MacroFuzzEnvironment, source: str, *rest: str | None) -> object:
        seen.append(source)
        return original(self, source, *rest)

    monkeypatch.setattr(MacroFuzzEnvironment, "_parse", parse)
    return seen


def test_the_next_process_compiles_nothing_and_says_the_same(tmp_path: Path, compiled: list[str]) -> None:
    file = tmp_path / "new" / "templates.bin"
    as_ever = rendered(SOURCES)
    assert as_ever[0] == ("select 2", "select 2")
    with kept_templates(file):
        assert rendered(SOURCES) == as_ever
    compiled.clear()
    with kept_templates(file):
        assert rendered(SOURCES) == as_ever
        assert compiled == []
        assert rendered(["another"]) == [("another", "another")]
    assert compiled == ["another"] * 2
    with kept_templates(file):
        rendered([*SOURCES, "another"])
    assert compiled == ["another"] * 2


def test_texts_and_values_are_told_apart(tmp_path: Path) -> None:
    for _ in range(2):
        with kept_templates(tmp_path / "templates.bin"):
            assert rendered([NUMBER]) == [("2", 2)]


def test_the_next_process_derives_no_schema_and_refuses_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The last one's has a default that no file holds.
    classes: list[type[dbtClassMixin]] = [
        DuckDBCredentials, PackageConfig, ProfileConfig, Project, ProjectFlags, SelectorFile, TestConfig
    ]  # fmt: skip
    derived: list[type] = []
    derive = dataclass_schema.build_json_schema

    def note(cls: type) -> object:
        derived.append(cls)
        return derive(cls)

    monkeypatch.setattr(dataclass_schema, "build_json_schema", note)
    anew = dbtClassMixin.__dict__["json_schema"]
    as_ever = [derive(each).to_dict() for each in classes]
    file = tmp_path / "templates.bin"
    # As in processes of their own, which know nothing of each other.
    for expected in (classes, [TestConfig]):
        anew.__func__.cache_clear()
        derived.clear()
        with kept_templates(file):
            assert [each.json_schema() for each in classes for _ in "12"] == [
                schema for schema in as_ever for _ in "12"
            ]
            with pytest.raises(ValidationError, match="'name' is a required property"):
                Project.validate({"config-version": 2})
        assert derived == expected
    assert dbtClassMixin.__dict__["json_schema"] is anew


def test_classes_of_one_name_are_told_apart(tmp_path: Path) -> None:
    def make(kind: type) -> type[dbtClassMixin]:
        @dataclass
        class Named(dbtClassMixin):
            one: kind  # type: ignore[valid-type]

        # The annotation as it is, not as a text that only this function could read.
        Named.__annotations__["one"] = kind
        return Named

    with kept_templates(tmp_path / "templates.bin"):
        kinds = [make(kind).json_schema()["properties"]["one"]["type"] for kind in (int, str)]
    assert kinds == ["integer", "string"]


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_a_damaged_file_counts_as_empty(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    file = tmp_path_factory.mktemp("templates") / "templates.bin"
    with kept_templates(file):
        as_ever = rendered(SOURCES)
    whole = bytearray(file.read_bytes())
    where = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        file.write_bytes(whole[:where])
    else:
        whole[where] ^= data.draw(st.integers(1, 255))
        file.write_bytes(whole)
    with kept_templates(file):
        assert rendered(SOURCES) == as_ever
    assert len(dbt_templates._read(file)) == 2 * len(SOURCES)


def test_where_nothing_can_be_written_dbt_works_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "templates.bin").mkdir()
    with kept_templates(tmp_path / "templates.bin"):
        assert rendered([NUMBER]) == [("2", 2)]
    assert [each.name for each in tmp_path.iterdir()] == ["templates.bin"]


def test_what_is_used_no_more_goes_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbt_templates, "MOST", 10)
    file = tmp_path / "templates.bin"
    for n in range(6):
        with kept_templates(file):
            rendered([f"{n} as of {n}"])
        assert len(dbt_templates._read(file)) == (n % 5 + 1) * 2


def test_after_a_failure_dbt_compiles_as_before(tmp_path: Path) -> None:
    compile_anew = MacroFuzzEnvironment.compile

    def fail() -> None:
        with kept_templates(tmp_path / "templates.bin"):
            assert MacroFuzzEnvironment.compile is not compile_anew
            raise RuntimeError("on the way")

    with pytest.raises(RuntimeError, match="on the way"):
        fail()
    assert MacroFuzzEnvironment.compile is compile_anew
    assert not (tmp_path / "templates.bin").exists()
