"""What the public key reads, after any history of logins: the identity models' own SQL, a snapshot, the API's routes.

The rule is said a second time here, in Python: a token is a guest's own, a user's with a proven login, or nobody's;
and a guest's own again, where its user has too many of its kind.
Each answer must be the one of that visitor. A route that the public key reaches and that this file doesn't know fails.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt_kit import NOON, Lake, Warehouse
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from api.auth import needs_secret
from footfall.wire.keys import sign_user
from orchestration.serving.publish import build_snapshot, publish
from tests.api.conftest import PUBLIC, make_marts, settings_for, write_sessions

TOKENS = [f"token-of-a-browser-000000{number}" for number in range(4)]
INVENTED = [f"token-of-a-crowd-000000000{number}" for number in range(3)]
MOST_GUESTS = 2
NEVER_SEEN = "token-of-a-browser-never-seen"
USERS = ["ada", "eve"]
MODELS = ("int_device_sightings", "int_device_links", "identity_map")
PERSONAL = [f"/v1/visitors/{{visitor_id:str}}/{what}" for what in ("affinities", "profile", "segments")]
#: Routes that the public key, or nobody, reaches and that take nobody's name: the same for every token.
IMPERSONAL = {
    "/v1/products/{product_id:str}/similar",
    "/v1/products/{product_id:str}/viewed-together",
    "/v1/products/{product_id:str}/bought-together",
    "/livez",
    "/readyz",
    "/metrics",
    "/overview",
    "/overview/{name:str}",
    "/live",  # a page without a number: it asks for the secret key
}

Model = dict[str, str]


@pytest.fixture(scope="module")
def models(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> Model:
    """The SQL of a full build of each model, as dbt compiled it."""
    lake, warehouse = make_warehouse()
    lake.load([])
    warehouse.run("+identity_map", variables={"identity_max_guests_per_user": MOST_GUESTS})
    compiled = warehouse.target_path / "compiled" / "footfall" / "models"
    # dbt writes a unit test's SQL, which reads given rows, to <file>.yml/<name>.sql
    texts = {path.stem: path.read_text() for path in compiled.rglob("*.sql") if path.parent.suffix != ".yml"}
    # from the warehouse's schemas into one of ours
    return {name: re.sub(r'"[^"]+"\."[^"]+"\."([^"]+)"', r'"\1"', texts[name]) for name in MODELS}


def reached_by_the_public_key(app: Litestar) -> set[str]:
    """The paths whose handlers don't ask for the secret key. Litestar's own documentation is not ours."""
    return {
        route.path
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        if "GET" in handler.http_methods
        and needs_secret not in (handler.guards or ())
        and not route.path.startswith("/docs")
    }


def with_people(con: duckdb.DuckDBPyConnection, visitors: Iterator[str]) -> None:
    """Each visitor of the identity map gets a list, affinities and a card of their own."""
    for number, visitor in enumerate(visitors, 1):
        first, second = f"p{number:02d}", f"p{number + 1:02d}"
        user = visitor[2:] if visitor.startswith("u_") else None
        con.execute(
            "insert into marts.visitors values (?, ?, ?, null, ?, null, ?, 1, 10, now(), now(), now())",
            [visitor, user is None, user, first, number],
        )
        for rank, (product, source) in enumerate([(first, "affinity"), (second, "bought_before")], 1):
            con.execute(
                "insert into marts.visitor_recommendations values (?, ?, ?, 0.5, ?, null, null, null, null)",
                [visitor, rank, product, source],
            )
            con.execute(
                "insert into marts.visitor_product_scores values (?, ?, ?, 0, 0, 0, 1, 0, 1, now()::timestamp, "
                "now()::timestamp)",
                [visitor, product, number],
            )


class Logins(RuleBasedStateMachine):
    """Browsers look at products and log in, with proof or without; servers tell of users; then everybody asks."""

    models: Model

    def __init__(self) -> None:
        super().__init__()
        self.events: list[tuple[str | None, str | None, bool]] = []

    @rule(token=st.sampled_from(TOKENS))
    def a_guest_looks(self, token: str) -> None:
        self.events.append((token, None, False))

    @rule(token=st.sampled_from(TOKENS), user=st.sampled_from(USERS), is_proven=st.booleans())
    def somebody_logs_in(self, token: str, user: str, is_proven: bool) -> None:
        self.events.append((token, user, is_proven))

    @rule(user=st.sampled_from(USERS), is_proven=st.booleans())
    def a_user_becomes_known(self, user: str, is_proven: bool) -> None:
        self.events.append((None, user, is_proven))

    @rule(user=st.sampled_from(USERS), is_proven=st.booleans())
    def many_log_in(self, user: str, is_proven: bool) -> None:
        self.events += [(token, user, is_proven) for token in INVENTED]

    def link(self, token: str) -> tuple[str, bool] | None:
        """The last user who logged in with a token, and whether that was ever proven."""
        mine = [(user, is_proven) for of, user, is_proven in self.events if of == token and user]
        return (mine[-1][0], (mine[-1][0], True) in mine) if mine else None

    def expected(self, token: str) -> str | None:
        """The visitor whose list a token gets; None for an unknown one's."""
        if token not in [of for of, _, _ in self.events]:
            return None
        link = self.link(token)
        alike = [self.link(other) for other in TOKENS + INVENTED].count(link)
        if link is None or alike > MOST_GUESTS:
            return f"g_{token}"
        user, is_proven = link
        return f"u_{user}" if is_proven else None

    def teardown(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.publish(Path(folder))
            with TestClient(create_app(settings_for(Path(folder)))) as client:
                routes = reached_by_the_public_key(client.app)
                assert routes == {"/v1/recommendations", *PERSONAL, *IMPERSONAL}
                for token in TOKENS + INVENTED:
                    self.asks(client, token)
                for user in USERS:
                    for what in (
                        "recommendations?user={}",
                        "visitors/{}/profile?",
                        "visitors/{}/affinities?",
                    ):
                        assert client.get("/v1/" + what.format(user), headers=PUBLIC).status_code == 403

    def publish(self, data: Path) -> None:
        with duckdb.connect() as con:
            con.execute(
                "create table int_sessionized_events as select '' as device, false as is_quarantined limit 0"
            )
            con.execute("create table int_changed_devices (device varchar, staged_at timestamp)")
            con.execute("""
                create table stg_footfall__events (
                    event_id varchar, guest_token varchar, user_id varchar, device varchar, is_user_proven boolean,
                    is_trusted boolean, session_token varchar, ip varchar, event varchar, is_bot boolean,
                    occurred_at timestamp, staged_at timestamp
                )
            """)
            for number, (token, user, is_proven) in enumerate(self.events):
                at = NOON + timedelta(minutes=number)
                event = [f"{number:03d}", token, user, token or f"user:{user}", is_proven]
                con.execute(
                    "insert into stg_footfall__events "
                    "values (?, ?, ?, ?, ?, false, null, null, 'Product Viewed', false, ?, ?)",
                    [*event, at, at],
                )
            for name in MODELS:
                con.execute(f"create table {name} as {self.models[name]}")
            make_marts(con)
            for mart in ("identity_map", "visitors", "visitor_recommendations", "visitor_product_scores"):
                con.execute(f"delete from marts.{mart}")
            con.execute("insert into marts.identity_map by name select * from identity_map")
            found = con.execute("select distinct visitor_id from identity_map order by 1").fetchall()
            with_people(con, iter(visitor for (visitor,) in found))
            sessions = write_sessions(data / "sessions.index")
            build_snapshot(con, data / "serving", version="v1", session_index=sessions)
        publish(data / "serving", "v1")

    def asks(self, client: TestClient[Litestar], token: str) -> None:
        expected = self.expected(token)
        for history in ("any", "new", "again"):

            def listed(who: str, wanted: str = history) -> list[Any]:
                address = f"/v1/recommendations?{who}&history={wanted}&limit=30"
                answer = client.get(address, headers=PUBLIC)
                assert answer.headers["cache-control"].startswith("private")
                items: list[Any] = answer.json()["items"]
                return items

            mine = listed(f"guest={token}")
            unknown = listed(f"guest={NEVER_SEEN}")
            if expected is None:
                assert mine == unknown
            elif expected.startswith("u_"):
                user = expected[2:]
                secret = "identity-secret-of-the-test"
                assert mine == listed(f"user={user}&signature={sign_user(secret, user)}") != unknown
            elif history == "again":
                assert mine
        for path in PERSONAL:
            answer = client.get(path.replace("{visitor_id:str}", token), headers=PUBLIC)
            own = expected == f"g_{token}"
            seen = any(of == token for of, _, _ in self.events)
            assert answer.status_code == (200 if own else 403 if seen else 404)
            assert answer.json().get("visitor_id") is None


def test_no_history_of_logins_reads_another_users(models: Model) -> None:
    machine = type("LoginsOfTheseModels", (Logins,), {"models": models})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=10, stateful_step_count=14, deadline=None)
    )
