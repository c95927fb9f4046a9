"""What analysts declare in dbt_project.yml: a slip of the pen stops dbt and says where it is."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dbt_kit
import pytest
from dbt_kit import NOON, PROJECT_DIR, Lake, Warehouse, message

FUNNEL = {"name": "looked", "steps": [{"event": "Product Viewed"}]}
LOOKERS = {"name": "a", "description": "Who looked.", "where": "products_viewed > 0"}


def test_a_slip_in_a_funnel_is_named(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    _, warehouse = make_warehouse()
    for slip, told in (
        ({"mode": "any"}, r": mode any is none of default, .*any_order"),
        ({"scope": "sessions"}, r": scope sessions is neither visitor nor session"),
        ({"window_days": 400}, r": window_days 400 is not a number above 0, and 366 at most"),
        ({"window_days": 0}, r": window_days 0 is no"),
        ({"window_days": True}, r": window_days True is not a number"),
        ({"windows_days": 3}, r": windows_days is none of name, scope"),
        ({"steps": []}, r": no steps"),
        ({"exclude": [{"name": "Left"}]}, r", step Left: no event"),
        (
            {"steps": [{"event": "Product Viewed", "were": "true"}]},
            r", step number 1: were is none of name, event",
        ),
        (
            {"steps": [{"event": "page", "where": "price > 1) or (lower(zone) = ':(' -- (one\n"}]},
            r", step number 1: where (?s:.*) has a bracket too many or too few",
        ),
        ({"breakdown": "lower(zone"}, r": breakdown lower\(zone has a bracket too many or too few"),
        ({"steps": {"event": "Product Viewed"}}, r": steps {'event': 'Product Viewed'} is not a list"),
        ({"exclude": "Product Removed"}, r": exclude Product Removed is not a list"),
        (
            {"steps": ["Product Viewed"]},
            r", step number 1: Product Viewed is not a set of name, event, where",
        ),
    ):
        funnel = {**FUNNEL, **slip}
        with pytest.raises(pytest.fail.Exception, match=f"dbt_project.yml, funnel looked{told}"):
            warehouse.run("funnel_conversions", variables={"funnels": [funnel]})
    for nothing, model in ((None, "funnel_conversions"), (None, "funnel_steps"), (FUNNEL, "funnel_steps")):
        with pytest.raises(
            pytest.fail.Exception, match=r"funnels: no list; where there is none write funnels: \[\]"
        ):
            warehouse.run(model, variables={"funnels": nothing})
    with pytest.raises(pytest.fail.Exception, match="funnel looked: another one has this name"):
        warehouse.run("funnel_conversions", variables={"funnels": [FUNNEL, FUNNEL]})


@pytest.mark.parametrize(
    ("kind", "declared", "told"),
    [
        ("segments", [{**LOOKERS, "wehre": "true", "where": None}], "segment a: wehre is none of .*; no where"),
        ("segments", [{**LOOKERS, "sicne": "first_seen_at"}], "segment a: sicne is none of"),
        ("segments", [{**LOOKERS, "name": ""}], "segment number 1: no name"),
        ("segments", [{**LOOKERS, "where": "orders > 0)"}], "segment a: where orders > 0\\) has a bracket too many"),
        ("segments", [LOOKERS, LOOKERS], "segment a: another one has this name"),
        # a key whose entries are all commented out
        ("segments", None, r"segments: no list; where there is none write segments: \[\]"),
        ("retentions", [{"name": "r", "period": [7]}], "retention r: period is none of .*; no periods"),
        ("retentions", [{"name": "r", "periods": 7}], "retention r: periods 7 is not a list"),
        ("retentions", [{"name": "r", "periods": [7.5]}], "retention r: period 7.5 is not a whole number of days"),
        ("retentions", [{"name": "r", "periods": ["week"]}], "retention r: period week is not a whole number"),
    ],
)  # fmt: skip
def test_a_slip_in_a_segment_or_a_retention_is_named(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]], kind: str, declared: list[Any], told: str
) -> None:
    _, warehouse = make_warehouse()
    model = {"segments": "segment_members", "retentions": "retention_periods"}[kind]
    with pytest.raises(pytest.fail.Exception, match=f"dbt_project.yml, {told}"):
        warehouse.run(model, variables={kind: declared})


def test_a_condition_that_is_no_sql_is_named(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    """Of twelve funnels, whose condition is it? The engine quotes the line that it stopped at, and that says so."""
    lake, warehouse = make_warehouse()
    lake.load([message("Product Viewed", NOON, guest="a")])
    warehouse.run("+funnel_conversions +segment_members")
    other: dict[str, Any] = {"name": "other", "steps": [{"event": "page"}]}
    for slip, told in (
        (
            {"steps": [{"event": "page"}, {"event": "page", "where": "colour = 'red'"}]},
            "funnel looked, step 2",
        ),
        ({"steps": [{"event": "page", "where": "price >"}]}, "funnel looked, step 1"),
        ({"exclude": [{"event": "page", "where": "colour = 'red'"}]}, "funnel looked, exclude"),
        ({"breakdown": "chanel"}, "funnel looked, breakdown"),
    ):
        with pytest.raises(pytest.fail.Exception, match=rf"LINE \d+: .*{told}"):
            warehouse.run("funnel_conversions", variables={"funnels": [other, {**FUNNEL, **slip}]})
    for slip, told in (
        ({"where": "orders >"}, "segment it s a b"),
        ({"where": "order_count > 0 -- of all"}, "segment it s a b"),
        ({"since": "last_seen"}, "segment it s a b, since"),
    ):
        segment = {**LOOKERS, "name": "it s a/b", "where": "true", **slip}
        with pytest.raises(pytest.fail.Exception, match=rf"LINE \d+: .*{told}"):
            warehouse.run("segment_members", variables={"segments": [{**LOOKERS, "where": "true"}, segment]})


def test_everybody_may_be_a_segment(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """`where: true` is not text in YAML."""
    lake, warehouse = make_warehouse()
    lake.load([message("Product Viewed", NOON, guest="a"), message("page", NOON, guest="b")])
    told = warehouse.warnings("+segments", segments=[{**LOOKERS, "where": True}])
    assert not [line for line in told if "segment" in line]
    assert warehouse.rows("select segment, members from segments") == [("a", 2)]


def test_a_rule_of_the_wrong_kind_is_named(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """Else a gap below zero ends a session with every event, and a text is read as a list of its letters."""
    _, warehouse = make_warehouse()
    slips = {
        "session_gap_seconds": (-1800, "-1800 is not a number above 0"),
        "session_cap_seconds": ("86400", "86400 is not a number above 0"),
        "affinity_half_life_days": (0, "0 is not a number above 0"),
        "identity_max_users_per_guest": (True, "True is not a number above 0"),
        "dedup_days": (None, "None is not a number, 0 or above"),
        "server_side_events": (
            "Order Completed",
            "Order Completed is not a list; where there is none write []",
        ),
        "session_id_trusted_sources": ({"app": 1}, "{'app': 1} is not a list; where there is none write []"),
        "session_opens_on_campaign": ("false", "false is neither true nor false, without quotes"),
        "funnel_histogram_edges": (
            [0, 30, 10],
            "[0, 30, 10] is not a list of seconds that begins with 0 and rises",
        ),
        "shop_time_zone": (None, "None is not a time zone like Europe/Berlin"),
    }
    with pytest.raises(pytest.fail.Exception, match=r"vars of dbt_project.yml: ") as raised:
        # whatever is selected
        warehouse.run("products", variables={name: value for name, (value, _) in slips.items()})
    for name, (_, told) in slips.items():
        assert f"{name} {told}" in str(raised.value)


@pytest.mark.slow
def test_a_served_mart_is_ordered_by_columns_that_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said before anything is built, whatever is selected."""
    project = shutil.copytree(
        PROJECT_DIR, tmp_path / "project", ignore=shutil.ignore_patterns("target", "logs")
    )
    properties = project / "models" / "marts" / "behaviour" / "_behaviour__models.yml"
    text = properties.read_text()
    slips = text.replace("served: [form, field_order]", "served: [form, feild_order]")
    properties.write_text(slips.replace("served: [product_id]", "served: []"))
    assert properties.read_text() != slips != text
    monkeypatch.setattr(dbt_kit, "PROJECT_DIR", project)
    _, warehouse = Lake(tmp_path), Warehouse(tmp_path, tmp_path / "target")
    with pytest.raises(pytest.fail.Exception, match=r"meta\.served of .*") as raised:
        warehouse.run("int_product_mentions")
    assert re.search(r"form_\w+: feild_order is none of its columns \(form, field", str(raised.value))
    assert "[] names no column to order by" in str(raised.value)


def test_an_event_that_nobody_sent_is_warned_of_with_the_names_that_are_near(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    """Of what is in the tracking plan or came, nothing is said: a shop without an order yet may ask for orders."""
    lake, warehouse = make_warehouse()
    lake.load(
        [
            message("Product Viewed", NOON, guest="a"),
            message("Wished For", NOON, guest="a", properties={"list": "Birthday"}),
            message("Product Clicked", NOON, guest="a", properties={"list": "sale"}),
        ]
    )
    funnel = {
        "name": "wishes",
        "exclude": [{"event": "Page left"}],
        "steps": [
            {"event": "Product Viewd"},
            {"name": "Wished", "event": "Wished For", "where": "list_name in ('Birthday', 'sale') -- both"},
            {"event": "page"},
            {"event": "Order Completed", "where": "list_name = 'nobody ordered yet'"},
            {"name": "It's a wish", "event": "Wishd for"},
            {
                "event": "Product Clicked",
                "where": "lower(list_name) != 'it''s' and list_name = 'sale' and list_position = 1",
            },
        ],
    }
    # two tests at once, whose lines come in any order
    assert sorted(warehouse.warnings("+funnel_steps", funnels=[funnel])) == [
        "assert_funnels_ask_for_known_events: 3",
        "assert_funnels_ask_for_known_values: 2",
        "dbt_project.yml, funnel wishes, exclude: nobody ever sent 'Page left', and the tracking plan doesn't have it; "
        "near are Page Left, Rage Click, Signed Out (a page view is called page)",
        "dbt_project.yml, funnel wishes, step 1 (Product Viewd): nobody ever sent 'Product Viewd', and the tracking "
        "plan doesn't have it; near are Product Viewed, Product Added, Product Clicked",
        "dbt_project.yml, funnel wishes, step 2 (Wished): no 'Wished For' has list_name 'sale'; near are Birthday",
        "dbt_project.yml, funnel wishes, step 5 (It's a wish): nobody ever sent 'Wishd for', and the tracking plan "
        "doesn't have it; near are Wished For, Signed In, Signed Out",
        "dbt_project.yml, funnel wishes, step 6 (Product Clicked): no 'Product Clicked' has lower(list_name) 'it's'; "
        "near are sale",
    ]
    retention = {"name": "back", "first": "page", "second": "Signed in", "periods": [1]}
    assert warehouse.warnings("+retention_periods", retentions=[retention]) == [
        "dbt_project.yml, retention back, second: nobody ever sent 'Signed in', and the tracking plan doesn't have it; "
        "near are Signed In, Signed Out, Wished For",
        "assert_retentions_ask_for_known_events: 1",
    ]
    assert warehouse.warnings("+funnel_steps +retention_periods") == []
    nothing: dict[str, Any] = {"funnels": [], "retentions": []}
    built = "funnel_conversions funnel_steps funnel_breakdowns funnel_time_histogram retention_periods"
    assert warehouse.warnings(built, **nothing) == []
    for table in built.split():
        assert warehouse.rows(f"select count(*) from {table}") == [(0,)]


def test_an_empty_text_is_no_value_of_a_breakdown_and_not_left_out(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    lake, warehouse = make_warehouse()
    lake.load(
        message("a", NOON, guest=f"g{n}", page_search=text) for n, text in enumerate(["", "?q=hat", None])
    )
    by = {"breakdown": "page_search", "steps": [{"event": "a"}]}
    funnels = [{"name": mode, "mode": mode, **by} for mode in ("default", "any_order")]
    warehouse.run("+funnel_breakdowns", variables={"funnels": funnels})
    assert warehouse.rows("select funnel, breakdown, reached from funnel_breakdowns order by 1, 2") == [
        ("any_order", "(none)", 2),
        ("any_order", "?q=hat", 1),
        ("default", "(none)", 2),
        ("default", "?q=hat", 1),
    ]


def test_planned_events_are_those_of_the_tracking_plan() -> None:
    page = (PROJECT_DIR.parent / "docs" / "reference" / "tracking-plan.md").read_text()
    table = page.split("## Events")[1].split("## ")[0]
    macros = (PROJECT_DIR / "macros" / "declarations" / "unknown_texts.sql").read_text()
    planned = macros.split("macro planned_events()")[1].split("endmacro")[0]
    name = r"[`']([A-Z][a-z]+(?: [A-Z][a-z]+)+)[`']"
    found = re.findall(name, planned)
    assert len(found) >= 25
    assert sorted(found) == sorted(set(re.findall(name, table)))
