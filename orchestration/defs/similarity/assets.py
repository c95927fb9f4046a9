"""What Python computes and SQL doesn't: text similarity of products, affinity between visitors."""

from datetime import UTC, datetime

import dagster as dg

from footfall.settings import load_settings
from orchestration.defs.warehouse.dbt import model_key
from orchestration.lib.warehouse import POOL, reading

OWNERS = ["team:data-science"]


@dg.asset(
    key=["derived", "product_similarity"],
    deps=[model_key("products")],
    group_name="similarity",
    kinds={"python", "scikitlearn"},
    owners=OWNERS,
    pool=POOL,
    description="The products most alike by their text: stemmed words and phrases of title, type, tags, vendor and "
    "description (shop boilerplate removed), TF-IDF, sparse top 50.",
)
def product_similarity(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Read the products mart, write pairs to ``lake/derived/product_similarity``."""
    from orchestration.lib.derived import write_derived
    from orchestration.lib.text_similarity import read_products, text_similarity

    settings = load_settings()
    with reading(settings) as connection:
        products = read_products(connection)
    pairs = text_similarity(products, computed_at=datetime.now(UTC))
    path = write_derived(settings.paths.derived, "product_similarity", pairs)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(pairs),
            "products": len(products),
            "path": dg.MetadataValue.path(str(path)),
        }
    )


@dg.asset(
    key=["derived", "visitor_affinity"],
    deps=[model_key("visitor_product_affinity")],
    group_name="similarity",
    kinds={"python", "scipy"},
    owners=OWNERS,
    pool=POOL,
    description="The visitors most alike by what they looked at and bought: idf-weighted affinity vectors, sparse "
    "cosine top 50, behaviour and purchase apart and blended, with the products behind each pair.",
)
def visitor_affinity(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Read visitor_product_affinity, write pairs to ``lake/derived/visitor_affinity``."""
    from orchestration.lib.derived import write_derived
    from orchestration.lib.visitor_similarity import read_affinity, visitor_similarity

    settings = load_settings()
    with reading(settings) as connection:
        affinity = read_affinity(connection)
    pairs = visitor_similarity(affinity, computed_at=datetime.now(UTC))
    path = write_derived(settings.paths.derived, "visitor_affinity", pairs)
    return dg.MaterializeResult(
        metadata={"dagster/row_count": len(pairs), "path": dg.MetadataValue.path(str(path))}
    )
