"""``GET /footfall.js`` and its siblings: the built pixel, from memory, with ETag and gzip.

The files have a second address where the shop chose one (``pixel_path``): as ``/assets/shop.js`` the first file
asks for ``shop-extra.js`` beside it, and so on.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Struct

from collector.health import LOOK
from collector.problems import problem_response
from footfall.http.etags import matches

TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".map": "application/json",
    ".json": "application/json",
    ".css": "text/css; charset=utf-8",
}
#: An hour until browsers ask again: a fixed pixel reaches every visitor within it, and most page views ask
#: nothing.
CACHE_CONTROL = "public, max-age=3600, stale-while-revalidate=86400"

#: Where the built files name each other: ``footfall-${name}.js`` in the first, ``./footfall-extra.js`` in the others.
_SIBLING = re.compile(rb"(?<=[`/])footfall-(?=\$\{|[a-z]+\.js)")


class PixelFile(Struct, frozen=True):
    """A file as it is served. Each of its two forms has an ETag of its own, as a strong one names bytes."""

    body: bytes
    gzipped: bytes
    etag: str
    gzipped_etag: str
    content_type: str


class PixelFiles:
    """The files below a directory; a rebuilt one is picked up at the next request. ``path`` is the first one's second
    address.
    """

    def __init__(self, root: Path, path: str = "/footfall.js") -> None:
        self._root = root.absolute()
        self._stem = path.lstrip("/").removesuffix(".js")
        self._chosen = re.compile(rf"{re.escape(self._stem)}((?:-[a-z]+)?\.js)")
        self._cache: dict[str, tuple[tuple[int, int], PixelFile]] = {}

    def find(self, name: str) -> PixelFile | None:
        """The file of that path below the directory; None for anything else, whatever dots the path holds."""
        content_type = TYPES.get(Path(name).suffix)
        if content_type is None or any(part in ("", ".", "..") or part[0] == "." for part in name.split("/")):
            return None
        chosen = self._chosen.fullmatch(name)
        path = self._root / (f"footfall{chosen[1]}" if chosen else name)
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            known = self._cache.get(name)
            if known is not None and known[0] == stamp:
                return known[1]
            body = path.read_bytes()
        except (OSError, ValueError):
            return None
        if chosen:
            own_name = self._stem.rpartition("/")[2].encode()
            body = _SIBLING.sub(own_name + b"-", body)
        gzipped = gzip.compress(body, 9, mtime=0)
        file = PixelFile(body, gzipped, _etag(body), _etag(gzipped), content_type)
        self._cache[name] = (stamp, file)
        return file


def pixel_route(folder: Path, path: str) -> HTTPRouteHandler:
    """The handler that serves the built pixel of a folder, under the path that the shop chose too."""
    pixel = PixelFiles(folder, path)

    @route("/{name:path}", http_method=LOOK, tags=["pixel"], summary="The built pixel", sync_to_thread=False)
    def pixel_file(request: Request[Any, Any, Any], name: FromPath[Path]) -> Response[bytes]:
        """``/footfall.js`` and the files beside it, cacheable, with ETag."""
        file = pixel.find(str(name).lstrip("/"))
        if file is None:
            detail = f"nothing at {request.url.path}"
            if request.url.path in ("/footfall.js", path):
                detail += f": the pixel is not built in {folder} (FOOTFALL_PIXEL_DIR)"
            return problem_response(404, "not_found", detail)
        status, body, headers = answer_file(file, request.headers)
        return Response(body, status_code=status, headers=headers, media_type=file.content_type)

    return pixel_file


def answer_file(file: PixelFile, headers: Mapping[str, str]) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of a GET of this file: 304 where the browser has it already."""
    takes_gzip = _takes_gzip(headers.get("accept-encoding", ""))
    etag, body = (file.gzipped_etag, file.gzipped) if takes_gzip else (file.etag, file.body)
    common = {
        "etag": etag,
        "cache-control": CACHE_CONTROL,
        "vary": "accept-encoding",
        # Shops load it from another host, some with crossorigin or under a cross-origin isolation policy.
        "access-control-allow-origin": "*",
        "cross-origin-resource-policy": "cross-origin",
        "x-content-type-options": "nosniff",
    }
    if matches(headers.get("if-none-match"), etag):
        return 304, b"", common
    common["content-type"] = file.content_type
    return 200, body, {**common, "content-encoding": "gzip"} if takes_gzip else common


def _etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:20]}"'


def _takes_gzip(accept_encoding: str) -> bool:
    """Return whether gzip is named, and not as what the caller doesn't want (RFC 9110, 12.5.3: a weight of 0)."""
    for part in accept_encoding.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() == "gzip":
            return re.fullmatch(r"q=0(\.0*)?", weight.strip()) is None
    return False
