"""Products that no catalogue has, in words."""

from __future__ import annotations

from footfall.commands.doctor_files import look_at_catalogue
from footfall.settings import Settings
from footfall.status.unmatched_products import Unmatched, note_unmatched, unmatched_products


def test_doctor_says_how_many_and_what_one_looks_like(settings: Settings) -> None:
    settings.paths.data.mkdir(parents=True)
    assert unmatched_products(settings.paths) is None
    found = Unmatched(412, 500, "SKU-1", "handle", "sku-1", "501")
    note_unmatched(settings.paths, found)
    assert unmatched_products(settings.paths) == found
    ((good, said),) = look_at_catalogue(settings)
    assert not good
    assert (
        "412 of 500 products seen within 30 days are in no catalogue: "
        "'SKU-1' looks like handle 'sku-1' of product 501"
    ) in said
    note_unmatched(settings.paths, Unmatched(1, 500, "x"))
    ((good, said),) = look_at_catalogue(settings)
    assert good, "a few are no trouble"
    assert "as 'x'" in said
    note_unmatched(settings.paths, None)
    assert look_at_catalogue(settings) == []
