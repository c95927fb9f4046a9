"""Cut a batch into its messages without understanding them: the way round a message that breaks the parser.

Half an emoji (a text cut at 255 characters leaves the escape of a lone surrogate), ``NaN`` or 2,000 brackets
make the whole body unreadable to a JSON parser, and would cost up to 499 good neighbours their place. This
runs only after the parser gave up, and gives up itself on what no client sends by accident.
"""

from __future__ import annotations

import re

#: Strings as units, so that brackets inside them don't count; then the marks that structure a document. A string that
#: is never closed is one unit up to the end of the body: else the search would begin again at each quote inside of it.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)
#: Marks and strings in a body. An honest batch of 500 messages has some 50,000; this many take about 0.1 s.
MAX_TOKENS = 200_000


def split_batch(body: bytes) -> tuple[bytes, list[bytes]] | None:
    """``(the body with an empty batch, the raw messages)``, or None where even the brackets don't match.

    The messages are bytes between commas; nothing says that they are JSON.
    """
    start = _batch_start(body)
    if start is None:
        return None
    depth, begin, messages = 0, start, []
    for count, token in enumerate(_TOKEN.finditer(body, start)):
        mark = token.group()[:1]
        if mark in b"[{":
            depth += 1
        elif depth == 0 and mark in b",]":
            messages.append(body[begin : token.start()].strip())
            begin = token.end()
            if mark == b"]":
                return body[:start] + body[token.start() :], [message for message in messages if message]
        elif mark in b"]}":
            depth -= 1
        if depth < 0 or count > MAX_TOKENS:
            return None
    return None


def _batch_start(body: bytes) -> int | None:
    """Return the offset of the batch's first message: behind ``"batch": [`` at the top level."""
    depth, key = 0, b""
    for count, token in enumerate(_TOKEN.finditer(body)):
        mark = token.group()[:1]
        if mark == b'"':
            if depth == 1 and body[token.end() : token.end() + 8].lstrip()[:1] == b":":
                key = token.group()
        elif mark in b"[{":
            if mark == b"[" and depth == 1 and key == b'"batch"':
                return token.end()
            depth += 1
        elif mark in b"]}":
            depth -= 1
        if count > MAX_TOKENS:
            return None
    return None
