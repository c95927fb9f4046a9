"""The charts of the documentation, drawn from the tables of the pages that show them.

    python docs/make_charts.py

A number stands in one place, its table; a test draws the charts again and compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

DOCS = Path(__file__).parent
BLUE, ORANGE, GREY, GREEN = "#2f6db5", "#dd8a2e", "#9aa3af", "#3f8f5f"
#: The same bytes from the same table: no date, no random ids, letters as outlines of matplotlib's own font.
STYLE: Any = {
    "svg.hashsalt": "footfall",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
}


def table(page: str, first_header: str) -> Iterator[dict[str, str]]:
    """The rows of the page's table whose header begins so, by header. Raises LookupError where there is none."""
    lines = iter((DOCS / page).read_text().splitlines())
    headers: list[str] = []
    for line in lines:
        if line.startswith(first_header):
            headers = _cells(line)
            next(lines)
            break
    if not headers:
        raise LookupError(f"{page} has no table that begins with {first_header!r}")
    for line in lines:
        if not line.startswith("|"):
            return
        yield dict(zip(headers, _cells(line), strict=True))


def _cells(line: str) -> list[str]:
    return [cell.strip().strip("`*") for cell in line.strip().strip("|").split("|")]


def number(cell: str) -> float:
    """The first number in a cell: of ``1,300 CPU-s (887 s)`` it is 1300."""
    found = re.search(r"\d[\d,]*(?:\.\d+)?", cell)
    if found is None:
        raise ValueError(f"no number in {cell!r}")
    return float(found[0].replace(",", ""))


def collector() -> Figure:
    """Messages a second of each server, a panel for each size of request."""
    rows = list(table("operator/collector-speed.md", "| messages a request | connections | server |"))
    sizes = list(dict.fromkeys(row["messages a request"] for row in rows))
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    for axes, size in zip(figure.subplots(1, len(sizes)), sizes, strict=True):
        ours = [row for row in rows if row["messages a request"] == size][::-1]
        values = [number(row["messages/s"]) for row in ours]
        names = [row["server"] for row in ours]
        colours = [ORANGE if name == "footfall" else GREY if name == "bare" else BLUE for name in names]
        axes.barh(names, values, color=colours)
        for place, value in enumerate(values):
            axes.text(value, place, f" {value:,.0f}", va="center", fontsize=7)
        axes.set_title(f"{size} message{'s' if size != '1' else ''} a request", fontsize=9)
        axes.set_xlim(0, max(values) * 1.35)
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
    figure.suptitle("Durable messages a second, 64 connections (bare keeps nothing)", fontsize=10)
    return figure


def _growth(axes: Axes, label: str, x: list[float], y: list[float], colour: str) -> None:
    axes.plot(x, y, color=colour, marker="o", markersize=4)
    axes.annotate(label, (x[-1], y[-1]), (6, 0), textcoords="offset points", va="center", color=colour)


def _logarithmic(axes: Axes, title: str, across: str, up: str) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(visible=True, color="#e5e7eb")
    axes.minorticks_off()
    axes.margins(x=0.35)


def warehouse() -> Figure:
    """CPU seconds of a whole build and of increments, by events."""
    rows_of: dict[str, list[dict[str, str]]] = {}
    part = ""
    for row in table("engineer/warehouse-cost.md", "| what is built | events |"):
        part = row["what is built"] or part  # its name stands in its first row
        rows_of.setdefault(part, []).append(row)
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    for axes, (part, rows) in zip(
        figure.subplots(1, len(rows_of), sharey=True), rows_of.items(), strict=True
    ):
        events = [number(row["events"]) for row in rows]
        for name, colour in {"full": BLUE, "+1 %": ORANGE, "+10,000": GREEN}.items():
            _growth(axes, name, events, [number(row[name]) for row in rows], colour)
        _logarithmic(axes, part, "events in the warehouse", "CPU seconds")
        axes.label_outer()
    return figure


def recommending() -> Figure:
    """Seconds of each part from nothing, by scale."""
    scales = {"1x": 1.0, "10x": 10.0, "100x": 100.0}
    figure = Figure(figsize=(7, 3.4), layout="constrained")
    axes = figure.subplots()
    rows = [
        row
        for row in table("engineer/recommendation-cost.md", "| part | 1x |")
        if "request" not in row["part"]
    ]
    for row, colour in zip(rows, (BLUE, ORANGE, GREEN, GREY), strict=True):
        name = row["part"].split("(")[0].split(",")[0].strip()
        _growth(axes, name, list(scales.values()), [number(row[scale]) for scale in scales], colour)
    _logarithmic(axes, "Learned from nothing", "times a small shop", "seconds")
    axes.set_xticks(list(scales.values()), list(scales))
    return figure


CHARTS = {
    "collector-speed.svg": collector,
    "warehouse-cost.svg": warehouse,
    "recommendation-cost.svg": recommending,
}


def draw(folder: Path) -> None:
    """Write all charts into the folder."""
    with mpl.rc_context(STYLE):
        for name, make in CHARTS.items():
            make().savefig(folder / name, metadata={"Date": None}, facecolor="white")


if __name__ == "__main__":
    draw(DOCS / "pictures")
