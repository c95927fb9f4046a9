from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.wire import schema
from footfall.wire.fast_path import read_good_batch
from footfall.wire.schema import WireError, check_message, decode_batch

GOOD: dict[str, Any] = {"type": "track", "event": "Product Viewed", "anonymousId": "g-1", "messageId": "m-1"}


def raw(**changes: Any) -> bytes:
    return json.dumps(GOOD | changes).encode()


def nested(levels: int) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for _ in range(levels - 1):
        tree = {"a": tree}
    return tree


#: (a message that breaks the schema, how its field's name begins)
BAD = [
    (raw(type="click"), "type"),
    (raw(event=None), "event"),
    (raw(event="x" * 201), "event"),
    (raw(anonymousId=None), "anonymousId"),
    (raw(anonymousId=" "), "anonymousId"),
    (raw(anonymousId="Undefined"), "anonymousId"),
    (raw(userId="00000000-0000-0000-0000-000000000000"), "userId"),
    (raw(userId="0" * 32), "userId"),
    (raw(anonymousId="distinct_id"), "anonymousId"),
    (raw(userId="u" * 256), "userId"),
    (raw(timestamp="yesterday"), "timestamp"),
    (raw(originalTimestamp="0001-01-01T00:00:00Z"), "originalTimestamp"),
    (raw(sentAt="9999-12-31T23:59:59Z"), "sentAt"),
    (raw(context={"page": {"url": "u" * 4097}}), "context.page.url"),
    (raw(context={"page": {"title": "t" * 2001}}), "context.page.title"),
    (raw(properties={"element": {"text": "t" * 256}}), "properties.element.text"),
    (raw(properties={"element": {"classes": ["c"] * 21}}), "properties.element.classes"),
    (raw(properties={"price": 10**12}), "properties.price"),
    (raw(properties={"quantity": -99999999999}), "properties.quantity"),
    (raw(properties={"value": "99999999999999"}), "properties.value"),
    (raw(properties={"total": 1e300}), "properties.total"),
    (raw(properties={"discount": " -1E+12 "}), "properties.discount"),
    (raw(properties={"engaged_ms": "1e999999999"}), "properties.engaged_ms"),
    (raw(properties={"line_number": 10**400}), "properties.line_number"),
    (raw(properties={"position": 2**63}), "properties.position"),
    (raw(properties={"scroll_depth": "1000.0"}), "properties.scroll_depth"),
    (raw(properties={"products": ["a", {"price": 1}, {"quantity": 1e6}]}), "properties.products[2].quantity"),
    (raw(type="page", properties={"price": "." + "9" * 20 + "e13", "element": {}}), "properties.price"),
    (raw(properties=nested(11)), "properties"),
    (b'{"traits":' + b'{"a":' * 5000 + b"1" + b"}" * 5001, "traits"),
    (raw(context=nested(11)), "context"),
    (raw(context={"page": {"own": nested(9)}}), "context"),
    (raw(properties={"list": [[[[[[[[[[1]]]]]]]]]]}), "properties"),
    (raw(context=[]), "context"),
    (raw(properties={"text": "x" * schema.MAX_MESSAGE}), "message"),
    (b"[1, 2]", "message"),
    (b'{"type": "track", "event": "\\ud800", "anonymousId": "g"}', "message"),
    (b'{"type": "track", "event": "x", "anonymousId": "g", "properties": {"n": NaN}}', "message"),
    (b'{"type": "track", "event": "x", "anonymousId": "g", "properties": {"n": 1e999}}', "properties"),
]


@pytest.mark.parametrize(("message", "field"), BAD)
def test_what_breaks_the_schema_is_named_with_its_field(message: bytes, field: str) -> None:
    with pytest.raises(WireError) as caught:
        check_message(message)
    assert caught.value.field.startswith(field)
    assert caught.value.reason


def test_limits_are_inclusive() -> None:
    check_message(raw(event="x" * 200, userId="u" * 255, context={"page": {"url": "u" * 4096}}))
    check_message(raw(properties=nested(10), context=nested(10), traits=nested(10)))
    check_message(raw(properties={"list": [[[[[[[[[1]]]]]]]]]}, context={"page": {"own": nested(8)}}))


def test_too_deep_is_told_from_other_errors_at_the_same_place() -> None:
    with pytest.raises(WireError, match=r"^properties: nested deeper than 10$"):
        check_message(raw(properties=nested(11)))
    with pytest.raises(WireError, match="out of range"):
        check_message(b'{"type":"page","anonymousId":"g","properties":{"a":{"b":{"c":1e999}}}}')


def test_numbers_keep_their_digits() -> None:
    message = check_message(
        b'{"type":"page","anonymousId":"g","properties":{"n":18446744073709551616,"m":-5,"f":0.1}}'
    )
    assert message.properties == {"n": 18446744073709551616, "m": -5, "f": 0.1}


def test_messages_of_other_sdks_pass() -> None:
    """Numbers as ids, keys we don't know, a page call without a name."""
    message = check_message(
        b'{"type":"page","userId":42,"context":{"sessionId":1700000000,"library":{"name":"x"},"os":{"a":1}}}'
    )
    assert schema.text_id(message.user_id) == "42"
    assert schema.text_id(message.context.session_id) == "1700000000"


def test_an_element_of_somebody_elses_tracking_plan_is_a_word() -> None:
    assert check_message(raw(properties={"element": "buy button"})).element is None


@pytest.mark.parametrize("field", ["anonymousId", "userId", "context.sessionId", "context.pageViewId"])
@pytest.mark.parametrize("digits", [1, 20, 255, 256, 4300, 5000])
def test_an_id_that_is_a_number_has_as_many_digits_as_a_text_may_have(field: str, digits: int) -> None:
    outer, _, inner = field.rpartition(".")
    message = json.dumps(GOOD | ({outer: {inner: "@"}} if outer else {inner: "@"}))
    message = message.replace('"@"', "7" * digits)  # more than json.dumps would write
    if digits <= 255:
        check_message(message.encode())
        assert read_good_batch(f'{{"batch":[{message}]}}'.encode())
    else:
        with pytest.raises(WireError, match=r"digits|range"):
            check_message(message.encode())
        assert not read_good_batch(f'{{"batch":[{message}]}}'.encode())


def test_a_time_without_a_zone_is_utc() -> None:
    message = check_message(
        raw(timestamp="2026-01-02T03:04:05.678", originalTimestamp="2026-01-02T03:04:05+02:00")
    )
    assert message.happened_at is not None
    assert message.happened_at.isoformat() == "2026-01-02T01:04:05+00:00"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"{}", b'{"batch": 1}', b'{"batch": [1}', b'{"batch": [], "sentAt": "soon"}', b"\xff\xfe",
     b'{"batch": [{"type": "track", "event": "\xff"}]}', b'{"batch":[],"sentAt":"0001-01-01T00:00:00Z"}',
     b'{"batch":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}"],
)  # fmt: skip
def test_a_body_that_is_no_batch(body: bytes) -> None:
    with pytest.raises(WireError):
        decode_batch(body)


def test_a_batch_holds_at_most_500() -> None:
    one = json.dumps(GOOD)
    assert len(decode_batch(f'{{"batch": [{",".join([one] * 500)}]}}'.encode()).batch) == 500
    with pytest.raises(WireError, match="501 messages"):
        decode_batch(f'{{"batch": [{",".join([one] * 501)}]}}'.encode())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(
    st.dictionaries(
        st.sampled_from([*GOOD, "userId", "context", "properties", "traits", "sentAt"]), json_values
    )
)
def test_any_message_is_taken_or_refused_with_a_reason(changes: dict[str, Any]) -> None:
    raw = json.dumps(GOOD | changes).encode()
    try:
        message = check_message(raw)
    except WireError as error:
        assert error.field
        assert error.reason
    else:
        assert message.type in schema.MESSAGE_TYPES


@given(st.binary(max_size=400))
def test_any_bytes_are_a_batch_or_refused(body: bytes) -> None:
    try:
        decode_batch(body)
    except WireError as error:
        assert error.reason


def test_a_number_has_at_most_so_many_digits_however_it_is_written() -> None:
    for name, digits in schema.DIGITS.items():
        for number in (10**digits - 1, -(10**digits - 1), 0):
            for value in (
                number,
                float(number),
                str(number),
                f"{number:+.4f}",
                f" {number}e0",
                f"{number}0e-1",
            ):
                check_message(raw(properties={name: value, "products": [{name: value}]}))
        for number in (10**digits, -(10**digits)):
            for value in (number, float(number), str(number), f"{number}.00", f"{number:e}"):
                for properties in ({name: value}, {"products": [{}, {name: value}]}):
                    with pytest.raises(WireError, match=f"more than {digits} digits before the point"):
                        check_message(raw(properties=properties))


def test_the_tracking_plan_lists_the_digits_of_every_number() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "tracking-plan.md").read_text()
    rows = re.findall(r"^\| (`[^|]+`) \| (\d+) \| ", page, re.MULTILINE)
    told = {name: int(digits) for names, digits in rows for name in re.findall(r"`(\w+)`", names)}
    assert told == schema.DIGITS


@pytest.mark.parametrize(
    "value", ["free", "", "€ 9999999999999", "NaN", "Infinity", "1e", "9" * 30 + "x", "٩" * 20, [10**20], {"a": 10**20}]
)  # fmt: skip
def test_what_is_no_number_has_no_bounds(value: Any) -> None:
    """A shop may name a word as it likes; the warehouse takes none of these for a number."""
    properties = dict.fromkeys(schema.DIGITS, value)
    for products in ([properties], properties, value):
        check_message(raw(properties=properties | {"products": products}))


def test_a_process_that_checks_messages_ends_well() -> None:
    """A union of a pattern and a list in msgspec 0.22 frees foreign memory when its type goes, at the process's end."""
    message = raw(properties={"price": 1})
    program = f"import footfall.wire.fast_path, footfall.wire.schema; footfall.wire.schema.check_message({message!r})"
    ended = subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONMALLOC": "debug"})
    assert ended.returncode == 0
