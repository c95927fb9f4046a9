"""Words by number, as arrays: a few of a million are looked up without making a dictionary of all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt


class Vocabulary(Mapping[str, int]):
    """Word or phrase to its column: the words are numbered as they stand, each once, none with a line break in it.

    letters: the words in UTF-8, one after the other. bounds: word n is ``letters[bounds[n]:bounds[n + 1]]``.
    hashes: of the words, rising. columns: the word behind each hash.
    """

    def __init__(
        self,
        letters: npt.NDArray[np.uint8],
        bounds: npt.NDArray[np.int64],
        hashes: npt.NDArray[np.uint64],
        columns: npt.NDArray[np.int32],
    ) -> None:
        self.letters, self.bounds, self.hashes, self.columns = letters, bounds, hashes, columns

    @classmethod
    def of(cls, words: Sequence[str]) -> Vocabulary:
        encoded = [word.encode() for word in words]
        hashes = hashes_of(encoded)
        order = np.argsort(hashes, kind="stable")
        bounds = np.append(0, np.cumsum([len(word) for word in encoded])).astype(np.int64)
        letters = np.frombuffer(b"".join(encoded), np.uint8)
        return cls(letters, bounds, hashes[order], order.astype(np.int32))

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """What ``Vocabulary`` takes."""
        return {
            "letters": self.letters,
            "bounds": self.bounds,
            "hashes": self.hashes,
            "columns": self.columns,
        }

    def columns_of(self, words: Iterable[str]) -> npt.NDArray[np.int64]:
        """The column of each word, -1 where it is unknown."""
        encoded = [word.encode() for word in words]
        wanted = hashes_of(encoded)
        result = np.full(len(encoded), -1, dtype=np.int64)
        first = np.searchsorted(self.hashes, wanted)
        found = first < len(self.hashes)
        found[found] = self.hashes[first[found]] == wanted[found]
        for place in np.flatnonzero(found).tolist():
            at = int(first[place])
            # Of two words with one hash it is the one with the same letters.
            while at < len(self.hashes) and self.hashes[at] == wanted[place]:
                column = int(self.columns[at])
                if self._letters_of(column) == encoded[place]:
                    result[place] = column
                    break
                at += 1
        return result

    def __getitem__(self, word: str) -> int:
        [column] = self.columns_of([word]).tolist()
        if column < 0:
            raise KeyError(word)
        return int(column)

    def __iter__(self) -> Iterator[str]:
        return (self._letters_of(column).decode() for column in range(len(self)))

    def __len__(self) -> int:
        return len(self.columns)

    def _letters_of(self, column: int) -> bytes:
        return self.letters[self.bounds[column] : self.bounds[column + 1]].tobytes()


def hashes_of(words: Sequence[bytes]) -> npt.NDArray[np.uint64]:
    """A number for each word in UTF-8; two words have the same one by a chance of 1 in 2**64."""
    digests = [hashlib.blake2b(word, digest_size=8).digest() for word in words]
    return np.frombuffer(b"".join(digests), np.uint64)
