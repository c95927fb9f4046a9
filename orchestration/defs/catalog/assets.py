"""The shop's catalog: files in the inbox become versions in the lake."""

from datetime import UTC, datetime

import dagster as dg

from footfall.settings import load_settings
from footfall.status.catalog_fetches import failed_fetches
from footfall.status.unreadable_catalogs import note_unread
from orchestration.storage.duckdb_files import POOL
from orchestration.storage.full_disk import full_disk_in_words

OWNERS = ["team:data-engineering"]
KEY = dg.AssetKey(["lake", "products"])
CHECK = "assert_every_catalog_file_is_read"
#: Of a reason: it may quote the file.
REASON_CHARACTERS = 300

catalog_inbox = dg.AssetSpec(
    ["catalog", "inbox"],
    group_name="landing",
    kinds={"file"},
    owners=OWNERS,
    description="The shop's catalog files in `catalog/`, as shop software exports them: Shopify, WooCommerce, Magento, "
    "a Google Merchant feed, or the plain form. Replace a file and the next run takes the new version.",
)


@dg.asset(
    key=KEY,
    deps=[catalog_inbox.key],
    group_name="lake",
    kinds={"python", "parquet"},
    owners=OWNERS,
    pool=POOL,
    check_specs=[
        dg.AssetCheckSpec(
            CHECK,
            asset=KEY,
            description="Each file of the inbox can be read, and each source fetched. Else the last version stays.",
        )
    ],
    description="Versions of the catalog: one row a product and version. An unchanged file writes nothing; a product "
    "that left the file, or whose file left the inbox, is written once more as not available.",
)
@full_disk_in_words()
def products(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Read every inbox file. A product that can't be read is logged with its line, a file with its reason; neither
    costs the others anything.
    """
    from orchestration.catalog.formats import read_catalog
    from orchestration.catalog.inbox import inbox_sources, inbox_state, note_read
    from orchestration.catalog.links import Links, Shop
    from orchestration.catalog.model import ENDINGS, CatalogError, NoCatalogError, other_files
    from orchestration.catalog.pushed import is_pushed, read_pushed
    from orchestration.catalog.versions import version_time, withdraw_missing, write_products
    from orchestration.lake.loader import newest_load_id
    from orchestration.lake.schema import prepare_lake

    settings = load_settings()
    paths = settings.paths
    prepare_lake(paths)
    state = inbox_state(paths.catalog)
    shop = Shop(Links.of(settings), settings.currency, datetime.now(UTC))
    files = inbox_sources(paths.catalog)
    if not files:
        context.log.warning(f"no catalog in {paths.catalog}: products are known only from their events")
    written, read, failed = 0, 0, []
    unreadable: dict[str, str] = {}
    others = {
        name: f"{name} is no catalogue file: those end in {', '.join(ENDINGS)}"
        for file in other_files(paths.catalog)
        if (name := _in_utf8(file.name))
    }
    for file in files:
        name = _in_utf8(file.name)
        if name != file.name:
            unreadable[name] = f"{name}: its name is not UTF-8"
            continue
        try:
            catalog = read_pushed(file, shop) if is_pushed(file) else read_catalog(file, shop)
        except CatalogError as error:
            # What was a catalogue before is one that went bad
            is_note = isinstance(error, NoCatalogError) and not version_time(paths.lake / "products", name)
            (others if is_note else unreadable)[name] = _in_utf8(str(error))[:REASON_CHARACTERS]
            continue
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
    stands = {name: at for name in unreadable if (at := version_time(paths.lake / "products", name))}
    note_read(paths, state)
    noted = note_unread(paths, unreadable, stands, datetime.now(UTC), others)
    unread = [each for each in noted if each.is_catalog]
    unfetched = failed_fetches(paths)
    for each in (*noted, *unfetched):
        context.log.warning(str(each))
    for name in gone:
        context.log.warning(
            f"{name} is no longer in {paths.catalog}: products only in it are no longer available"
        )
    for one in failed:
        context.log.warning(f"{one.source_file} line {one.line}: product {one.key}: {one.reason}")
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": read,
            "files": len(files),
            "new_versions": written,
            "withdrawn_files": len(gone),
            "failed_products": len(failed),
            "unread_files": len(unread),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name=CHECK,
                passed=not unread and not unfetched,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={each.name: str(each) for each in (*unread, *unfetched)},
            )
        ],
    )


def _in_utf8(text: str) -> str:
    """The text without what stands for bytes that are not UTF-8, which neither JSON nor Dagster takes."""
    return text.encode("utf-8", "replace").decode()
