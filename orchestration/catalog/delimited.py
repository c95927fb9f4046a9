"""Reads delimited files of any origin: columns by name, a separator that is told, numbers as people
write them, and what is no such file at all.

Files come through spreadsheets and scripts: cells parted by semicolons or tabs, blanks between a closing quote and the
next cell, rows that end with their last filled cell. These are read; a row unlike the file's others is not guessed at.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

#: A description may be long; the csv module's own limit is 128 KiB a field.
_FIELD_LIMIT = 16 * 2**20
#: A short row is of the file's own making where so large a share of the rows is as short; else it was cut off.
_USUAL_SHARE = 0.02
#: A quoted cell, and blanks that some editors put behind it to line columns up.
_PADDED = re.compile(r'("(?:[^"]|"")*+(?:"|\Z)) *')
_LINE_END = re.compile("\r\n|\r|\n")
#: What parts cells, by how likely.
_SEPARATORS = ",;\t|"

#: How files begin that are renamed to ``.csv`` instead of saved as one.
_NO_TEXT = {
    b"PK\x03\x04": "an Excel workbook; save it as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "an Excel workbook; save it as CSV UTF-8",
    b"\x1f\x8b": "a compressed file; unpack it",
    b"PAR1": "a Parquet file",
}
#: How a text in UTF-16 begins.
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
#: Excel's own first line, where a file's separator isn't the country's.
_DECLARED = re.compile(r"\ufeff?\"?sep=(.)\"?[\r\n]*", re.IGNORECASE)

#: "1,299.00" and "1,299": three digits after each comma; in India two, but after the last ("1,00,000").
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{2,3})*,\d{3}(\.\d+)?")
#: "12,50" and "1.299,00": one or two digits after the last comma, as half of the world writes it.
_DECIMAL_COMMA = re.compile(r"[-+]?(\d{1,3}(\.\d{3})+|\d+),\d{1,2}")
#: "€ 12,50", "12.00 USD", "US$12", "12,50 kr.": a sheet formats a number as money, and saves what it shows.
_MONEY = r"(?:[^\W\d_]{1,3}\.?\s?)?[$£¥฿\u20a0-\u20cf]|[^\W\d_]{1,3}\.?"
_CURRENCY = re.compile(rf"^(?:{_MONEY})\s*|\s*(?:{_MONEY})$")
#: "1 299,00" and "1'299.00"; the blank may be one of several.
_PARTED = re.compile(r"(?<=\d)[\s'’](?=\d{3}(?!\d))")


def why_no_text(head: bytes) -> str | None:
    """Return what a file is that begins so and is not text, in words; None for text."""
    for beginning, kind in _NO_TEXT.items():
        if head.startswith(beginning):
            return kind
    # One that strayed into a text is a letter like others
    is_binary = head.count(b"\0") > 0.01 * len(head) and not head.startswith(UTF_16_MARKS)
    return "no text file" if is_binary else None


def declared_separator(line: str) -> str | None:
    """The separator where a first line says nothing else: ``sep=;``."""
    found = _DECLARED.fullmatch(line)
    return found.group(1) if found else None


class Row(NamedTuple):
    """A row that isn't blank: the line it begins on, its cells, and why it can't be read, if so."""

    line: int
    cells: list[str]
    trouble: str | None


@dataclass(frozen=True)
class Table:
    """A delimited file: the names of its columns and the rows below them."""

    source_file: str
    header: list[str]
    rows: list[Row]

    def named(self, names: Mapping[str, Sequence[str]]) -> Iterator[tuple[int, dict[str, str], str | None]]:
        """(line it begins on, row by our column names, why it can't be read). names: as ``places_of`` takes them."""
        columns = {ours: at for ours, at in places_of(self.header, names).items() if at is not None}
        for line, cells, trouble in self.rows:
            width = len(cells)
            yield line, {name: cells[i].strip() for name, i in columns.items() if i < width}, trouble


def read_table(text: str, source_file: str) -> Table | str:
    """The table that a text is, or why it is none, with its line."""
    rows = _rows(text)
    first = next(rows, None)
    if first is None:
        return "1: the file is empty"
    line, header = first
    if isinstance(header, str):
        return f"{line}: {header}"
    found = list(rows)
    width = len(header)
    # Some write a row only up to its last filled cell
    widths = Counter(len(cells) for _, cells in found if not isinstance(cells, str))
    usual = {each for each, rows_so in widths.items() if rows_so >= max(2, _USUAL_SHARE * len(found))}
    return Table(source_file, header, [_row(line, cells, width, usual) for line, cells in found])


def _row(line: int, cells: list[str] | str, width: int, usual: set[int]) -> Row:
    if isinstance(cells, str):
        return Row(line, [], cells)
    fits = (len(cells) >= width or len(cells) in usual) and not any(cell.strip() for cell in cells[width:])
    return Row(line, cells, None if fits else f"{len(cells)} fields, the header has {width}")


def _rows(text: str) -> Iterator[tuple[int, list[str] | str]]:
    """(line it begins on, its cells or why there are none) of each row that isn't blank."""
    first, _, rest = text.lstrip().partition("\n")
    separator = declared_separator(first)
    line = 1
    if separator:
        text, line = rest, 2
    separator = separator or max(_SEPARATORS, key=first.count)
    if separator == "\t" and _is_unquoted(text):
        yield from _unquoted_rows(text, line)
        return
    text = _PADDED.sub(r"\1", text)
    previous_limit = csv.field_size_limit(_FIELD_LIMIT)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        skipped = line - 1
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                # A quote that is never closed takes the rest of the file with it; others cost their line
                reaches = " from here on" if "end of data" in str(error) else ""
                yield line, f"no CSV{reaches}: {error}"
            else:
                if any(cell.strip() for cell in cells):
                    yield line, cells
            line = skipped + reader.line_num + 1
    finally:
        csv.field_size_limit(previous_limit)


def _is_unquoted(text: str) -> bool:
    """Return whether each line of a tab-separated text has as many tabs as the first: then no cell spans lines, and a
    quote begins none (``"Best of" set``), as in feeds that are written by hand.
    """
    return len({line.count("\t") for line in _LINE_END.split(text) if line.strip()}) == 1


def _unquoted_rows(text: str, line: int) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(_LINE_END.split(text), line):
        if row.strip():
            yield number, [_plain_cell(cell) for cell in row.split("\t")]


def _plain_cell(cell: str) -> str:
    """The cell without quotes around all of it."""
    if len(cell) > 1 and cell[0] == cell[-1] == '"' and '"' not in cell[1:-1].replace('""', ""):
        return cell[1:-1].replace('""', '"')
    return cell


def places_of(header: Sequence[str], names: Mapping[str, Sequence[str]]) -> dict[str, int | None]:
    """Our name to the column's place in the header, None where no column goes under a known name.

    names: our name to the names it may have, the likeliest first; compared as ``plain_name`` has them.
    """
    places = {plain_name(name): index for index, name in reversed(list(enumerate(header)))}
    return {
        ours: next((places[plain_name(name)] for name in known if plain_name(name) in places), None)
        for ours, known in names.items()
    }


def plain_name(name: str) -> str:
    """A column's name as names are compared: its letters and digits, without case."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def number_of(text: str) -> Decimal | None:
    """A number as people write it: with a decimal comma, thousands parted, a currency; None for what is none."""
    plain = _PARTED.sub("", _CURRENCY.sub("", text.strip()))
    if _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    elif _DECIMAL_COMMA.fullmatch(plain):
        plain = plain.replace(".", "").replace(",", ".")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
