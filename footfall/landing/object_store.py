"""The object store that takes sealed segments to a loader elsewhere: a bucket, or a mounted directory.

An object's name carries the SHA-256 of its bytes, ``<segment_id>.<32 hex digits>.seg``. Equal names are equal
contents, so a put that is repeated after a crash does no harm, and whoever reads an object can tell whether it is
whole.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import obstore
from msgspec import Struct
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import ObjectStore, from_url

from footfall.landing.directory import SUFFIX
from footfall.settings.masking import without_credentials

SCHEMES = ("file", "s3", "gs", "az")
#: 128 bits of the digest: no two of a shop's segments agree by chance, and names stay readable.
DIGEST_DIGITS = 32
_OBJECT_NAME = re.compile(rf"([A-Za-z0-9_.-]+)\.([0-9a-f]{{{DIGEST_DIGITS}}}){re.escape(SUFFIX)}")
#: A whole request, upload included. 64 MiB in five minutes is 1.8 Mbit/s; object_store's default is 30 s.
TRANSFER_SECONDS = 300.0
CONNECT_SECONDS = 5.0
#: Tries of one request inside the client (after a 5xx, a broken connection). The caller has its own, longer patience.
TRIES = 2


class BucketError(Exception):
    """The bucket can't be reached, or refused; the message says what was tried, where, and the store's answer."""


class ObjectName(Struct, frozen=True):
    """The facts in an object's name."""

    segment_id: str
    digest: str

    def __str__(self) -> str:
        return f"{self.segment_id}.{self.digest}{SUFFIX}"

    def fits(self, data: bytes) -> bool:
        """Return whether these are the bytes that the object was named for, all of them."""
        return digest_of(data) == self.digest


def digest_of(data: bytes) -> str:
    """The part of the SHA-256 that stands in names and in the lake's marks."""
    return hashlib.sha256(data).hexdigest()[:DIGEST_DIGITS]


def name_object(segment_id: str, data: bytes) -> ObjectName:
    return ObjectName(segment_id, digest_of(data))


def parse_object_name(name: str) -> ObjectName | None:
    """None for an object that no collector of ours named."""
    match = _OBJECT_NAME.fullmatch(name)
    return ObjectName(match[1], match[2]) if match else None


class Bucket(Protocol):
    """A flat place of immutable objects. Every method raises BucketError where the place can't be reached."""

    url: str
    """As messages and logs name it: without credentials."""

    def put_new(self, name: str, data: bytes) -> bool:
        """Put an object, whole and durable, where none of that name stands; False where one does."""
        ...

    def replace(self, name: str, data: bytes) -> None:
        """Put an object whatever stands there."""
        ...

    def read(self, name: str) -> bytes | None:
        """All of an object; None where it isn't there (any more)."""
        ...

    def names(self) -> list[str]:
        """The names of all objects, sorted; of ours, that is by time."""
        ...

    def delete(self, name: str) -> None:
        """Remove an object; one that is gone already is no error."""
        ...


def check_bucket_url(url: str) -> None:
    """Raises BucketError where this can't be the address of a bucket; looks at nothing but the text."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        expected = ", ".join(f"{each}://..." for each in SCHEMES)
        raise BucketError(f"{without_credentials(url)!r} is not a bucket: expected {expected}")
    if parts.username or parts.password:
        raise BucketError(f"{parts.scheme}://...: credentials go in the environment, not in a bucket's URL")
    if parts.scheme == "file" and (parts.netloc or not parts.path.startswith("/")):
        raise BucketError(f"{without_credentials(url)!r}: a directory is written file:///absolute/path")


def open_bucket(url: str, *, seconds: float = TRANSFER_SECONDS) -> Bucket:
    """The bucket at a URL: ``s3://bucket/prefix``, ``gs://bucket/prefix``, ``az://account/container/prefix``, ``file:///dir``.

    Credentials and endpoint come from the environment, as obstore documents them (``AWS_ACCESS_KEY_ID``,
    ``AWS_ENDPOINT``, ``GOOGLE_SERVICE_ACCOUNT``, ``AZURE_STORAGE_ACCOUNT_NAME``, ...) or the machine's role.
    ``seconds`` bounds one request. Raises BucketError for a URL that names no place; nothing is contacted yet.
    """
    check_bucket_url(url)
    parts = urlsplit(url)
    if parts.scheme == "file":
        return DirectoryBucket(url, Path(unquote(parts.path)))
    with _explained(url, "open"):
        store = from_url(
            url,
            # Plain http is spoken only where AWS_ENDPOINT or its like names it: MinIO on the same machine, say.
            client_options={
                "timeout": f"{seconds:.0f}s",
                "connect_timeout": f"{CONNECT_SECONDS:.0f}s",
                "allow_http": True,
            },
            retry_config={"max_retries": TRIES, "retry_timeout": timedelta(seconds=seconds)},
        )
    return ObjectBucket(url, store)


class ObjectBucket:
    """A bucket of an object store, by obstore."""

    def __init__(self, url: str, store: ObjectStore) -> None:
        self.url = without_credentials(url)
        self._store = store

    def put_new(self, name: str, data: bytes) -> bool:
        with _explained(self.url, f"put {name}"):
            try:
                # In one request: a multipart upload knows no condition.
                obstore.put(self._store, name, data, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
        return True

    def replace(self, name: str, data: bytes) -> None:
        with _explained(self.url, f"put {name}"):
            obstore.put(self._store, name, data, mode="overwrite", use_multipart=False)

    def read(self, name: str) -> bytes | None:
        with _explained(self.url, f"get {name}"):
            try:
                return bytes(obstore.get(self._store, name).bytes())
            except FileNotFoundError:
                return None

    def names(self) -> list[str]:
        with _explained(self.url, "list"):
            return sorted(found["path"] for page in obstore.list(self._store) for found in page)

    def delete(self, name: str) -> None:
        with _explained(self.url, f"delete {name}"):
            try:
                obstore.delete(self._store, name)
            except FileNotFoundError:
                return


class DirectoryBucket:
    """A directory that both sides mount. obstore's own never calls fsync, and a put here has to mean: on disk."""

    def __init__(self, url: str, root: Path) -> None:
        self.url = without_credentials(url)
        self.root = root

    def put_new(self, name: str, data: bytes) -> bool:
        with _explained(self.url, f"put {name}"):
            self._require_root()
            if (self.root / name).exists():
                # Whoever wrote it may have died before its fsync of the directory.
                _sync(self.root / name)
                _sync(self.root)
                return False
            # Another shipper may be here too. Its bytes are the same (the name says so): either rename is right.
            self._write(name, data)
        return True

    def replace(self, name: str, data: bytes) -> None:
        with _explained(self.url, f"put {name}"):
            self._require_root()
            self._write(name, data)

    def read(self, name: str) -> bytes | None:
        with _explained(self.url, f"get {name}"):
            try:
                return (self.root / name).read_bytes()
            except FileNotFoundError:
                self._require_root()
                return None

    def names(self) -> list[str]:
        with _explained(self.url, "list"):
            return sorted(
                each.name for each in self.root.iterdir() if each.is_file() and not each.name.startswith(".")
            )

    def delete(self, name: str) -> None:
        with _explained(self.url, f"delete {name}"):
            self._require_root()
            (self.root / name).unlink(missing_ok=True)

    def _require_root(self) -> None:
        """A directory that isn't mounted must not be made again on the disk below it."""
        if not self.root.is_dir():
            raise FileNotFoundError(f"the directory {self.root} does not exist: mount it, or create it")

    def _write(self, name: str, data: bytes) -> None:
        for leftover in self.root.glob(f".{name}.*.aside"):
            leftover.unlink(missing_ok=True)
        aside = self.root / f".{name}.{secrets.token_hex(4)}.aside"
        try:
            with aside.open("wb") as handle:
                handle.write(data)
                handle.flush()
                os.fsync(handle.fileno())
            aside.replace(self.root / name)
        finally:
            aside.unlink(missing_ok=True)
        _sync(self.root)


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextmanager
def _explained(url: str, action: str) -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError, ValueError) as error:  # obstore raises each of them, by store and step
        # The store's text too: it names the endpoint and signed requests.
        text = without_credentials(f"{url}: can't {action}: {_in_one_line(error)}")
        raise BucketError(text) from None  # a traceback would show the unmasked text


def _in_one_line(error: Exception) -> str:
    """The part for people of obstore's text, which goes on with a page for its developers."""
    text = str(error).split("\n\nDebug source")[0]
    if answer := re.search(r"<Code>(.*?)</Code>.*?<Message>(.*?)</Message>", text, re.DOTALL):
        return f"{answer[1]}: {answer[2]}"
    return " ".join(text.split())[:500] or type(error).__name__
