"""Rules of the house that no linter knows, read from the manifest and the files."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt_kit import PROJECT_DIR, Lake, Warehouse

from footfall.snapshot.format import BLENDED, Source

GROUPS = {
    *("staging", "catalog", "behaviour", "funnels", "identity", "people"),
    *("affinity", "similarity", "recommendations", "experiments", "quality"),
}
#: What only some engines know; anywhere but macros/cross_db it would tie the house to one of them.
ENGINE_ONLY = {
    "a cast by ::": r"::",
    "qualify": r"\bqualify\b",
    "exclude": r"\bexclude\b",
    "group by all": r"\bgroup\s+by\s+all\b",
    "asof": r"\basof\b",
    "read_parquet": r"\bread_parquet\b",
    "lambda": r"->|\blambda\b",
    "epoch functions": r"\bepoch(_us|_ms)?\(",
    "json functions": r"\bjson_extract|->>",
    "interval literals": r"\binterval\s+'",
}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory, dbt_target_path: Path) -> dict[str, Any]:
    Warehouse(tmp_path_factory.mktemp("data"), dbt_target_path).dbt("parse")
    loaded: dict[str, Any] = json.loads((dbt_target_path / "manifest.json").read_text())
    return loaded


def models(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def test_every_model_has_a_group_a_description_and_a_place_in_a_lane(manifest: dict[str, Any]) -> None:
    for model in models(manifest):
        assert model["config"]["meta"]["dagster"]["group"] in GROUPS, model["name"]
        assert model["description"].strip(), model["name"]


def test_marts_are_public_and_the_rest_is_for_this_project(manifest: dict[str, Any]) -> None:
    for model in models(manifest):
        layer, area = model["fqn"][1:3]
        is_mart = layer == "marts"
        assert (model["access"] == "public") == is_mart, model["name"]
        assert model["config"]["group"] == (area if is_mart else "core"), model["name"]


def test_fast_models_read_fast_models_or_slow_ones_on_purpose(manifest: dict[str, Any]) -> None:
    """A fast model that reads a slow one reads it as it was last built; only these may."""
    slow = {model["unique_id"] for model in models(manifest) if "fast" not in model["tags"]}
    reads = {
        (model["name"], parent.split(".")[-1])
        for model in models(manifest)
        if "fast" in model["tags"]
        for parent in model["depends_on"]["nodes"]
        if parent in slow
    }
    assert reads == {
        ("visitor_recommendations", "product_co_views"),
        ("visitor_recommendations", "product_co_purchases"),
    }


def test_every_mart_has_a_contract_and_describes_its_columns(manifest: dict[str, Any]) -> None:
    marts = [model for model in models(manifest) if model["fqn"][1] == "marts"]
    assert len(marts) >= 20
    exposed = {
        parent for exposure in manifest["exposures"].values() for parent in exposure["depends_on"]["nodes"]
    }
    for mart in marts:
        assert mart["config"]["contract"]["enforced"], mart["name"]
        assert all(column["description"] for column in mart["columns"].values()), mart["name"]
        assert mart["unique_id"] in exposed, f"{mart['name']} has no exposure"


def test_every_column_of_staging_and_intermediate_is_described(
    manifest: dict[str, Any], make_warehouse: Callable[[], tuple[Lake, Warehouse]]
) -> None:
    """Marts have contracts, which name their columns; of these the warehouse knows which columns there are."""
    _, warehouse = make_warehouse()
    warehouse.run("+path:models/staging +path:models/intermediate")
    built: dict[str, set[str]] = defaultdict(set)
    for table, column in warehouse.rows("select table_name, column_name from information_schema.columns"):
        built[table].add(column)
    inner = [model for model in models(manifest) if model["fqn"][1] in ("staging", "intermediate")]
    assert sum(len(built[model["name"]]) for model in inner) > 500
    undescribed, unknown = [], []
    for model in inner:
        described = {name for name, column in model["columns"].items() if column["description"].strip()}
        undescribed += [f"{model['name']}.{column}" for column in sorted(built[model["name"]] - described)]
        unknown += [
            f"{model['name']}.{column}" for column in sorted(set(model["columns"]) - built[model["name"]])
        ]
    assert undescribed == [], "columns without a description"
    assert unknown == [], "descriptions of columns that don't exist"


def test_every_model_is_tested(manifest: dict[str, Any]) -> None:
    """By a test on it, or by one in tests/ that reads it."""
    tested: set[str] = set()
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test":
            attached = node.get("attached_node")
            tested.update([attached] if attached else node["depends_on"]["nodes"])
    assert [model["name"] for model in models(manifest) if model["unique_id"] not in tested] == []


def test_served_marts_are_marts_of_the_published_snapshot(manifest: dict[str, Any]) -> None:
    (published,) = [one for one in manifest["exposures"].values() if one["name"] == "serving_snapshot"]
    served = [model for model in models(manifest) if "served" in model["config"]["meta"]]
    assert len(served) >= 9
    for mart in served:
        assert mart["fqn"][1] == "marts", mart["name"]
        assert set(mart["config"]["meta"]["served"]) <= set(mart["columns"]), mart["name"]
        assert mart["unique_id"] in published["depends_on"]["nodes"], mart["name"]


def test_sources_of_recommendations_have_one_vocabulary(manifest: dict[str, Any]) -> None:
    """The vars, the mart's test and the docs use the words that the snapshot knows."""
    known = {str(source) for source in Source}
    variables = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text())["vars"]
    lists = set(variables["rrf_weights"])
    assert lists - known == {"taste", "new_products"}  # of affinity and also_liked; of similar_text
    assert set(variables["request_weights"]) == set(BLENDED)
    (accepted,) = [
        node["test_metadata"]["kwargs"]["values"]
        for node in manifest["nodes"].values()
        if node["name"].startswith("accepted_values_visitor_recommendations_source")
    ]
    assert set(accepted) == (lists & known) | {"affinity", "bought_before", "also_liked"}
    page = (PROJECT_DIR.parent / "docs" / "reference" / "recommendation-sources.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == known


@pytest.mark.parametrize("rule", list(ENGINE_ONLY))
def test_engine_only_syntax_stays_in_cross_db(rule: str) -> None:
    pattern = re.compile(ENGINE_ONLY[rule], re.IGNORECASE)
    files = [
        *(PROJECT_DIR / "models").rglob("*.sql"),
        *(PROJECT_DIR / "tests").rglob("*.sql"),
        *(file for file in (PROJECT_DIR / "macros").rglob("*.sql") if file.parent.name != "cross_db"),
    ]
    assert len(files) > 100
    for path in files:
        # jinja and comments may say what they like
        code = re.sub(r"\{[#%{].*?[#%}]\}", "", path.read_text(), flags=re.DOTALL)
        code = re.sub(r"--.*", "", code)
        assert not pattern.search(code), f"{path.relative_to(PROJECT_DIR)}: {rule}"


def test_every_engine_difference_has_a_portable_form(manifest: dict[str, Any]) -> None:
    """A dispatched macro has a default beside DuckDB's: another engine starts from something."""
    ours = {node["name"]: node for node in manifest["macros"].values() if node["package_name"] == "footfall"}
    dispatched = {name for name, node in ours.items() if "adapter.dispatch('" in node["macro_sql"]}
    assert len(dispatched) >= 15
    for name in dispatched:
        for implementation in re.findall(r"adapter\.dispatch\('(\w+)'", ours[name]["macro_sql"]):
            assert f"duckdb__{implementation}" in ours, implementation
            assert f"default__{implementation}" in ours, implementation
