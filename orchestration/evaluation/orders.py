"""Affinity measured on orders: learn before a day, ask what each customer buys in the thirty days from it.

Asked are customers with purchases on both sides of the split. The measures are those of ``rankings``. ``footfall`` is
the list ``taste``, which leads in what a visitor is shown: all that orders alone can teach, learned by the code that
the shop runs, with the current vars.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import scipy.sparse as sp

from orchestration.catalog.delimited import places_of
from orchestration.evaluation.rankings import ArmResult, Lists
from orchestration.evaluation.readers import (
    TIMES,
    FileError,
    Rows,
    ids,
    moments,
    numbers,
    read_text_rows,
)
from orchestration.recommend.also_liked import AlsoLikedConfig, also_liked
from orchestration.recommend.ease import decayed_counts, ease_weights, trend
from orchestration.storage.environment import dbt_project
from orchestration.warehouse.dbt_runner import project_vars

HORIZON = timedelta(days=30)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class OrderLines:
    """Purchases: who, what, when, in which order; parallel arrays, returns and guests left out."""

    customer: npt.NDArray[np.str_]
    item: npt.NDArray[np.str_]
    order: npt.NDArray[np.str_]
    at: npt.NDArray[np.datetime64]
    notes: tuple[str, ...] = field(default=(), compare=False)
    """Descriptions of the rows that were left out."""


#: The columns, and what exporters call them: the online-retail file's names as Parquet and as its makers' CSV.
_COLUMNS = {
    "order": ("invoice_no", "invoice", "order_id"),
    "item": ("stock_code", "product_id", "sku"),
    "quantity": ("quantity",),
    "at": ("invoice_date", "ordered_at", "occurred_at"),
    "price": ("unit_price", "price"),
    "customer": ("customer_id", "user_id"),
}


def read_orders(path: Path) -> OrderLines:
    """Sales of known customers, from Parquet or CSV with the online-retail columns. Raises FileError.

    Numbers and days may be written as sheets of any country save them (``reading.numbers``, ``reading.moments``). Kept
    are lines with a customer, a positive quantity and a positive price. Where most stock codes begin with five
    digits, the others are left out: they are postage, fees and vouchers.
    """
    rows = _read_parquet(path) if _is_parquet(path) else read_text_rows(path, _COLUMNS)
    if not len(rows):
        raise FileError(f"{path}: the file has no order line")
    total = len(rows)
    notes = []
    for name in ("item", "order"):
        rows.leave_out(pc.equal(rows.columns[name], ""), f"without {_COLUMNS[name][0]}")
    for name in ("quantity", "price"):
        rows.leave_out(pc.is_null(numbers(rows.columns[name])), f"whose {_COLUMNS[name][0]} is not a number")
    rows.leave_out(moments(rows.columns["at"])[1], f"whose {_COLUMNS['at'][0]} is not a time ({TIMES})")
    rows.settle()
    notes += rows.told
    columns = rows.columns
    quantity, price = numbers(columns["quantity"]), numbers(columns["price"])
    customer = ids(columns["customer"])
    known = pc.and_(
        pc.not_equal(customer, ""), pc.invert(pc.is_in(customer, value_set=pa.array(["nan", "null"])))
    )
    kept = pc.and_(known, pc.and_(pc.greater(quantity, 0), pc.greater(price, 0)))
    goods = pc.match_substring_regex(columns["item"], r"^\d{5}")
    if (pc.sum(goods).as_py() or 0) > 0.5 * len(rows):
        kept = pc.and_(kept, goods)
    if not (count := pc.sum(kept).as_py()):
        raise FileError(f"{path}: none of {total:,} lines is a sale of a known customer")
    notes.append(f"{count:,} of {total:,} lines are goods sold to a known customer")
    return OrderLines(
        customer=customer.filter(kept).to_numpy(zero_copy_only=False).astype(np.str_),
        item=columns["item"].filter(kept).to_numpy(zero_copy_only=False).astype(np.str_),
        order=columns["order"].filter(kept).to_numpy(zero_copy_only=False).astype(np.str_),
        at=moments(columns["at"])[0].filter(kept).to_numpy(zero_copy_only=False).astype("datetime64[us]"),
        notes=tuple(notes),
    )


def _is_parquet(path: Path) -> bool:
    """By its content: what a file is called is no matter of its form."""
    try:
        with path.open("rb") as stream:
            return stream.read(4) == b"PAR1"
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}") from None


def _read_parquet(path: Path) -> Rows:
    """The columns as text, as the other form has them."""
    try:
        header = pq.read_schema(path).names
        found = {
            ours: header[place] for ours, place in places_of(header, _COLUMNS).items() if place is not None
        }
        if missing := [known[0] for ours, known in _COLUMNS.items() if ours not in found]:
            raise FileError(f"{path}: no column {', '.join(missing)} (there are: {', '.join(header[:20])})")
        table = pq.read_table(path, columns=list(found.values()))
    except (OSError, pa.ArrowInvalid) as error:
        raise FileError(f"{path}: no Parquet file: {error}") from None
    columns = {}
    for ours, name in found.items():
        column = table[name].combine_chunks()
        if pa.types.is_timestamp(column.type):
            column = pc.cast(
                pc.divide(pc.cast(column.cast(pa.timestamp("us")), pa.int64()), 1_000_000), pa.int64()
            )
        columns[ours] = pc.fill_null(column.cast(pa.string()), "")
    return Rows(path, columns)


class _Split:
    """Both sides of the split, with customers and items as numbers."""

    def __init__(self, lines: OrderLines, split: datetime) -> None:
        day = np.datetime64(split)
        before = lines.at < day
        after = (lines.at >= day) & (lines.at < day + np.timedelta64(HORIZON))
        if not before.any() or not after.any():
            span = f"{lines.at.min().astype('datetime64[D]')} to {lines.at.max().astype('datetime64[D]')}"
            raise FileError(
                f"no purchases both before {split:%Y-%m-%d} and in the {HORIZON.days} days from it: they are of {span}"
            )
        self.customers, who = np.unique(lines.customer[before], return_inverse=True)
        self.items, what = np.unique(lines.item[before], return_inverse=True)
        age = (day - lines.at[before]) / np.timedelta64(1, "D")
        self.shape = (len(self.customers), len(self.items))
        # An item counts once an order, however many lines it has there.
        order = np.unique(lines.order[before], return_inverse=True)[1]
        once, first = np.unique(np.stack([who, what, order]), axis=1, return_index=True)
        self.who, self.what, self.age = once[0], once[1], age[first]
        self.counts = sp.csr_matrix((np.ones(once.shape[1]), (once[0], once[1])), shape=self.shape)
        self.truth = self._truth(lines, after)
        if not self.truth:
            raise FileError(
                f"no customer bought both before {split:%Y-%m-%d} and in the {HORIZON.days} days from it"
            )

    def _truth(self, lines: OrderLines, after: npt.NDArray[np.bool_]) -> dict[int, set[int]]:
        """Customer to bought items. Items never sold before get numbers that no list holds."""
        number = {item: n for n, item in enumerate(np.union1d(self.items, lines.item[after]).tolist())}
        known = {item: n for n, item in enumerate(self.items.tolist())}
        row = {customer: n for n, customer in enumerate(self.customers.tolist())}
        truth: dict[int, set[int]] = {}
        for customer, item in zip(lines.customer[after].tolist(), lines.item[after].tolist(), strict=True):
            if customer in row:
                truth.setdefault(row[customer], set()).add(known.get(item, len(known) + number[item]))
        return truth

    def newest(self, most: int) -> dict[int, list[int]]:
        """By customer the items bought last, each once."""
        found: dict[int, list[int]] = {}
        for place in np.lexsort((self.what, self.age, self.who)).tolist():
            items = found.setdefault(int(self.who[place]), [])
            if len(items) < most and self.what[place] not in items:
                items.append(int(self.what[place]))
        return found

    def bought_within(self, days: float) -> dict[int, list[int]]:
        """By customer the items bought in so many days before the split."""
        found: dict[int, list[int]] = {}
        for place in np.flatnonzero(self.age <= days).tolist():
            found.setdefault(int(self.who[place]), []).append(int(self.what[place]))
        return found

    def own(self, customer: int) -> npt.NDArray[np.int32]:
        return self.counts.indices[self.counts.indptr[customer] : self.counts.indptr[customer + 1]]


def taste(
    affinity: sp.csr_matrix[Any],
    newest: Mapping[int, Sequence[int]],
    pairs: sp.csr_matrix[Any],
    discovery: float,
) -> Callable[[int], tuple[Floats, Floats]]:
    """The list ``taste`` of the mart visitor_recommendations, for visitors and products as numbers.

    affinity: in orders, positive. newest: by visitor the last products, at most taste_products. pairs: also liked,
    products x products. discovery: taste_discovery. Gives (own part, liked part) by product.
    """

    def parts(visitor: int) -> tuple[Floats, Floats]:
        liked = np.asarray(pairs[list(newest[visitor])].sum(axis=0)).ravel()
        own: Floats = np.log1p(affinity[visitor].toarray().ravel()).astype(np.float64)
        most = max(float(liked.max(initial=0.0)), 1e-12)
        return own, (discovery / most * liked).astype(np.float64)

    return parts


def _arms(split: _Split) -> dict[str, Callable[[int], Floats]]:
    counts = split.counts
    seen = counts.copy()
    seen.data[:] = 1.0
    items = split.shape[1]
    popularity = np.asarray(seen.sum(axis=0)).ravel().astype(np.float64)
    config, variables = AlsoLikedConfig(), project_vars(dbt_project())
    recent = decayed_counts(split.what, split.age, items, config.half_life_days)
    ever = np.bincount(split.what, minlength=items).astype(np.float64)
    learned = also_liked(seen, trend(recent, ever), config)
    pairs = sp.csr_matrix((learned.score, (learned.key, learned.other)), shape=(items, items))
    decayed = 0.5 ** (split.age / variables["affinity_half_life_days"])
    affinity = sp.csr_matrix((decayed, (split.who, split.what)), shape=split.shape)
    served = taste(affinity, split.newest(variables["taste_products"]), pairs, variables["taste_discovery"])
    lengths = np.sqrt(np.maximum(popularity, 1.0))
    scaled = sp.csr_matrix(seen @ sp.diags(1.0 / lengths))
    weights = ease_weights(seen)

    def item_knn(customer: int) -> Floats:
        """Cosine of every item with the customer's, summed, without an item's own."""
        mine = scaled[customer].toarray().ravel() * lengths
        alike = scaled.T @ (scaled @ (mine > 0).astype(np.float64))
        result: Floats = alike - (mine > 0)
        return result

    def own(customer: int) -> Floats:
        return counts[customer].toarray().ravel() + popularity / popularity.max() * 1e-3  # ties by popularity

    days = variables["just_bought_days"]
    recently = split.bought_within(days)

    def without_just_bought(customer: int) -> Floats:
        scores: Floats = np.add(*served(customer))
        scores[recently.get(customer, [])] = -np.inf
        return scores

    return {
        "popularity": lambda customer: popularity,
        "decayed popularity": lambda customer: recent,
        "own history": own,
        "item-kNN": item_knn,
        "EASE": lambda customer: (seen[customer] @ weights).ravel(),
        "footfall": lambda customer: np.add(*served(customer)),
        f"footfall, just_bought_days {days}": without_just_bought,
        "footfall, discover": lambda customer: served(customer)[1],
    }


def evaluate_orders(
    lines: OrderLines, split: datetime, *, seed: int = 0, arms: Collection[str] | None = None
) -> list[ArmResult]:
    """All arms on one split, or the named ones. Raises FileError where a side is empty."""
    sides = _Split(lines, split)
    asked = sorted(sides.truth)
    own = {customer: sides.own(customer) for customer in asked}
    popularity = np.asarray((sides.counts > 0).sum(axis=0)).ravel().astype(np.float64)
    return [
        Lists(name, score, asked, own, popularity).against(sides.truth, seed)
        for name, score in _arms(sides).items()
        if arms is None or name in arms
    ]
