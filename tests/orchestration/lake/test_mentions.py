"""What others say of a person is found, and erased where the operator names the field."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from footfall.runtime.paths import Paths
from orchestration.commands.person import person_group
from orchestration.lake.loader import load_sealed
from orchestration.lake.privacy import Person, forget
from tests.orchestration.conftest import Seal
from tests.orchestration.lake.conftest import everything_in, lake_rows, said


def test_who_says_to_have_been_the_person_before_says_so_no_more(paths: Paths, seal: Seal) -> None:
    alias = {"type": "alias", "groupId": "club"}
    seal(
        "s1",
        [
            said(1, "tablet", "bob", previousId="anna", **alias),
            said(2, "tablet", "bob", previousId=[7], **alias),
        ],
    )
    load_sealed(paths)
    before = {row["message_id"]: row for row in lake_rows(paths)}
    assert forget(paths, Person(users=["anna"])).events == 0
    after = {row["message_id"]: row for row in lake_rows(paths)}
    assert "anna" not in everything_in(paths.lake)
    assert after == before | {"m-1": before["m-1"] | {"rest": None}}
    assert "club" in after["m-2"]["rest"]


def test_what_others_say_of_the_person_is_found_and_erased_where_the_operator_says_so(
    shop: Paths, seal: Seal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of a product that is hers too stays, and so does each digit of what stands beside."""
    monkeypatch.setenv("FOOTFALL_DATA", str(shop.data))
    page = {"url": "https://shop/x?ref=4711&a=b%40c.d", "path": "/x"}
    gifts = [{"product_id": "4711", "for": ["anna", "4711"]}, {"product_id": 1, "for": "carla"}, 7]
    told = {
        "referrer_id": "4711",
        "product_id": 4711,
        "price": 9.90,
        "products": gifts,
        "near": "47110 4711-b",
    }
    others = [
        said(30, "bob-phone", properties=told, context={"page": page}),
        said(31, "bob-phone", properties={"referrer_id": 4711, "note": "f\u00fcr 4711."}),
        said(32, "carl-phone", properties={"referrer_id": "47110", "products": {"for": "4711"}}),
        said(33, "carl-phone", traits={"friend": "b@c.d"}, context={"page": page}),
    ]
    seal("s9", others)
    load_sealed(shop)
    ids = ["--user", "anna", "--user", "4711", "--user", "b@c.d"]
    found = CliRunner().invoke(person_group, ["mentions", *ids])
    assert found.exit_code == 0, found.output
    lines = set(found.output.splitlines())
    assert "properties.referrer_id: 2 messages, as m-30" in lines
    assert "properties.products[].for[]: 1 messages, as m-30" in lines
    assert "properties.products.for: 1 messages, as m-32" in lines
    assert "properties.note: 1 messages, as m-31" in lines
    assert "page_url: 2 messages, as m-30" in lines
    assert "traits.friend: 1 messages, as m-33" in lines
    assert not any("near" in line for line in lines)

    before = {row["message_id"]: row for row in lake_rows(shop)}
    fields = ["properties.referrer_id", "properties.products[].for[]", "page_url", "traits.friend"]
    erase = [part for field in fields for part in ("--erase-in", field)]
    wrong = CliRunner().invoke(person_group, ["forget", *ids, "--yes", "--no-run", "--erase-in", "user_id"])
    assert (wrong.exit_code, "is in no column that others write" in wrong.output) == (2, True)
    answered = CliRunner().invoke(person_group, ["forget", *ids, *erase, "--yes", "--no-run"])
    assert answered.exit_code == 0, answered.output
    assert "3 messages of others name them no more" in answered.output, answered.output
    after = {row["message_id"]: row for row in lake_rows(shop)}
    assert after["m-32"] == before["m-32"]
    was = before["m-30"]["properties"]
    changed = was.replace('"referrer_id": "4711"', '"referrer_id": null')
    changed = changed.replace('["anna", "4711"]', "[null, null]")
    assert changed.count("null") == 3
    assert json.loads(after["m-30"]["properties"]) == json.loads(changed)
    assert re.search(r'"price":\s*9\.9\b', after["m-30"]["properties"])
    assert after["m-30"] == before["m-30"] | {"properties": after["m-30"]["properties"], "page_url": None}
    assert json.loads(after["m-31"]["properties"]) == {"referrer_id": None, "note": "für 4711."}
    assert json.loads(after["m-33"]["traits"]) == {"friend": None}
