"""Cutting a batch by its brackets gives what a JSON parser gives, and never goes wild on anything else."""

from __future__ import annotations

import json
import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.json_recovery import split_batch
from collector.parsing import open_batch
from collector.problems import RefusedError

Json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    messages=st.lists(st.dictionaries(st.text(), Json, max_size=3), max_size=5),
    before=st.dictionaries(st.text().filter(lambda key: key != "batch"), Json, max_size=3),
    after=st.dictionaries(st.text().filter(lambda key: key != "batch"), Json, max_size=3),
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_it_agrees_with_a_parser(
    messages: list[Any], before: dict[str, Any], after: dict[str, Any], indent: int | None, ascii_only: bool
) -> None:
    whole = {**before, "batch": messages, **{key: value for key, value in after.items() if key not in before}}
    body = json.dumps(whole, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    split = split_batch(body)
    assert split is not None
    head, raw = split
    assert [json.loads(one.decode("utf-8", "surrogatepass")) for one in raw] == messages
    assert json.loads(head.decode("utf-8", "surrogatepass")) == {**whole, "batch": []}


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:\\ab batch', max_size=80).map(str.encode))
@settings(max_examples=300, deadline=None)
def test_no_bytes_break_it(body: bytes) -> None:
    for prefix in (b"", b'{"batch":[', b'{"writeKey":"k","batch":[{"a":1},'):
        try:
            parsed = open_batch(prefix + body)
        except RefusedError as refused:
            assert refused.status in (400, 413)
        else:
            assert all(isinstance(bytes(raw), bytes) for raw in parsed.messages)


def test_hostile_bodies_take_no_time() -> None:
    size = 4 * 2**20
    for body in (
        b'{"batch":[' + b"[" * size,
        b'{"batch":[' + b"[]," * (size // 3),
        b'{"batch":["' + b"\\" * size,
        b'{"batch":[' + b'"' * size,
        b'{"batch":[' + b'"\\"' * (size // 3),
        b'{"batch":["' + b'\\"' * (size // 2),
        b'{"batch":["' + b'\\"' * (size // 2) + b"\\",
        b"{" * size,
        b'"batch":[' * (size // 9),
    ):
        began = time.process_time()
        split_batch(body)
        # linear work takes a tenth of a second of CPU, quadratic work hours
        assert time.process_time() - began < 5, body[:30]
