"""Forgetting a person: no byte of theirs is left, nobody else loses one, and the order ledger balances."""

from __future__ import annotations

import json
import re
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footfall.landing.segments import NO_VISIT, FailedMessage
from footfall.runtime.paths import Paths
from orchestration.commands.person import person_group
from orchestration.lake import privacy as people
from orchestration.lake import segments
from orchestration.lake.loader import load_sealed
from orchestration.lake.privacy import Forgotten, Person, forget, requested, whole_person
from orchestration.lake.schema import prepare_lake, set_aside_file
from orchestration.storage.atomic_write import aside_of
from orchestration.storage.environment import DBT_PROJECT
from orchestration.storage.personal_data import PLANS
from orchestration.warehouse.dbt_runner import close_warehouse, invoke
from tests.orchestration.conftest import RECEIVED, Seal, seal_segment
from tests.orchestration.lake.conftest import everything_in, lake_rows, said


def test_a_user_has_the_tokens_that_are_nobody_elses(shop: Paths) -> None:
    assert whole_person(shop, Person(users=["anna"])) == Person(["anna"], ["anna-phone"])
    assert whole_person(shop, Person(guests=["tablet"])) == Person([], ["tablet"])


def test_a_token_that_the_collector_makes_up_is_nobodys(paths: Paths, seal: Seal) -> None:
    """A page may say one with a user id, and ask for that user to be forgotten: not the shop's own facts with them."""
    seal(
        "s1", [said(1, "shopify-product"), said(2, "shopify-product", "mallory"), said(3, "hers", "mallory")]
    )
    load_sealed(paths)
    assert whole_person(paths, Person(users=["mallory"])).guests == ["hers"]
    assert forget(paths, Person(users=["mallory"])).events == 2


def test_nothing_of_the_person_is_left_and_everything_of_the_others(shop: Paths) -> None:
    before = {row["message_id"]: row for row in lake_rows(shop)}
    done = forget(shop, Person(users=["anna"]))
    assert (done.events, done.orders, done.failed_events) == (6, 2, 1)

    text = everything_in(shop.lake)
    assert not re.search(r"'anna'|anna-phone'|birthday", text)
    after = {row["message_id"]: row for row in lake_rows(shop)}
    assert after.keys() == before.keys()
    for kept in ("m-5", "m-6", "m-9", "m-10"):
        assert after[kept] == before[kept]
    for blank in ("m-1", "m-2", "m-4", "m-7"):
        row = after[blank]
        assert row["is_bot"]
        left = {name for name, value in row.items() if value is not None}
        assert left <= people.KEPT | {"guest_token", "bot_reason"}
    assert [row["reason"] for row in lake_rows(shop, "failed_events")] == ["forgotten", "empty"]
    assert not list((shop.data / PLANS).glob("*"))


def test_orders_stay_in_the_books_each_under_a_token_of_its_own(shop: Paths) -> None:
    forget(shop, Person(users=["anna"]))
    orders = {row["message_id"]: row for row in lake_rows(shop) if row["event"] == "Order Completed"}
    assert orders.keys() == {"m-3", "m-8"}
    assert '"value":10.9' in orders["m-3"]["properties"]
    assert '"price":9.9,' in orders["m-3"]["properties"]
    tokens = {row["guest_token"] for row in orders.values()}
    assert len(tokens) == 2
    assert all(token.startswith("forgotten-") for token in tokens)
    assert not any(row["user_id"] or row["ip"] or row["context"] for row in orders.values())


def test_failed_events_lose_their_bytes_however_json_spells_an_id(paths: Paths, seal: Seal) -> None:
    """As a browser, Python, PHP and a careful escaper do; nobody else's, and nothing that merely begins alike."""
    ids = [
        '"jürgen/é𝄞"',
        json.dumps("jürgen/é𝄞"),
        r'"j\u00FCrgen\/\u00e9𝄞"',
        r'"\u006aürgen/é𝄞"',
        '" jürgen/é𝄞 "',
    ]
    others = ['"jürgen/é𝄞2"', '"jürgen"', '"jurgen/é𝄞"', '"JÜRGEN/É𝄞"', '"Jürgen/é𝄞"']
    raws = [f'{{"userId": {each}, "event": ""}}'.encode() for each in (*ids, *others)]
    failed = [FailedMessage(index=n, field="event", reason="empty", raw=raw) for n, raw in enumerate(raws)]
    seal("s1", [said(1, "g")], failed=failed)
    load_sealed(paths)
    person = Person(users=["jürgen/é𝄞"])
    assert [row["raw"] for row in people.failed_events_of(paths, person)] == raws[: len(ids)]
    assert forget(paths, person).failed_events == len(ids)
    assert {row["raw"] for row in lake_rows(paths, "failed_events")} == {b"", *raws[len(ids) :]}
    assert list(people.failed_events_of(paths, person)) == []


def test_a_delivery_of_shopify_that_no_adapter_could_read_holds_nobody_who_was_forgotten(
    paths: Paths, seal: Seal
) -> None:
    """It was kept whole: with the name and the address of whose order it is."""
    token = "9f3c1e5a7b2d4c6e8f0a1b2c3d4e5f60"
    raws = [
        b'{"id":1,"line_items":7,"customer":{"email":"a@b.c","id":4711,"default_address":{"id":5}}}',
        b'{"id":1,"customer":{"default_address":{"id":5,"customer_id":4711,"city":"Ulm"},"id":4711}}',
        b'{"customer": {"tags": {}, "admin_graphql_api_id": "gid:\\/\\/shopify\\/Customer\\/4711"}}',
        b'{"id":2,"note_attributes":[{"name":"_ff_guest","value":"%b"}]}' % token.encode(),
        b'{"id":4711,"line_items":7,"customer":{"id":47110},"total_price":4711,"value":4711}',
        b'{"id":3,"customer":{"id":12},"line_items":[{"id":4711,"product_id":4711,"quantity":4711}]}',
    ]
    failed = [FailedMessage(index=0, field="webhook", reason="no order", raw=raw) for raw in raws]
    seal("s1", [said(1, "g")], failed=failed)
    load_sealed(paths)
    person = Person(users=["4711"], guests=[token])
    assert sorted(row["raw"] for row in people.failed_events_of(paths, person)) == sorted(raws[:4])
    assert forget(paths, person).failed_events == 4
    assert {row["raw"] for row in lake_rows(paths, "failed_events")} == {b"", *raws[4:]}


def test_twice_is_once(shop: Paths) -> None:
    forget(shop, Person(users=["anna"]))
    before = lake_rows(shop)
    assert forget(shop, Person(users=["anna"], guests=["anna-phone"])).events == 0
    assert lake_rows(shop) == before


def test_cut_off_and_ended(shop: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first file is done; the second no longer says whose `anna-phone` was."""
    rewrite, calls = people._rewrite, []

    def killed(file: Path, table: Any) -> None:
        if calls:
            raise KeyboardInterrupt
        calls.append(file)
        rewrite(file, table)

    with monkeypatch.context() as patched:
        patched.setattr(people, "_rewrite", killed)
        with pytest.raises(KeyboardInterrupt):
            forget(shop, Person(users=["anna"]))
    assert "anna-phone'" in everything_in(shop.lake)
    with monkeypatch.context() as patched:
        patched.setattr(people, "remove", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            finish(shop)
    assert people.last_forgotten(shop) is None, "the warehouse stands still"
    assert len(finish(shop)) == 1
    assert people.last_forgotten(shop)
    assert not re.search(r"'anna'|anna-phone'", everything_in(shop.lake))
    assert finish(shop) == []


def test_what_was_left_half_done_or_built_beside_is_gone_too(shop: Paths) -> None:
    """A load, a build for the weekly comparison, an evaluation, a search that were killed; an analyst's own build; what
    was built from the lake before.
    """
    lake_file = next((shop.lake / "events").rglob("0*.parquet"))
    asides = [lake_file, set_aside_file(shop), shop.data / PLANS / "cut-off.json"]
    left = [*map(aside_of, asides), *(shop.data / each for each in (
        "warehouse.duckdb", "warehouse.duckdb.wal", "warehouse.models.json", "warehouse.duckdb.tmp/a.tmp",
        "reconcile/warehouse.duckdb", "evaluation/warehouse.duckdb", "tuning/past/warehouse.duckdb",
        "dev/warehouse_eve.duckdb", "dev/warehouse_eve.duckdb.wal", "dev/warehouse_eve.duckdb.tmp/a.tmp",
        "serving/.held-20260301T120000Z/visitors.0.sqlite",
    ))]  # fmt: skip
    kept = [shop.data / "tuning" / "proposal.yml", shop.data / "dev" / "notes.sql"]
    for file in (*left, *kept):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("anna-phone")
    done = forget(shop, Person(users=["anna"]))
    assert [file for file in (*left, *kept) if file.exists()] == kept
    assert str(shop.warehouse) in done.removed


def finish(shop: Paths) -> list[Forgotten]:
    return [people.finish(shop, plan) for plan in people.unfinished(shop)]


def redaction(number: int, user: str | None, scope: str = "customer") -> dict[str, Any]:
    guest = None if user else "shopify-shop"
    return said(number, guest, user, event="Redaction Requested", properties={"scope": scope})


#: As what the signed webhooks bring.
SIGNED: dict[str, Any] = {"trusted": True, "source": "shopify", "bot_reason": NO_VISIT}


def test_requests_are_owed_until_done_and_only_from_signed_webhooks(shop: Paths, seal: Seal) -> None:
    seal("s3", [redaction(20, "anna")], **SIGNED)
    seal("s4", [redaction(21, "bob")])
    # A trusted write key, of the webhooks' own source.
    seal("s5", [redaction(22, "carl"), redaction(23, None, "shop")], trusted=True, source="shopify")
    load_sealed(shop)
    assert requested(shop) == people.Requests([Person(users=["anna"])], [])
    forget(shop, Person(users=["anna"]))
    assert requested(shop) == people.Requests([], [])


def test_a_request_that_nobody_can_carry_out_stops_no_other(
    shop: Paths, seal: Seal, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [redaction(20, "anna"), redaction(21, None, "shop"), redaction(22, None), redaction(23, "bob")]
    seal("s3", asked, **SIGNED)
    load_sealed(shop)
    persons, by_hand = [Person(users=["anna"]), Person(users=["bob"])], requested(shop).by_hand
    assert requested(shop).persons == persons
    assert any(str(shop.data) in text for text in by_hand)
    assert any("names no customer" in text for text in by_hand)
    blank = people._blank

    def breaks_on_anna(paths: Paths, person: Person) -> Forgotten:
        if "anna" in person.users:
            raise ValueError("a row that nobody foresaw")
        return blank(paths, person)

    monkeypatch.setenv("FOOTFALL_DATA", str(shop.data))
    monkeypatch.setattr(people, "_blank", breaks_on_anna)
    command = ["forget", "--requested", "--yes", "--no-run"]
    for _ in range(2):  # the second time anna's is one that was cut off
        done = CliRunner().invoke(person_group, command)
        assert done.exit_code == 1
        assert "a row that nobody foresaw" in done.stderr
        assert requested(shop).persons == [Person(users=["anna"])], "bob is forgotten"
    monkeypatch.undo()
    monkeypatch.setenv("FOOTFALL_DATA", str(shop.data))
    done = CliRunner().invoke(person_group, command)
    assert (done.exit_code, requested(shop)) == (1, people.Requests([], by_hand))


IDS = st.sampled_from(["a", "b", "ab", "a.b", 'a"b', "1", "11"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    told=st.lists(st.tuples(IDS | st.none(), IDS | st.none()).filter(any), min_size=1, max_size=12),
    users=st.lists(IDS, max_size=2),
    guests=st.lists(IDS, max_size=2),
)
def test_whoever_they_are(
    tmp_path_factory: pytest.TempPathFactory,
    told: list[tuple[str | None, str | None]],
    users: list[str],
    guests: list[str],
) -> None:
    """Ids that are parts of one another, quotes and dots: the named lose everything, the others nothing."""
    paths = Paths(tmp_path_factory.mktemp("lake"))
    prepare_lake(paths)
    seal_segment(paths, "s1", [said(n, g and f"g{g}", u and f"u{u}") for n, (g, u) in enumerate(told)])
    load_sealed(paths)
    before = {row["message_id"]: row for row in lake_rows(paths)}
    person = whole_person(paths, Person([f"u{each}" for each in users], [f"g{each}" for each in guests]))
    forget(paths, person)
    for row in lake_rows(paths):
        was = before[row["message_id"]]
        if was["user_id"] in person.users or was["guest_token"] in person.guests:
            assert (row["user_id"], row["guest_token"], row["properties"]) == (None, "forgotten", None)
        else:
            assert row == was


@pytest.mark.slow
def test_the_warehouse_built_again_knows_nobody_and_balances(
    shop: Paths, seal: Seal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(shop.data))
    models = ["visitors", "sessions", "orders", "events_reconciliation"]

    def build() -> dict[str, Any]:
        try:
            invoke(DBT_PROJECT, ["build", "--select", *(f"+{each}" for each in models),
                                 "--exclude-resource-type", "unit_test"])  # fmt: skip
        finally:
            close_warehouse()
        with duckdb.connect(str(shop.warehouse), read_only=True) as warehouse:
            return {
                "visitors": [
                    row[0] for row in warehouse.execute("select visitor_id from visitors").fetchall()
                ],
                "revenue": warehouse.execute("select sum(revenue), count(*) from orders").fetchall(),
                "balance": warehouse.execute(
                    "select sum(accepted), sum(staged) from events_reconciliation"
                ).fetchall(),
            }

    seal("s3", [redaction(20, "anna")], **SIGNED)
    load_sealed(shop)
    before = build()
    assert "u_anna" in before["visitors"]

    answered = CliRunner().invoke(person_group, ["forget", "--requested", "--yes", "--no-run"])
    assert answered.exit_code == 0, answered.output
    assert "7 events forgotten, 2 of them kept in the order ledger" in answered.output
    assert not shop.warehouse.exists()
    # a browser that was without a network sends again what is forgotten
    seal("s4", [said(1, "anna-phone")], received_at=RECEIVED + timedelta(days=2))
    load_sealed(shop)
    after = build()
    assert not any("anna" in visitor and visitor != "g_anna-phone-2" for visitor in after["visitors"])
    assert {"u_bob", "u_carl"} <= set(after["visitors"])
    assert after["revenue"] == before["revenue"]
    [(accepted, staged)] = before["balance"]
    assert after["balance"] == [(accepted + 1, staged)]


def test_show_gives_every_event_and_nobody_elses(
    shop: Paths, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(shop.data))
    out = tmp_path / "anna.ndjson"
    answered = CliRunner().invoke(person_group, ["show", "--user", "anna", "--out", str(out)])
    assert answered.exit_code == 0, answered.output
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    events, failed = [row for row in rows if "event" in row], [row for row in rows if "raw" in row]
    assert sorted(row["message_id"] for row in events) == ["m-1", "m-2", "m-3", "m-4", "m-7", "m-8"]
    assert [row["raw"] for row in failed] == ['{"anonymousId": "anna-phone", "event": ""}']
    assert "6 events, 1 failed events; users: anna" in answered.output
    assert rows[0]["received_at"] == RECEIVED.replace(tzinfo=None).isoformat()


def test_blanks_around_an_id_are_no_part_of_it(shop: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the lake, where every id is without."""
    monkeypatch.setenv("FOOTFALL_DATA", str(shop.data))
    answered = CliRunner().invoke(person_group, ["show", "--user", " anna"])
    assert "6 events, 1 failed events; users: anna;" in answered.output


def test_nobody_named_is_no_order_to_forget_all(shop: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(shop.data))
    before = lake_rows(shop)
    assert CliRunner().invoke(person_group, ["forget", "--yes", "--no-run"]).exit_code == 2
    for nobodys in (["--user", ""], ["--user", "anna", "--guest", "null"]):
        refused = CliRunner().invoke(person_group, ["forget", "--yes", "--no-run", *nobodys])
        assert (refused.exit_code, "is not an id of a person" in refused.output) == (2, True)
    refused = CliRunner().invoke(person_group, ["forget", "--user", "anna", "--no-run"], input="n\n")
    assert refused.exit_code == 1
    assert "users: anna; guest tokens: anna-phone\n" in refused.output, "what is asked about is who would go"
    assert lake_rows(shop) == before


def test_what_the_collector_has_not_sealed_yet_is_forgotten_too(
    shop: Paths, seal: Seal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a segment that nobody seals the command says so, and forgets nothing."""
    monkeypatch.setenv("FOOTFALL_DATA", str(shop.data))
    sealed = seal("s9", [said(30, "anna-phone", "anna")])
    is_open = shop.landing / "open" / sealed.name
    is_open.parent.mkdir()
    sealed.rename(is_open)
    command = ["forget", "--user", "anna", "--yes", "--no-run"]
    before = lake_rows(shop)
    with monkeypatch.context() as patched:
        patched.setattr(segments, "SEAL_MARGIN_SECONDS", -1e9)
        refused = CliRunner().invoke(person_group, command)
    assert (refused.exit_code, "no collector seals it" in refused.output) == (1, True), refused.output
    assert lake_rows(shop) == before
    sealing = threading.Timer(0.5, is_open.rename, [sealed])
    sealing.start()
    answered = CliRunner().invoke(person_group, command)
    sealing.join()
    assert answered.exit_code == 0, answered.output
    assert "7 events forgotten" in answered.output
    assert not sealed.exists()
    assert not re.search(r"'anna'|anna-phone'", everything_in(shop.lake))


@pytest.mark.parametrize("command", [["show"], ["forget", "--yes", "--no-run"]])
def test_at_a_wrong_place_nobody_is_told_that_nothing_is_held(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path / "wrong"))
    answered = CliRunner().invoke(person_group, [*command, "--user", "anna"])
    assert answered.exit_code == 1
    assert "holds no events" in answered.output
    assert not (tmp_path / "wrong").exists()


def test_what_is_shipped_from_here_is_left_to_the_shipper(
    shop: Paths, seal: Seal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The loader of this machine takes what arrives in the bucket, and so does forgetting."""
    bucket = tmp_path / "bucket"
    bucket.mkdir()
    monkeypatch.setenv("FOOTFALL_DATA", str(shop.data))
    monkeypatch.setenv("FOOTFALL_SHIP_TO", bucket.as_uri())
    monkeypatch.setenv("FOOTFALL_LOAD_FROM", bucket.as_uri())
    shipped = seal("s9", [said(30, "anna-phone", "anna")])
    answered = CliRunner().invoke(person_group, ["forget", "--user", "anna", "--yes", "--no-run"])
    assert answered.exit_code == 0, answered.output
    assert "6 events forgotten" in answered.output
    assert shipped.exists()
