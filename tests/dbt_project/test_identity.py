"""Who is who: the named cases of stitching, and random graphs against networkx's connected components."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import networkx as nx
import pyarrow.parquet as pq
import pytest
from dbt_kit import NOON, Lake, Warehouse, message

SELECT = "+identity_map +sessions"
GUARDS = {"identity_max_users_per_guest": 2, "identity_max_guests_per_user": 3}


def seen(guest: str, user: str | None, minute: float, **columns: Any) -> dict[str, Any]:
    return message("Product Viewed", NOON + timedelta(minutes=minute), guest=guest, user=user, **columns)


def links(*edges: tuple[str, str]) -> list[dict[str, Any]]:
    """One identify message an edge, a minute apart."""
    return [
        message(None, NOON + timedelta(minutes=n), guest=guest, user=user, type="identify")
        for n, (guest, user) in enumerate(edges)
    ]


#: case -> (batches of messages, visitor expected of each guest token)
CASES: dict[str, tuple[list[list[dict[str, Any]]], dict[str, str]]] = {
    "simple": ([links(("simple-1", "simple"))], {"simple-1": "u_simple"}),
    # two tokens and two users in a row: the token in the middle is its last user's, the users stay apart
    "chain": (
        [
            links(
                ("chain-1", "chain-a"), ("chain-2", "chain-a"), ("chain-2", "chain-b"), ("chain-3", "chain-b")
            )
        ],
        {"chain-1": "u_chain-a", "chain-2": "u_chain-b", "chain-3": "u_chain-b"},
    ),
    "fan-in": (
        [links(("in-1", "in"), ("in-2", "in"), ("in-3", "in"))],
        {"in-1": "u_in", "in-2": "u_in", "in-3": "u_in"},
    ),
    # one token, many users: beyond the guard nobody owns it
    "fan-out": ([links(("out", "out-a"), ("out", "out-b"), ("out", "out-c"))], {"out": "g_out"}),
    "diamond": (
        [links(("dia-1", "dia-a"), ("dia-1", "dia-b"), ("dia-2", "dia-a"), ("dia-2", "dia-b"))],
        {"dia-1": "u_dia-b", "dia-2": "u_dia-b"},
    ),
    "long chain": (
        [
            links(
                *[
                    pair
                    for n in range(30)
                    for pair in ((f"long-{n}", f"long-{n}"), (f"long-{n}", f"long-{n + 1}"))
                ]
            )
        ],
        {f"long-{n}": f"u_long-{n + 1}" for n in range(30)},
    ),
    # the batch that brings the link brings nothing else
    "merge-only batch": (
        [[seen("merge-1", None, 0), seen("merge-2", "merge", 1)], links(("merge-1", "merge"))],
        {"merge-1": "u_merge", "merge-2": "u_merge"},
    ),
    # arrives later, happened before: it doesn't take the token over
    "late link": (
        [[seen("late", "late-b", 60)], [seen("late", "late-a", 0)]],
        {"late": "u_late-b"},
    ),
    "two users one device": (
        [[seen("two", "two-a", 0), seen("two", "two-b", 500), seen("two", None, 1000)]],
        {"two": "u_two-b"},
    ),
    "re-observed": (
        [[seen("again", "again-a", 0)], [seen("again", "again-b", 10)], [seen("again", "again-a", 20)]],
        {"again": "u_again-a"},
    ),
    # one login after the other pulls token after token to the same user
    "cascading merge": (
        [[seen(f"casc-{n}", None, n) for n in range(3)], *[links((f"casc-{n}", "casc")) for n in range(2)]],
        {"casc-0": "u_casc", "casc-1": "u_casc", "casc-2": "g_casc-2"},
    ),
    # a daily id may be two people behind one address: a login on it makes it nobody's device, ...
    "cookieless": (
        [[seen("day-1", "cookieless", 0), seen("day-1", None, 500)], links(("steady-0", "cookieless"))],
        {"day-1": "g_day-1", "steady-0": "u_cookieless"},
    ),
    # ... and as many of them as there are days don't make a crowd of the user's own devices
    "many cookieless days": (
        [links(*[(f"day-many-{n}", "many") for n in range(9)], ("steady-1", "many"))],
        {"day-many-0": "g_day-many-0", "steady-1": "u_many"},
    ),
    # events of a server about a user without a token are of the device user:<id>; a browser's token is not
    "a token like a user's device": (
        [[seen("user:posed", None, 0), message("Signed In", NOON, guest=None, user="posed")]],
        {"user:posed": "g_user:posed"},
    ),
    # a user of more tokens than the guard: a clerk, or one login in a hundred browsers
    "crowded user": (
        [links(*[(f"crowd-{n}", "crowd") for n in range(4)])],
        {f"crowd-{n}": f"g_crowd-{n}" for n in range(4)},
    ),
}


@pytest.fixture(scope="module")
def stitched(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> Warehouse:
    lake, warehouse = make_warehouse()
    for batch in range(3):
        rows = [row for batches, _ in CASES.values() if batch < len(batches) for row in batches[batch]]
        lake.load(rows)
        warehouse.run(SELECT, variables=GUARDS)
    return warehouse


@pytest.mark.parametrize("case", list(CASES))
def test_named_cases(stitched: Warehouse, case: str) -> None:
    expected = CASES[case][1]
    found = dict(stitched.rows("select value, visitor_id from identity_map where identifier_type = 'guest'"))
    assert {guest: found[guest] for guest in expected} == expected


def test_users_never_merge(stitched: Warehouse) -> None:
    assert stitched.rows(
        "select count(*) from identity_map where identifier_type = 'user' and visitor_id != 'u_' || value"
    ) == [(0,)]


def test_a_shared_device_does_not_glue_strangers_together(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    """The tablet in the shop: each session is its last login's, one without any stays the tablet's; orders and
    what was looked at follow. Retroactive at read: it was a plain device until the third user came."""
    lake, warehouse = make_warehouse()
    tablet = {"guest": "tablet", "properties": {"product_id": "p1"}}
    day = timedelta(days=1)
    select = "+visitors +visitor_product_affinity +funnel_conversions +page_views"
    lake.load(
        [
            message("Product Viewed", NOON, **tablet),
            message("Product Viewed", NOON + timedelta(minutes=1), user="a", **tablet),
            message("Product Viewed", NOON + day, user="b", **tablet),
            message("Product Viewed", NOON + 2 * day, **tablet),
        ]
    )
    warehouse.run(select, variables=GUARDS)
    assert warehouse.rows("select visitor_id, count(*) from sessions group by 1") == [("u_b", 3)]
    lake.load(
        [
            message("Product Viewed", NOON + 3 * day, user="c", **tablet),
            message(
                "Order Completed",
                NOON + 3 * day + timedelta(minutes=1),
                guest="tablet",
                user="c",
                properties={"order_id": "o1", "products": [{"product_id": "p1", "price": 5, "quantity": 1}]},
            ),
        ]
    )
    warehouse.run(select, variables=GUARDS)
    assert warehouse.rows(
        "select visitor_id, cast(started_at as date) - date '2026-03-01' from sessions order by started_at"
    ) == [("u_a", 0), ("u_b", 1), ("g_tablet", 2), ("u_c", 3)]
    assert warehouse.rows("select visitor_id, sessions, orders from visitors order by 1") == [
        ("g_tablet", 1, 0),
        ("u_a", 1, 0),
        ("u_b", 1, 0),
        ("u_c", 1, 1),
    ]
    # a's session began before the login, and what was seen then is a's too
    assert warehouse.rows("select first_seen_at from visitors where visitor_id = 'u_a'") == [(NOON,)]
    assert warehouse.rows("select visitor_id, views, purchases from visitor_product_affinity order by 1") == [
        ("g_tablet", 1, 0),
        ("u_a", 2, 0),
        ("u_b", 1, 0),
        ("u_c", 1, 1),
    ]
    assert warehouse.rows(
        "select scope_key from funnel_conversions where funnel = 'product' and step = 1 order by 1"
    ) == [("g_tablet",), ("u_a",), ("u_b",), ("u_c",)]


@pytest.mark.parametrize("seed", [1, 2])
def test_random_graphs_against_networkx(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]], seed: int
) -> None:
    """In random batches. Without guards to keep, the partition is networkx's components of the links; where
    users compete it is a refinement of them, and the components of the links that the rule keeps."""
    rng = random.Random(seed)
    edges = [(f"guest-{rng.randrange(120)}", f"user-{rng.randrange(70)}") for _ in range(110)]
    rows = links(*edges)
    rows += [seen(f"guest-{n}", None, rng.randrange(300)) for n in range(0, 140, 3)]
    rng.shuffle(rows)
    lake, warehouse = make_warehouse()
    for part in (rows[: len(rows) // 3], rows[len(rows) // 3 :]):
        lake.load(part)
        warehouse.run("+identity_map", variables=GUARDS)
    found = dict(warehouse.rows("select identifier, visitor_id from identity_map"))

    graph = nx.Graph((f"guest:{guest}", f"user:{user}") for guest, user in edges)
    graph.add_nodes_from(f"guest:{row['guest_token']}" for row in rows)
    users_of: dict[str, list[str]] = defaultdict(list)
    for guest, user in edges:  # in the order of time
        users_of[guest].append(user)
    kept = nx.Graph()
    kept.add_nodes_from(graph)
    owners = {guest: users[-1] for guest, users in users_of.items() if len(set(users)) <= 2}
    for guest, user in owners.items():
        if list(owners.values()).count(user) <= 3:
            kept.add_edge(f"guest:{guest}", f"user:{user}")

    partition = defaultdict(set)
    for identifier, visitor in found.items():
        partition[visitor].add(identifier)
    components = {frozenset(component) for component in nx.connected_components(kept)}
    assert {frozenset(part) for part in partition.values()} == components
    plain = 0
    for component in nx.connected_components(graph):
        users = [node for node in component if node.startswith("user:")]
        visitors = {found[node] for node in component}
        assert not visitors & {found[node] for node in set(graph) - component}
        if len(users) <= 1 and len(component) <= 1 + 3:
            assert len(visitors) == 1
            plain += len(users)
    assert plain >= 3


def proven(guest: str, user: str, minute: float, **columns: Any) -> dict[str, Any]:
    return seen(guest, user, minute, user_proven=True, **columns)


def test_only_a_proven_login_is_proven(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """A token follows its last login, proven or not; proof once is proof for that user on that token. In each order,
    with increments."""
    lake, warehouse = make_warehouse()
    batches = [
        [
            seen("claimed", "ada", 0),
            proven("signed", "ada", 0),
            seen("guest", None, 0),
            seen("late", "ada", 0),
            proven("once", "ada", 0),
            proven("changed", "ada", 0),
            proven("back", "ada", 0),
            proven("own", "eve", 0),
        ],
        [
            proven("late", "ada", 10),
            seen("once", "ada", 10),
            seen("changed", "eve", 10),
            seen("back", "eve", 10),
            # their own account was proven; the victim's is not
            seen("own", "ada", 10),
        ],
        [seen("back", "ada", 20), seen("changed", None, 20)],
    ]
    expected = {
        "claimed": ("u_ada", False),
        "signed": ("u_ada", True),
        "guest": ("g_guest", False),
        "late": ("u_ada", True),
        "once": ("u_ada", True),
        "changed": ("u_eve", False),
        "back": ("u_ada", True),
        "own": ("u_ada", False),
    }
    asked = "select value, visitor_id, is_proven from identity_map where identifier_type = 'guest'"
    for batch in batches:
        lake.load(batch)
        warehouse.run("+identity_map")
    assert {value: (visitor, is_proven) for value, visitor, is_proven in warehouse.rows(asked)} == expected


def test_invented_tokens_do_not_crowd_out_proven_ones(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    lake, warehouse = make_warehouse()
    lake.load([proven("phone", "ada", 0), proven("laptop", "ada", 1)])
    warehouse.run("+identity_map", variables=GUARDS)
    lake.load([seen(f"invented-{n}", "ada", 2 + n) for n in range(9)])
    warehouse.run("+identity_map", variables=GUARDS)
    found = {
        value: (visitor, is_proven)
        for value, visitor, is_proven in warehouse.rows(
            "select value, visitor_id, is_proven from identity_map where identifier_type = 'guest'"
        )
    }
    assert found["phone"] == found["laptop"] == ("u_ada", True)
    assert found["invented-0"] == ("g_invented-0", False)


def test_a_lake_of_before_there_was_proof_proves_nobody(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    lake, warehouse = make_warehouse()
    lake.load([seen("old", "ada", 0, trusted=True)])
    files = [file for file in (lake.root / "lake" / "events").rglob("*.parquet") if "schema" not in file.name]
    for file in files:
        pq.write_table(pq.read_table(file, partitioning=None).drop_columns(["user_proven"]), file)
    warehouse.run("+identity_map", variables=GUARDS)
    asked = "select visitor_id, is_proven from identity_map where identifier_type = 'guest'"
    assert (len(files), warehouse.rows(asked)) == (1, [("u_ada", False)])
