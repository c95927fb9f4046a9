"""A pushed catalogue is its last whole with the changes since, in their order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
import hypothesis.strategies as st
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from footfall.runtime.paths import Paths
from orchestration.catalog.inbox import inbox_state
from orchestration.catalog.links import Shop
from orchestration.catalog.model import CatalogError
from orchestration.catalog.pushed import read_pushed
from orchestration.defs.catalog.assets import products
from orchestration.lake.schema import prepare_lake


def put(folder: Path, sequence: int, mode: str, body: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    (folder / f"{sequence:08d}.{mode}.json").write_bytes(content)


def mug(key: str, title: str = "Mug") -> dict[str, Any]:
    return {"id": key, "title": title}


Act = st.tuples(
    st.sampled_from(["whole", "changes"]),
    st.dictionaries(st.sampled_from("abcd"), st.text("xyz", min_size=1), max_size=3),
    st.sets(st.sampled_from("abcd"), max_size=2),
)


@given(st.lists(Act, min_size=1, max_size=8), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_history_is_as_a_dictionary_has_it(
    tmp_path_factory: pytest.TempPathFactory, acts: list[Any], is_compacted: bool
) -> None:
    folder = tmp_path_factory.mktemp("inbox") / "erp.pushed"
    model: dict[str, str] = {}
    for sequence, (mode, said, deleted) in enumerate(acts, 1):
        if mode == "whole":
            said = said or {"a": "x"}
            model = dict(said)
            if is_compacted and folder.exists():
                for old in folder.iterdir():
                    old.unlink()
            put(folder, 2 * sequence, "whole", {"products": [mug(*each) for each in said.items()]})
        else:
            model |= said
            model = {key: title for key, title in model.items() if key not in deleted}
            body = {"products": [mug(*each) for each in said.items()], "deleted": sorted(deleted)}
            put(folder, 2 * sequence, "changes", body)
            put(folder, 2 * sequence + 1, "changes", body)  # sent twice, as after an answer that was lost
    read = read_pushed(folder, Shop())
    assert {each.product_id: each.title for each in read.products} == model
    assert {each.source_file for each in read.products} <= {"erp.pushed"}
    assert read.failed == []


def test_a_change_that_can_not_be_read_costs_no_product(tmp_path: Path) -> None:
    folder = tmp_path / "erp.pushed"
    put(folder, 1, "whole", [mug("1"), mug("2")])
    put(folder, 2, "changes", {"products": [{"what": "else"}]})
    put(folder, 3, "changes", {"products": [mug("2", "Tin mug"), {"id": "1", "title": ""}], "deleted": [9]})
    read = read_pushed(folder, Shop())
    assert {each.product_id: each.title for each in read.products} == {"1": "Mug", "2": "Tin mug"}
    assert [each.key for each in read.failed] == [None, "1"]
    put(folder, 4, "whole", b"\0garbage")
    with pytest.raises(CatalogError, match=r"erp.pushed/00000004.whole.json: "):
        read_pushed(folder, Shop())


def test_woocommerces_changes_bring_a_products_variations_along(tmp_path: Path) -> None:
    folder = tmp_path / "woocommerce.pushed"
    hoodie = {"id": 17, "name": "Hoodie", "slug": "hoodie", "permalink": "/p/hoodie/", "price": "42"}
    green = {"id": 18, "name": "Green", "type": "variation", "parent_id": 17, "price": "40", "sku": "H-G"}
    cap = {"id": 20, "name": "Cap", "slug": "cap", "permalink": "/p/cap/", "price": "9"}
    put(folder, 1, "whole", {"products": [hoodie, green, cap]})
    gone = {
        "id": 20,
        "name": "20",
        "slug": "",
        "permalink": "",
        "status": "trash",
        "stock_status": "outofstock",
    }
    put(folder, 2, "changes", {"products": [hoodie, green | {"price": "39"}, gone]})
    read = {each.product_id: each for each in read_pushed(folder, Shop()).products}
    assert [str(each.price) for each in read["17"].variants] == ["39.00"]
    assert (read["17"].available, read["20"].available) == (True, False)


def test_a_run_reads_what_was_pushed(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(paths.data))
    prepare_lake(paths)
    folder = paths.catalog / "erp.pushed"
    folder.mkdir(parents=True)
    (folder / "abc.part").write_bytes(b"[")
    assert inbox_state(paths.catalog) == "", "a body that still arrives is nothing yet"
    put(folder, 1, "whole", [mug("1"), mug("2")])
    first = inbox_state(paths.catalog)

    def run() -> dict[str, bool]:
        with dg.DagsterInstance.ephemeral() as instance:
            assert dg.materialize([products], instance=instance).success
        files = sorted((paths.lake / "products").glob("*.parquet"))
        return {row["product_id"]: row["available"] for row in pq.read_table(files[-1]).to_pylist()}

    assert run() == {"1": True, "2": True}
    put(folder, 2, "changes", {"products": [mug("3")], "deleted": ["1"]})
    assert inbox_state(paths.catalog) != first, "the sensor notices it"
    assert run() == {"1": False, "2": True, "3": True}
