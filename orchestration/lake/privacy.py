"""Finds what the lake holds about one person, and forgets them.

A person is a user id, a guest token, or both. To a user belong the guest tokens that no other user was seen with; of a
shared device only the messages that name the user.

Forgetting rewrites the lake's files in place, one after the other, each whole or not at all. No row goes: a message
becomes a blank that no model counts (``bot_reason`` says why), since what arrived must still equal what is staged, and
a copy of the message that comes later must still be known as one. Orders and refunds stay in the order ledger with
what was sold and for how much, under a token made up for each order. What was set aside stays so, without the reason
that the operator gave.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from footfall.landing.segments import NO_VISIT
from footfall.runtime.paths import Paths
from footfall.wire.keys import NOBODYS
from footfall.wire.schema import is_placeholder
from orchestration.lake import set_aside
from orchestration.lake.mentions import COLUMNS, any_of, candidates, condition, erased, fields_naming
from orchestration.lake.schema import BY_DAY
from orchestration.storage.atomic_write import remove_asides, write_durably
from orchestration.storage.duckdb_files import exclusive, in_memory, sql_path
from orchestration.storage.locks import only_loader
from orchestration.storage.personal_data import PLACES, PLANS, Goes, remove

FORGOTTEN = "forgotten"
REDACTION = "Redaction Requested"
#: Events of the order ledger, which stay without the person, and what stays of their properties.
ORDER_LEDGER = frozenset({"Order Completed", "Order Refunded"})
BOOKED = frozenset(
    {
        *("order_id", "refund_id", "line_number", "part", "parts", "currency"),
        *("value", "total", "revenue", "subtotal", "tax", "shipping", "discount", "products"),
    }
)
#: What stays of a line: not what a customer had engraved, nor to whom it is a present.
BOOKED_LINE = frozenset(
    {
        *("product_id", "variant_id", "name", "variant", "sku", "category", "brand"),
        *("price", "list_price", "currency", "quantity", "line_number"),
    }
)
#: What stays of any message: where it came from, when, and by what a copy of it is known.
KEPT = frozenset(
    {
        *("load_id", "segment_id", "frame_no", "message_no", "source", "trusted", "message_id", "type"),
        *("occurred_at", "original_at", "received_at", "is_bot"),
    }
)
_NOTE = ".forgotten.json"
#: The values as they were sent: an amount's digits are not to change.
_properties = msgspec.json.Decoder(dict[str, msgspec.Raw])
_lines = msgspec.json.Decoder(list[dict[str, msgspec.Raw] | None])


class Person(Struct, frozen=True):
    """A person: user ids and guest tokens, and the fields in which messages of others name them."""

    users: list[str] = []
    guests: list[str] = []
    named_in: list[str] = []

    @property
    def ids(self) -> list[str]:
        return [*self.users, *self.guests]


class Forgotten(Struct):
    """The result: rows by table, files rewritten, and what only an operator can look through."""

    events: int = 0
    orders: int = 0
    mentions: int = 0
    """Messages of others that named the person."""
    failed_events: int = 0
    files: int = 0
    removed: list[str] = []
    """Builds of the warehouse, copies of parts of it, and versions that were held back."""
    left: list[str] = []


class _Note(Struct, frozen=True):
    at: datetime


class Requests(Struct, frozen=True):
    """Shopify's requests: who is to be forgotten, and what no program here carries out, in words."""

    persons: list[Person]
    by_hand: list[str]


def whole_person(paths: Paths, person: Person) -> Person:
    """The person with the guest tokens that belong to their users alone.

    Those that the collector makes up for facts without a visitor are nobody's, whatever a page says with them.
    """
    if not person.users:
        return person
    with in_memory(paths.data) as connection:
        found = connection.execute(
            f"""
            select guest_token
            from {_table(paths, "events")}
            where user_id is not null and not starts_with(guest_token, ?)
            group by guest_token
            having list_has_all(?, list(distinct user_id))
            """,
            [NOBODYS, person.users],
        ).fetchall()
    guests = sorted({*person.guests, *(token for (token,) in found)})
    return Person(sorted(set(person.users)), guests, person.named_in)


def requested(paths: Paths) -> Requests:
    """The persons of ``Redaction Requested`` messages, each by themselves. What was forgotten names nobody, so these
    are still owed.

    Only what the signed webhooks brought counts: whoever has a trusted write key can send a message of that name too.
    """
    with in_memory(paths.data) as connection:
        rows = connection.execute(
            f"""
            select user_id, json_extract_string(properties, '$.scope') as scope, min(message_id)
            from {_table(paths, "events")}
            where event = ? and trusted and bot_reason = ?
            group by all
            order by all
            """,
            [REDACTION, NO_VISIT],
        ).fetchall()
    persons, by_hand = [], []
    for user, scope, message_id in rows:
        if scope == "shop":
            by_hand.append(f"{REDACTION} for the whole shop: stop everything and remove {paths.data}")
        elif user is None or is_placeholder(user):
            by_hand.append(f"{REDACTION} {message_id} names no customer: look for its orders in the shop")
        else:
            persons.append(Person(users=[user]))
    return Requests(persons, by_hand)


def events_of(paths: Paths, person: Person) -> Iterator[dict[str, Any]]:
    """Every event of the person, as the lake has it, by time. ``person`` is whole (``whole_person``)."""
    with in_memory(paths.data) as connection:
        found = connection.sql(
            f"select * from {_table(paths, 'events')} where {_MINE} order by occurred_at, message_id",
            params=[person.users, person.guests],
        )
        for batch in found.to_arrow_reader(10_000):
            for row in batch.to_pylist():
                yield {name: value for name, value in row.items() if value is not None}


def failed_events_of(paths: Paths, person: Person) -> Iterator[dict[str, Any]]:
    """Every failed event that says one of the person's ids, as the lake has it."""
    named = _naming(person)
    for file in _failed(paths):
        with pq.ParquetFile(file) as opened:
            for group in _groups(opened):
                for row in group.to_pylist():
                    if row["raw"] and named.search(row["raw"]):
                        yield {name: value for name, value in row.items() if value is not None}


def mentions_of(paths: Paths, person: Person) -> dict[str, list[str]]:
    """By field (``orchestration.lake.mentions``) the ids of the messages of others that name the person there.

    ``person`` is whole.
    """
    found: dict[str, list[str]] = {}
    with in_memory(paths.data) as connection:
        rows = connection.execute(
            f"""
            select message_id, {", ".join(COLUMNS)} from {_table(paths, "events")}
            where not coalesce(list_contains($users, user_id), false)
                and not coalesce(list_contains($guests, guest_token), false)
                and {condition(COLUMNS)}
            order by message_id
            """,
            {"users": person.users, "guests": person.guests, "named": candidates(person.ids)},
        )
        while row := rows.fetchone():
            for field in fields_naming(dict(zip(COLUMNS, row[1:], strict=True)), person.ids):
                found.setdefault(field, []).append(row[0])
    return dict(sorted(found.items()))


def forget(paths: Paths, person: Person) -> Forgotten:
    """Make the lake forget a person, and remove the warehouse; takes no account of what arrives later.

    Who it is about is written down first and removed last, so that a run that is cut off is ended by the next
    (``finish``), although the rows that told which tokens were the user's may be blank by then. Holds the loader's
    lock, then the warehouse's. Raises LoaderBusy while the loader runs, WarehouseBusy.
    """
    with only_loader(paths):
        whole = whole_person(paths, person)
        plan = paths.data / PLANS / f"{secrets.token_hex(8)}.json"
        write_durably(plan, lambda aside: aside.write_bytes(msgspec.json.encode(whole)))
    return _carry_out(paths, whole, plan)


def unfinished(paths: Paths) -> list[Path]:
    """The plans of what was cut off, each for ``finish``."""
    return sorted((paths.data / PLANS).glob("*.json"))


def finish(paths: Paths, plan: Path) -> Forgotten:
    """End what was cut off. Raises LoaderBusy, WarehouseBusy."""
    return _carry_out(paths, msgspec.json.decode(plan.read_bytes(), type=Person), plan)


def last_forgotten(paths: Paths) -> datetime | None:
    """Return when the warehouse was removed last to forget somebody: what was published before may hold them still."""
    try:
        return msgspec.json.decode((paths.lake / _NOTE).read_bytes(), type=_Note).at
    except FileNotFoundError:
        return None


def _carry_out(paths: Paths, person: Person, plan: Path) -> Forgotten:
    with only_loader(paths):
        done = _blank(paths, person)
    # A database file keeps what was deleted until its pages are used again; without the file nothing is kept.
    with exclusive(paths):
        # The API reads active versions until the next is published; nobody reads the removed files.
        gone = remove(paths, (place for place in PLACES if place.forgotten is Goes.REMOVED))
        done.removed = [str(path) for path in gone]
        note = msgspec.json.encode(_Note(datetime.now(UTC)))
        write_durably(paths.lake / _NOTE, lambda aside: aside.write_bytes(note))
    plan.unlink()
    return done


def _blank(paths: Paths, person: Person) -> Forgotten:
    done = Forgotten()
    for folder in (*(paths.lake / table for table in (*BY_DAY, "set_aside")), paths.data / PLANS):
        remove_asides(folder)
    # First, while the lake still tells whose the events are.
    _forget_reasons(paths, person)
    for file in _files_with(paths, person):
        blanks = _Blanks(person)
        _rewrite(file, blanks.blank)
        done.events += blanks.events
        done.orders += blanks.orders
        done.mentions += blanks.mentions
        done.files += 1
    for file in _failed(paths):
        with pq.ParquetFile(file) as opened:
            rows = sum(_blank_failed(group, person)[1] for group in _groups(opened))
        if rows:
            _rewrite(file, lambda group: _blank_failed(group, person)[0])
            done.failed_events += rows
            done.files += 1
    done.left = [
        str(file)
        for place in PLACES
        if place.forgotten is Goes.BY_HAND
        for folder in place.paths(paths.data)
        for file in sorted(folder.iterdir())
    ]
    return done


_MINE = "(list_contains(?, user_id) or list_contains(?, guest_token))"


def _table(paths: Paths, name: str) -> str:
    return f"read_parquet('{sql_path(paths.lake / name)}/*/*.parquet', union_by_name = true, hive_partitioning = false)"


def _files_with(paths: Paths, person: Person) -> list[Path]:
    columns = _columns(person.named_in)
    naming = condition(columns) if columns else "false"
    with in_memory(paths.data) as connection:
        found = connection.execute(
            f"""
            select distinct filename from {_table(paths, "events")}
            where list_contains($users, user_id) or list_contains($guests, guest_token)
                or list_contains($ids, rest ->> '$.previousId') or {naming}
            order by filename
            """,
            {
                "users": person.users,
                "guests": person.guests,
                "ids": person.ids,
                **({"named": candidates(person.ids)} if columns else {}),
            },
        ).fetchall()
    return [Path(name) for (name,) in found]


def _columns(fields: list[str]) -> list[str]:
    return sorted({re.split(r"[.\[]", field)[0] for field in fields})


def _forget_reasons(paths: Paths, person: Person) -> None:
    places = ", ".join(set_aside.PLACE)
    with in_memory(paths.data) as connection:
        connection.register("journal", set_aside.journal(paths))
        mine = connection.sql(
            f"""
            select {places} from {_table(paths, "events")}
            where {_MINE} and ({places}) in (select ({places}) from journal)
            """,
            params=[person.users, person.guests],
        ).to_arrow_table()
    set_aside.forget(paths, mine, FORGOTTEN)


def _failed(paths: Paths) -> list[Path]:
    return sorted((paths.lake / "failed_events").rglob("*.parquet"))


def _groups(file: pq.ParquetFile) -> Iterator[pa.Table]:
    return (file.read_row_group(number) for number in range(file.num_row_groups))


def _rewrite(file: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """The file again, changed row group by row group: a day's file may hold millions of rows."""

    def write(aside: Path) -> None:
        with (
            pq.ParquetFile(file) as old,
            pq.ParquetWriter(aside, old.schema_arrow, compression="zstd") as new,
        ):
            for group in _groups(old):
                new.write_table(change(group))

    write_durably(file, write)


class _Blanks:
    """Blanks a person's rows of one file, and counts them and those of them that are in the order ledger."""

    def __init__(self, person: Person) -> None:
        self.users, self.guests = set(person.users), set(person.guests)
        self.ids, self.named_in = person.ids, person.named_in
        self.tokens: dict[str, str] = {}
        self.events = self.orders = self.mentions = 0

    def blank(self, table: pa.Table) -> pa.Table:
        people = zip(table["user_id"].to_pylist(), table["guest_token"].to_pylist(), strict=True)
        mine = [
            index for index, (user, guest) in enumerate(people) if user in self.users or guest in self.guests
        ]
        ids, known = self.users | self.guests, set(mine)
        # Somebody else's `alias` may say that they were this person before: their row stays, but for that.
        naming = [
            index
            for index, rest in enumerate(table["rest"].to_pylist())
            if rest and index not in known and str(json.loads(rest).get("previousId")) in ids
        ]
        table = self._without_mentions(table, known)
        if not mine and not naming:
            return table
        changed = [*mine, *naming]
        rows = dict(zip(changed, table.take(pa.array(changed, pa.int64())).to_pylist(), strict=True))
        for index in naming:
            rows[index]["rest"] = None
        for index in mine:
            row = rows[index]
            booked = _ledger_entry(row)
            self.orders += booked is not None
            for name in table.column_names:
                if name not in KEPT:
                    row[name] = None
            if booked is None:
                row["is_bot"], row["bot_reason"], row["guest_token"] = True, FORGOTTEN, FORGOTTEN
                continue
            row["event"], row["properties"] = booked["event"], booked["properties"]
            token = self.tokens.setdefault(booked["order"], f"{FORGOTTEN}-{secrets.token_hex(8)}")
            row["guest_token"] = token
        self.events += len(mine)
        columns = []
        for name in table.column_names:
            values = table[name].to_pylist()
            for index, row in rows.items():
                values[index] = row[name]
            columns.append(pa.array(values, table.schema.field(name).type))
        return pa.table(columns, schema=table.schema)

    def _without_mentions(self, table: pa.Table, mine: set[int]) -> pa.Table:
        """The table without the person in the fields where messages of others name them."""
        changed: set[int] = set()
        for column in _columns(self.named_in):
            if column not in table.column_names:  # an older file without the column
                continue
            values = table[column].to_pylist()
            for index, text in enumerate(values):
                if text and index not in mine:
                    values[index] = erased(column, text, self.named_in, self.ids)
                    if values[index] != text:
                        changed.add(index)
            place, field = table.schema.get_field_index(column), table.schema.field(column)
            table = table.set_column(place, field, pa.array(values, field.type))
        self.mentions += len(changed)
        return table


def _ledger_entry(row: dict[str, Any]) -> dict[str, Any] | None:
    """Return what of an order stays, or None where the message is none."""
    if row["event"] not in ORDER_LEDGER or row["is_bot"]:
        return None
    kept = {
        name: value for name, value in _properties.decode(row["properties"] or "{}").items() if name in BOOKED
    }
    if "products" in kept:
        kept["products"] = _ledger_lines(kept["products"])
    order = bytes(kept["order_id"]).decode() if "order_id" in kept else str(row["message_id"])
    return {"event": row["event"], "properties": msgspec.json.encode(kept).decode(), "order": order}


def _ledger_lines(raw: msgspec.Raw) -> msgspec.Raw:
    try:
        lines = _lines.decode(raw)
    except msgspec.ValidationError:  # no list of lines: nothing that the order ledger would read
        return msgspec.Raw(b"null")
    kept = [{name: value for name, value in (line or {}).items() if name in BOOKED_LINE} for line in lines]
    return msgspec.Raw(msgspec.json.encode(kept))


def _blank_failed(table: pa.Table, person: Person) -> tuple[pa.Table, int]:
    """Failed events are bytes as they came, JSON or not: those that say one of the person's ids lose them."""
    named = _naming(person)
    raw = table["raw"].to_pylist()
    mine = [index for index, value in enumerate(raw) if value and named.search(value)]
    if not mine:
        return table, 0
    reason = table["reason"].to_pylist()
    for index in mine:
        raw[index], reason[index] = b"", FORGOTTEN
    for name, values in (("raw", raw), ("reason", reason)):
        place = table.schema.get_field_index(name)
        field = table.schema.field(name)
        table = table.set_column(place, field, pa.array(values, field.type))
    return table, len(mine)


def _naming(person: Person) -> re.Pattern[bytes]:
    # The ids in whatever way JSON may hold them, as a value of the fields that name people, however SDKs call those.
    # Fields are told in any case, ids are not: `Max` is somebody else than `max`.
    # A delivery of Shopify that no adapter could read is kept whole, with the customer's name and address in it: there
    # the customer is an object, and the guest token the value of an attribute.
    users, guests = any_of(person.users), any_of(person.guests)
    begin, end = rb'\s*:\s*(?:"\s*)?', rb'(?:"|\s|,|\}|$)'
    names = rb"(?i:user_?id|anonymous_?id|previous_?id|distinct_?id|customer_?id)"
    anybody = any_of([*person.users, *person.guests])
    found = (
        rb'"' + names + rb'"' + begin + anybody + end,
        rb'"(?i:customer)"\s*:\s*\{[^{}]*"(?i:id)"' + begin + users + end,
        rb"/(?i:customer)\\?/" + users + end,
        rb'"(?i:value)"\s*:\s*"\s*' + guests + end,
    )
    return re.compile(b"|".join(found))
