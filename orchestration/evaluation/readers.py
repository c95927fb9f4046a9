"""Files from elsewhere, as they come: BOMs, other separators, CRLF, broken rows, names in another spelling.

A file that isn't what it should be is refused with its name and the reason. A row that can't be read is left out and
counted, with the first ones in words: one broken line in a million must not cost the rest, and must not vanish.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from orchestration.catalog.delimited import (
    UTF_16_MARKS,
    declared_separator,
    number_of,
    places_of,
    why_no_text,
)

#: Broken rows that are described; the others are only counted.
_TOLD = 5
#: Beyond this share of broken rows it is probably the wrong file.
_MOST_BROKEN = 0.05
#: Bytes that are read at once to tell a file's encoding; by the first of them its separator is told.
_HEAD = 1 << 16


class FileError(ValueError):
    """The file can't be evaluated; the text says file and why."""


@dataclass
class Rows:
    """Columns by our names, all text, one array a column; and what could not be read."""

    path: Path
    columns: dict[str, pa.Array]
    left_out: int = 0
    told: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def leave_out(self, bad: pa.Array, why: str) -> None:
        """Drop the rows where ``bad`` is true."""
        count = pc.sum(bad).as_py() or 0
        if not count:
            return
        where = pc.index(bad, True).as_py()
        first = ", ".join(f"{name} {values[where].as_py()!r}" for name, values in self.columns.items())
        self.told.append(f"{count:,} row(s) {why}, the first: {first}")
        self.left_out += count
        keep = pc.invert(bad)
        self.columns = {name: values.filter(keep) for name, values in self.columns.items()}

    def settle(self) -> None:
        """Raise FileError where more is broken than a real file has."""
        total = len(self) + self.left_out
        if not total:
            raise FileError(f"{self.path}: no row below the header")
        if self.left_out > _MOST_BROKEN * total:
            raise FileError(
                f"{self.path}: {self.left_out:,} of {total:,} rows can't be read: {'; '.join(self.told[:_TOLD])}"
            )


def read_text_rows(path: Path, names: Mapping[str, Sequence[str]]) -> Rows:
    """Columns of a delimited text file, with a header. ``names``: our name to the names it may have.

    Names are compared without case, blanks and underscores; the header tells the separator. Raises FileError.
    """
    encoding, first, declared = _header(path, names)
    lines = 2 if declared else 1
    separator = declared or max("\t,;|", key=first.count)
    header = [name.strip() for name in next(csv.reader([first], delimiter=separator))]
    found = places_of(header, names)
    if missing := [known[0] for ours, known in names.items() if found[ours] is None]:
        raise FileError(
            f"{path}:{lines}: no column {', '.join(missing)} (the header, by {separator!r}: "
            f"{', '.join(header[:10])[:200]}). The first line must name the columns"
        )
    places = {ours: place for ours, place in found.items() if place is not None}
    rows = Rows(path, {})
    table = _columns(rows, encoding, separator, len(header), sorted(places.values()), lines=lines)
    rows.columns = {
        ours: pc.utf8_trim_whitespace(table[_numbered(place)].combine_chunks())
        for ours, place in places.items()
    }
    return rows


def _header(path: Path, names: Mapping[str, Sequence[str]]) -> tuple[str, str, str | None]:
    """The file's encoding, its header as it stands, and the separator if a line before it names one. Raises FileError
    for what can't be read, or has none.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
            encoding = _encoding(stream, head)
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}") from None
    if why := why_no_text(head):
        raise FileError(f"{path}: {why}; expected are lines of {', '.join(n[0] for n in names.values())}")
    lines = head.decode(encoding, errors="replace").lstrip("\ufeff").splitlines()[:2]
    if not lines or not lines[0].strip():
        raise FileError(f"{path}: the file is empty" if not head.strip() else f"{path}:1: no header")
    declared = declared_separator(lines[0])
    return encoding, lines[1 if declared and len(lines) > 1 else 0], declared


def _columns(
    rows: Rows, encoding: str, separator: str, width: int, wanted: Sequence[int], *, lines: int
) -> pa.Table:
    """The columns at these places of ``width``, all text, below so many ``lines``. Rows with more or fewer fields are
    left out, and noted in ``rows``. Raises FileError.
    """

    def skip(row: Any) -> str:
        # A quote that is never closed takes the lines behind it along
        taken = row.text.strip().count("\n")
        rows.left_out += 1 + taken
        if len(rows.told) < _TOLD:
            said = row.text.splitlines()[0][:80]
            more = f" (and {taken:,} lines behind it, to the next quote)" if taken else ""
            rows.told.append(
                f"{row.actual_columns} fields where the header has {row.expected_columns}: {said}{more}"
            )
        return "skip"

    numbered = [_numbered(place) for place in range(width)]
    try:
        return pa_csv.read_csv(
            rows.path,
            read_options=pa_csv.ReadOptions(
                column_names=numbered, skip_rows=lines, encoding=encoding, use_threads=False
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=separator, newlines_in_values=True, invalid_row_handler=skip
            ),
            convert_options=pa_csv.ConvertOptions(
                include_columns=[_numbered(place) for place in wanted],
                column_types=dict.fromkeys(numbered, pa.string()),
                strings_can_be_null=False,
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        if "Empty CSV" in str(error):
            raise FileError(f"{rows.path}: no row below the header") from None
        raise FileError(f"{rows.path}: {error}") from None


def _numbered(place: int) -> str:
    """A column by its place: two of a file may have one name."""
    return f"c{place}"


def _encoding(stream: BinaryIO, head: bytes) -> str:
    """By the first bytes beyond ASCII, however far down they are: the first £ of a shop's orders may be in line 900.
    ``stream`` stands behind the head.
    """
    if head.startswith(UTF_16_MARKS):
        return "utf-16"
    block = head
    while block.isascii() and (more := stream.read(_HEAD)):
        block = more
    block += stream.read(_HEAD)
    try:
        # A letter that the end of the block cuts in two is no error
        codecs.getincrementaldecoder("utf-8")().decode(block, final=not stream.read(1))
    except UnicodeDecodeError:
        # What an old spreadsheet writes: ids are the same or not by any of its alphabets, and this one has all bytes
        return "latin-1"
    return "utf-8"


def numbers(values: pa.Array) -> pa.Array:
    """Floating numbers of text, null where it is none: with a decimal comma, thousands parted, a currency."""
    is_plain = pc.match_substring_regex(values, r"^\s*[-+]?\d+(\.\d*)?([eE][-+]?\d+)?\s*$")
    found = pc.cast(pc.utf8_trim_whitespace(pc.if_else(is_plain, values, None)), pa.float64())
    if found.null_count:
        others = pc.dictionary_encode(pc.if_else(is_plain, None, values))
        read = [number_of(text) for text in others.dictionary.to_pylist()]
        of_others = pa.array([None if number is None else float(number) for number in read], pa.float64())
        found = pc.coalesce(found, of_others.take(others.indices))
    return found


def ids(values: pa.Array) -> pa.Array:
    """Ids that went through a spreadsheet as numbers, as they were: 17850.0 is 17850."""
    return pc.replace_substring_regex(values, r"^(\d+)\.0$", r"\1")


#: What ``moments`` reads, for those whose file has something else.
TIMES = "seconds or milliseconds since 1970, 2026-03-01T12:00:00Z, 3/1/2026 12:00 or 01.03.2026 12:00"
#: A day as people write it, whichever of its first two numbers is the month; a clock's fraction is dropped.
_LOCAL = r"^(\d\d?)([/.-])(\d\d?)[/.-](\d{4}|\d\d)(?:,? +(\d\d?:\d\d(?::\d\d)?)(?:\.\d+)? ?([AaPp]?)[Mm]?)?$"
_TEXTS = f"""
with texts as (
    select
        value,
        regexp_extract(value, '{_LOCAL}', ['first', 'mark', 'second', 'year', 'clock', 'half']) as local,
        -- Seconds of the year 5138 are milliseconds of 1973: no shop has either
        case
            when regexp_full_match(value, '-?\\d+(\\.\\d+)?([eE]\\+?\\d+)?') then value::double
        end as number,
        round(number * if(abs(number) > 1e11, 1e3, 1e6)) as microseconds
    from given
)
"""
#: Whether the column shows that days stand first, or months: of 1/12 alone nobody knows.
_ORDER = f"""{_TEXTS}
select bool_or(try_cast(local.first as int) > 12), bool_or(try_cast(local.second as int) > 12)
from texts
where local.mark <> '.'
"""
_MOMENTS = f"""{_TEXTS},
days as (
    select *, local.mark = '.' or $day_first as has_day_first from texts
)
select
    coalesce(
        -- Micro- and nanoseconds since 1970 would be times, too, of the year 55,000 or of none
        case when abs(microseconds) < epoch_us(timestamp '9999-12-31') then microseconds::bigint end,
        case
            when regexp_matches(value, '^\\d{{4}}[-/]\\d\\d[-/]\\d\\d')
                then epoch_us(try_cast(regexp_replace(value, ' ?(Z|UTC)$', '') as timestamptz))
        end,
        epoch_us(try_strptime(
            concat(
                if(length(local.year) = 2, '20', ''), local.year,
                '-', if(has_day_first, local.second, local.first), '-', if(has_day_first, local.first, local.second),
                ' ', coalesce(nullif(local.clock, ''), '0:00'), if(local.half = '', '', ' ' || local.half || 'M')
            ),
            ['%Y-%m-%d %H:%M', '%Y-%m-%d %H:%M:%S', '%Y-%m-%d %I:%M %p', '%Y-%m-%d %I:%M:%S %p']
        ))
    ) as moment
from days
"""


def moments(values: pa.Array) -> tuple[pa.Array, pa.Array]:
    """(microseconds since 1970, which values are no time) of text: seconds or milliseconds since 1970, ISO 8601 (UTC
    where it names no zone), or a day as people write it: 12/1/2010 8:26, as in the online-retail file, is December 1,
    unless a first number of the column is beyond 12 and no second one is; 1.12.2010 is December 1.
    """
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        con.register("given", pa.table({"value": values}))
        says_days, says_months = con.sql(_ORDER).fetchall()[0]
        day_first = bool(says_days and not says_months)
        found = con.sql(_MOMENTS, params={"day_first": day_first}).to_arrow_table()["moment"].combine_chunks()
    return found, pc.is_null(found)
