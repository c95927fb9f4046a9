"""The sentences that tell a shop's visitors why a product is shown, by language and source.

A template names what it is about: ``{title}``, the product that led there, or ``{category}``. A shop's own words
(setting ``api_reasons``) go before the ones here, sentence by sentence; a language that isn't here has to bring all.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter

from footfall.snapshot.format import SEEDED, Source

_TITLE, _CATEGORY = "title", "category"

#: How visitors are addressed differs from shop to shop (du, Sie): these sentences do without.
WORDS: dict[str, dict[str, str]] = {
    "en": {
        Source.SESSION_NEIGHBOURS: "Others looked at this next",
        Source.SIMILAR_TEXT: "Similar to {title}",
        Source.VIEWED_TOGETHER: "Often viewed together with {title}",
        Source.BOUGHT_TOGETHER: "Often bought together with {title}",
        Source.ALSO_LIKED: "Liked by those who like {title}",
        Source.SIMILAR_VISITORS: "Liked by visitors with a taste like yours",
        Source.AFFINITY: "You looked at this",
        Source.BOUGHT_BEFORE: "Buy again",
        Source.TRENDING_IN_CATEGORY: "Popular in {category}",
        Source.TRENDING: "Popular now",
        Source.CATALOGUE: "From the catalogue",
        Source.SEEN_EARLIER: "You looked at this earlier",
    },
    "de": {
        Source.SESSION_NEIGHBOURS: "Andere sahen sich das als Nächstes an",
        Source.SIMILAR_TEXT: "Ähnlich wie {title}",
        Source.VIEWED_TOGETHER: "Oft zusammen angesehen mit {title}",
        Source.BOUGHT_TOGETHER: "Oft zusammen gekauft mit {title}",
        Source.ALSO_LIKED: "Beliebt bei allen, denen {title} gefällt",
        Source.SIMILAR_VISITORS: "Beliebt bei Besuchern mit ähnlichem Geschmack",
        Source.AFFINITY: "Schon einmal angesehen",
        Source.BOUGHT_BEFORE: "Noch einmal kaufen",
        Source.TRENDING_IN_CATEGORY: "Beliebt in {category}",
        Source.TRENDING: "Gerade beliebt",
        Source.CATALOGUE: "Aus dem Sortiment",
        Source.SEEN_EARLIER: "Gerade eben angesehen",
    },
    "fr": {
        Source.SESSION_NEIGHBOURS: "D'autres ont ensuite regardé cet article",
        Source.SIMILAR_TEXT: "Semblable à {title}",
        Source.VIEWED_TOGETHER: "Souvent vu avec {title}",
        Source.BOUGHT_TOGETHER: "Souvent acheté avec {title}",
        Source.ALSO_LIKED: "Apprécié par ceux qui aiment {title}",
        Source.SIMILAR_VISITORS: "Apprécié par des visiteurs aux goûts similaires",
        Source.AFFINITY: "Déjà consulté",
        Source.BOUGHT_BEFORE: "Acheter à nouveau",
        Source.TRENDING_IN_CATEGORY: "Populaire dans {category}",
        Source.TRENDING: "Populaire en ce moment",
        Source.CATALOGUE: "Dans le catalogue",
        Source.SEEN_EARLIER: "Consulté à l'instant",
    },
    "es": {
        Source.SESSION_NEIGHBOURS: "Otros miraron esto después",
        Source.SIMILAR_TEXT: "Similar a {title}",
        Source.VIEWED_TOGETHER: "Visto a menudo con {title}",
        Source.BOUGHT_TOGETHER: "Comprado a menudo con {title}",
        Source.ALSO_LIKED: "Gusta a quienes les gusta {title}",
        Source.SIMILAR_VISITORS: "Gusta a visitantes con gustos parecidos",
        Source.AFFINITY: "Ya visto",
        Source.BOUGHT_BEFORE: "Comprar de nuevo",
        Source.TRENDING_IN_CATEGORY: "Popular en {category}",
        Source.TRENDING: "Popular ahora",
        Source.CATALOGUE: "Del catálogo",
        Source.SEEN_EARLIER: "Visto hace un momento",
    },
    "it": {
        Source.SESSION_NEIGHBOURS: "Altri hanno guardato questo subito dopo",
        Source.SIMILAR_TEXT: "Simile a {title}",
        Source.VIEWED_TOGETHER: "Spesso visto insieme a {title}",
        Source.BOUGHT_TOGETHER: "Spesso acquistato insieme a {title}",
        Source.ALSO_LIKED: "Piace a chi ama {title}",
        Source.SIMILAR_VISITORS: "Piace a visitatori con gusti simili",
        Source.AFFINITY: "Già visto",
        Source.BOUGHT_BEFORE: "Acquista di nuovo",
        Source.TRENDING_IN_CATEGORY: "Popolare in {category}",
        Source.TRENDING: "Popolare ora",
        Source.CATALOGUE: "Dal catalogo",
        Source.SEEN_EARLIER: "Visto poco fa",
    },
    "nl": {
        Source.SESSION_NEIGHBOURS: "Anderen bekeken dit daarna",
        Source.SIMILAR_TEXT: "Lijkt op {title}",
        Source.VIEWED_TOGETHER: "Vaak samen bekeken met {title}",
        Source.BOUGHT_TOGETHER: "Vaak samen gekocht met {title}",
        Source.ALSO_LIKED: "Populair bij liefhebbers van {title}",
        Source.SIMILAR_VISITORS: "Populair bij bezoekers met dezelfde smaak",
        Source.AFFINITY: "Eerder bekeken",
        Source.BOUGHT_BEFORE: "Opnieuw kopen",
        Source.TRENDING_IN_CATEGORY: "Populair in {category}",
        Source.TRENDING: "Nu populair",
        Source.CATALOGUE: "Uit het assortiment",
        Source.SEEN_EARLIER: "Zojuist bekeken",
    },
}


class ReasonsError(ValueError):
    """Words that can't be shown: an unknown source, a place that can't be filled, a language that lacks some."""


class Reasons:
    """The words of one shop, by language."""

    def __init__(self, own: Mapping[str, Mapping[str, str]], default: str) -> None:
        """own: templates by source by language (BCP 47, any case). default: the language where none is asked for.

        Raises ReasonsError, whose text names what is wrong.
        """
        self._words = dict(WORDS)
        for language, words in own.items():
            name = language.lower()
            # Words for a region (de-AT) stand on those of its language
            known = self._words.get(name) or self._words.get(name.split("-")[0], {})
            self._words[name] = {**known, **words}
        for language, words in self._words.items():
            _check(language, words)
        if default.lower() not in self._words:
            raise ReasonsError(f"no texts in {default!r}: available are {', '.join(sorted(self._words))}")
        self._default = self._words[default.lower()]

    def of(self, language: str | None) -> Mapping[str, str]:
        """Templates by source in a language (``de``, ``de-AT``), else in the shop's own."""
        name = language.lower().replace("_", "-") if language else ""
        return self._words.get(name) or self._words.get(name.split("-")[0]) or self._default


def sentence(words: Mapping[str, str], source: str, title: str | None, category: str | None) -> str:
    """Why a product is shown. title: of the product that led there; category: of the product itself."""
    if source == Source.TRENDING_IN_CATEGORY and not category:
        source = Source.TRENDING  # it was taken out of its category since the list was made
    return words[source].format(title=title, category=category)


def _check(language: str, words: Mapping[str, str]) -> None:
    if unknown := sorted(set(words) - set(Source)):
        raise ReasonsError(f"{language}: {', '.join(unknown)} is not a source: they are {', '.join(Source)}")
    if missing := [source for source in Source if source not in words]:
        raise ReasonsError(
            f"{language}: no words for {', '.join(missing)}, and Footfall has none to fall back to"
        )
    for source, text in words.items():
        allowed = (
            {_TITLE} if source in SEEDED else {_CATEGORY} if source == Source.TRENDING_IN_CATEGORY else set()
        )
        try:
            places = [part[1:] for part in Formatter().parse(text) if part[1] is not None]
        except ValueError as error:
            raise ReasonsError(f"{language}: {source}: {text!r}: {error}") from None
        # A name alone: no attribute, no format
        if any(name not in allowed or spec or conversion for name, spec, conversion in places):
            may = " and ".join(f"{{{name}}}" for name in sorted(allowed)) or "nothing"
            raise ReasonsError(f"{language}: {source}: {text!r} may name {may}")
