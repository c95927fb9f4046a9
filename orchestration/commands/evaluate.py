"""The command ``footfall evaluate``: the shop's recommenders on a data set, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from footfall.runtime.terminal import in_words

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from orchestration.catalog.model import CatalogFile
    from orchestration.evaluation.metrics import Measured

#: Unread products that are named; the others are only counted.
_TOLD = 10

existing = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.option(
    "--sessions", "train", type=existing, help="Training clicks: SessionId, ItemId, Time, separated by tabs."
)
@click.option("--test", type=existing, help="Test clicks, in the same format.")
@click.option("--orders", type=existing, help="Order lines with the online-retail columns: Parquet or CSV.")
@click.option(
    "--split",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Train on the days before this date, predict the 30 days from it.",
)
@click.option("--catalog", type=existing, help="A Shopify product export (.csv) or products.json.")
@click.option(
    "--label", type=click.Choice(["type"]), default="type", show_default=True, help="What they should share."
)
@click.option(
    "--json",
    "out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the numbers to this file.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the intervals.")
def evaluate(
    train: Path | None,
    test: Path | None,
    orders: Path | None,
    split: datetime | None,
    catalog: Path | None,
    label: str,
    out: Path | None,
    seed: int,
) -> None:
    """Measure the recommenders on a data set: sessions, orders or a catalog.

    \b
    footfall evaluate --sessions TRAIN --test TEST
    footfall evaluate --orders FILE --split 2011-11-09
    footfall evaluate --catalog PRODUCTS.csv --label type

    The code is the shop's own, with the shop's defaults; the baselines stand beside it. Numbers carry a 95 %
    bootstrap interval. The same files and seed give the same numbers.
    """
    if sum(option is not None for option in (train, orders, catalog)) != 1:
        raise click.UsageError("give exactly one of --sessions, --orders and --catalog")
    if (train is None) != (test is None):
        raise click.UsageError("--sessions and --test require each other")
    if (orders is None) != (split is None):
        raise click.UsageError("--orders and --split require each other")
    with in_words(ValueError):
        if train and test:
            result = _sessions(train, test, seed)
        elif orders and split:
            result = _orders(orders, split, seed)
        else:
            assert catalog is not None  # one of the three is given
            result = _catalog(catalog, label, seed)
    if out:
        out.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")


def _sessions(train: Path, test: Path, seed: int) -> dict[str, Any]:
    from orchestration.evaluation.sessions import TOP, evaluate_sessions, read_sessions

    names: dict[str, int] = {}
    learned, asked = read_sessions(train, names), read_sessions(test, names)
    _tell(train, learned.notes)
    _tell(test, asked.notes)
    steps = sum(len(session) - 1 for session in asked.items)
    known = {item for session in learned.items for item in session}
    unseen = sum(item not in known for session in asked.items for item in session[1:])
    between = []
    if unseen:
        between.append(
            f"{unseen:,} of {steps:,} steps lead to products that {train.name} doesn't have: misses of every arm"
        )
    learned_until = max(learned.ended)
    if early := sum(ended < learned_until for ended in asked.ended):
        between.append(
            f"{early:,} of {len(asked.items):,} sessions ended before the last of {train.name}: what they did is not "
            "foretold by it"
        )
    _tell(test, between)
    with _progress() as progress:
        tasks: dict[str, TaskID] = {}

        def tick(arm: str, done: int) -> None:
            if arm not in tasks:
                tasks[arm] = progress.add_task(arm, total=steps)
            progress.advance(tasks[arm], done)

        arms = evaluate_sessions(learned, asked, seed=seed, tick=tick)
    _print(
        f"Next product, {steps:,} steps of {len(asked.items):,} sessions (last click's product dropped; new: all of "
        "the session's dropped)",
        ("arm", f"HR@{TOP}", f"MRR@{TOP}", f"HR@{TOP} new", f"MRR@{TOP} new", "coverage"),
        [
            (
                a.arm,
                _text(a.hit_rate),
                _text(a.mrr),
                _text(a.hit_rate_new),
                _text(a.mrr_new),
                f"{a.coverage:.3f}",
            )
            for a in arms
        ],
    )
    return {
        "protocol": "sessions",
        "top": TOP,
        "seed": seed,
        "steps": steps,
        "steps_to_unseen_products": unseen,
        "notes": [*learned.notes, *asked.notes, *between],
        "arms": [asdict(arm) for arm in arms],
    }


def _orders(path: Path, split: datetime, seed: int) -> dict[str, Any]:
    from orchestration.evaluation.orders import evaluate_orders, read_orders
    from orchestration.evaluation.rankings import TOP

    lines = read_orders(path)
    _tell(path, lines.notes)
    arms = evaluate_orders(lines, split, seed=seed)
    _print(
        f"What {arms[0].recall_all.cases:,} customers buy in the 30 days from {split:%Y-%m-%d}",
        ("arm", f"R@{TOP} all", f"NDCG@{TOP} all", f"R@{TOP} new", f"NDCG@{TOP} new", "coverage"),
        [
            (
                a.arm,
                _text(a.recall_all),
                _text(a.ndcg_all),
                _text(a.recall_new),
                _text(a.ndcg_new),
                f"{a.coverage:.3f}",
            )
            for a in arms
        ],
    )
    split_day = f"{split:%Y-%m-%d}"
    return {
        "protocol": "orders", "split": split_day, "top": TOP, "seed": seed, "notes": lines.notes,
        "arms": [asdict(arm) for arm in arms],
    }  # fmt: skip


def _catalog(path: Path, label: str, seed: int) -> dict[str, Any]:
    from orchestration.catalog.formats import read_catalog
    from orchestration.catalog.model import CatalogError
    from orchestration.evaluation.catalog import PLAIN, catalog_texts, evaluate_text_similarity

    with in_words(CatalogError):
        catalog = read_catalog(path)
    notes = list(_told(catalog))
    _tell(path, notes)
    products = catalog_texts(catalog)
    try:
        arms = {
            "plain field TF-IDF": evaluate_text_similarity(products, PLAIN, seed=seed),
            "footfall": evaluate_text_similarity(products, seed=seed),
        }
    except ValueError as error:
        raise click.ClickException(
            f"{path}: {error} ({len(products):,} products read; a type comes from the column Type, else from the "
            "end of Product Category)"
        ) from None
    ours = arms["footfall"]
    _print(
        f"Same {label} in the first {ours.top} of {ours.products:,} products, {ours.types} types, type and tags not "
        "read",
        ("arm", "share", "chance", "without neighbours"),
        [
            (name, f"{a.share:.4f} [{a.low:.3f}, {a.high:.3f}]", f"{a.chance:.4f}", str(a.without_neighbours))
            for name, a in arms.items()
        ],
    )
    return {
        "protocol": "catalog", "label": label, "seed": seed, "failed_products": len(catalog.failed), "notes": notes,
        "arms": [{"arm": name, **asdict(measured)} for name, measured in arms.items()],
    }  # fmt: skip


def _told(catalog: CatalogFile) -> Iterator[str]:
    """Yield what of the file was not read, what it lacks, which types are the same, and what can't be asked."""
    from orchestration.evaluation.catalog import kind_of

    yield from (f"not read: {failed}" for failed in catalog.failed[:_TOLD])
    if len(catalog.failed) > _TOLD:
        yield f"not read: {len(catalog.failed) - _TOLD:,} more"
    types = {product.product_type for product in catalog.products if product.product_type}
    if spellings := len(types) - len({kind_of(each) for each in types}):
        yield f"{spellings:,} of {len(types):,} types differ from another in case or blanks alone: the same type"
    if catalog.products and not any(product.body_text for product in catalog.products):
        yield "no product has a description (Body (HTML), Description): only titles and makers are read"
    if untyped := sum(product.product_type is None for product in catalog.products):
        yield f"{untyped:,} of {len(catalog.products):,} products have no type: not asked, wrong in any list"


def _tell(path: Path, notes: Iterable[str]) -> None:
    for note in notes:
        click.echo(f"{path.name}: {note}", err=True)


def _progress() -> Progress:
    """Bars on the terminal's error stream; nothing where that is a file."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description:22}"), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)


def _text(measured: Measured) -> str:
    return f"{measured.mean:.4f} [{measured.low:.3f}, {measured.high:.3f}]"


def _print(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(title=title, title_justify="left")
    for number, name in enumerate(head):
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    width = None if Console().is_terminal else 160  # into a file nothing is cut
    Console(width=width).print(table)
