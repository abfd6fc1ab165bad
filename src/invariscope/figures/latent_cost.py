"""What the search in the latent space costs, and what ascent reaches at a part of that, class by class."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from invariscope.figures import style

SAMPLES, ASCENT = "samples", "ascent"
LOOKS = {SAMPLES: ("uniform samples", style.COLOURS[0], "-"), ASCENT: ("ascent (ours)", style.COLOURS[1], "-")}
CLASS = "class:"  # begins the objectives that are logits
BAND = (10, 90)  # percentiles over classes
REACHED, SHORT = style.COLOURS[1], style.COLOURS[2]
JUDGED = "predicted_by_"  # begins the columns of what judges say
Row = dict[str, Any]


def draw(files: style.Files, latents: pa.Table, curves: pa.Table, title: str) -> None:
    """Cost from a table (objective, method, evaluations, share), and the best of each class by both methods from a
    table (class_name, method, evaluations, rank, value, predicted, predicted_by_<judge>)."""
    best = [row for row in latents.to_pylist() if row["class_name"] and row["rank"] == 1]
    pairs = {name: pair(best, name) for name in dict.fromkeys(row["class_name"] for row in best)}
    with style.figure(files, style.PAGE, 3.5) as figure:
        left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": (1.25, 1)})
        cost(left, curves)
        scatter(right, list(pairs.values()))
        figure.suptitle(f"Search and ascent in the latent space: {title}\n{verdict(list(pairs.values()))}")


def pair(best: list[Row], name: str) -> tuple[Row, Row]:
    """The best sample of a class, and the best of the ascent."""
    own = {row["method"]: row for row in best if row["class_name"] == name}
    return own[SAMPLES], own[ASCENT]


def cost(axes: Axes, curves: pa.Table) -> None:
    """Median over classes of the best value so far, and a band."""
    logits = curves.filter(pc.starts_with(curves["objective"], CLASS))
    for method, (label, colour, dash) in LOOKS.items():
        own = logits.filter(pc.equal(logits["method"], method))
        counts = sorted(set(own["evaluations"].to_pylist()))
        shares = [own.filter(pc.equal(own["evaluations"], count))["share"].to_numpy() for count in counts]
        low, median, high = np.percentile(np.array(shares), (BAND[0], 50, BAND[1]), axis=1)
        axes.plot(counts, median, color=colour, linestyle=dash, label=label)
        axes.fill_between(counts, low, high, color=colour, alpha=0.18, linewidth=0)
        axes.plot(counts[-1], median[-1], "o", color=colour)
    axes.axhline(1, color="black", linestyle="--", linewidth=0.7)
    axes.set(
        xscale="log",
        ylim=(0, None),
        xlabel="evaluations a class (decoded images)",
        ylabel="best logit so far\n(0: mean sample, 1: best sample)",
        title=f"Cost: median over classes, band {BAND[0]} to {BAND[1]} %",
    )
    axes.legend(loc="lower right")


def scatter(axes: Axes, pairs: list[tuple[Row, Row]]) -> None:
    """A point a class."""
    judges = [name for name in pairs[0][1] if name.startswith(JUDGED)]
    for sample, climbed in pairs:
        agreed = all(climbed[name] == climbed["class_name"] for name in judges or ["predicted"])
        colour = REACHED if climbed["value"] >= sample["value"] else SHORT
        fill = colour if agreed else "none"
        axes.plot(sample["value"], climbed["value"], "o", color=colour, markerfacecolor=fill, markeredgewidth=0.9)
    ends = [row["value"] for both in pairs for row in both]
    low, high = min(ends), max(ends)
    edge = 0.05 * (high - low)
    axes.plot((low, high), (low, high), color="black", linestyle="--", linewidth=0.7)
    axes.set(
        xlim=(low - edge, high + edge),
        ylim=(low - edge, high + edge),
        aspect="equal",
        xlabel="logit of the best sample",
        ylabel="logit of the ascent's best",
        title="Class by class",
    )
    who = " or ".join(name.removeprefix(JUDGED) for name in judges) or "the classifier"
    plain: dict[str, Any] = {"marker": "o", "linestyle": "none"}
    handles = [
        Line2D([], [], color=REACHED, label="reaches the best sample", **plain),
        Line2D([], [], color=SHORT, label="stays below it", **plain),
        Line2D([], [], color="#555555", markerfacecolor="none", label=f"empty: {who} says another class", **plain),
    ]
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.17))


def verdict(pairs: list[tuple[Row, Row]]) -> str:
    """How many classes' best samples the ascent reaches, and at what cost."""
    reached = sum(climbed["value"] >= sample["value"] for sample, climbed in pairs)
    sample, climbed = pairs[0]
    return (
        f"with {climbed['evaluations']:,} evaluations a class ascent reaches the best of "
        f"{sample['evaluations']:,} samples for {reached} of {len(pairs)} classes"
    )
