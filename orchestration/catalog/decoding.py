"""The text of a catalogue file. Most are UTF-8; what spreadsheets save may be UTF-16 or Windows-1252."""

from __future__ import annotations

import re

from orchestration.catalog.delimited import UTF_16_MARKS
from orchestration.catalog.model import CatalogError

#: What surrogateescape makes of bytes that are not UTF-8.
_NO_UTF8 = re.compile("[\udc80-\udcff]")
#: Among ASCII letters the accented ones of Western Europe stand alone or in twos. Cyrillic, Greek and Chinese words,
#: read so, are of them throughout.
_NOT_WESTERN = re.compile("[^\x00-\x7f\xa0«»°©®™€£–—…•·“”‘’„‚\udc80-\udcff]{3,}")


def json_text(content: bytes) -> str:
    """The text of a JSON file. One byte that is not UTF-8 must cost its own product, not the file: see
    ``CatalogFile.add``.
    """
    if content.startswith(UTF_16_MARKS):
        return content.decode("utf-16", errors="replace")
    return content.decode("utf-8-sig", errors="surrogateescape")


def table_text(content: bytes, name: str) -> str:
    """The text of a delimited file. Spreadsheets also write UTF-16 with a byte order mark, or Windows-1252, which is
    assumed where most of what is beyond ASCII is not UTF-8. Raises CatalogError for what is neither.
    """
    text = json_text(content)
    if text.isascii() or content.startswith(UTF_16_MARKS):
        return text
    broken = len(_NO_UTF8.findall(text))
    # Bytes of a Windows text that happen to be UTF-8 are rare, and so are damaged letters of a UTF-8 text
    if broken <= sum(not letter.isascii() for letter in text) - broken:
        return text
    windows = content.decode("cp1252", errors="surrogateescape")
    beyond = sum(not letter.isascii() for letter in windows)
    # Japanese is of bytes that Windows-1252 doesn't have, a tenth and more; so is what an old Mac saved
    is_other = 20 * len(_NO_UTF8.findall(windows)) > beyond
    if is_other or 3 * sum(map(len, _NOT_WESTERN.findall(windows))) > beyond:
        raise CatalogError(
            f"{name}: neither UTF-8 nor Windows-1252, the letters of Western Europe; save it as CSV UTF-8"
        )
    return windows
