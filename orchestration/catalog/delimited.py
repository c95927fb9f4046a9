"""Reads delimited files of any origin: columns by name, a separator that is told, numbers as people
write them, and what is no such file at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

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


def places_of(header: Sequence[str], names: Mapping[str, Sequence[str]]) -> dict[str, int | None]:
    """Our name to the column's place in the header, None where no column goes under a known name.

    names: our name to the names it may have, the likeliest first; letters and digits are compared, without case.
    """
    places = {_plain(name): index for index, name in reversed(list(enumerate(header)))}
    return {
        ours: next((places[_plain(name)] for name in known if _plain(name) in places), None)
        for ours, known in names.items()
    }


def _plain(name: str) -> str:
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
