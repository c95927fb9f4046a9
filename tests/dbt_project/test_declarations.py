"""What analysts declare in dbt_project.yml: a slip of the pen stops dbt and says where it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from dbt_kit import Lake, Warehouse

FUNNEL = {"name": "looked", "steps": [{"event": "Product Viewed"}]}
LOOKERS = {"name": "a", "description": "Who looked.", "where": "products_viewed > 0"}


def test_a_slip_in_a_funnel_is_named(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    _, warehouse = make_warehouse()
    for slip, told in (
        ({"mode": "any"}, r": mode any is none of default, .*any_order"),
        ({"scope": "sessions"}, r": scope sessions is neither visitor nor session"),
        ({"window_days": 400}, r": window_days 400 is no number above 0, and 366 at most"),
        ({"window_days": 0}, r": window_days 0 is no"),
        ({"windows_days": 3}, r": windows_days is none of name, scope"),
        ({"steps": []}, r": no steps"),
        ({"exclude": [{"name": "Left"}]}, r", step Left: no event"),
        (
            {"steps": [{"event": "Product Viewed", "were": "true"}]},
            r", step number 1: were is none of name, event",
        ),
        ({"steps": ["Product Viewed"]}, r", step number 1: Product Viewed is no set of name, event, where"),
    ):
        funnel = {**FUNNEL, **slip}
        with pytest.raises(pytest.fail.Exception, match=f"dbt_project.yml, funnel looked{told}"):
            warehouse.run("funnel_conversions", variables={"funnels": [funnel]})
    with pytest.raises(pytest.fail.Exception, match="funnel looked: another one has this name"):
        warehouse.run("funnel_conversions", variables={"funnels": [FUNNEL, FUNNEL]})


@pytest.mark.parametrize(
    ("kind", "declared", "told"),
    [
        ("segments", [{**LOOKERS, "wehre": "true", "where": None}], "segment a: wehre is none of .*; no where"),
        ("segments", [{**LOOKERS, "sicne": "first_seen_at"}], "segment a: sicne is none of"),
        ("segments", [{**LOOKERS, "name": ""}], "segment number 1: no name"),
        ("segments", [LOOKERS, LOOKERS], "segment a: another one has this name"),
        ("retentions", [{"name": "r", "period": [7]}], "retention r: period is none of .*; no periods"),
    ],
)  # fmt: skip
def test_a_slip_in_a_segment_or_a_retention_is_named(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]], kind: str, declared: list[Any], told: str
) -> None:
    _, warehouse = make_warehouse()
    model = {"segments": "segment_members", "retentions": "retention_periods"}[kind]
    with pytest.raises(pytest.fail.Exception, match=f"dbt_project.yml, {told}"):
        warehouse.run(model, variables={kind: declared})
