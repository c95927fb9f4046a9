"""Finds where messages of others name a person: a referrer, a present's recipient, an address with an id.

An id is told by its value alone, so a user id may be a product's too. Hence nothing of what others said is erased
unless an operator names the field: ``fields_naming`` finds it, ``erased`` empties it. A field is a column of the lake's
events, and the way into its JSON: ``properties.referrer_id``, ``properties.products[].gift_for``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec
import pyarrow as pa
from msgspec import Raw

from orchestration.lake.schema import EVENTS

#: Columns that say nothing of what somebody sent, and those that say whose message it is.
_NOT_LOOKED_AT = frozenset(
    {
        *("segment_id", "source", "message_id", "type", "event", "user_id", "guest_token"),
        *("clock_flag", "bot_reason"),
    }
)
COLUMNS = [
    field.name
    for field in EVENTS
    if (pa.types.is_string(field.type) or pa.types.is_dictionary(field.type))
    and field.name not in _NOT_LOOKED_AT
]
_object = msgspec.json.Decoder(dict[str, Raw])
_list = msgspec.json.Decoder(list[Raw])


def any_of(ids: list[str]) -> bytes:
    """A pattern for each of these ids in whatever way the text of a JSON document may spell it."""
    return b"(?:" + (b"|".join(b"".join(map(_spellings, each)) for each in ids) or b"(?!)") + b")"


def _spellings(character: str) -> bytes:
    """A character of a JSON text: itself, as Python escapes it, as PHP does a slash, by its number."""
    told = {character.encode(), json.dumps(character)[1:-1].encode(), f"\\u{ord(character):04x}".encode()}
    told |= {b"\\/"} if character == "/" else set()
    # The digits of a number are letters of either case.
    each = (b"(?i:%b)" % re.escape(one) if one[:2] == b"\\u" else re.escape(one) for one in sorted(told))
    return b"(?:" + b"|".join(each) + b")"


def condition(columns: list[str]) -> str:
    """SQL for the rows that may name somebody in one of the columns; ``$named`` is ``candidates`` of the ids."""
    return "(" + " or ".join(f"regexp_matches({column}, $named)" for column in columns) + ")"


def candidates(ids: list[str]) -> str:
    """A pattern of RE2 for texts that may name one of the ids."""
    return any_of([*ids, *map(_in_an_address, ids)]).decode()


def fields_naming(row: dict[str, Any], ids: list[str]) -> Iterator[str]:
    """The fields of an event's row that name one of the ids, as a whole value or as a part of a text."""
    told = _told(ids)
    for column in COLUMNS:
        if text := row[column]:
            yield from dict.fromkeys(_found(column, _document(text), told))


def erased(column: str, text: str, fields: list[str], ids: list[str]) -> str | None:
    """A column's text, with null for what names one of the ids in one of the fields; all else as it was sent."""
    told = _told(ids)
    for field in fields:
        if not re.match(rf"{column}(?:[.\[]|$)", field):
            continue
        steps = re.findall(r"[^.\[\]]+|\[\]", field.removeprefix(column))
        if not steps:
            return None if told.search(text) else text
        if isinstance(_document(text), (dict, list)):
            was = Raw(text.encode())
            now = _emptied(was, steps, told)
            text = text if now is was else bytes(now).decode()
    return text


def _in_an_address(value: str) -> str:
    return quote(value, safe="")


def _told(ids: list[str]) -> re.Pattern[str]:
    texts = {re.escape(text) for value in ids for text in (value, _in_an_address(value))}
    return re.compile(rf"(?<![\w-])(?:{'|'.join(sorted(texts))})(?![\w-])")


def _document(text: str) -> Any:
    if text[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _found(field: str, value: Any, told: re.Pattern[str]) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _found(f"{field}.{key}", each, told)
    elif isinstance(value, list):
        for each in value:
            yield from _found(f"{field}[]", each, told)
    elif _names(value, told):
        yield field


def _names(value: Any, told: re.Pattern[str]) -> bool:
    """Return whether a text names one of the ids, or a whole number is one."""
    if isinstance(value, str):
        return bool(told.search(value))
    return type(value) is int and bool(told.fullmatch(str(value)))


def _emptied(raw: Raw, steps: list[str], told: re.Pattern[str]) -> Raw:
    """The value with null where the steps lead to what names one of the ids; itself where they lead to none."""
    if not steps:
        return Raw(b"null") if _names(msgspec.json.decode(raw), told) else raw
    step, *others = steps
    try:
        if step == "[]":
            items = _list.decode(raw)
            emptied = [_emptied(each, others, told) for each in items]
            is_same = all(now is was for now, was in zip(emptied, items, strict=True))
            return raw if is_same else Raw(msgspec.json.encode(emptied))
        inside = _object.decode(raw)
    except msgspec.ValidationError:  # of another shape than where the id was found: there is no such field
        return raw
    if step not in inside or (now := _emptied(inside[step], others, told)) is inside[step]:
        return raw
    return Raw(msgspec.json.encode(inside | {step: now}))
