"""Random histories of publishes: a version answers what one made from nothing answers, however it was put together."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from api.snapshots import Snapshot
from footfall.snapshot.format import MANIFEST_FILE, Table, changes_file, read_manifest
from orchestration.serving import files as snapshot_files
from orchestration.serving.publish import build_snapshot, prune, publish
from tests.api.conftest import ADA_GUEST, SOLO_GUEST, make_marts, product_id

pytestmark = pytest.mark.slow

PRODUCTS = [product_id(number) for number in range(1, 13)]
VISITORS = ["u_ada", f"g_{SOLO_GUEST}", "g_short", "g_new", "g_ünï", ""]
IDENTIFIERS = [f"guest:{ADA_GUEST}", f"guest:{SOLO_GUEST}", "user:ada", "guest:new"]
OF_VISITORS = (
    *("visitors", "identity_map", "visitor_recommendations", "visitor_product_scores", "visitor_category_affinity"),
    *("visitor_affinity", "segment_members"),
)  # fmt: skip

products, visitors, numbers = st.sampled_from(PRODUCTS), st.sampled_from(VISITORS), st.integers(1, 9)


def goes(visitor: str) -> str:
    return "".join(f"delete from marts.{mart} where visitor_id = '{visitor}';" for mart in OF_VISITORS)


def comes(visitor: str, number: int) -> str:
    return f"""
        {goes(visitor)}
        insert into marts.visitors values
            ('{visitor}', true, null, null, 'p01', null, {number}, 0, 0, now()::timestamp, now()::timestamp, null);
        insert into marts.visitor_affinity values ('{visitor}', 'u_ada', 1, 0.{number}, 'blend', ['p01']);
        insert into marts.segment_members (segment, visitor_id, since)
        values ('abandoned_cart', '{visitor}', timestamp '2026-11-0{number}')
    """


def is_known_as(identifier: str, visitor: str) -> str:
    return f"""
        delete from marts.identity_map where identifier = '{identifier}';
        insert into marts.identity_map (identifier, visitor_id) values ('{identifier}', '{visitor}')
    """


def is_shown(visitor: str, shown: list[str], number: int) -> str:
    rows = "".join(
        f"insert into marts.visitor_recommendations values"
        f" ('{visitor}', {rank}, '{product}', 1 / {rank}, 'also_liked', 'p0{1 + number % 9}', null, null, null);"
        for rank, product in enumerate(shown, 1)
    )
    return f"delete from marts.visitor_recommendations where visitor_id = '{visitor}'; {rows}"


def clicks(visitor: str, product: str, number: int) -> str:
    moment = f"timestamp '2026-11-0{number} 10:11:12.345'"
    return f"""
        delete from marts.visitor_product_scores where visitor_id = '{visitor}' and product_id = '{product}';
        insert into marts.visitor_product_scores values
            ('{visitor}', '{product}', {number} / 7, 0, {number - 5} / 3, 0, {number}, 0, 0, {moment}, {moment});
        delete from marts.visitor_category_affinity where visitor_id = '{visitor}';
        insert into marts.visitor_category_affinity values ('{visitor}', 'Mugs', null, 1, {number} / 7, {moment})
    """


def changes_card(product: str, number: int) -> str:
    return (
        f"update marts.products set price = {number}, title = 'Title {number}' where product_id = '{product}'"
    )


def is_sold_out_or_back(product: str) -> str:
    return f"update marts.products set is_available = not is_available where product_id = '{product}'"


def is_similar(product: str, number: int) -> str:
    return f"""
        update marts.product_recommendations set score = {number} / 11
        where product_id = '{product}'
    """


def time_goes_by(number: int) -> str:
    return f"""
        update marts.recommendation_settings set value = value + {number} * 90000.5
        where setting = 'affinities_as_of'
    """


steps = st.one_of(
    st.builds(goes, visitors),
    st.builds(comes, visitors, numbers),
    st.builds(is_known_as, st.sampled_from(IDENTIFIERS), visitors),
    st.builds(is_shown, visitors, st.lists(products, unique=True, max_size=4), numbers),
    st.builds(clicks, visitors, products, numbers),
    st.builds(changes_card, products, numbers),
    st.builds(is_sold_out_or_back, products),
    st.builds(is_similar, products, numbers),
    st.builds(time_goes_by, numbers),
)
#: MOST_CHANGES: everything beside the bases; some of each; bases rewritten.
limits = st.sampled_from([10**6, 0.3, 0])
histories = st.lists(st.tuples(limits, st.lists(steps, max_size=5)), min_size=1, max_size=4)


def answers(path: Path) -> dict[str, Any]:
    """Whatever a reader can ask of a version, of keys that are there, were there, or never."""
    snapshot = Snapshot(path)

    def told(table: Table, key: str) -> list[tuple[Any, ...]]:
        return [
            (product, score, snapshot.label(label)) for product, score, label in snapshot.picks(table, key)
        ]

    return {
        "cards": {name: snapshot.product(name) for name in (*PRODUCTS, "thing-3", "nobody's")},
        "lists": {
            (table, name): told(table, name)
            for table in (Table.SIMILAR, Table.VIEWED_TOGETHER, Table.BOUGHT_TOGETHER)
            for name in PRODUCTS
        },
        "catalogue": snapshot.catalogue(),
        "trending": [snapshot.trending(name) for name in ("", "Mugs")],
        "identities": {name: snapshot.visitor_of(name) for name in IDENTIFIERS},
        "visitors": {
            name: (
                snapshot.visitor(name),
                told(Table.VISITOR_RECOMMENDATIONS, name),
                snapshot.product_affinities(name),
                snapshot.category_affinities(name),
                snapshot.neighbours(name),
                snapshot.memberships(name),
            )
            for name in VISITORS
        },
        "members": snapshot.query("from segment_members order by all"),
        "rows": {name: count for name, count in snapshot.manifest.rows.items() if name != Table.LABELS},
        "fading": snapshot.manifest.fading,
        "dropped": snapshot.manifest.dropped_unavailable,
    }


@settings(max_examples=8)
@given(history=histories, batch=st.sampled_from([2, 50_000]), pruned=st.booleans())
def test_a_version_answers_as_one_made_from_nothing(
    history: list[tuple[float, list[str]]], batch: int, pruned: bool
) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        duckdb.connect() as con,
        pytest.MonkeyPatch.context() as patch,
    ):
        serving = Path(folder) / "serving"
        patch.setattr(snapshot_files, "GROUP_KEYS", batch)
        make_marts(con)
        build_snapshot(con, serving, version="v0")
        publish(serving, "v0")
        for number, (most, changes) in enumerate(history, 1):
            patch.setattr(snapshot_files, "MOST_CHANGES", most)
            for change in changes:
                con.execute(change)
            version = f"v{number}"
            grown = build_snapshot(con, serving, version=version, min_ratio=0)
            publish(serving, version)
            if pruned:
                prune(serving, keep=1)
        named = read_manifest(grown.path).files.keys()
        event(f"tables with changes: {sum(changes_file(table) in named for table in Table)}")
        assert named == {path.name for path in grown.path.iterdir()} - {MANIFEST_FILE}
        fresh = build_snapshot(con, Path(folder) / "fresh", version="fresh")
        assert answers(grown.path) == answers(fresh.path)


def test_a_key_that_is_gone_is_gone_and_may_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot_files, "MOST_CHANGES", 10**6)
    seen = []
    with duckdb.connect() as con:
        make_marts(con)
        for number, change in enumerate(["", goes("u_ada"), comes("u_ada", 4)]):
            con.execute(change or "select 1")
            path = build_snapshot(con, tmp_path, version=f"v{number}", min_ratio=0).path
            publish(tmp_path, f"v{number}")
            snapshot = Snapshot(path)
            card = snapshot.visitor("u_ada")
            seen.append((card and card.sessions, len(snapshot.product_affinities("u_ada"))))
    assert seen == [(3, 2), (None, 0), (4, 0)]
