"""Affinity measured on orders: learn before a day, ask what each customer buys in the thirty days from it.

Asked are customers with purchases on both sides of the split. The measures are those of ``rankings``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import scipy.sparse as sp

from orchestration.lib.ease import decayed_counts, ease_weights, trend
from orchestration.lib.evaluation.rankings import ArmResult, Lists

HORIZON = timedelta(days=30)
#: Half-life of popularity in days, and the power of the trend. Seen on the published split (2011-11-09),
#: where any half-life from 10 to 30 and any power from 0.5 to 0.75 stayed within 0.015; confirmed on two
#: splits that took no part (2011-10-10 and 2011-07-10: discovery 0.111 to 0.133 and 0.157 to 0.178 beside
#: plain EASE).
HALF_LIFE, TREND_POWER = 15.0, 0.5
#: How much discovery weighs beside one earlier purchase in the list over all items.
DISCOVERY = 0.5

Floats = npt.NDArray[np.float64]


class OrdersError(ValueError):
    """The file can't be evaluated; the text says why."""


@dataclass(frozen=True)
class OrderLines:
    """Purchases: who, what, when, in which order; parallel arrays, returns and guests left out."""

    customer: npt.NDArray[np.str_]
    item: npt.NDArray[np.str_]
    order: npt.NDArray[np.str_]
    at: npt.NDArray[np.datetime64]


def read_orders(path: Path) -> OrderLines:
    """Sales of known customers from a Parquet file with the online-retail columns. Raises OrdersError.

    Kept are lines with a customer, a positive quantity and a positive price, whose stock code begins with
    five digits (the others are postage, fees and vouchers).
    """
    names = ["invoice_no", "stock_code", "quantity", "invoice_date", "unit_price", "customer_id"]
    try:
        table = pq.read_table(path, columns=names)
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise OrdersError(f"{path}: no Parquet file with the columns {', '.join(names)}: {error}") from None
    sold = pc.and_(pc.greater(table["quantity"], 0), pc.greater(table["unit_price"], 0))
    known = pc.is_valid(table["customer_id"])
    goods = pc.match_substring_regex(table["stock_code"], r"^\d{5}")
    table = table.filter(pc.and_(pc.and_(sold, known), goods))
    return OrderLines(
        customer=table["customer_id"].cast(pa.string()).to_numpy().astype(np.str_),
        item=table["stock_code"].to_numpy().astype(np.str_),
        order=table["invoice_no"].to_numpy().astype(np.str_),
        at=table["invoice_date"].cast(pa.timestamp("us")).to_numpy(),
    )


class _Split:
    """Both sides of the split, with customers and items as numbers."""

    def __init__(self, lines: OrderLines, split: datetime) -> None:
        day = np.datetime64(split)
        before = lines.at < day
        after = (lines.at >= day) & (lines.at < day + np.timedelta64(HORIZON))
        if not before.any() or not after.any():
            raise OrdersError(f"no purchases on both sides of {split:%Y-%m-%d}")
        self.customers, who = np.unique(lines.customer[before], return_inverse=True)
        self.items, self.what = np.unique(lines.item[before], return_inverse=True)
        self.age = (day - lines.at[before]) / np.timedelta64(1, "D")
        self.shape = (len(self.customers), len(self.items))
        # An item counts once an order, however many lines it has there.
        once = np.unique(
            np.stack([who, self.what, np.unique(lines.order[before], return_inverse=True)[1]]), axis=1
        )
        self.counts = sp.csr_matrix((np.ones(once.shape[1]), (once[0], once[1])), shape=self.shape)
        self.truth = self._truth(lines, after)

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

    def own(self, customer: int) -> npt.NDArray[np.int32]:
        return self.counts.indices[self.counts.indptr[customer] : self.counts.indptr[customer + 1]]


def _arms(split: _Split) -> dict[str, Callable[[int], Floats]]:
    counts = split.counts
    seen = counts.copy()
    seen.data[:] = 1.0
    items = split.shape[1]
    popularity = np.asarray(seen.sum(axis=0)).ravel().astype(np.float64)
    recent = decayed_counts(split.what, split.age, items, HALF_LIFE)
    season = trend(split.what, split.age, items, HALF_LIFE)
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

    def discover(customer: int) -> Floats:
        return np.maximum(seen[customer] @ weights, 0.0).ravel() * season**TREND_POWER

    def blend(customer: int) -> Floats:
        found = discover(customer)
        history = np.log1p(counts[customer].toarray().ravel()) * season ** (TREND_POWER / 2)
        return history + DISCOVERY * found / max(float(found.max()), 1e-12)

    return {
        "popularity": lambda customer: popularity,
        "decayed popularity": lambda customer: recent,
        "own history": own,
        "item-kNN": item_knn,
        "EASE": lambda customer: (seen[customer] @ weights).ravel(),
        "footfall": blend,
        "footfall, discover": discover,
    }


def evaluate_orders(
    lines: OrderLines, split: datetime, *, seed: int = 0, arms: Collection[str] | None = None
) -> list[ArmResult]:
    """All arms on one split, or the named ones. Raises OrdersError where a side is empty."""
    sides = _Split(lines, split)
    asked = sorted(sides.truth)
    own = {customer: sides.own(customer) for customer in asked}
    popularity = np.asarray((sides.counts > 0).sum(axis=0)).ravel().astype(np.float64)
    return [
        Lists(name, score, asked, own, popularity).against(sides.truth, seed)
        for name, score in _arms(sides).items()
        if arms is None or name in arms
    ]
