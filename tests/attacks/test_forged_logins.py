"""A stranger logs in as a customer, under tokens of their own, and asks for what the customer did."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.wire.keys import sign_user
from tests.attacks.conftest import Shop
from tests.attacks.messages import identified, ordered, product, token, viewed

pytestmark = pytest.mark.pipeline

VICTIM, SECRET = "4711", "a-secret-of-the-shops-server"
SIGNATURE = sign_user(SECRET, VICTIM)
SEEN = [str(number) for number in range(1000, 1006)]
#: More than identity_max_guests_per_user
INVENTED = 60


def test_a_forged_login_reads_nothing_and_takes_nothing(open_shop: Any) -> None:
    shop: Shop = open_shop(FOOTFALL_IDENTITY_SECRETS=SECRET)
    shop.catalogue(product(number) for number in range(40))
    phone, laptop, forged, ordering, few, stranger = (token() for _ in range(6))
    proof = {"traits": {"userSignature": SIGNATURE}}
    shop.send(
        [identified(VICTIM, phone) | proof]
        + [viewed(name, guest=phone, user=VICTIM) for name in SEEN]
        + [identified(VICTIM, laptop) | proof, viewed("1030", guest=laptop, user=VICTIM)]
        + [viewed("1035", guest=token(), user="bob")]
    )
    # Somebody's own signature, the wrong one, and none; a login, a view, an order under the customer's id; and as many
    # tokens as would make the customer's own ones shared devices
    eves = {"traits": {"userSignature": sign_user(SECRET, "eve")}}
    shop.send(
        [
            identified("eve", forged) | eves,
            identified(VICTIM, forged) | eves,
            identified(VICTIM, forged),
            {**identified(VICTIM, forged), "type": "alias", "previousId": phone},
            viewed("1031", guest=forged, user=VICTIM),
            ordered("forged-1", ["1032"], guest=ordering, user=VICTIM),
            *(viewed("1033", guest=token(), user=VICTIM) for _ in range(INVENTED)),
            identified("bob", few) | proof,
        ]
    )
    shop.run()

    def asked(guest: str, **parameters: Any) -> list[dict[str, Any]]:
        answer = shop.ask("/v1/recommendations", guest=guest, limit=30, **parameters)
        assert answer.headers["cache-control"] == "private, no-cache"
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    # Of a user with few tokens each is the user's, and without a proof it reads like a token that nobody knows
    for history in ("any", "new", "again"):
        assert asked(few, history=history) == asked(stranger, history=history)
    for what in ("profile", "affinities", "segments"):
        assert shop.ask(f"/v1/visitors/{few}/{what}").status_code == 403
    # Of too many each is a guest of its own, who did nothing without that user: what trends, in an order of its own
    trends = {item["product_id"] for item in asked(stranger)}
    for guest in (forged, ordering):
        for history in ("any", "new"):
            items = asked(guest, history=history)
            assert {item["product_id"] for item in items} == trends
            assert {(item["source"], item["seed"]) for item in items} == {("trending", None)}
        assert asked(guest, history="again") == []
        profile = shop.ask(f"/v1/visitors/{guest}/profile").json()
        told = ("sessions", "orders", "user_id", "last_product", "top_category", "price_band", "cart")
        assert [profile[name] for name in told] == [0, 0, None, None, None, None, []]
        affinities = shop.ask(f"/v1/visitors/{guest}/affinities").json()
        assert (affinities["products"], affinities["categories"]) == ([], [])
    for guest in (forged, few):
        for signature in ({}, {"signature": sign_user(SECRET, "eve")}):
            answer = shop.ask("/v1/recommendations", guest=guest, user=VICTIM, **signature)
            assert answer.status_code == 403

    # The customer's own devices know each other still, and the customer's signature reads the same list
    for guest in (phone, laptop):
        mine = asked(guest, history="again")
        assert {*SEEN, "1030"} <= {item["product_id"] for item in mine}
        assert mine == asked(stranger, history="again", user=VICTIM, signature=SIGNATURE)
    # The shop's numbers join what was written
    assert shop.rows(
        f"select value, visitor_id, is_proven from identity_map where value in ('{phone}', '{few}') order by 3"
    ) == [(few, "u_bob", False), (phone, f"u_{VICTIM}", True)]
    assert shop.rows("select visitor_id from orders where order_id = 'forged-1'") == [(f"u_{VICTIM}",)]
    # Nobody finds the signature on the disk
    data = shop.settings.paths.data
    for folder in ("landing", "lake"):
        files = [file for file in (data / folder).rglob("*") if file.is_file()]
        assert files
        assert not any(SIGNATURE.encode() in file.read_bytes() for file in files)
    traits = [
        text for (text,) in shop.rows("select traits from base_footfall__messages where traits is not null")
    ]
    assert sum("userSignature" in text for text in traits) == 5
    assert not any(SIGNATURE in text for text in traits)
