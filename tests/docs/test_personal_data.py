"""The table of docs/operator/people.md is the registry of the code."""

from __future__ import annotations

from footfall.settings import REPO
from orchestration.storage.personal_data import PLACES, Identifier, Place


def row(place: Place) -> str:
    names = ", ".join(f"`{pattern}`" for pattern in place.patterns)
    said = [each for each in Identifier if each in place.identifiers]
    holds = "all identifiers" if len(said) == len(Identifier) else ", ".join(said)
    return f"| {names} | {holds} | {place.forgotten} | {place.retained} | {place.otherwise} |"


def test_the_docs_name_every_place_that_may_hold_personal_data() -> None:
    page = (REPO / "docs" / "operator" / "people.md").read_text()
    (table,) = [part for part in page.split("\n\n") if part.startswith("| place | may hold |")]
    assert table.splitlines()[2:] == [row(place) for place in PLACES]
