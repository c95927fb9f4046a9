"""From product texts to weighted counts of words and phrases.

Words are Snowball stems of what NLTK's tokenizer finds; digits and hyphens stay ("15mm", "merino-wool").
Phrases are two neighbouring stems, and a word of several parts is these and their phrase: "merino-wool" and
"merino wool" are alike, and so are "15mm" and "15 mm". Nothing is downloaded: the stemmers are code, the stop words
come in a package.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse as sp
from nltk.stem.snowball import SnowballStemmer
from nltk.tokenize import RegexpTokenizer
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
from stop_words import AVAILABLE_LANGUAGES, get_stop_words

from orchestration.recommend.boilerplate import Boilerplate, find_boilerplate, sentences

#: Numbers with their separators ("1,000", "0.5"), else letters and digits with hyphens and apostrophes
#: inside.
_TOKENS = RegexpTokenizer(r"\d+(?:[.,]\d+)+[^\W_]*|[^\W_]+(?:[-'][^\W_]+)*")
#: Between the parts of a word: a hyphen, a number's separator, where digits and letters meet ("15mm", "06.021-A").
_PARTS = re.compile(r"[-.,]|(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)")
#: Han, kana and Hangul, Thai, Lao, Burmese, Khmer: without blanks between words, or with endings grown onto them.
_UNPARTED = re.compile(
    "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]+"
)
#: Typographic apostrophes and hyphens; a soft hyphen says where a word may be parted, and is none of it.
_PLAIN_MARKS = str.maketrans("’‐‑", "'--", "\u00ad")
#: Accents of Latin, Greek and Cyrillic letters. What voices kana or is a vowel in Hindi is no accent.
_ACCENTS = re.compile("[\u0300-\u036f]+")
#: The package's English list holds words that name goods ("mug", "ring", "shell", "felt" are on it, as
#: domains or commands). What scikit-learn's shorter list also calls a stop word is one, save these, which name
#: goods on both.
_ENGLISH_GOODS = frozenset({"bill", "bottom", "fire", "front", "full", "side", "thick", "thin", "top"})

#: Words of the offer, not of the thing: with them an assorted-colour bird has assorted-colour teaspoons for
#: neighbours. On Online Retail and the demo shop they change no measure by more than 0.0005.
_ENGLISH_OFFER = frozenset(
    [
        "ass",
        "asst",
        "asstd",
        "assort",
        "assorted",
        "col",
        "color",
        "colored",
        "colors",
        "colour",
        "coloured",
        "colours",
    ]
)


@dataclass(frozen=True)
class ProductText:
    """The texts of one product that similarity looks at."""

    product_id: str
    title: str = ""
    body_text: str = ""
    product_type: str = ""
    tags: tuple[str, ...] = ()
    vendor: str = ""
    is_available: bool = True


@dataclass(frozen=True)
class FieldWeights:
    """How often a word of a field counts; 0 leaves the field out. The title says what it is: twice.

    A number alone says how much or which one, not what: ``number`` times as often as a word. With its unit it is a
    phrase like others.
    """

    title: float = 2.0
    body: float = 1.0
    product_type: float = 1.0
    tags: float = 1.0
    vendor: float = 1.0
    number: float = 0.5


class Analyzer:
    """Text to stems, for one language. Raises ValueError for a language without stemmer and stop words."""

    def __init__(self, language: str = "english") -> None:
        if language not in SnowballStemmer.languages and language not in AVAILABLE_LANGUAGES:
            known = sorted(set(SnowballStemmer.languages) | set(AVAILABLE_LANGUAGES))
            raise ValueError(f"no stemmer and no stop words for {language!r}; known: {', '.join(known)}")
        self.language = language
        self._stemmer = SnowballStemmer(language) if language in SnowballStemmer.languages else None
        stop_words = set(get_stop_words(language)) if language in AVAILABLE_LANGUAGES else set()
        if language == "english":
            stop_words = ((stop_words & ENGLISH_STOP_WORDS) - _ENGLISH_GOODS) | _ENGLISH_OFFER
        self.stop_words = frozenset(stop_words)
        #: Of words met before: a catalog has far more words than different words, and a stem takes 50 us.
        self._stems_of: dict[str, tuple[str, ...]] = {}

    @staticmethod
    def words(text: str) -> list[str]:
        """The tokens of a text, lower case, possessive s cut off; pairs of letters where words aren't parted."""
        if not text.isascii():
            text = unicodedata.normalize("NFKC", text).translate(_PLAIN_MARKS)
        tokens = [token.removesuffix("'s") for token in _TOKENS.tokenize(text.casefold())]
        if text.isascii() or not _UNPARTED.search(text):
            return tokens
        return [part for token in tokens for part in _two_by_two(token)]

    def features(self, text: str) -> tuple[list[str], list[str]]:
        """(words, phrases) of one sentence or line. Stop words are left out before phrases are made.

        A lone letter or digit is no word of its own ("t" of "t-light"), but part of a phrase.
        """
        stems: list[str] = []
        for word in self.words(text):
            found = self._stems_of.get(word)
            if found is None:
                parts = (part for part in _PARTS.split(word) if part and part not in self.stop_words)
                found = self._stems_of[word] = tuple(self._stem(part) for part in parts)
            stems += found
        phrases = [f"{first} {second}" for first, second in pairwise(stems)]
        return [stem for stem in stems if len(stem) > 1], phrases

    def _stem(self, word: str) -> str:
        """The stem of a word, without accents ("café" and "cafe" are one)."""
        stem: str = self._stemmer.stem(word) if self._stemmer else word
        plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", stem))
        return unicodedata.normalize("NFC", plain) or word


def _two_by_two(token: str) -> Iterator[str]:
    """The token; where it has letters of ``_UNPARTED``, these in overlapping pairs, and what stands between them."""
    end = 0
    for run in _UNPARTED.finditer(token):
        if run.start() > end:
            yield token[end : run.start()]
        letters, end = run.group(), run.end()
        yield from (letters[n : n + 2] for n in range(max(1, len(letters) - 1)))
    if end < len(token):
        yield token[end:]


@dataclass(frozen=True)
class FeatureCounts:
    """Weighted counts, one row a product in the order given."""

    counts: sp.csr_matrix[np.float64]
    vocabulary: Mapping[str, int]
    """Word or phrase to its column, in the order of the columns; a phrase has a blank in it."""
    boilerplate: Boilerplate


def count_features(
    products: Sequence[ProductText], analyzer: Analyzer, weights: FieldWeights
) -> FeatureCounts:
    """Count words and phrases: a field's weight each time, in the body times the sentence's, a number's by its own."""
    boilerplate = find_boilerplate(product.body_text for product in products)
    vocabulary: dict[str, int] = {}
    rows, columns, values = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)], [np.zeros(0)]
    for row, product in enumerate(products):
        counts: dict[int, float] = {}
        for text, weight in _weighted_texts(product, weights, boilerplate):
            words, phrases = analyzer.features(text)
            for feature in (*words, *phrases):
                column = vocabulary.get(feature)
                if column is None:
                    column = vocabulary[feature] = len(vocabulary)
                counts[column] = counts.get(column, 0.0) + weight
        rows.append(np.full(len(counts), row, dtype=np.int32))
        columns.append(np.fromiter(counts.keys(), np.int32, len(counts)))
        values.append(np.fromiter(counts.values(), np.float64, len(counts)))
    row_of, column_of, counted = np.concatenate(rows), np.concatenate(columns), np.concatenate(values)
    often = np.array([weights.number if feature.isdecimal() else 1.0 for feature in vocabulary])
    places: Any = (row_of, column_of)
    matrix = sp.csr_matrix((counted * often[column_of], places), shape=(len(products), len(vocabulary)))
    return FeatureCounts(matrix, vocabulary, boilerplate)


def _weighted_texts(
    product: ProductText, weights: FieldWeights, boilerplate: Boilerplate
) -> Iterator[tuple[str, float]]:
    """Texts that no phrase crosses, each with its weight."""
    for sentence in sentences(product.body_text) if weights.body else ():
        if weight := weights.body * boilerplate.weight(sentence):
            yield sentence, weight
    fields: Iterable[tuple[str, float]] = (
        (product.title, weights.title),
        (product.product_type, weights.product_type),
        (product.vendor, weights.vendor),
        *((tag, weights.tags) for tag in product.tags),
    )
    for text, weight in fields:
        if weight and text:
            yield text, weight
