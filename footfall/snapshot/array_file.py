"""Arrays and a header in one file that is mapped into memory: processes that open it share its pages.

The file: eight bytes of magic, the header's length, the header (JSON: what the writer says, and where each array
stands), then the arrays, each on a 64-byte boundary.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

_ALIGN = 64

Struct = TypeVar("Struct", bound=msgspec.Struct)
Array = npt.NDArray[Any]


class ArrayFileError(ValueError):
    """A file that is missing, torn or something else."""


class ArrayPlace(msgspec.Struct, frozen=True):
    """Where an array stands, ``offset`` counted from the first one."""

    dtype: str
    length: int
    offset: int


class Opened(NamedTuple):
    """The header as JSON, and the arrays."""

    header: bytes
    arrays: dict[str, Array]


class _Places(msgspec.Struct, frozen=True):
    arrays: dict[str, ArrayPlace]


def write_arrays(path: Path, magic: bytes, about: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write the whole file; the same content gives the same bytes. Renaming and syncing it is the caller's part."""
    places, offset = {}, 0
    for name, array in arrays.items():
        places[name] = ArrayPlace(array.dtype.str, len(array), offset)
        offset += _aligned(array.nbytes)
    header = msgspec.json.encode({**about, "arrays": places})
    head = magic + len(header).to_bytes(8, "little") + header
    with path.open("wb") as file:
        file.write(head.ljust(_aligned(len(head)), b"\0"))
        for array in arrays.values():
            content = np.ascontiguousarray(array)
            file.write(content.view(np.uint8).data if content.nbytes else b"")
            file.write(bytes(_aligned(content.nbytes) - content.nbytes))


def open_arrays(path: Path, magic: bytes, what: str) -> Opened:
    """Map a file; ``what`` it should be is said where it isn't. Raises ArrayFileError.

    A mapped file must not shrink while it is used (the kernel would kill the process): it is replaced by renaming
    another over it.
    """
    try:
        with path.open("rb") as file:
            found, length = file.read(8), int.from_bytes(file.read(8), "little")
            if found != magic:
                raise ArrayFileError(f"{path} is not a {what}")
            header = file.read(length)
        start, size = _aligned(16 + length), path.stat().st_size
        arrays = {}
        for name, place in msgspec.json.decode(header, type=_Places).arrays.items():
            dtype, begin = np.dtype(place.dtype), start + place.offset
            if begin + dtype.itemsize * place.length > size:
                raise ArrayFileError(f"{path} is torn: {name} ends behind the file's end")
            # An empty array can't be mapped.
            arrays[name] = (
                np.memmap(path, dtype, "r", begin, (place.length,)).view(np.ndarray)
                if place.length
                else np.zeros(0, dtype)
            )
    except ArrayFileError:
        raise
    except (OSError, msgspec.MsgspecError, TypeError, ValueError) as error:
        raise ArrayFileError(f"{path} can't be read as a {what}: {error}") from error
    return Opened(header, arrays)


def _aligned(length: int) -> int:
    return -(-length // _ALIGN) * _ALIGN
