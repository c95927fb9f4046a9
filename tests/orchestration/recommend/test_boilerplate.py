from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestration.recommend.boilerplate import find_boilerplate, fingerprint, sentences

FOOTER = "Free delivery over £75. Send it back within 60 days!"


def test_sentences_end_at_marks_and_lines() -> None:
    text = "Weighs 1.5 kg. Built by Brack & Sons. Really? Yes!\nNo end here\nE.g. this stays in one"
    assert sentences(text) == [
        "Weighs 1.5 kg.", "Built by Brack & Sons.", "Really?", "Yes!", "No end here", "E.g. this stays in one",
    ]  # fmt: skip


def test_fingerprints_ignore_case_and_punctuation() -> None:
    assert fingerprint("Free delivery, over £75!") == fingerprint("FREE DELIVERY over 75")


def test_what_stands_under_more_than_half_of_the_shop_goes() -> None:
    texts = [f"Product number {n} is fine. {FOOTER}" for n in range(10)]
    boilerplate = find_boilerplate(texts)
    assert boilerplate.removed == ["free delivery over 75", "send it back within 60 days"]
    assert boilerplate.strip(texts[3]) == "Product number 3 is fine."


def test_a_note_of_one_kind_of_product_weighs_less_but_stays() -> None:
    texts = [f"Jacket {n}. Wash at 30 degrees." for n in range(10)] + [f"Lamp {n}." for n in range(90)]
    boilerplate = find_boilerplate(texts)
    assert boilerplate.removed == []
    assert 0.5 < boilerplate.weight("Wash at 30 degrees.") < 1.0
    assert boilerplate.weight("Jacket 3.") == 1.0


def test_small_catalogs_lose_nothing() -> None:
    assert find_boilerplate([FOOTER] * 4).removed == []
    assert find_boilerplate([]).strip(FOOTER) == "Free delivery over £75.\nSend it back within 60 days!"


def test_twice_in_one_text_counts_once() -> None:
    assert find_boilerplate(["Same. Same.", "Other."]).repeated == {}


@given(st.lists(st.lists(st.sampled_from("ABCDEFG"), max_size=6), max_size=30))
def test_weights_are_shares_that_fall_with_use(texts: list[list[str]]) -> None:
    boilerplate = find_boilerplate(" ".join(f"{word} is good." for word in words) for words in texts)
    weights = {n: boilerplate.weight(mark) for mark, n in boilerplate.repeated.items()}
    assert all(0.0 <= weight <= 1.0 for weight in weights.values())
    in_order = [weights[n] for n in sorted(weights)]
    assert in_order == sorted(in_order, reverse=True)
