"""Experiments: a known effect is found, none is not invented, and lost visitors of one arm are noticed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from dbt_kit import Lake, Warehouse, message

from footfall.snapshot.experiments import Arm, Experiment

START = datetime(2026, 3, 1, 9, 0)
VISITORS = 3000
EXPERIMENTS = [
    {
        "name": "lists",
        "starts_on": "2026-03-01",
        "ends_on": "2026-03-11",
        "arms": [
            {"name": "popular", "share": 0.3, "recommender": "popularity"},
            {"name": "personal", "share": 0.6},
        ],
    },
    {
        "name": "same",
        "starts_on": "2026-03-11",
        "arms": [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5}],
    },
]
LISTS = Experiment(
    "lists",
    "lists",
    date(2026, 3, 1),
    date(2026, 3, 11),
    (Arm("popular", 0.0, 0.3, "popularity"), Arm("personal", 0.3, 0.9, "personal")),
)
SAME = Experiment(
    "same", "same", date(2026, 3, 11), None, (Arm("a", 0, 0.5, "personal"), Arm("b", 0.5, 1, "personal"))
)
#: Conversion by arm; an order is worth 50.
TRUTH = {"popular": 0.10, "personal": 0.16}


def shown(
    event: str, at: datetime, guest: str, experiment: Experiment, arm: str, **more: Any
) -> dict[str, Any]:
    about = {"placement": "home", "experiment": experiment.name, "arm": arm, "product_ids": ["p1"]}
    return message(event, at, guest=guest, properties=about, **more)


def ordered(at: datetime, guest: str, number: str) -> dict[str, Any]:
    line = {"product_id": "p1", "quantity": 1, "price": 50}
    about = {"order_id": number, "value": 50, "currency": "EUR", "products": [line]}
    return message("Order Completed", at, guest=guest, properties=about)


def refunded(at: datetime, guest: str, number: str) -> dict[str, Any]:
    return message("Order Refunded", at, guest=guest, properties={"order_id": number, "value": 50})


def traffic() -> Iterator[dict[str, Any]]:
    """Each visitor sees a list of the arm that the hash gives, and orders by the arm's conversion."""
    dice = random.Random(11)
    for n in range(VISITORS):
        guest = f"g{n}"
        for experiment, day in ((LISTS, dice.randrange(9)), (SAME, 10 + dice.randrange(5))):
            arm = experiment.arm_of(guest)
            if arm is None:
                continue
            at = START + timedelta(days=day, minutes=dice.randrange(600))
            # What was ordered before the first list is no result of it, nor that it comes back
            if dice.random() < 0.05:
                yield ordered(at - timedelta(minutes=5), guest, f"{experiment.name}-before-{n}")
                yield refunded(at + timedelta(minutes=3), guest, f"{experiment.name}-before-{n}")
            yield shown("Recommendation Viewed", at, guest, experiment, arm.name)
            if dice.random() < 0.2:
                yield shown("Recommendation Clicked", at + timedelta(minutes=1), guest, experiment, arm.name)
            if dice.random() < TRUTH.get(arm.name, 0.12):
                yield ordered(at + timedelta(minutes=9), guest, f"{experiment.name}-{n}")


Build = Callable[[list[dict[str, Any]]], dict[tuple[str, str], dict[str, Any]]]


@pytest.fixture(scope="module")
def results(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> Build:
    """Results by experiment and arm, of the messages."""

    def build(rows: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
        lake, warehouse = make_warehouse()
        lake.load(rows)
        declared = {"experiments": EXPERIMENTS}
        warehouse.run("+experiment_results", variables=declared)
        names = [row[0] for row in warehouse.rows("select column_name from (describe experiment_results)")]
        found = warehouse.rows("select * from experiment_results")
        assert len(found) == 4
        return {(row[0], row[1]): dict(zip(names, row, strict=True)) for row in found}

    return build


@pytest.fixture(scope="module")
def whole(results: Build) -> dict[tuple[str, str], dict[str, Any]]:
    return results(list(traffic()))


def test_a_known_lift_is_within_its_interval_and_above_zero(
    whole: dict[tuple[str, str], dict[str, Any]],
) -> None:
    control, personal = whole["lists", "popular"], whole["lists", "personal"]
    lift = TRUTH["personal"] - TRUTH["popular"]
    assert 0 < personal["conversion_difference_low"] < lift < personal["conversion_difference_high"]
    assert 0 < personal["revenue_difference_low"] < 50 * lift < personal["revenue_difference_high"]
    for arm in (control, personal):
        assert arm["is_ratio_ok"]
        assert arm["conversion_low"] < TRUTH[arm["arm"]] < arm["conversion_high"]
        assert arm["revenue_per_visitor_low"] < 50 * TRUTH[arm["arm"]] < arm["revenue_per_visitor_high"]
        assert arm["revenue"] == 50 * arm["orders"]
        assert arm["visitors"] == arm["views"]
    assert control["conversion_difference"] is None
    assert control["expected_share"] == pytest.approx(1 / 3)
    # A tenth takes no part
    assert control["visitors"] + personal["visitors"] == pytest.approx(0.9 * VISITORS, rel=0.05)


def test_two_equal_arms_are_told_equal(whole: dict[tuple[str, str], dict[str, Any]]) -> None:
    same = whole["same", "b"]
    assert same["conversion_difference_low"] < 0 < same["conversion_difference_high"]
    assert same["revenue_difference_low"] < 0 < same["revenue_difference_high"]
    assert same["is_ratio_ok"]
    assert whole["same", "a"]["visitors"] + same["visitors"] == VISITORS


def test_lost_visitors_of_one_arm_are_noticed_and_a_visitor_counts_once(results: Build) -> None:
    """Every fifth message of one arm is lost; a user on two devices is one visitor, in the first device's arm."""
    rows = [row for n, row in enumerate(traffic()) if not ('"arm": "b"' in row["properties"] and n % 5 == 0)]
    arm = next(g for g in (f"x{n}" for n in range(99)) if (found := SAME.arm_of(g)) and found.name == "a")
    other = next(g for g in (f"y{n}" for n in range(99)) if (found := SAME.arm_of(g)) and found.name == "b")
    at = START + timedelta(days=12)
    rows += [
        shown("Recommendation Viewed", at, arm, SAME, "a", user="ada"),
        shown("Recommendation Viewed", at + timedelta(hours=3), other, SAME, "b", user="ada"),
        ordered(at + timedelta(hours=4), other, "ada-1"),
        # Beyond the last day, of an unknown arm, by a bot: no part of it
        shown("Recommendation Viewed", START + timedelta(days=11), "late", LISTS, "personal"),
        shown("Recommendation Viewed", at, "odd", SAME, "c"),
        shown("Recommendation Viewed", at, "bot", SAME, "a", is_bot=True),
    ]
    found = results(rows)
    assert not found["same", "b"]["is_ratio_ok"]
    assert not found["same", "a"]["is_ratio_ok"]
    assert found["lists", "popular"]["is_ratio_ok"]
    a = found["same", "a"]
    assert a["crossed_visitors"] == 1
    assert (
        a["visitors"] == sum((SAME.arm_of(f"g{n}") or SAME.arms[1]).name == "a" for n in range(VISITORS)) + 1
    )


def test_an_arm_that_was_renamed_is_warned_of(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    lake, warehouse = make_warehouse()
    days = [START + timedelta(days=number) for number in (0, 10, 11)]
    lake.load(
        shown("Recommendation Viewed", at, f"{name}{at:%d}", experiment, name)
        for at, experiment in zip(days, (LISTS, SAME, LISTS), strict=True)
        for name in (experiment.arms[0].name, "before")
    )
    # the third day of these is after the end of the lists
    assert warehouse.warnings("+experiment_visitors", experiments=EXPERIMENTS) == [
        "assert_messages_name_declared_arms: 2"
    ]
    assert warehouse.rows("select visitor_id, arm from experiment_visitors order by 1") == [
        ("g_a11", "a"),
        ("g_popular01", "popular"),
    ]


@pytest.mark.parametrize(
    ("experiments", "says"),
    [
        ([{**EXPERIMENTS[0], "arms": [{"name": "a", "share": 1.0}]}], "two arms at least"),
        ([{**EXPERIMENTS[0], "arms": [{"name": n, "share": 0.6} for n in "ab"]}], "shares of at most 1"),
        ([{**EXPERIMENTS[0], "arms": [{"name": "a", "share": 0.5}] * 2}], "two arms are called a"),
        ([EXPERIMENTS[0], {**EXPERIMENTS[0], "name": "b"}], "lists and b run on the same days"),
        (
            [{**EXPERIMENTS[0], "arms": [{"name": n, "share": 0.5, "recommender": "x"} for n in "ab"]}],
            "not x",
        ),
        ([{**EXPERIMENTS[0], "starts_on": "2026-3-1"}], "starts_on 2026-3-1 is not a day like 2026-03-01"),
        (
            [{**EXPERIMENTS[0], "ends_on": "2026-03-01"}],
            "ends_on 2026-03-01 is not after starts_on 2026-03-01",
        ),
        (
            [{**EXPERIMENTS[0], "arms": [{"name": str(n), "share": 0.05} for n in range(11)]}],
            "ten arms at most",
        ),
        (None, r"experiments: no list; where there is none write experiments: \[\]"),
        ([{**EXPERIMENTS[0], "arms": {"a": 0.5}}], "experiment lists: arms {'a': 0.5} is not a list"),
        (
            [{**EXPERIMENTS[0], "arms": [{"name": n, "share": "0.5"} for n in "ab"]}],
            "arm a needs a share above 0, a number without quotes; it has 0.5",
        ),
        ([{**EXPERIMENTS[0], "ends": "2026-01-01"}], "experiment lists: ends is none of name, starts_on"),
        (
            [
                {
                    **EXPERIMENTS[0],
                    "arms": [{"name": n, "share": 0.5, "recomender": "popularity"} for n in "ab"],
                }
            ],
            "experiment lists, arm a: recomender is none of name, share, recommender",
        ),
    ],
)
def test_a_declaration_that_can_not_be_meant_is_refused(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]], experiments: list[dict[str, Any]], says: str
) -> None:
    _, warehouse = make_warehouse()
    with pytest.raises(pytest.fail.Exception, match=says):
        warehouse.run("experiments", variables={"experiments": experiments})


def test_the_environment_adds_those_of_one_shop(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, warehouse = make_warehouse()
    monkeypatch.setenv("FOOTFALL_EXPERIMENTS", json.dumps(EXPERIMENTS[1:]))
    warehouse.run("experiments", variables={"experiments": EXPERIMENTS[:1]})
    assert warehouse.rows("select distinct experiment, salt from experiments order by 1") == [
        ("lists", "lists"),
        ("same", "same"),
    ]
    monkeypatch.setenv("FOOTFALL_EXPERIMENTS", json.dumps(EXPERIMENTS[:1]))
    with pytest.raises(pytest.fail.Exception, match="experiment lists: another one has this name"):
        warehouse.run("experiments", variables={"experiments": EXPERIMENTS[:1]})
    for slip in ("{}", "lists", "3"):
        monkeypatch.setenv("FOOTFALL_EXPERIMENTS", slip)
        with pytest.raises(pytest.fail.Exception, match="FOOTFALL_EXPERIMENTS is not a JSON list"):
            warehouse.run("experiments")
