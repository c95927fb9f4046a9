"""The shop's catalog: files in the inbox become versions in the lake."""

from datetime import UTC, datetime

import dagster as dg

from footfall.settings import load_settings
from orchestration.lib.full_disk import full_disk_in_words
from orchestration.lib.warehouse import POOL

OWNERS = ["team:data-engineering"]

catalog_inbox = dg.AssetSpec(
    ["catalog", "inbox"],
    group_name="landing",
    kinds={"file", "shopify"},
    owners=OWNERS,
    description="The shop's catalog files in `catalog/`: `products.json` of a Shopify storefront or the admin's "
    "product-export CSV. Replace a file and the next run takes the new version.",
)


@dg.asset(
    key=["lake", "products"],
    deps=[catalog_inbox.key],
    group_name="lake",
    kinds={"python", "parquet"},
    owners=OWNERS,
    pool=POOL,
    description="Versions of the catalog: one row a product and version. An unchanged file writes nothing; a product "
    "that left the file, or whose file left the inbox, is written once more as not available.",
)
@full_disk_in_words()
def products(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Read every inbox file; a product that can't be read is logged with its line and costs the others nothing.

    Raises CatalogError where a file is of no known form.
    """
    from orchestration.lib.catalog import read_catalog, withdraw_missing, write_products
    from orchestration.lib.catalog_model import inbox_files
    from orchestration.lib.lake import newest_load_id
    from orchestration.lib.lake_schema import prepare_lake

    settings = load_settings()
    paths = settings.paths
    prepare_lake(paths)
    files = inbox_files(paths.catalog)
    if not files:
        context.log.warning(f"no catalog in {paths.catalog}: products are known by their events alone")
    written, read, failed = 0, 0, []
    for file in files:
        catalog = read_catalog(file, shop_url=settings.storefront_url, currency=settings.currency)
        failed += catalog.failed
        read += len(catalog.products)
        version = write_products(
            paths.lake / "products",
            catalog,
            load_id=newest_load_id(paths) + 1,
            captured_at=datetime.now(UTC),
        )
        written += version is not None
    gone = withdraw_missing(
        paths.lake / "products",
        {file.name for file in files},
        load_id=newest_load_id(paths) + 1,
        captured_at=datetime.now(UTC),
    )
    for name in gone:
        context.log.warning(f"{name} is no longer in {paths.catalog}: what it alone named is not available")
    for each in failed:
        context.log.warning(f"{each.source_file} line {each.line}: product {each.key}: {each.reason}")
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": read,
            "files": len(files),
            "new_versions": written,
            "withdrawn_files": len(gone),
            "failed_products": len(failed),
        }
    )
