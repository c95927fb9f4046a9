"""``POST /v1/catalog``: a shop's server pushes its catalogue, the whole of it or what changed.

The body goes to disk as it arrives, is looked over, and is in its place, durably, when 202 is answered. What it says is
judged by the pipeline, which reads all formats; here only what can be no catalogue at all is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import mmap
import re
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
from zlib_ng import zlib_ng

from collector.files import FileOps
from collector.problems import RefusedError
from footfall.landing.pushed_catalogs import PART, PUSHED, in_force, pushes
from footfall.settings import Settings

#: After gzip: 100,000 products with long texts have some 150 MB.
MAX_CATALOG = 256 * 2**20
#: Of pushes that wait for the next whole: so many are read with every run.
MAX_CHANGES = 2000
#: How long a body may take.
PUSH_SECONDS = 300.0
#: In work at once, of a process.
MAX_PUSHES = 2
#: What is written at once.
_PIECE = 1 << 20
_SOURCE = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
#: The ending of the file by content type. What the file is, its content tells.
ENDINGS = {
    "application/json": "json",
    "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/xml": "xml",
    "text/xml": "xml",
    "application/rss+xml": "xml",
}


class _Anything(msgspec.Struct):
    """Any object: that it is one is all that is asked."""


class _Page(msgspec.Struct):
    products: list[_Anything] = []
    deleted: list[str | int] = []


class PushAnswer(msgspec.Struct, omit_defaults=True):
    """What was accepted, and what comes next."""

    source: str
    mode: str
    sequence: int
    bytes: int
    next: str
    products: int | None = None
    deleted: int = 0


class CatalogPush:
    """Takes pushed catalogues; one for each process. Several processes agree by a lock on the source's folder."""

    def __init__(self, settings: Settings, ops: FileOps) -> None:
        self._inbox = settings.paths.catalog
        self._min_free = settings.min_free_bytes
        self._is_elsewhere = bool(settings.ship_to)
        self._ops = ops
        self._in_work = 0

    async def take(
        self, source: str, mode: str, content_type: str, encoding: str, chunks: AsyncIterator[bytes]
    ) -> PushAnswer:
        """Raises RefusedError: 400, 408, 409, 413, 415, 422, 503."""
        ending = self._judge_head(source, mode, content_type, encoding)
        if self._in_work >= MAX_PUSHES:
            raise RefusedError(503, "overloaded", f"{MAX_PUSHES} catalogues are in work", retry_after=5)
        self._in_work += 1
        folder = self._inbox / f"{source}{PUSHED}"
        part = folder / f"{uuid.uuid4().hex}{PART}"
        fd = -1
        try:
            fd = await asyncio.to_thread(self._open, folder, part)
            size = await self._write(fd, inflated(chunks) if encoding == "gzip" else chunks)
            about = await asyncio.to_thread(look_over, part, ending, mode)
            await asyncio.to_thread(self._ops.sync_file, fd)
            sequence = await asyncio.to_thread(self._put, folder, part, mode, ending)
        except OSError as error:
            raise RefusedError(
                503, "disk", f"the catalogue could not be written: {error.strerror}", retry_after=60
            ) from error
        finally:
            self._in_work -= 1
            if fd >= 0:
                part.unlink(missing_ok=True)  # has its new name where all went well
                self._ops.close(fd)
        return PushAnswer(
            source=source,
            mode=mode,
            sequence=sequence,
            bytes=size,
            products=about.products,
            deleted=about.deleted,
            next="the pipeline reads it within a minute; footfall doctor and the overview say what it could not read",
        )

    def _judge_head(self, source: str, mode: str, content_type: str, encoding: str) -> str:
        """The ending of the file. Raises RefusedError before anything of the body is read."""
        if self._is_elsewhere:
            raise RefusedError(
                404,
                "not_here",
                "this collector ships to a bucket and has no pipeline beside it: push to the collector on the "
                "pipeline's machine, or let that fetch the catalogue (catalog_sources)",
            )
        if not _SOURCE.fullmatch(source):
            raise RefusedError(400, "source", "source is 1 to 63 of a-z, 0-9, _ and -, as in ?source=erp")
        if mode not in ("whole", "changes"):
            raise RefusedError(400, "mode", "mode is whole (all products) or changes")
        if encoding not in ("", "identity", "gzip"):
            raise RefusedError(415, "content_encoding", "send it as it is, or with Content-Encoding: gzip")
        ending = ENDINGS.get(content_type.split(";", 1)[0].strip().lower())
        if ending is None or (mode == "changes" and ending != "json"):
            allowed = "application/json" if mode == "changes" else ", ".join(ENDINGS)
            raise RefusedError(415, "content_type", f"the Content-Type of mode={mode} is {allowed}")
        return ending

    def _open(self, folder: Path, part: Path) -> int:
        """Create the file for a body and lock it; remove what killed processes left."""
        self._ops.make_directory(folder)
        with _alone(folder):  # else another push takes a file that has no lock yet for a dead one
            for name in self._ops.names(folder):
                if name.endswith(PART):
                    self._remove_dead(folder / name)
            if self._ops.free_bytes(folder) < self._min_free + MAX_CATALOG:
                raise RefusedError(503, "disk_full", "too little free disk for a catalogue", retry_after=300)
            fd = self._ops.create(part)
            self._ops.lock(fd)
        return fd

    def _remove_dead(self, part: Path) -> None:
        try:
            fd = self._ops.open_existing(part)
        except FileNotFoundError:
            return
        try:
            if self._ops.lock(fd):
                part.unlink(missing_ok=True)
        finally:
            self._ops.close(fd)

    async def _write(self, fd: int, chunks: AsyncIterator[bytes]) -> int:
        size, waiting = 0, bytearray()
        try:
            async with asyncio.timeout(PUSH_SECONDS):
                async for chunk in chunks:
                    waiting += chunk
                    if size + len(waiting) > MAX_CATALOG:
                        raise RefusedError(
                            413, "too_large", f"more than {MAX_CATALOG >> 20} MiB: push it as several sources"
                        )
                    if len(waiting) >= _PIECE:
                        size += len(waiting)
                        await asyncio.to_thread(self._write_piece, fd, waiting)
                        waiting = bytearray()
        except TimeoutError:
            raise RefusedError(
                408, "slow_body", f"the body did not arrive within {PUSH_SECONDS:.0f} s"
            ) from None
        await asyncio.to_thread(self._write_piece, fd, waiting)
        return size + len(waiting)

    def _write_piece(self, fd: int, piece: bytearray) -> None:
        rest = memoryview(piece)
        while rest:
            rest = rest[self._ops.write(fd, [rest]) :]

    def _put(self, folder: Path, part: Path, mode: str, ending: str) -> int:
        """Give it its place in the sequence, durably; remove what a new whole replaces. Returns its number."""
        with _alone(folder):
            before = pushes(folder)
            if mode == "changes" and len(in_force(before)) > MAX_CHANGES:
                raise RefusedError(
                    409,
                    "whole_needed",
                    f"{MAX_CHANGES} pushes of changes since the last whole: push the whole",
                )
            sequence = before[-1].sequence + 1 if before else 1
            self._ops.rename(part, folder / f"{sequence:08d}.{mode}.{ending}")
            self._ops.sync_directory(folder)
            self._ops.sync_directory(self._inbox)
            if mode == "whole":
                for old in before:
                    self._ops.unlink(old.path)
        return sequence


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock meanwhile; processes and threads wait for each other."""
    with (folder / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class About(msgspec.Struct):
    """What a look at the body shows. ``products`` is None where it is not counted here."""

    products: int | None = None
    deleted: int = 0


def look_over(path: Path, ending: str, mode: str) -> About:
    """Raises RefusedError (422) for what can be no catalogue, 400 for an empty body."""
    if not path.stat().st_size:
        raise RefusedError(400, "empty", "the body is empty")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        head = content[: 1 << 16]
        if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise RefusedError(
                422, "no_catalogue", "the body is binary: with gzip, send Content-Encoding: gzip"
            )
        if ending != "json":
            return About()
        return _look_over_json(content, mode)


def _look_over_json(content: Any, mode: str) -> About:
    shape = (
        '{"products": [{...}], "deleted": ["7"]}' if mode == "changes" else '{"products": [{...}]} or a list'
    )
    kind: Any = _Page if mode == "changes" else _Page | list[_Anything]
    view = memoryview(content)
    try:
        page = msgspec.json.decode(view, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(422, "no_catalogue", f"the body is not {shape}: {error}") from None
    finally:
        view.release()
    if isinstance(page, list):
        page = _Page(products=page)
    if mode == "whole" and (page.deleted or not page.products):
        why = "deleted is for mode=changes" if page.deleted else "without products it would end all of them"
        raise RefusedError(422, "no_catalogue", f"a whole catalogue is {shape}: {why}")
    if not page.products and not page.deleted:
        raise RefusedError(
            422, "no_catalogue", f"there are neither products nor deleted ids; the body is {shape}"
        )
    return About(len(page.products), len(page.deleted))


async def inflated(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Undo gzip, a piece at a time: of a bomb no more than a piece is ever in memory. Raises RefusedError (400)."""
    inflater: Any = zlib_ng.decompressobj(31)
    began = False
    try:
        async for chunk in chunks:
            rest = chunk
            while rest:
                if inflater.eof:  # another member
                    inflater = zlib_ng.decompressobj(31)
                began = True
                piece = inflater.decompress(rest, _PIECE)
                rest = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
                if piece:
                    yield piece
    except zlib_ng.error as error:  # type: ignore[misc]  # its stub says instance, it is the class
        raise RefusedError(
            400, "gzip", f"the body claims to be gzip but can't be inflated: {error}"
        ) from None
    if began and not inflater.eof:
        raise RefusedError(400, "gzip", "the gzip body ends too early")
