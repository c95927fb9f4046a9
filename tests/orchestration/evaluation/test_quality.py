"""The rule that holds a publish back, its memory, and the command that lets a fall through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest
from click.testing import CliRunner

from footfall.settings import load_settings
from orchestration.commands.quality import quality
from orchestration.evaluation import run as evaluation_run
from orchestration.evaluation.backtest import Window
from orchestration.evaluation.history import (
    OURS,
    Run,
    Verdict,
    accept,
    held,
    judge,
    read_history,
    write_history,
)
from orchestration.evaluation.report import arms_plot, tables, trend_plot
from orchestration.evaluation.shop import Metric

NOON = datetime(2026, 3, 1, 12)


def recall(value: float, cases: int = 500, arm: str = OURS, spread: float = 0.02) -> Metric:
    return Metric("return", arm, "recall", value, value - spread, value + spread, cases)


def run(number: int, value: float, verdict: Verdict = Verdict.PASSED) -> Run:
    day = NOON.date() + timedelta(days=number)
    return Run(
        run_id=f"r{number}",
        measured_at=NOON + timedelta(days=number),
        rules="x",
        since=day,
        split=day,
        until=day,
        metrics=(recall(value), recall(value / 2, arm="popularity")),
        verdict=verdict,
        reason="because",
    )


def verdict(value: float, before: list[Run], cases: int = 500, max_fall: float = 0.2) -> Verdict:
    return judge([recall(value, cases)], before, max_fall=max_fall, min_cases=100)[0]


def test_only_a_sure_and_large_fall_is_held() -> None:
    before = [run(n, 0.40) for n in range(3)]
    assert verdict(0.40, before) is Verdict.PASSED
    assert verdict(0.31, before) is Verdict.PASSED  # the interval still reaches 0.32
    assert verdict(0.29, before) is Verdict.HELD
    assert verdict(0.29, before, max_fall=1.0) is Verdict.PASSED
    assert verdict(0.29, before, cases=99) is Verdict.NOT_ENOUGH
    assert verdict(0.29, []) is Verdict.PASSED


def test_one_lucky_day_is_no_yardstick_and_a_held_run_no_reference() -> None:
    assert verdict(0.40, [run(0, 0.40), run(1, 0.90), run(2, 0.40)]) is Verdict.PASSED
    before = [run(0, 0.40), *(run(n, 0.10, Verdict.HELD) for n in range(1, 9))]
    assert verdict(0.10, before) is Verdict.HELD
    assert verdict(0.40, before) is Verdict.PASSED


def test_an_accepted_fall_is_where_the_reference_begins() -> None:
    before = [run(0, 0.40), run(1, 0.40), run(2, 0.10, Verdict.ACCEPTED)]
    assert verdict(0.10, before) is Verdict.PASSED
    assert verdict(0.02, before) is Verdict.HELD


def test_the_reason_names_the_numbers() -> None:
    _, reason = judge([recall(0.2)], [run(0, 0.4)], max_fall=0.2, min_cases=100)
    assert (
        reason
        == "return recall is 0.2000, at most 0.2200; the last 1 run(s) had 0.4000, and 20% less would be 0.3200"
    )


def test_the_history_reads_back(tmp_path: Path) -> None:
    assert read_history(tmp_path) == []
    nothing = Run("r3", NOON, "x", None, None, None, (), Verdict.NOT_ENOUGH, "nobody")
    runs = [nothing, run(1, 0.4), run(2, 0.1, Verdict.HELD)]
    write_history(tmp_path, list(reversed(runs)))
    assert read_history(tmp_path) == runs
    assert held(tmp_path) == runs[-1]


def test_a_fall_is_let_through_by_a_person_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path))
    derived = tmp_path / "lake" / "derived"
    call = CliRunner().invoke
    assert "never measured" in call(quality).output
    write_history(derived, [run(1, 0.4), run(2, 0.1, Verdict.HELD)])
    shown = call(quality)
    assert shown.exit_code == 1
    assert "held: because" in shown.output
    assert call(quality, ["--accept", " "]).exit_code == 2
    assert call(quality, ["--accept", "sofas are gone [/ticket 7]"]).exit_code == 0
    assert held(derived) is None
    assert read_history(derived)[-1].reason == "accepted: sofas are gone [/ticket 7] (held for: because)"
    assert call(quality).exit_code == 0
    with pytest.raises(ValueError, match="nothing is held back"):
        accept(derived, "again")


def test_a_run_that_can_say_nothing_lets_no_fall_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import that lost half of the orders, and then the rest."""
    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path))
    derived = tmp_path / "lake" / "derived"
    fallen, silent = run(2, 0.1, Verdict.HELD), run(3, 0.1, Verdict.NOT_ENOUGH)
    write_history(derived, [run(1, 0.4), fallen, silent])
    assert held(derived) == fallen
    settings, soon = (
        load_settings({"FOOTFALL_DATA": str(tmp_path)}),
        NOON.replace(tzinfo=UTC) + timedelta(days=3),
    )
    assert evaluation_run.last_if_fresh(settings, "x", soon) is None, "it is measured again with each run"
    shown = CliRunner().invoke(quality)
    assert shown.exit_code == 1
    assert "not_enough: because" in shown.output
    assert "held since 2026-" in shown.output
    accept(derived, "it is meant")
    assert held(derived) is None
    assert evaluation_run.last_if_fresh(settings, "x", soon) == silent
    assert [each.verdict for each in read_history(derived)] == ["passed", "accepted", "not_enough"]


def test_a_fall_that_is_let_through_while_the_next_run_measures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shop that is held back is measured each hour, for minutes: then is when somebody looks and accepts."""
    settings = load_settings({"FOOTFALL_DATA": str(tmp_path)})
    derived = settings.paths.derived
    write_history(derived, [run(1, 0.4), run(2, 0.1, Verdict.HELD)])

    def measured(*_: object, **__: object) -> list[Metric]:
        accept(derived, "sofas are gone")
        return [recall(0.1)]

    past = Mock(window=Window(NOON.date(), NOON.date(), NOON.date()))
    monkeypatch.setattr(evaluation_run, "Past", lambda *_: past)
    monkeypatch.setattr(evaluation_run, "measure", measured)
    monkeypatch.setattr(evaluation_run, "rules_in_force", lambda settings: "x")
    assert evaluation_run.evaluate_shop(settings, run_id="r3").verdict is Verdict.PASSED
    assert [each.verdict for each in read_history(derived)] == ["passed", "accepted", "passed"]


def test_tables_and_plots() -> None:
    runs = [run(1, 0.4), run(2, 0.3)]
    lines = tables(runs[-1].metrics).splitlines()
    assert lines[0] == "**Product views of a returning visitor** (500 cases)"
    assert lines[4].startswith("| **served** | 0.3000 [0.280, 0.320] |")
    assert lines[5].startswith("| popularity | 0.1500")
    for picture in (arms_plot(runs[-1].metrics), trend_plot(runs)):
        assert picture.startswith("![")
        assert "data:image/png;base64,iVBOR" in picture
    assert arms_plot([]) == tables([]) == trend_plot(runs[:1]) == ""
