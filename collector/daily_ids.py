"""The visitor's id in the cookieless mode: the same for one day and one shop, and nobody's the day after.

An HMAC of address, user agent and shop under a random salt. The salt is made for a UTC day and deleted after it, so
that an id can't be followed into the next day, nor an address be tried against it, by us or by anybody.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import logging
import os
import secrets
from datetime import UTC, date, datetime
from ipaddress import IPv6Address
from pathlib import Path

from footfall.http.addresses import parse_address

log = logging.getLogger("footfall.collector")

#: Before every daily id. The warehouse knows them by it (dbt macro `is_daily_id`): they make no two people one.
PREFIX = "day-"
SALT_BYTES = 32
#: 128 bits, as the pixel's own ids have.
ID_DIGITS = 32
#: How often an idle collector looks whether a salt's day is over.
FORGET_SECONDS = 60.0


class DailyIds:
    """Makes daily ids with the salt of a folder, which all workers of a collector share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._day: date | None = None
        self._salt = b""

    def id_of(self, when: datetime, address: str | None, user_agent: str | None, shop: str) -> str | None:
        """The id on the UTC day of ``when``; None without an address, or where the salt can't be kept on disk."""
        whole = _normal(address)
        if whole is None:
            return None
        try:
            salt = self._salt_of(when.astimezone(UTC).date())
        except OSError as error:
            log.error("no daily ids: can't read or create the salt in %s: %s", self.folder, error)
            return None
        about = "\0".join((whole, user_agent or "", shop)).encode()
        return PREFIX + hmac.new(salt, about, hashlib.sha256).hexdigest()[:ID_DIGITS]

    def forget(self, today: date) -> None:
        """Delete the salts of earlier days, from memory too."""
        if self._day is not None and self._day < today:
            self._day, self._salt = None, b""
        with contextlib.suppress(FileNotFoundError):
            for file in self.folder.iterdir():
                if file.name.lstrip(".")[:10] < today.isoformat():
                    file.unlink(missing_ok=True)

    def _salt_of(self, day: date) -> bytes:
        if day != self._day:
            self.forget(day)
            self._salt, self._day = self._shared_salt(day), day
        return self._salt

    def _shared_salt(self, day: date) -> bytes:
        """The day's salt as the first worker made it: a link is made by one, and is never seen half written."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / day.isoformat()
        mine = self.folder / f".{day.isoformat()}.{secrets.token_hex(8)}"
        fd = os.open(mine, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, secrets.token_bytes(SALT_BYTES))
            if path.exists() and path.stat().st_size != SALT_BYTES:
                mine.replace(path)  # what a power cut left of it
            else:
                with contextlib.suppress(FileExistsError):
                    path.hardlink_to(mine)
        finally:
            os.close(fd)
            mine.unlink(missing_ok=True)
        return path.read_bytes()


def _normal(address: str | None) -> str | None:
    """The address as one text. Of v6 the /64: a browser's own half of it changes within the day (RFC 8981)."""
    found = parse_address(address or "")
    if isinstance(found, IPv6Address):
        found = IPv6Address(int(found) >> 64 << 64)
    return None if found is None else str(found)
