"""What Python computes and SQL doesn't: text similarity, affinity between visitors, session neighbours."""

from datetime import UTC, datetime

import dagster as dg
import msgspec

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
    from orchestration.lib.text_similarity import product_text_similarity, product_texts

    settings = load_settings()
    with reading(settings) as connection:
        products = product_texts(connection.sql("select * from products").to_arrow_table())
    similarity = product_text_similarity(products)
    path = write_derived(
        settings.paths.derived, "product_similarity", similarity.table(computed_at=datetime.now(UTC))
    )
    for sentence in similarity.removed_sentences[:20]:
        context.log.info(f"taken for boilerplate: {sentence}")
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(similarity.keys),
            "products": similarity.products,
            "without_neighbour": similarity.alone,
            "features": similarity.features,
            "model_version": similarity.model_version,
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
    import pyarrow.parquet as pq

    from orchestration.lib.derived import write_derived
    from orchestration.lib.visitor_similarity import VisitorSimilarity

    settings = load_settings()
    with reading(settings) as connection:
        affinities = connection.sql("select * from visitor_product_affinity").to_arrow_table()
    similarity = VisitorSimilarity(affinities)
    path = write_derived(
        settings.paths.derived, "visitor_affinity", similarity.tables(computed_at=datetime.now(UTC))
    )
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": pq.read_metadata(path).num_rows,
            "spaces": dg.MetadataValue.json(
                {source: msgspec.to_builtins(report) for source, report in similarity.reports.items()}
            ),
            "model_version": similarity.model_version,
            "path": dg.MetadataValue.path(str(path)),
        }
    )


@dg.asset(
    key=["derived", "session_neighbours"],
    deps=[model_key("session_products")],
    group_name="similarity",
    kinds={"python", "numpy"},
    owners=OWNERS,
    pool=POOL,
    description="What follows in a session: the newest sessions of every product (VMIS-kNN) and sequential rules, as "
    "one file that goes into the snapshot and that the API scores the running session with.",
)
def session_neighbours(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Read session_products, write ``lake/derived/session_neighbours``."""
    from orchestration.lib.derived import session_index_file
    from orchestration.lib.durable import write_durably
    from orchestration.lib.session_neighbours import index_of

    settings = load_settings()
    with reading(settings) as connection:
        clicks = connection.sql("select * from session_products").to_arrow_table()
    index = index_of(clicks)
    path = session_index_file(settings.paths.derived)
    write_durably(path, index.write)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": index.sessions,
            "products": len(index.products),
            "postings": len(index.arrays.postings),
            "rules": len(index.arrays.rule_items),
            "size_mb": round(path.stat().st_size / 2**20, 2),
            "model_version": index.model_version,
            "path": dg.MetadataValue.path(str(path)),
        }
    )
