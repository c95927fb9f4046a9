from __future__ import annotations

from pathlib import Path

import pytest

from footfall.settings import SettingsError, load_settings
from footfall.snapshot.explanations import WORDS, Reasons, ReasonsError, sentence
from footfall.snapshot.format import SEEDED, Source

OWN = {
    "de": {"similar_text": "Passt zu {title}"},
    "de-AT": {"bought_before": "Nochmals bestellen", "trending": ""},
    "PL": dict.fromkeys(Source, "Polecamy"),
}


@pytest.mark.parametrize(
    ("language", "source", "said"),
    [
        ("en", Source.SIMILAR_TEXT, "Similar to {title}"),
        ("de", Source.SIMILAR_TEXT, "Passt zu {title}"),
        ("de", Source.BOUGHT_BEFORE, "Noch einmal kaufen"),
        ("de-CH", Source.SIMILAR_TEXT, "Passt zu {title}"),
        ("DE_at", Source.SIMILAR_TEXT, "Passt zu {title}"),
        ("de-at", Source.BOUGHT_BEFORE, "Nochmals bestellen"),
        ("de-AT", Source.TRENDING, ""),
        ("pl-PL", Source.TRENDING, "Polecamy"),
        ("fr", Source.TRENDING, "Populaire en ce moment"),
        ("tlh", Source.BOUGHT_BEFORE, "Opnieuw kopen"),
        ("", Source.BOUGHT_BEFORE, "Opnieuw kopen"),
        (None, Source.BOUGHT_BEFORE, "Opnieuw kopen"),
    ],
)
def test_words_of_a_shop_stand_before_ours(language: str | None, source: Source, said: str) -> None:
    assert Reasons(OWN, "nl").of(language)[source] == said


def test_every_language_has_words_about_what_a_source_is_about() -> None:
    for words in WORDS.values():
        assert set(words) == set(Source)
        assert {source for source, text in words.items() if "{title}" in text} == SEEDED
        assert [source for source, text in words.items() if "{category}" in text] == [
            Source.TRENDING_IN_CATEGORY
        ]


def test_a_name_is_told_as_it_is() -> None:
    words = Reasons({}, "en").of("de")
    assert (
        sentence(words, "similar_text", "Tee {category} & 20%", "Tees") == "Ähnlich wie Tee {category} & 20%"
    )
    assert sentence(words, "trending_in_category", None, "Tees") == "Beliebt in Tees"
    assert sentence(words, "trending_in_category", None, None) == "Gerade beliebt"


@pytest.mark.parametrize(
    ("own", "default", "named"),
    [
        ({"de": {"similar": "x"}}, "en", "similar is not a source"),
        ({"pl": {"trending": "Polecamy"}}, "en", "pl: no words for session_neighbours"),
        ({"de": {"trending": "Beliebt: {title}"}}, "en", "may name nothing"),
        ({"de": {"similar_text": "Wie {titel}"}}, "en", "may name {title}"),
        ({"de": {"similar_text": "Wie {title.__class__}"}}, "en", "may name {title}"),
        ({"de": {"similar_text": "Wie {title:>9999999999}"}}, "en", "may name {title}"),
        ({"de": {"similar_text": "Wie {title"}}, "en", "expected '}'"),
        ({}, "pl", "no texts in 'pl': available are de, en"),
    ],
)
def test_words_that_cannot_be_shown_are_refused(
    own: dict[str, dict[str, str]], default: str, named: str
) -> None:
    with pytest.raises(ReasonsError, match=named):
        Reasons(own, default)


def test_settings_take_them_from_file_and_environment(tmp_path: Path) -> None:
    file = tmp_path / "footfall.toml"
    file.write_text('api_language = "de"\n[api_reasons.de]\nsimilar_text = "Passt zu {title}"\n')
    settings = load_settings({"FOOTFALL_CONFIG": str(file)})
    assert (settings.api_language, settings.api_reasons) == (
        "de",
        {"de": {"similar_text": "Passt zu {title}"}},
    )
    other = load_settings({"FOOTFALL_API_REASONS": '{"de": {"trending": "Beliebt"}}'})
    assert other.api_reasons == {"de": {"trending": "Beliebt"}}
    assert load_settings({"FOOTFALL_API_REASONS": ""}).api_reasons == {}
    for wrong in ('{"de": {"trending": 1}}', '{"de"', '{"de": {"magic": "x"}}'):
        with pytest.raises(SettingsError, match="api_reasons"):
            load_settings({"FOOTFALL_API_REASONS": wrong})
