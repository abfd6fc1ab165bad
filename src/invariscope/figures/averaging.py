"""Accuracy averaging: what each condition leaves of the accuracy, and how it compares with real filters, retrained."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from invariscope.figures import style
from invariscope.intervals import mean_interval

REFERENCE = "real"
PANELS = {False: "Classifier as it is", True: "Later layers retrained"}
NAMES = {
    "real": "real filters",
    "averaged": "generated banks,\nconvolutions averaged",
    "orbit_mean": "generated banks,\norbit pooling (mean)",
    "orbit_max": "generated banks,\norbit pooling (maximum)",
    "single": "one generated bank",
    "mean_bank": "mean of the\ngenerated banks",
    "jittered": "real filters + noise\nas far off as generated",
    "shuffled": "real filters, shuffled\nover output channels",
    "random": "random filters",
}
GROUPS = {"real": style.COLOURS[0], "generated": style.COLOURS[1], "control": style.COLOURS[2]}
CONTROLS = ("jittered", "shuffled", "random")
JITTER = 0.16  # half the height over which a condition's seeds are spread
FAR = 5  # off the scale: this many times further from the reference than half of the conditions are
NEAREST_FAR = 0.02  # and at least this far (fraction)
PATCH: Any = {"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.8}  # behind numbers

Values = dict[str, np.ndarray]  # of every condition, by seed


def draw(files: style.Files, accuracy: pa.Table, title: str) -> None:
    """Accuracies without and with retraining, and paired differences, from (condition, retrained, seed, accuracy).

    Conditions that would squeeze an axis are written at its edge.
    """
    conditions = list(dict.fromkeys(accuracy["condition"].to_pylist()))
    with style.figure(files, style.PAGE, 2.05 + 0.42 * len(conditions)) as figure:
        panels = figure.subplots(1, 3, sharey=True)
        far = []
        for axes, retrained in zip(panels, PANELS, strict=False):
            values = {name: by_seed(accuracy, name, retrained) for name in conditions}
            far += panel(axes, conditions, values, values[REFERENCE].mean(), ".4f")
            axes.set(title=PANELS[retrained], xlabel="test accuracy (fraction)")
        values = {name: 100 * differences(accuracy, name) for name in conditions if name != REFERENCE}
        far += panel(panels[2], conditions, values, 0.0, "+.2f", 100 * NEAREST_FAR)
        panels[2].set(title="Both retrained, minus real", xlabel="difference (percentage points)")
        panels[0].set_yticks(range(len(conditions)), [NAMES.get(name, name) for name in conditions])
        panels[0].set_ylim(len(conditions) - 0.4, -0.6)
        key(figure, panels[0], len(accuracy["seed"].unique()), bool(far))
        figure.suptitle(f"Accuracy averaging: {title}\n{verdict(accuracy)}")


def panel(
    axes: Axes, conditions: list[str], values: Values, reference: float, form: str, nearest: float = NEAREST_FAR
) -> list[str]:
    """A row a condition, if it has values, and a dashed line at the reference; `form` is for the numbers.

    Gives the conditions that are off the scale.
    """
    off = off_scale(values, reference, nearest)
    axes.axvline(reference, color="grey", linestyle="--", linewidth=0.8, zorder=1)
    drawn = [reference]
    for condition, own in values.items():
        if condition not in off:
            points(axes, conditions.index(condition), own, colour(condition), form)
            drawn += [*own, *(end for end in mean_interval(own) if not np.isnan(end))]
    margin = 0.12 * (max(drawn) - min(drawn)) or nearest / 10
    axes.set_xlim(min(drawn) - margin * (2 if off else 1), max(drawn) + margin)
    for condition in off:
        edge(axes, conditions.index(condition), values[condition], reference, colour(condition), form)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.grid(axis="y", visible=False)
    return off


def off_scale(values: Values, reference: float, nearest: float = NEAREST_FAR) -> list[str]:
    """The conditions much further from the reference than most are."""
    distances = {condition: abs(own.mean() - reference) for condition, own in values.items()}
    limit = max(FAR * float(np.median(list(distances.values()))), nearest)
    return [condition for condition, distance in distances.items() if distance > limit]


def points(axes: Axes, place: int, values: np.ndarray, tone: str, form: str) -> None:
    """The seeds of a condition above, their mean and its interval below."""
    heights = place - JITTER * np.linspace(1.6, 0.6, len(values))
    axes.plot(values, heights, "o", color=tone, alpha=0.55, markersize=2.5, markeredgewidth=0)
    mean, low, high = mean_interval(values)
    errors = None if np.isnan(low) else [[mean - low], [high - mean]]
    axes.errorbar(mean, place + JITTER, xerr=errors, fmt="D", color=tone, capsize=2.5)
    look: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "va": "top", "size": 6, "bbox": PATCH}
    axes.annotate(number(mean, form), (mean, place + JITTER), (0, -3.5), **look)


def edge(axes: Axes, place: int, values: np.ndarray, reference: float, tone: str, form: str) -> None:
    """An arrow at the edge of the axis, with the mean and its interval in words."""
    mean, low, high = mean_interval(values)
    text = number(mean, form) + ("" if np.isnan(low) else f" ({number(low, form)} to {number(high, form)})")
    left = mean < reference
    end, align = (0, "left") if left else (1, "right")
    across = axes.get_yaxis_transform()
    axes.plot(end, place, "<" if left else ">", color=tone, markersize=5, transform=across, clip_on=False)
    offset = (6 if left else -6, 0)
    look: dict[str, Any] = {"textcoords": "offset points", "ha": align, "va": "center", "size": 6, "bbox": PATCH}
    axes.annotate(text, (end, place), offset, xycoords=across, **look)


def number(value: float, form: str) -> str:
    return f"{value:{form}}".replace("-", "\N{MINUS SIGN}")


def colour(condition: str) -> str:
    return GROUPS["control" if condition in CONTROLS else "real" if condition == REFERENCE else "generated"]


def key(figure: Figure, axes: Axes, seeds: int, far: bool) -> None:
    """A legend under the panels."""
    for name, tone in zip(("real filters", "generated filters", "controls"), GROUPS.values(), strict=True):
        axes.plot([], [], "s", color=tone, markersize=5, label=name)
    axes.plot(
        [], [], "o", color="grey", markersize=2.5, label=f"one of {seeds} seeds" if seeds > 1 else "the only seed"
    )
    axes.errorbar([], [], xerr=1, fmt="D", color="grey", capsize=2.5, label="mean, 95 % interval")
    if far:
        axes.plot([], [], "<", color="grey", markersize=5, label="off the scale")
    axes.plot([], [], color="grey", linestyle="--", linewidth=0.8, label="mean of the real filters")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4)


def by_seed(accuracy: pa.Table, condition: str, retrained: bool) -> np.ndarray:
    rows = accuracy.filter((pc.field("condition") == condition) & (pc.field("retrained") == retrained))
    return rows.sort_by("seed")["accuracy"].to_numpy()


def differences(accuracy: pa.Table, condition: str) -> np.ndarray:
    """Of a condition from the real filters, both retrained, by seed (fraction)."""
    return by_seed(accuracy, condition, True) - by_seed(accuracy, REFERENCE, True)


def verdict(accuracy: pa.Table) -> str:
    """The paired difference of the paper's condition from its fair control."""
    mean, low, high = (100 * value for value in mean_interval(differences(accuracy, "averaged")))
    ends = "" if np.isnan(low) else f" (95 % interval {number(low, '+.2f')} to {number(high, '+.2f')})"
    return f"averaged minus real, both retrained: {number(mean, '+.2f')} percentage points{ends}"
