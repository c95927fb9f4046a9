"""Text similarity: what counts as a word, what is alike, and that the same input gives the same bits."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.importing.online_retail import write_catalog
from orchestration.catalog.formats import read_catalog
from orchestration.catalog.model import Product
from orchestration.evaluation.catalog import PLAIN, evaluate_text_similarity, same_type_share
from orchestration.lake.schema import PAIRS
from orchestration.recommend.language import language_of
from orchestration.recommend.text_features import Analyzer, FieldWeights, ProductText, count_features
from orchestration.recommend.text_similarity import (
    TextSimilarityConfig,
    product_text_similarity,
    product_texts,
)

DEMO = Path(__file__).resolve().parents[3] / "demo" / "catalog" / "products.json"


def texts(products: list[Product]) -> list[ProductText]:
    return [
        ProductText(
            p.product_id, p.title, p.body_text, p.product_type or "", p.tags, p.vendor or "", p.available
        )
        for p in products
    ]


@pytest.fixture(scope="module")
def demo() -> list[ProductText]:
    return texts(read_catalog(DEMO).products)


def test_words_keep_digits_and_hyphens() -> None:
    analyzer = Analyzer()
    assert analyzer.words("15mm Merino-Wool, 3-layer; O'Neill's 1,000 t-light") == [
        "15mm", "merino-wool", "3-layer", "o'neill", "1,000", "t-light",
    ]  # fmt: skip
    words, phrases = analyzer.features("the merino-wool jumper")
    assert words == ["merino", "wool", "jumper"]
    assert phrases == ["merino wool", "wool jumper"]
    assert analyzer.features("merino wool jumper") == (words, phrases)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("登山用テント2人用", ["登山", "山用", "用テ", "テン", "ント", "2", "人用"]),
        ("USBケーブル 本", ["usb", "ケー", "ーブ", "ブル", "本"]),
        ("등산 텐트를", ["등산", "텐트", "트를"]),
        ("Zelt für zwei", ["zelt", "für", "zwei"]),
    ],
)
def test_scripts_without_blanks_are_read_in_pairs(text: str, words: list[str]) -> None:
    assert Analyzer.words(text) == words


def test_japanese_products_that_are_alike() -> None:
    result = product_text_similarity([
        ProductText("1", "軽量登山テント"), ProductText("2", "二人用テント"),
        ProductText("3", "陶器のマグカップ"), ProductText("4", "木製マグカップ"),
    ])  # fmt: skip
    assert result.neighbours() == {"1": ["2"], "2": ["1"], "3": ["4"], "4": ["3"]}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("serum 50ml", "serum 50 ml"),
        ("screw M4x20mm", "screw m 4 x 20 mm"),
        ("part 06.021-A", "part 06-021 a"),
        ("2,5 cm", "2.5 cm"),
        ("wool 3-layer", "wool 3 layer"),
    ],
)
def test_a_number_and_its_unit_are_two_words_and_a_phrase(one: str, other: str) -> None:
    assert Analyzer().features(one) == Analyzer().features(other)
    assert Analyzer().features("50ml") == (["50", "ml"], ["50 ml"])


def test_sizes_do_not_make_products_alike() -> None:
    """A shop of screws: what it is stands in one word of a title, how large it is in four."""
    kinds = ["Screw", "Washer", "Bolt", "Anchor", "Hook", "Hinge"]
    products = [
        ProductText(f"{kind}{n}", f"{kind} M{size} x {length} mm")
        for kind in kinds
        for n, (size, length) in enumerate(
            (size, length) for size in (3, 4, 5) for length in (10, 16, 20, 30)
        )
    ]
    for key, others in product_text_similarity(products).neighbours().items():
        assert sum(other.startswith(key[:4]) for other in others[:10]) >= 9, (key, others[:10])


def test_stop_words_do_not_take_goods() -> None:
    analyzer = Analyzer()
    assert analyzer.features("a mug with the top of a ring for fire")[0] == ["mug", "top", "ring", "fire"]


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("english", "knitted mugs", "knitting mug"),
        ("german", "Wanderschuhe", "wanderschuh"),
        ("french", "chaussettes", "chaussette"),
        ("swedish", "kopparna", "kopparnas"),
        ("spanish", "café molido", "cafe molido"),
    ],
)
def test_languages(language: str, one: str, other: str) -> None:
    analyzer = Analyzer(language)
    assert analyzer.features(one) == analyzer.features(other)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Wander\u00adschuh", ["wander" + "schuh"]),  # where a browser may part it
        ("सूती कुर्ता", ["सूती", "कुर्ता"]),
        ("İPEK eşarp", ["ipek", "esarp"]),
        ("Gro\u0308ße", ["grosse"]),
        ("ガラス", ["ガラ", "ラス"]),  # a glass is no crow
        ("カラス", ["カラ", "ラス"]),
        ("เสื้อยืด", ["เส", "สื", "ื้", "้อ", "อย", "ยื", "ืด"]),  # without blanks, as Japanese
        ("한국", ["한국"]),
    ],
)
def test_marks_belong_to_their_letters(text: str, words: list[str]) -> None:
    assert Analyzer("polish").features(text)[0] == words


def test_a_language_without_stemmer_has_stop_words_and_an_unknown_one_says_so() -> None:
    assert Analyzer("polish").features("kubek dla niej")[0] == ["kubek"]
    with pytest.raises(ValueError, match="known: arabic"):
        Analyzer("klingon")


GERMAN = [
    ProductText("1", "Wanderschuh aus Leder", "Der Schuh ist mit Leder gefüttert und hält auch im Regen."),
    ProductText("2", "Wanderschuhe für Kinder", "Sie sind leicht und nicht zu warm für den Sommer."),
    ProductText("3", "Becher aus Emaille", "Ein Becher, der auch auf der Wanderung nicht zerbricht."),
    ProductText("4", "Zwei Bechern aus Holz", "Von Hand gemacht und mit Öl behandelt."),
]


def test_the_language_is_read_off_the_texts(demo: list[ProductText]) -> None:
    assert product_text_similarity(demo).language == "english"
    german = product_text_similarity(GERMAN)
    assert german.language == "german"
    assert german.neighbours() == {"1": ["2"], "2": ["1"], "3": ["4"], "4": ["3"]}  # by German stems
    as_english = product_text_similarity(GERMAN, TextSimilarityConfig(language="english"))
    assert as_english.neighbours() != german.neighbours()


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("le la les des avec pour dans une est sont cette", "french"),
        ("och det är på för inte som ett till från", "swedish"),
        ("la crème de la mer", "english"),  # too few small words to say anything
        ("the box of the die for free", "english"),
        ("", "english"),
    ],
)
def test_small_words_name_the_language(words: str, language: str) -> None:
    assert language_of(words.split() * (5 if language != "english" else 1)) == language


def test_fields_weigh() -> None:
    product = ProductText(
        "1", title="mug", body_text="Mug. Mug.", product_type="mug", tags=("mug",), vendor="mug"
    )
    counted = count_features([product], Analyzer(), FieldWeights())
    assert counted.counts.toarray().tolist() == [[2 + 2 + 1 + 1 + 1]]
    sized = count_features([ProductText("1", title="mug 350 ml")], Analyzer(), FieldWeights())
    assert dict(zip(sized.vocabulary, sized.counts.toarray()[0].tolist(), strict=True)) == {
        "mug": 2.0, "350": 1.0, "ml": 2.0, "mug 350": 2.0, "350 ml": 2.0,
    }  # fmt: skip
    without = FieldWeights(title=1, body=0, product_type=0, tags=0, vendor=0)
    assert count_features([product], Analyzer(), without).counts.toarray().tolist() == [[1]]


def test_phrases_do_not_cross_sentences_or_fields() -> None:
    product = ProductText("1", title="red mug", body_text="Blue lamp. Green tent", tags=("old", "axe"))
    counted = count_features([product], Analyzer(), FieldWeights())
    assert sum(" " in feature for feature in counted.vocabulary) == 3


SHOP = [
    ProductText("1", "Enamel camp mug", "A steel mug with a rolled rim."),
    ProductText("2", "Enamel coffee mug", "Steel, glass enamel, holds coffee."),
    ProductText("3", "Goose-down sleeping bag", "Warm in winter nights."),
    ProductText("4", "Summer sleeping bag", "Light for summer nights."),
    ProductText("5", "zzzz", ""),
    ProductText("6", "", ""),
]


def test_what_is_alike() -> None:
    result = product_text_similarity(SHOP)
    neighbours = result.neighbours()
    assert neighbours["1"] == ["2"]
    assert neighbours["3"] == ["4"]
    assert "5" not in neighbours
    assert "6" not in neighbours
    assert (result.products, result.alone) == (6, 2)


def test_table_has_the_common_shape() -> None:
    result = product_text_similarity(SHOP)
    table = result.table(datetime(2026, 3, 1, tzinfo=UTC))
    assert table.schema.equals(PAIRS)
    assert set(table["source"].to_pylist()) == {"text"}
    assert set(table["model_version"].to_pylist()) == {TextSimilarityConfig().model_version}


@pytest.mark.parametrize("count", [0, 1, 2])
def test_tiny_catalogs(count: int) -> None:
    assert product_text_similarity([]).table(datetime(2026, 3, 1)).num_rows == 0
    result = product_text_similarity([ProductText(str(n), "Enamel mug") for n in range(count)])
    assert result.products == count


def test_rows_of_one_product_are_one_product() -> None:
    rows = [
        ProductText("1", "Enamel camp mug", "Red"),
        ProductText("1", "Enamel camp mug", "Blue"),
        ProductText("2", "Enamel coffee mug"),
    ]
    result = product_text_similarity(rows)
    assert result.products == 2
    assert result.neighbours() == {"1": ["2"], "2": ["1"]}


def test_variants_listed_apart_appear_once_and_never_beside_themselves() -> None:
    twins = [
        ProductText(f"t{n}", "Striped linen tea towel", "Of linen.", is_available=n != 0) for n in range(3)
    ]
    others = [ProductText("9", "Plain linen tea towel", "Of linen too.")]
    neighbours = product_text_similarity([*twins, *others]).neighbours()
    assert neighbours["9"] == ["t1"]  # t0 is sold out
    assert neighbours["t0"] == neighbours["t1"] == neighbours["t2"] == ["9"]


def test_same_products_in_any_order_give_the_same_bits(demo: list[ProductText]) -> None:
    first = product_text_similarity(demo)
    shuffled = demo.copy()
    random.Random(7).shuffle(shuffled)
    again = product_text_similarity(shuffled, threads=2)
    assert (first.keys, first.others) == (again.keys, again.others)
    assert first.ranks.tobytes() == again.ranks.tobytes()
    assert first.scores.tobytes() == again.scores.tobytes()


def test_ties_rank_by_id() -> None:
    products = [
        ProductText(str(n), f"enamel mug {word}") for n, word in enumerate(["one", "two", "six", "ten"])
    ]
    result = product_text_similarity(products, TextSimilarityConfig(top_k=2))
    assert result.neighbours()["3"] == ["0", "1"]


def test_footers_do_not_make_products_alike() -> None:
    footer = "\nFree delivery over £75. Send it back within 60 days for a refund."
    kinds = {
        "mug": "Enamel mug for camp coffee",
        "bag": "Feather sleeping bag for snow",
        "axe": "Forged axe of ash",
    }
    products = [
        ProductText(f"{kind}{n}", f"{text} {n}", text + footer)
        for kind, text in kinds.items()
        for n in range(8)
    ]
    result = product_text_similarity(products)
    assert result.removed_sentences == ["free delivery over 75", "send it back within 60 days for a refund"]
    for key, others in result.neighbours().items():
        assert {other[:3] for other in others} == {key[:3]}


def test_what_most_titles_say_still_makes_products_alike() -> None:
    """A shop of towels: "towel" is in two titles of three, and the names are in one each."""
    names = ["Santiago", "Chloe", "Stella", "Emma", "Cooper", "Belize", "Mason", "Candy", "Lexi", "Sahara"]
    towels = [
        ProductText(f"towel {name}", f"{name} Bath Towel") for name in [*names, *(f"{n}o" for n in names)]
    ]
    sheets = [ProductText(f"sheet {name}", f"{name}ia Bamboo Sheet") for name in names]
    result = product_text_similarity([*towels, *sheets])
    assert result.alone == 0
    for key, others in result.neighbours().items():
        assert {other[:5] for other in others} == {key[:5]}


def test_a_word_of_every_product_says_nothing() -> None:
    products = [ProductText(f"{n:02}", f"Skarn thing{n // 2}") for n in range(24)]
    neighbours = product_text_similarity(products).neighbours()
    assert neighbours["00"] == ["01"]


def test_product_texts_of_a_mart(demo: list[ProductText]) -> None:
    table = pa.table({"product_id": ["1"], "title": ["Mug"], "body_text": [None], "tags": [["a", "b"]],
                      "is_available": [None], "price": [1.0]})  # fmt: skip
    assert product_texts(table) == [ProductText("1", "Mug", tags=("a", "b"))]


def test_every_setting_changes_the_model_version() -> None:
    config = TextSimilarityConfig()
    changed = [
        replace(config, language="german"), replace(config, top_k=10), replace(config, min_score=0.3),
        replace(config, fields=replace(config.fields, tags=0.0)), replace(config, expand_weight=0.0),
    ]  # fmt: skip
    assert len({each.model_version for each in (config, *changed)}) == 6


words = st.sampled_from(["enamel", "mug", "tent", "wool", "sock", "red", "blue", "lamp", "steel", "oak"])
products = st.lists(st.lists(words, max_size=5), max_size=25).map(
    lambda rows: [ProductText(f"p{n}", " ".join(row)) for n, row in enumerate(rows)]
)


@given(products, st.integers(1, 6), st.sampled_from([0.05, 0.15, 0.6]))
@settings(max_examples=60)
def test_the_shape_holds_for_any_catalog(catalog: list[ProductText], top_k: int, min_score: float) -> None:
    config = TextSimilarityConfig(top_k=top_k, min_score=min_score)
    result = product_text_similarity(catalog, config)
    assert all(key != other for key, other in zip(result.keys, result.others, strict=True))
    assert ((result.scores >= min_score) & (result.scores <= 1.0)).all()
    assert len(set(zip(result.keys, result.others, strict=True))) == len(result.keys)
    ranks: Counter[str] = Counter()
    last: dict[str, tuple[float, str]] = {}
    for key, other, rank, score in zip(result.keys, result.others, result.ranks, result.scores, strict=True):
        ranks[key] += 1
        assert rank == ranks[key] <= top_k
        assert last.get(key, (-2.0, "")) < (-score, other)
        last[key] = (-score, other)


@given(products)
@settings(max_examples=30)
def test_without_widening_a_full_list_is_the_exact_cosine(catalog: list[ProductText]) -> None:
    """The sparse product against plain numpy, for catalogs small enough that nothing is cut off."""
    from orchestration.recommend.text_similarity import catalog_of
    from orchestration.recommend.text_vectors import vectors_of

    result = product_text_similarity(catalog, PLAIN)
    documents, members = catalog_of(catalog)
    dense = vectors_of(documents, PLAIN).plain.toarray()
    cosine = dense @ dense.T
    row_of = {product: row for row, group in enumerate(members) for product in group}
    for key, other, score in zip(result.keys, result.others, result.scores, strict=True):
        assert abs(cosine[row_of[key], row_of[other]] - score) < 1e-8
    found = Counter(result.keys)
    for product, row in row_of.items():
        near = np.delete(cosine[row], row)
        assert found[product] == min(50, int((near > 1e-5).sum()))


def test_share_by_hand() -> None:
    types = {"a": "x", "b": "x", "c": "y", "d": "y", "e": "z", "f": ""}
    neighbours = {"a": ["b", "c"], "b": ["c", "d"], "c": ["d"], "e": ["a"], "f": ["a"]}
    measured = same_type_share(neighbours, types, top=2)
    assert measured.share == pytest.approx((0.5 + 0 + 0.5 + 0) / 4)
    assert (measured.products, measured.types, measured.without_neighbours) == (4, 3, 1)
    assert measured.chance == pytest.approx(1 / 5)
    assert measured.low <= measured.share <= measured.high
    # Five others can't fill ten places, not even by chance
    assert same_type_share(neighbours, types, top=10).chance == pytest.approx(0.5 * 1 / 5)
    with pytest.raises(ValueError, match="no product has a type"):
        same_type_share({}, {"a": "x", "b": "y"})


def test_every_product_of_one_text_is_ranked() -> None:
    """A shopper sees one of the twins; the measure asks about all of them, as it does with other methods."""
    twins = [ProductText(f"t{n}", "Striped linen tea towel", product_type="towel") for n in range(3)]
    others = [
        ProductText("plain", "Plain linen tea towel", product_type="towel"),
        ProductText("shirt", "Striped linen work shirt", product_type="shirt"),
        ProductText("coat", "Plain linen work coat", product_type="shirt"),
    ]
    measured = evaluate_text_similarity([*twins, *others], top=3)
    assert product_text_similarity([*twins, *others]).neighbours()["plain"][0] == "t0"
    # Each twin: the two others and the plain one; the plain one: three twins; shirt and coat find one another
    assert measured.share == pytest.approx((3 * 1 + 1 + 2 / 3) / 6, abs=0.01)


def test_the_demo_shop_is_better_than_plain_tf_idf(demo: list[ProductText]) -> None:
    ours, plain = evaluate_text_similarity(demo), evaluate_text_similarity(demo, PLAIN)
    assert ours.share >= plain.share + 0.03
    assert ours.share > 0.93
    assert ours.without_neighbours == 0


def test_online_retail_neighbours_are_of_the_kind(shared: Path, tmp_path: Path) -> None:
    real = shared / "data" / "online-retail" / "online_retail.parquet"
    if not real.exists():
        pytest.skip("online_retail.parquet is not here")
    target, _ = write_catalog(real, tmp_path)
    catalog = read_catalog(target)
    titles = {product.product_id: product.title for product in catalog.products}
    result = product_text_similarity(texts(catalog.products))
    neighbours = result.neighbours()
    sold = [product.product_id for product in catalog.products if product.available]
    assert len([product for product in sold if len(neighbours.get(product, [])) >= 4]) / len(sold) > 0.99
    for code, kind in {"22423": "CAKE", "85123A": "T-LIGHT", "20725": "LUNCH BAG", "84879": "BIRD"}.items():
        first = [titles[other] for other in neighbours[code][:5]]
        assert sum(kind in title for title in first) >= 3, (titles[code], first)


def test_writing_and_reading_back(tmp_path: Path) -> None:
    from orchestration.recommend.tables import write_derived

    table = product_text_similarity(SHOP).table(datetime(2026, 3, 1))
    assert pq.read_table(write_derived(tmp_path, "product_similarity", table)).equals(table)


def test_pairs_are_rebuilt_where_a_text_changed(tmp_path: Path) -> None:
    """Beside them stands what an earlier version kept for increments: it goes."""
    import duckdb

    from orchestration.recommend.rebuild import RebuildRule
    from orchestration.recommend.tables import derived_file, write_derived
    from orchestration.recommend.text_similarity import refresh

    path = derived_file(tmp_path, "product_similarity")
    write_derived(tmp_path, "product_similarity", [])
    path.with_suffix(".state").write_bytes(b"FFTEXT04 of an earlier version")
    shop = pa.Table.from_pylist(
        [
            {"product_id": each.product_id, "title": each.title, "body_text": each.body_text,
             "product_type": each.product_type, "tags": list(each.tags), "vendor": each.vendor,
             "is_available": each.is_available}
            for each in SHOP
        ]
    )  # fmt: skip
    with duckdb.connect() as warehouse:
        warehouse.register("shop", shop)
        warehouse.execute("create table products as from shop")

        def run(hour: int) -> bool:
            decision, similarity = refresh(tmp_path, warehouse, RebuildRule(1.0, datetime(2026, 3, 1, hour)))
            assert decision.is_due == (similarity is not None)
            return decision.is_due

        assert run(0)
        expected = product_text_similarity(SHOP).table(datetime(2026, 3, 1))
        assert pq.read_table(path).equals(expected)
        assert sorted(file.name for file in path.parent.iterdir()) == [
            "product_similarity.build.json",
            "product_similarity.parquet",
        ]
        assert not run(1), "no text changed"
        warehouse.execute(
            "update products set title = 'Merino-wool jumper' where product_id = ?", [SHOP[0].product_id]
        )
        assert run(2)
        assert set(pq.read_table(path)["computed_at"].to_pylist()) <= {datetime(2026, 3, 1, 2)}
