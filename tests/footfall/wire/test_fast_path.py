"""Reading a batch in one pass says the same as reading it message by message, wherever it says anything."""

from __future__ import annotations

import itertools
import json
import random
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.wire.fast_path import PIECE, read_good_batch
from footfall.wire.schema import DIGITS, MAX_MESSAGE, MAX_MESSAGES, WireError, check_message, decode_batch
from tests.chaos.inputs import mutate, spoiled
from tests.footfall.wire.test_schema import BAD

Read = tuple[list[bytes], str | None, datetime | None, bool]
GOOD: dict[str, Any] = {
    "anonymousId": "g-1",
    "context": {"page": {"url": "https://shop.example/"}},
    "type": "track",
    "event": "Product Clicked",
    "properties": {"element": {"text": "Ski"}},
}


def message_by_message(body: bytes) -> Read | None:
    """The definition: what the batch holds if each of its messages is good, else None."""
    try:
        batch = decode_batch(body)
        messages = [check_message(raw) for raw in batch.batch]
    except WireError:
        return None
    is_cookieless = any(message.is_cookieless for message in messages)
    return [bytes(raw) for raw in batch.batch], batch.write_key, batch.sent_at, is_cookieless


def at_once(body: bytes) -> Read | None:
    good = read_good_batch(body)
    if good is None:
        return None
    raws = msgspec.json.decode(b"[%b]" % bytes(good.messages), type=list[msgspec.Raw])
    assert len(raws) == good.count
    return [bytes(raw) for raw in raws], good.write_key, good.sent_at, good.is_cookieless


def agree(body: bytes) -> None:
    read = at_once(body)
    assert read is None or read == message_by_message(body)


texts = (
    st.sampled_from(["", "[", "]", "}", '"batch":[', '{"batch":[{}]}', "],", "é🎿", "\\", "\ud83d"])
    | st.text()
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts | st.just("batch"), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from([*GOOD, "userId", "traits", "timestamp", "sentAt", "batch", "own"])
contexts = st.fixed_dictionaries(
    {}, optional={"cookieless": st.booleans() | texts, "page": values, "own": values}
)
numbers = st.dictionaries(
    st.sampled_from([*DIGITS]),
    st.integers(0, 16).flatmap(lambda digits: st.sampled_from([10**digits, 10**digits - 1, -(10.0**digits)]))
    | st.builds(
        "{}{}".format, st.integers(-(10**7), 10**7), st.sampled_from(["", ".5", "e3", "E-2", "e9", "x"])
    )
    | values,
    max_size=3,
)
properties = st.builds(
    lambda own, lines: own | {"products": lines}, numbers, st.lists(numbers | values, max_size=2)
)
plain_messages = st.builds(
    lambda changes, context: GOOD | changes | context,
    st.dictionaries(keys, values, max_size=2) | st.just({}),
    st.fixed_dictionaries({}, optional={"context": contexts}),
)
messages = plain_messages | st.builds(
    lambda message, own: message | {"properties": own}, plain_messages, properties
)
batches = st.lists(messages, max_size=4)


def doubled(message: str, key: str, value: str) -> str:
    """The message with a key that it may have already, before the others."""
    return f'{{"{key}":{value}, {message[1:]}'


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Bodies whose keys come in any order, some of them twice, with blanks, escapes and keys that nobody knows."""
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t: ")]))
    escapes = draw(st.booleans())

    def text(value: Any) -> str:
        return json.dumps(value, separators=separators, ensure_ascii=escapes)

    key_orders = st.lists(
        st.sampled_from(["batch", "batch", "writeKey", "sentAt", "context"]), min_size=1, max_size=4
    )
    parts = {
        "batch": batches,
        "writeKey": st.just("k") | texts | values,
        "sentAt": st.just("2026-11-24T10:00:00Z") | values,
        "context": values | batches,
    }
    members = []
    for key in draw(key_orders):
        written = draw(st.sampled_from([text(key), text(key).replace("a", "\\u0061")]))
        members.append(f"{written}{separators[1]}{text(draw(parts[key]))}")
    blank = draw(st.sampled_from(["", " ", "\n\n"]))
    return f"{blank}{{{blank}{separators[0].join(members)}{blank}}}{blank}".encode("utf-8", "surrogatepass")


@given(bodies())
def test_it_says_what_message_by_message_says(body: bytes) -> None:
    agree(body)


@given(bodies(), st.randoms(use_true_random=False))
def test_it_says_what_message_by_message_says_of_damaged_bodies(body: bytes, chance: random.Random) -> None:
    agree(mutate(body, chance))


@given(st.lists(messages, min_size=1, max_size=3), keys, values, st.booleans())
def test_and_where_a_message_has_a_key_twice(
    batch: list[dict[str, Any]], key: str, value: Any, escaped: bool
) -> None:
    texts = [json.dumps(message) for message in batch]
    texts[0] = doubled(texts[0], key.replace("e", "\\u0065") if escaped else key, json.dumps(value))
    agree(f'{{"batch":[{",".join(texts)}]}}'.encode())


@given(st.integers(1, 60), st.randoms(use_true_random=False))
def test_and_of_large_ones(count: int, chance: random.Random) -> None:
    filled = [GOOD | {"own": "x" * chance.choice((0, 900, 10_000))} for _ in range(count)]
    agree(json.dumps({"batch": filled}).encode())
    agree(spoiled({"writeKey": "k", "batch": filled}, chance))


@given(st.lists(plain_messages, min_size=1, max_size=3))
def test_good_messages_in_the_order_of_the_pixel_and_the_sdks_are_read_at_once(
    batch: list[dict[str, Any]],
) -> None:
    """Otherwise nothing would show that this way is ever gone."""
    for order in itertools.permutations(["writeKey", "sentAt", "batch"]):
        document = {"writeKey": "k", "sentAt": "2026-11-24T10:00:00Z", "batch": batch}
        for separators in ((",", ":"), (", ", ": ")):
            text = json.dumps({key: document[key] for key in order}, separators=separators)
            body = text.encode("utf-8", "surrogatepass")
            assert at_once(body) == message_by_message(body)


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("count", [1, 20, 100, MAX_MESSAGES])
def test_batches_of_every_size_are_read_at_once(count: int, indent: int | None) -> None:
    batch = [GOOD | {"messageId": f"m-{number}", "own": "x" * 500} for number in range(count)]
    body = json.dumps({"batch": batch, "writeKey": "k"}, indent=indent).encode()
    read = at_once(body)
    assert read is not None
    assert read == message_by_message(body)


@pytest.mark.parametrize("count", [1, 3, 40])
def test_a_message_of_32_kb_is_the_largest(count: int) -> None:
    batch = [GOOD | {"own": ""} for _ in range(count)]
    batch[count // 2]["own"] = "x" * (MAX_MESSAGE - len(json.dumps(batch[0])))
    body = json.dumps({"batch": batch}).encode()
    assert message_by_message(body) is not None
    agree(body)
    batch[count // 2]["own"] += "x"
    assert at_once(json.dumps({"batch": batch}).encode()) is None


def test_more_than_500_messages_are_not_read() -> None:
    assert at_once(json.dumps({"batch": [GOOD] * (MAX_MESSAGES + 1)}).encode()) is None


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[", b"{}", b'{"batch":[]}', b'{"batch":{}}', b'{"batch":"[{}]"}', b'["batch",[{}]]',
        b'{"context":{"batch":[%s]}}', b'{"batch":[%s],"batch":[]}', b'{"batch":[],"batch":[%s],"x":[]}',
        b'{"batch":[%s],"batch":7}', b'{"x":"batch","y":[1],"batch":[%s]}',
        rb'{"b\u0061tch":[],"x":{"batch":[%s]}}', rb'{"x":{"batch":[%s]},"b\u0061tch":{}}',
        rb'{"b\u0061tch":[170141183460469231731687303715884105727],"x":{"batch":[%s]}}',
        b'{"x":{"batch":[%s]},"batch":[]}',
        b'{"batch":[%s,]}', b'{"batch":[,%s]}', b'{"batch":[%s]]}', b'{"batch":[[%s]]}', b'{"batch":[%s],"own":"\xff"}',
        b'{"batch":[{"type":"page","anonymousId":"g","own":"\xff"}]}',
       
        b'{"batch":[170141183460469231731687303715884105727],"x":"[%s]"}', b'{"batch":[%s],"sentAt":"soon"}',
        b'{"x":"","batch":[%s],"sentAt":"0001-01-01T00:00:00Z"}', b'{"batch":[%s,{"type":"page"}]}',
    ],
)  # fmt: skip
def test_bodies_that_mislead(body: bytes) -> None:
    body = body.replace(b"%s", json.dumps(GOOD).encode())
    agree(body)
    assert at_once(body) is None


@pytest.mark.parametrize("message", [message for message, _ in BAD])
def test_one_bad_message_is_enough(message: bytes) -> None:
    good = json.dumps(GOOD).encode()
    assert at_once(b'{"batch":[%b]}' % b",".join([good, good])) is not None
    assert at_once(b'{"batch":[%b]}' % b",".join([good, message, good])) is None


def test_only_surroundings_that_say_so_are_cookieless() -> None:
    def of(*contexts: Any) -> bool:
        body = json.dumps({"batch": [GOOD | {"context": context} for context in contexts]}).encode()
        agree(body)
        good = read_good_batch(body)
        assert good is not None
        return good.is_cookieless

    assert of({"cookieless": True})
    assert of({}, {"cookieless": True}, {"cookieless": False})
    assert not of({"cookieless": False}, {"cookieless": "true"}, {"own": {"cookieless": True}})


def test_of_two_contexts_the_last_counts_either_way() -> None:
    """Found by fuzzing: message by message the first one was looked at too, and the loader would have refused it."""
    good = json.dumps(GOOD).encode()
    for first in (b"[]", b"7", b'{"page":1}', b'{"a":' * 10 + b"{}" + b"}" * 10, b'{"n":1e999}'):
        for key in (b"context", rb"c\u006fntext"):
            body = b'{"batch":[{"%b":%b,%b]}' % (key, first, good[1:])
            agree(body)
            assert at_once(body) is not None
    for last in (b"[]", b"7", b'{"page":1}', b'{"n":1e999}', b'"\\ud83d"', b'{"a":' * 10 + b"{}" + b"}" * 10):
        assert at_once(b'{"batch":[%b,"context":%b}]}' % (good[:-1], last)) is None
        agree(b'{"batch":[%b,"context":%b}]}' % (good[:-1], last))


def test_a_piece_never_holds_more_than_one_message_may() -> None:
    assert PIECE <= MAX_MESSAGE
