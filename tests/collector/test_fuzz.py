"""Whatever arrives is answered or refused, never an exception; and what lands can be read by anyone.

A thousand inputs of those that ``make fuzz`` makes by the million, and by name each one that once broke something.
"""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from collector.app import create_app
from footfall.settings import Settings
from footfall.wire import fast_path
from footfall.wire.schema import MAX_INFLATED
from tests.chaos import guided
from tests.chaos.checks import check_body, check_delivery
from tests.chaos.inputs import DELIVERY, LINE, targets


@pytest.mark.parametrize("seed", range(4))
def test_generated_inputs(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    for _, share, run in targets(tmp_path):
        for _ in range(share * 12):
            run(chance)


@pytest.mark.parametrize("target", guided.TARGETS)
def test_what_coverage_leads_on_from(target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_path, "PIECE", fast_path.PIECE)  # it may be changed, and is set back
    check = guided.check_of(target, tmp_path)
    assert "taken" in [check(seed) for seed in guided.seeds_of(target)]
    check(b"")


@pytest.mark.parametrize("amount", ["1e30", "1e999999999", "-1e999999999", "9" * 500, 1e300])
@pytest.mark.parametrize("topic", ["orders/create", "refunds/create", "products/update", "carts/update"])
def test_an_amount_past_decimal_arithmetic_is_kept_as_failed(topic: str, amount: str | float) -> None:
    """Found by fuzzing: InvalidOperation and Overflow, a 500, and Shopify repeats the delivery for two days."""
    line = {**LINE, "price": amount}
    document = {
        **DELIVERY,
        "line_items": [line],
        "variants": [{"id": 1, "price": amount}],
        "refund_line_items": [{"quantity": 1, "subtotal": amount, "line_item": LINE}],
    }
    assert check_delivery(topic, json.dumps(document).encode()) == "kept as failed"


@pytest.mark.parametrize("amount", ["1e-999999999", "0.1" + "0" * 300, "-0", "NaN", "sNaN", "Infinity", ""])
def test_odd_amounts_cost_no_order(amount: str) -> None:
    document = {**DELIVERY, "total_price": amount, "line_items": [{**LINE, "price": amount}]}
    assert check_delivery("orders/create", json.dumps(document).encode()) == "taken"


def test_a_content_length_of_5000_digits_is_no_500(settings: Settings) -> None:
    """Found by fuzzing: int() raises past 4300 digits. Granian refuses such a request before, other servers may not."""
    with TestClient(create_app(settings)) as client:
        answer = client.post("/v1/b", content=b"{}", headers={"content-length": "9" * 5000})
        assert (answer.status_code, answer.json()["reason"]) == (413, "too_large")


STRING = b"x" * 10_000_000


@pytest.mark.parametrize(
    ("path", "body", "encoding"),
    [
        pytest.param("/v1/batch", b'{"batch":["' + STRING + b'"]}', "identity", id="in a batch"),
        pytest.param("/v1/track", b'{"event":"' + STRING + b'"}', "identity", id="in a message"),
        pytest.param("/v1/batch", gzip.compress(b'{"batch":["' + STRING + b'"]}'), "gzip", id="under gzip"),
        pytest.param("/v1/shopify/webhooks", b'{"id":"' + STRING + b'"}', "identity", id="in a webhook"),
    ],
)
def test_a_string_of_10_mb_is_refused(settings: Settings, path: str, body: bytes, encoding: str) -> None:
    settings = msgspec.structs.replace(settings, shopify_secrets=("secret",))
    with TestClient(create_app(settings)) as client:
        answer = client.post(path, content=body, headers={"content-encoding": encoding})
        assert (answer.status_code, answer.json()["reason"]) == (413, "too_large")


def test_a_string_as_long_as_a_body_may_inflate_is_one_failed_message() -> None:
    string = b"x" * (MAX_INFLATED - 100)
    assert check_body(b'{"batch":[{"type":"page","anonymousId":"g1","own":"%s"}]}' % string, None) == "taken"


def test_an_escaped_nul_is_a_character_like_others() -> None:
    message: dict[str, Any] = {"type": "page", "anonymousId": "g-1", "properties": {"a\0": "b\0"}}
    assert check_body(json.dumps({"batch": [message]}).encode(), None) == "taken"
