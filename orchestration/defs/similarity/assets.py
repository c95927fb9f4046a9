"""Derived tables computed in Python: text similarity, visitor similarity, also-liked products, sessions."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import msgspec

from footfall.settings import Settings, load_settings
from orchestration.defs.warehouse.dbt import model_key
from orchestration.storage.duckdb_files import POOL, reading
from orchestration.storage.full_disk import full_disk_in_words

if TYPE_CHECKING:
    from orchestration.recommend.rebuild import Decision, RebuildRule

OWNERS = ["team:data-science"]


class Learn(dg.Config):
    """How an asset that learns is run.

    full_refresh: rebuild it whatever the rule says (``orchestration/recommend/rebuild.py``).
    """

    full_refresh: bool = False


def _rule(settings: Settings, config: Learn) -> "RebuildRule":
    """When this run rebuilds what is learned: what names people or days that were removed since is rebuilt at once."""
    from orchestration.lake.privacy import last_forgotten
    from orchestration.lake.retention import last_cut
    from orchestration.recommend.rebuild import RebuildRule

    cut, forgotten = last_cut(settings.paths), last_forgotten(settings.paths)
    removed = [moment for moment in (cut and cut.at, forgotten) if moment]
    return RebuildRule(
        settings.rebuild_share,
        datetime.now(UTC),
        is_forced=config.full_refresh,
        not_from_before=max(removed, default=None),
    )


def _told(path: Path, decision: "Decision") -> dict[str, Any]:
    """Metadata of each table's last build."""
    from orchestration.recommend.rebuild import last_build

    metadata: dict[str, Any] = {
        "rebuilt": decision.is_due,
        "why": decision.reason,
        "size_mb": round(path.stat().st_size / 2**20, 2),
        "path": dg.MetadataValue.path(str(path)),
    }
    if build := last_build(path):
        metadata["built_at"] = dg.MetadataValue.timestamp(build.built_at.replace(tzinfo=UTC))
        metadata["build_seconds"] = round(build.seconds, 2)
    return metadata


@dg.asset(
    key=["derived", "product_similarity"],
    deps=[model_key("products")],
    group_name="similarity",
    kinds={"python", "scikitlearn"},
    owners=OWNERS,
    pool=POOL,
    description="The most similar products by text: stemmed words and phrases of title, type, tags, vendor and "
    "description (shop boilerplate removed), TF-IDF, sparse top 50.",
)
@full_disk_in_words()
def product_similarity(context: dg.AssetExecutionContext, config: Learn) -> dg.MaterializeResult:
    """Read the products mart, write pairs to ``lake/derived/product_similarity``."""
    import pyarrow.parquet as pq

    from orchestration.recommend.tables import derived_file
    from orchestration.recommend.text_similarity import TABLE, refresh, text_config

    settings = load_settings()
    with reading(settings) as connection:
        decision, similarity = refresh(
            settings.paths.derived, connection, _rule(settings, config), text_config(settings)
        )
    path = derived_file(settings.paths.derived, TABLE)
    metadata = _told(path, decision) | {"dagster/row_count": pq.read_metadata(path).num_rows}
    if similarity:
        for sentence in similarity.removed_sentences[:20]:
            context.log.info(f"boilerplate: {sentence}")
        metadata |= {
            "products": similarity.products,
            "without_neighbour": similarity.alone,
            "features": similarity.features,
            "language": similarity.language,
            "model_version": similarity.model_version,
        }
    return dg.MaterializeResult(metadata=metadata)


@dg.asset(
    key=["derived", "visitor_affinity"],
    deps=[model_key("visitor_product_affinity")],
    group_name="similarity",
    kinds={"python", "scipy"},
    owners=OWNERS,
    pool=POOL,
    description="The most similar visitors by product views and purchases: idf-weighted affinity vectors, sparse "
    "cosine top 50, behaviour and purchase separately and blended, with the shared products of each pair.",
)
@full_disk_in_words()
def visitor_affinity(context: dg.AssetExecutionContext, config: Learn) -> dg.MaterializeResult:
    """Read visitor_product_affinity, write pairs to ``lake/derived/visitor_affinity``."""
    import pyarrow.parquet as pq

    from orchestration.recommend.tables import derived_file
    from orchestration.recommend.visitor_similarity import TABLE, refresh

    settings = load_settings()
    with reading(settings) as connection:
        decision, similarity = refresh(settings.paths.derived, connection, _rule(settings, config))
    path = derived_file(settings.paths.derived, TABLE)
    metadata = _told(path, decision) | {"dagster/row_count": pq.read_metadata(path).num_rows}
    if similarity:
        spaces = {source: msgspec.to_builtins(report) for source, report in similarity.reports.items()}
        metadata |= {"spaces": dg.MetadataValue.json(spaces), "model_version": similarity.model_version}
    return dg.MaterializeResult(metadata=metadata)


@dg.asset(
    key=["derived", "product_also_liked"],
    deps=[
        model_key("visitor_product_affinity"),
        model_key("crowded_affinities"),
        model_key("int_visitor_product_days"),
        model_key("int_as_of"),
    ],
    group_name="similarity",
    kinds={"python", "numpy"},
    owners=OWNERS,
    pool=POOL,
    description="What those like who like a product: an item-item model (EASE) of who is drawn to what, weighted by "
    "the season, the best 20 of each product.",
)
@full_disk_in_words()
def product_also_liked(context: dg.AssetExecutionContext, config: Learn) -> dg.MaterializeResult:
    """Read affinities and product days, write pairs to ``lake/derived/product_also_liked``."""
    import pyarrow.parquet as pq

    from orchestration.recommend.also_liked import TABLE, AlsoLikedConfig, refresh
    from orchestration.recommend.tables import derived_file

    settings = load_settings()
    with reading(settings) as connection:
        decision = refresh(settings.paths.derived, connection, _rule(settings, config))
    path = derived_file(settings.paths.derived, TABLE)
    return dg.MaterializeResult(
        metadata=_told(path, decision)
        | {
            "dagster/row_count": pq.read_metadata(path).num_rows,
            "model_version": AlsoLikedConfig().model_version,
        }
    )


@dg.asset(
    key=["derived", "session_neighbours"],
    deps=[model_key("session_products"), model_key("crowded_sessions")],
    group_name="similarity",
    kinds={"python", "numpy"},
    owners=OWNERS,
    pool=POOL,
    description="What follows in a session: the newest sessions of every product (VMIS-kNN) and sequential rules, as "
    "one file that goes into the snapshot and that the API scores the running session with.",
)
@full_disk_in_words()
def session_neighbours(context: dg.AssetExecutionContext, config: Learn) -> dg.MaterializeResult:
    """Read session_products but for crowded_sessions, write ``lake/derived/session_neighbours``."""
    from footfall.snapshot.session_index import MODEL_VERSION, SessionIndex
    from orchestration.recommend.session_neighbours import refresh, session_config
    from orchestration.recommend.tables import session_index_file
    from orchestration.storage.environment import dbt_project
    from orchestration.warehouse.dbt_runner import project_vars

    settings = load_settings()
    with reading(settings) as connection:
        decision = refresh(
            settings.paths.derived,
            connection,
            _rule(settings, config),
            session_config(project_vars(dbt_project())),
        )
    path = session_index_file(settings.paths.derived)
    index = SessionIndex.open(path)
    return dg.MaterializeResult(
        metadata=_told(path, decision)
        | {
            "dagster/row_count": index.sessions,
            "products": len(index.products),
            "postings": len(index.arrays.postings),
            "rules": len(index.arrays.rule_items),
            "model_version": MODEL_VERSION,
        }
    )


#: The assets that take ``Learn``.
LEARNED = (product_similarity, visitor_affinity, product_also_liked, session_neighbours)
