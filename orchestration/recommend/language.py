"""Detects the language of a catalog from its common words: "the", "und", "avec".

A catalog is a shop's own, so its texts are taken together: a title of three words says nothing, a thousand of them do.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cache

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
from stop_words import AVAILABLE_LANGUAGES, get_stop_words

#: What is taken where the words don't say: English stemming does names and numbers no harm.
DEFAULT = "english"
#: Another language must have so many times English's small words. English ones stand in shops of every language
#: ("for", "by", "on"), others rarely in an English one ("de", "la"). Measured on the demo shop, Online Retail and
#: descriptions of software in four languages, titles alone and with their texts: at most 0.6 in English, at least 4.6
#: in German, French and Spanish.
_CLEARLY = 1.5
#: Fewer small words are chance: "la" of one perfume, "die" of one cutter.
_ENOUGH = 10.0


@cache
def _small_words() -> Mapping[str, tuple[tuple[str, ...], float]]:
    """A word to the languages that have it, and how much it says: a word of four languages a quarter."""
    languages: dict[str, list[str]] = defaultdict(list)
    for language in sorted(AVAILABLE_LANGUAGES):
        # The package's English list holds nouns too ("mug", "ring"), which other languages' shops use
        words = set(get_stop_words(language))
        for word in words & ENGLISH_STOP_WORDS if language == DEFAULT else words:
            languages[word.casefold()].append(language)
    return {word: (tuple(found), 1.0 / len(found)) for word, found in languages.items()}


def language_of(words: Iterable[str]) -> str:
    """The language, by the name that stemmers and stop words have, of the words of many texts (lower case)."""
    known = _small_words()
    says: dict[str, float] = defaultdict(float)
    for word, times in sorted(Counter(words).items()):  # sorted: sums of floats must not depend on the order
        languages, weight = known.get(word, ((), 0.0))
        for language in languages:
            says[language] += weight * times
    best, most = max(says.items(), key=lambda item: (item[1], item[0]), default=(DEFAULT, 0.0))
    return best if most >= _ENOUGH and most > _CLEARLY * says[DEFAULT] else DEFAULT
