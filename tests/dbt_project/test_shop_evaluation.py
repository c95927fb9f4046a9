"""The shop measured on its own past: what is rebuilt is what the shop had shown, and what is planted is found."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from click.testing import CliRunner
from dbt_kit import PROJECT_DIR, Lake, Warehouse, message

from api.snapshots import Snapshot
from footfall.settings import Settings, load_settings
from footfall.snapshot.blending import History, RecommendationRequest, recommend
from orchestration.commands.tuning import tuning as tuning_verb
from orchestration.evaluation import run, tuning
from orchestration.evaluation.backtest import Past, TooLittle, choose_window
from orchestration.evaluation.history import OURS, Run, Verdict, find, read_history
from orchestration.evaluation.metrics import Measured
from orchestration.evaluation.past_lists import PastLists, answers, blend_of
from orchestration.evaluation.run import evaluate_shop, last_if_fresh, rules_in_force
from orchestration.evaluation.shop import measure
from orchestration.evaluation.tuning import (
    Gain,
    Proposal,
    accept,
    accepted_changes,
    proposal_file,
    tune,
    write_proposal,
)
from orchestration.recommend.session_neighbours import NextItem, index_of, session_config
from orchestration.serving.publish import build_snapshot
from orchestration.storage import environment
from orchestration.warehouse import dbt_runner

PROJECT_FILE = PROJECT_DIR / "dbt_project.yml"
FIRST = datetime(2026, 3, 1, 9, 0)
DAYS = 20
SPLIT = FIRST.date() + timedelta(days=15)
TASTES, PER_TASTE, VISITORS = 6, 12, 120


def visits() -> Iterator[dict[str, Any]]:
    """Visitors of six tastes; each looks at goods of one taste, on several days, and buys now and then."""
    dice = random.Random(5)
    for visitor in range(VISITORS):
        taste = visitor % TASTES
        for day in sorted(dice.sample(range(DAYS), 6)):
            at = FIRST + timedelta(days=day, minutes=dice.randrange(600))
            goods = dice.sample(range(PER_TASTE), 4)
            for step, number in enumerate(goods):
                product = {"product_id": f"p{taste}-{number:02d}"}
                yield message(
                    "Product Viewed", at + timedelta(minutes=step), guest=f"g{visitor}", properties=product
                )
            if dice.random() < 0.5:
                product = {"product_id": f"p{taste}-{goods[-1]:02d}"}
                yield message(
                    "Product Added", at + timedelta(minutes=5), guest=f"g{visitor}", properties=product
                )


def catalog() -> list[dict[str, Any]]:
    names = ["tent", "mug", "boot", "lamp", "rope", "stove"]
    return [
        {
            "product_id": f"p{taste}-{number:02d}",
            "title": f"{names[taste]} number {number}",
            "product_type": names[taste],
        }
        for taste in range(TASTES)
        for number in range(PER_TASTE)
    ]


@pytest.fixture(scope="module")
def shop(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> Warehouse:
    lake, warehouse = make_warehouse()
    lake.load(visits())
    lake.catalog(catalog())
    warehouse.run()
    return warehouse


@pytest.fixture
def settings(shop: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The shop's, with a manifest that is parsed already."""
    monkeypatch.setattr(dbt_runner, "target_path", lambda: shop.target_path)
    return load_settings({"FOOTFALL_DATA": str(shop.data), "FOOTFALL_EVALUATION_MIN_CASES": "50"})


SERVED = (
    "select visitor_id, rank, product_id, source, seed_product_id, score"
    " from visitor_recommendations order by 1, 2"
)


def test_the_past_is_what_the_shop_had_shown_that_day(
    shop: Warehouse, settings: Settings, make_warehouse: Callable[[], tuple[Lake, Warehouse]], tmp_path: Path
) -> None:
    """A shop that ends on the split day, built the usual way, has the very lists that the evaluation measures."""
    past = Past(settings, tmp_path / "past")
    assert past.window.split == SPLIT
    past.build()
    lake, ended = make_warehouse()
    lake.load(row for row in visits() if row["occurred_at"].date() < SPLIT)
    lake.catalog(catalog())
    as_of = {"as_of": f"{SPLIT} 00:00:00"}
    ended.run("+visitor_recommendations", variables=as_of)
    assert ended.rows("select count(*), min(as_of) from int_as_of") == [(1, datetime(2026, 3, 16))]
    # What Python makes of people is made between the two halves of dbt's work, as in the line
    for name in ("visitor_affinity", "product_also_liked"):
        made = past.folder / "lake" / "derived" / name / f"{name}.parquet"
        (ended.data / "lake" / "derived" / name / f"{name}.parquet").write_bytes(made.read_bytes())
    ended.run("visitor_recommendations", full_refresh=True, variables=as_of)
    with past.connect() as connection:
        measured = connection.execute(SERVED).fetchall()
        asked = {row[0] for row in connection.execute("select visitor_id from visitors").fetchall()}
    assert len(asked) > 60
    assert measured == [row for row in ended.rows(SERVED) if row[0] in asked]


def test_what_is_planted_is_found_and_the_same_data_give_the_same_numbers(
    settings: Settings, tmp_path: Path
) -> None:
    past = Past(settings, tmp_path / "past")
    past.build()
    blend = blend_of(yaml.safe_load(PROJECT_FILE.read_text())["vars"])
    metrics = measure(past, blend)
    assert metrics == measure(past, blend)
    arms = {metric.arm for metric in metrics if metric.problem == "return"}
    assert {"popularity", "recently viewed", "co-view", "text", "session neighbours", "EASE", OURS} <= arms
    for problem, metric in (("return", "recall"), ("return", "recall_new"), ("visit", "mrr")):
        ours, popular = find(metrics, problem, OURS, metric), find(metrics, problem, "popularity", metric)
        assert ours is not None
        assert popular is not None
        assert ours.low is not None
        assert popular.high is not None
        # Twelve goods of the own taste among 72: whoever shows those is far above who shows what is popular
        assert ours.low > popular.high
    text = find(metrics, "text", OURS, "same_type")
    assert text is not None
    assert text.cases == TASTES * PER_TASTE


@pytest.mark.parametrize("returns", [False, True])
def test_the_answers_that_are_measured_are_those_of_the_api(
    shop: Warehouse, tmp_path: Path, returns: bool
) -> None:
    """The same warehouse published and asked through the API's snapshot, and as the evaluation reads it."""
    shutil.copy(shop.data / "warehouse.duckdb", tmp_path)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as con:
        if returns:
            con.execute("alter view recommendation_settings rename to as_built")
            con.execute(
                "create view recommendation_settings as select setting, "
                "case when setting = 'returns' then 1 else value end as value from as_built"
            )
        clicks = con.sql("select * from session_products order by session_id, place").to_arrow_table()
        index_of(clicks).write(tmp_path / "sessions")
        build_snapshot(con, tmp_path / "serving", version="v1", session_index=tmp_path / "sessions")
        published = Snapshot(tmp_path / "serving" / "v1")
        assert published.blend.returns is returns
        number_of = {name: n for n, name in enumerate(sorted(set(clicks["product_id"].to_pylist())))}
        past: dict[str, tuple[list[int], float]] = {}
        for row in clicks.to_pylist():
            items, _ = past.get(row["session_id"], ([], 0.0))
            past[row["session_id"]] = ([*items, number_of[row["product_id"]]], row["ended_at"].timestamp())
        next_item = NextItem([items for items, _ in past.values()], [ended for _, ended in past.values()])
        ask = answers(PastLists(con, published.blend, next_item, number_of), 20)
        dice, came_back = random.Random(1), 0
        for case in range(150):
            viewed = tuple(dice.sample([*number_of, "nobody knows this"], dice.randrange(5)))
            visitor = dice.choice([None, *(f"g_g{n}" for n in range(VISITORS))])
            history: History = dice.choice(["any", "new", "again"])
            wanted = RecommendationRequest(visitor, viewed, (), (), 20, history=history)
            served = [chosen.product_id for chosen in recommend(published, wanted)]
            assert ask(visitor, viewed=viewed, history=history) == served, case
            came_back += history == "any" and bool(set(viewed[1:]) & set(served[:5]))
        assert (came_back > 0) is returns, "what was seen earlier comes back early, if at all"


def test_a_fall_is_held_until_the_data_are_whole_again(
    shop: Warehouse, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lists that are spoiled on the way: the run is held, measured again at once, and let go when they are good."""
    good = evaluate_shop(settings, run_id="good")
    assert good.verdict is Verdict.PASSED
    assert not (shop.data / "evaluation").exists()
    rules = rules_in_force(settings)
    now = good.measured_at
    assert last_if_fresh(settings, rules, now) == good
    assert last_if_fresh(settings, rules, now + timedelta(hours=24)) is None
    assert last_if_fresh(settings, "other rules", now) is None

    build = Past.build

    def spoiled(past: Past) -> None:
        build(past)
        with past.connect() as connection:
            connection.execute(
                "update visitor_recommendations set product_id = 'p0-' || right(product_id, 2)"
            )

    with monkeypatch.context() as patch:
        patch.setattr(Past, "build", spoiled)
        bad = evaluate_shop(settings, run_id="bad")
    assert bad.verdict is Verdict.HELD
    assert "return recall" in bad.reason
    assert last_if_fresh(settings, rules, bad.measured_at) is None
    assert evaluate_shop(settings, run_id="again").verdict is Verdict.PASSED
    runs: list[Run] = read_history(settings.paths.derived)
    assert [run.run_id for run in runs] == ["good", "bad", "again"]
    shop.run("recommendation_metrics", command="build")
    [(held,)] = shop.rows("select count(distinct run_id) from recommendation_metrics where verdict = 'held'")
    assert held == 1


def test_an_empty_shop_says_so_and_passes(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, warehouse = make_warehouse()
    warehouse.run()
    monkeypatch.setattr(dbt_runner, "target_path", lambda: warehouse.target_path)
    run = evaluate_shop(load_settings({"FOOTFALL_DATA": str(warehouse.data)}))
    assert run.verdict is Verdict.NOT_ENOUGH
    assert "no product has been viewed yet" in run.reason


def test_a_shop_of_few_visitors_is_measured_and_not_judged(settings: Settings, shop: Warehouse) -> None:
    few = load_settings({"FOOTFALL_DATA": str(shop.data), "FOOTFALL_EVALUATION_MIN_CASES": "100000"})
    run = evaluate_shop(few, run_id="few")
    assert run.verdict is Verdict.NOT_ENOUGH
    assert run.metrics


def test_the_window_is_thirty_days_or_a_quarter() -> None:
    day = timedelta(days=1)
    last = FIRST + 400 * day
    assert choose_window(FIRST, last).until - choose_window(FIRST, last).split == 30 * day
    assert choose_window(FIRST, FIRST + 11 * day).split == FIRST.date() + 9 * day
    for too_short in ((None, None), (FIRST, FIRST + 2 * day)):
        with pytest.raises(TooLittle):
            choose_window(*too_short)


def test_a_spoiled_setting_is_found_again_and_confirmed_on_other_visitors(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The blend is told to show what trends and nothing else: the search finds its way back to what visitors want."""
    in_force = yaml.safe_load(PROJECT_FILE.read_text())["vars"]
    blend = {**dict.fromkeys(in_force["rrf_weights"], 0.0), "trending": 1.0}

    class Spoiled(Past):
        def build(self, variables: Mapping[str, Any] | None = None) -> None:
            super().build({"rrf_weights": blend, **(variables or {})})

    monkeypatch.setattr(tuning, "VALUES", {})  # the blend alone: each try builds the lists again
    monkeypatch.setattr(tuning, "BLEND_FACTORS", (2.0,))
    ticks = iter(range(10_000))
    told: list[str] = []
    # A clock that ticks with every look: the budget is a number of tries
    proposal = tune(
        Spoiled(settings, tmp_path / "past"),
        {**in_force, "rrf_weights": blend},
        seconds=10,
        clock=lambda: float(next(ticks)),
        tell=told.append,
    )
    assert proposal.lists is not None
    assert proposal.lists.is_better
    assert any(name.startswith("rrf_weights.") for name in proposal.changes)
    assert proposal.tried <= 9
    assert re.fullmatch(
        r"0\.\d{4} with the current rules, measured in 1\.0 s; a round of 8 tries needs a budget of about 11 s",
        told[0],
    )
    assert re.fullmatch(r"the budget ended after \d tries of this round", told[-1])
    path = proposal_file(tmp_path)
    write_proposal(path, proposal)
    read = yaml.safe_load(path.read_text())
    assert read["is_better"] is True
    assert read["changes"].keys() == proposal.changes.keys()


def test_a_search_that_finds_nothing_keeps_what_an_earlier_one_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The budget was too small for a single try, say."""
    gain = Gain(0.3, 0.3, Measured(0.0, 0.0, 0.0, 9))
    nothing = Proposal(
        made_at=datetime(2026, 3, 1),
        asked="-",
        tried=0,
        seconds=1.0,
        changes={},
        lists=gain,
        session_changes={},
        sessions=None,
    )
    changes = {"session_neighbours.neighbours": (100, 50)}
    found = replace(nothing, tried=5, session_changes=changes, sessions=gain)
    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path))
    monkeypatch.setattr(environment, "export", lambda *_: None)
    monkeypatch.setattr(run, "Past", lambda *_: None)
    for proposal, said in ((found, "neighbours: 100 -> 50"), (nothing, "an earlier one stays as it is")):
        monkeypatch.setattr(run, "tune", lambda *_, proposal=proposal, **__: proposal)
        searched = CliRunner().invoke(tuning_verb, ["search"])
        assert searched.exit_code == 0, searched.output
        assert said in searched.output
        kept = yaml.safe_load(proposal_file(tmp_path).read_text())
        assert kept["session_changes"] == {"session_neighbours.neighbours": [100, 50]}
    assert "neighbours: 100 -> 50" in CliRunner().invoke(tuning_verb, ["show"]).output


def test_an_accepted_proposal_changes_its_lines_and_nothing_else(tmp_path: Path) -> None:
    project = tmp_path / "dbt_project.yml"
    project.write_text(PROJECT_FILE.read_text())
    before = yaml.safe_load(project.read_text())["vars"]
    half_life, weight = before["affinity_half_life_days"], before["rrf_weights"]["taste"]
    neighbours = before["session_neighbours"]["neighbours"]
    changes = {
        "affinity_half_life_days": [half_life, 61],
        "rrf_weights.taste": [weight, 1.25],
        "session_neighbours.neighbours": [neighbours, 50],
    }
    assert len(accept(changes, project)) == 3
    after = yaml.safe_load(project.read_text())["vars"]
    assert after == {
        **before,
        "affinity_half_life_days": 61,
        "rrf_weights": {**before["rrf_weights"], "taste": 1.25},
        "session_neighbours": {**before["session_neighbours"], "neighbours": 50},
    }
    assert session_config(after).neighbours == 50
    old, new = PROJECT_FILE.read_text().splitlines(), project.read_text().splitlines()
    assert sum(a != b for a, b in zip(old, new, strict=True)) == 3
    with pytest.raises(ValueError, match="is 61 now, but was 180"):
        accept(changes, project)
    with pytest.raises(ValueError, match="has no line for nothing"):
        accept({"nothing": [1, 2]}, project)
    assert project.read_text().splitlines() == new


def test_only_what_is_surely_better_is_accepted() -> None:
    def part(low: float) -> dict[str, Any]:
        return {"before": 0.1, "after": 0.2, "gain": {"mean": 0.1, "low": low, "high": 0.3, "cases": 9}}

    proposal = {
        "lists": part(-0.1),
        "changes": {"affinity_half_life_days": [30, 7]},
        "sessions": part(0.05),
        "session_changes": {"session_neighbours.neighbours": [100, 50]},
    }
    assert accepted_changes(proposal) == {"session_neighbours.neighbours": [100, 50]}
    assert len(accepted_changes(proposal, anyway=True)) == 2
    assert accepted_changes({**proposal, "sessions": None, "session_changes": {}}) == {}


def test_settings_of_session_neighbours_that_do_not_exist() -> None:
    with pytest.raises(ValueError, match=r"session_neighbours of dbt_project\.yml: .*'k'"):
        session_config({"session_neighbours": {"k": 100}})
