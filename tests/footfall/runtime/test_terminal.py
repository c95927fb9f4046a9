"""The shell of the command: what it lists, and what it says of a slip."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest
from click.testing import CliRunner

from footfall.commands import main as main_module
from footfall.commands.main import _ORDER, _commands, main


def test_the_list_of_verbs_is_made_of_whole_sentences_in_a_newcomers_order() -> None:
    listed = CliRunner().invoke(main, ["--help"]).output.partition("Commands:")[2]
    assert "..." not in listed
    assert "seal the segments" not in listed, "the first sentence only"
    there = {*_commands(), *main.commands}
    assert there <= set(_ORDER), "a new command has a place in the list"
    names = [line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line[2] != " "]
    assert names == [name for name in _ORDER if name in there]
    for command in ("import", "failed", "person", "tuning"):
        listed = CliRunner().invoke(main, [command, "--help"]).output.partition("Commands:")[2]
        assert listed.strip(), command
        assert "..." not in listed, command


@pytest.mark.parametrize(("slip", "meant"), [(["colect"], "collect"), (["failed", "resumbit"], "resubmit")])
def test_a_mistyped_verb_is_known(slip: list[str], meant: str) -> None:
    said = CliRunner().invoke(main, slip)
    assert said.exit_code == 2
    assert f"Did you mean {meant}?" in said.output
    assert "Did you mean" not in CliRunner().invoke(main, ["xyzzy"]).output


@pytest.mark.parametrize(
    "asked",
    [
        "failed show --limit=-3",
        "failed show --limit=0",
        "replay x.ndjson --patience=-1",
        "demo --visitors=0",
        "demo --days=-1",
        "demo --seed=-1",
        "evaluate --seed=-1",
    ],
)
def test_a_number_that_means_nothing_is_refused(asked: str) -> None:
    said = CliRunner().invoke(main, asked.split())
    assert said.exit_code == 2
    assert "is not in the range" in said.output


def test_a_room_that_is_not_installed_is_named_whatever_was_asked_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    absent = EntryPoint("serve", "no_such_room.cli:serve", "footfall.commands")
    monkeypatch.setattr(main_module, "_commands", lambda: {"serve": absent})
    for asked in ([], ["--workers", "2"], ["-x", "--", "y"]):
        said = CliRunner().invoke(main, ["serve", *asked])
        assert said.exit_code == 1, said.output
        assert "needs the package no_such_room" in said.output
