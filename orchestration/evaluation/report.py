"""An evaluation to look at: tables and plots as the Markdown that Dagster's UI shows."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from orchestration.evaluation.history import Run, find
from orchestration.evaluation.shop import OURS, Metric

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Problem -> what it asks, and its measures in the order of the table; the first one is plotted.
PROBLEMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "visit": (
        "The next product in the current visit",
        ("mrr", "hit_rate", "mrr_new", "hit_rate_new", "coverage"),
    ),
    "return": (
        "Product views of a returning visitor",
        ("recall", "ndcg", "recall_new", "ndcg_new", "coverage", "head_share", "novelty"),
    ),
    "want": (
        "Carts and purchases of a returning visitor",
        ("recall", "ndcg", "recall_new", "ndcg_new", "coverage", "head_share", "novelty"),
    ),
    "text": ("Same type among the ten nearest by text, type and tags not read", ("same_type",)),
}
_HEADS = {
    "mrr": "MRR@20",
    "hit_rate": "HR@20",
    "recall": "Recall@20",
    "ndcg": "NDCG@20",
    "mrr_new": "MRR@20 new",
    "hit_rate_new": "HR@20 new",
    "recall_new": "Recall@20 new",
    "ndcg_new": "NDCG@20 new",
    "coverage": "coverage",
    "head_share": "top 1 %",
    "novelty": "novelty, bits",
    "same_type": "share",
}
_DARK, _LIGHT, _OURS = "#333333", "#9aa5b1", "#c0392b"


def tables(metrics: Sequence[Metric]) -> str:
    """A Markdown table a problem: an arm a row, the best first, intervals in brackets."""
    parts = []
    for problem, (question, names) in PROBLEMS.items():
        arms = _arms(metrics, problem, names[0])
        if not arms:
            continue
        cases = max(metric.cases for metric in metrics if metric.problem == problem)
        lines = [f"**{question}** ({cases:,} cases)", ""]
        lines += ["| | " + " | ".join(_HEADS[name] for name in names) + " |"]
        lines += ["| --- |" + " ---: |" * len(names)]
        for arm in arms:
            cells = [_cell(find(metrics, problem, arm, name)) for name in names]
            lines.append(f"| {f'**{arm}**' if arm == OURS else arm} | " + " | ".join(cells) + " |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _arms(metrics: Iterable[Metric], problem: str, metric: str) -> list[str]:
    found = [each for each in metrics if each.problem == problem and each.metric == metric]
    return [each.arm for each in sorted(found, key=lambda each: (-each.value, each.arm))]


def _cell(metric: Metric | None) -> str:
    if metric is None:
        return ""
    text = f"{metric.value:.4f}" if metric.metric != "novelty" else f"{metric.value:.1f}"
    return text if metric.low is None else f"{text} [{metric.low:.3f}, {metric.high:.3f}]"


def arms_plot(metrics: Sequence[Metric]) -> str:
    """Every arm with its interval, a panel a problem, as a Markdown image; "" without numbers."""
    panels = [
        (problem, names[0])
        for problem, (_, names) in PROBLEMS.items()
        if any(each.problem == problem for each in metrics)
    ]
    if not panels:
        return ""
    figure, axes = _figure(len(panels))
    for axis, (problem, name) in zip(axes, panels, strict=True):
        arms = list(reversed(_arms(metrics, problem, name)))
        for place, arm in enumerate(arms):
            found = find(metrics, problem, arm, name)
            assert found is not None  # _arms has it from the same metrics
            colour = _OURS if arm == OURS else _DARK
            if found.low is not None and found.high is not None:
                axis.plot([found.low, found.high], [place, place], color=colour, linewidth=1.5)
            axis.plot([found.value], [place], "o", color=colour, markersize=5)
        axis.set_yticks(range(len(arms)), arms)
        axis.set_xlim(left=0)
        axis.set_xlabel(f"{problem}: {_HEADS[name]}")
    return _image(figure, "every arm with its 95 % interval")


def trend_plot(runs: Sequence[Run]) -> str:
    """The served arm over the runs, popularity beside it, as a Markdown image; "" for fewer than two runs."""
    measured = [run for run in runs if run.metrics]
    if len(measured) < 2:
        return ""
    panels = [
        (problem, names[0])
        for problem, (_, names) in PROBLEMS.items()
        if any(run.ours(problem, names[0]) for run in measured)
    ]
    figure, axes = _figure(len(panels))
    for axis, (problem, name) in zip(axes, panels, strict=True):
        for arm, colour in (("popularity", _LIGHT), (OURS, _OURS)):
            points = [
                (run.measured_at, found)
                for run in measured
                if (found := find(run.metrics, problem, arm, name)) is not None
            ]
            if not points:
                continue
            times = [at for at, _ in points]
            axis.plot(
                times, [found.value for _, found in points], "o-", color=colour, markersize=3, label=arm
            )
            axis.fill_between(
                times,
                [found.value if found.low is None else found.low for _, found in points],
                [found.value if found.high is None else found.high for _, found in points],
                color=colour,
                alpha=0.15,
                linewidth=0,
            )
        axis.set_ylim(bottom=0)
        axis.set_title(f"{problem}: {_HEADS[name]}", fontsize=9)
        axis.legend(fontsize=7, frameon=False)
    figure.autofmt_xdate()
    return _image(figure, "the last runs")


def _figure(panels: int) -> tuple[Figure, list[Any]]:
    # Without pyplot: no display, no global state, and a run leaves nothing behind
    from matplotlib.figure import Figure

    # Two side by side: what Dagster's window for Markdown is wide
    rows, columns = (panels + 1) // 2, min(panels, 2)
    figure = Figure(figsize=(4.8 * columns, 3.0 * rows), layout="constrained", dpi=100)
    places = list(figure.subplots(rows, columns, squeeze=False).flat)
    axes = places[:panels]
    for unused in places[panels:]:
        unused.set_axis_off()
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8)
        axis.grid(axis="x", color="#eeeeee")
        axis.set_axisbelow(True)
    return figure, axes


def _image(figure: Figure, title: str) -> str:
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return f"![{title}](data:image/png;base64,{base64.b64encode(png.getvalue()).decode()})"
