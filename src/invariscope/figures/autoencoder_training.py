"""How autoencoders' errors fall as they train, and what holds their codes."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from invariscope.figures import style
from invariscope.figures.generative_names import in_order, look

TRAIN, VARIATIONAL = "train", "variational"
GREY = "#666666"


def draw(files: style.Files, histories: Mapping[str, pa.Table], title: str) -> None:
    """From tables by kind (images_seen, split, error, divergence, mean_image_error).

    `train` is the last batch, other splits are judged.
    """
    kinds = in_order(histories)
    measured = [kind for kind in kinds if histories[kind]["divergence"].null_count < len(histories[kind])]
    groups = [[kind for kind in measured if (kind == VARIATIONAL) is prior] for prior in (True, False)]
    panels = [group for group in groups if group]
    width, height = (style.PAGE, 3.9) if panels else (style.COLUMN, 3.2)
    with style.figure(files, width, height) as figure:
        error, others = axes_of(figure, len(panels))
        splits = draw_errors(error, {kind: histories[kind] for kind in kinds})
        for axes, group in zip(others, panels, strict=True):
            draw_divergence(axes, {kind: histories[kind] for kind in group})
        figure.legend(handles=key(kinds, splits), loc="outside lower center", ncols=4 if panels else 2)
        figure.suptitle(f"Training of autoencoders: {title}")


def axes_of(figure: Figure, panels: int) -> tuple[Axes, list[Axes]]:
    """One axes on the left, `panels` under each other on the right."""
    if not panels:
        return figure.add_subplot(), []
    grid = figure.add_gridspec(panels, 2, width_ratios=(1.35, 1))
    return figure.add_subplot(grid[:, 0]), [figure.add_subplot(grid[row, 1]) for row in range(panels)]


def rows_of(history: pa.Table, split: str, *columns: str) -> list[np.ndarray]:
    rows = history.filter(pc.field("split") == split)
    return [rows[name].to_numpy(zero_copy_only=False).astype(float) for name in columns]


def draw_errors(axes: Axes, histories: Mapping[str, pa.Table]) -> list[str]:
    """Of every kind, and of the mean training image in place of any reconstruction; returns the splits judged."""
    baselines: dict[str, float] = {}
    for kind, history in histories.items():
        shown = look(kind)
        seen, error = rows_of(history, TRAIN, "images_seen", "error")
        axes.plot(seen / 1000, error, color=shown.colour, linewidth=0.8, alpha=0.5)
        for split in dict.fromkeys(history["split"].to_pylist()):
            if split != TRAIN:
                seen, error, baseline = rows_of(history, split, "images_seen", "error", "mean_image_error")
                axes.plot(seen / 1000, error, color=shown.colour, marker=shown.marker, markevery=every(len(seen)))
                baselines[split] = float(baseline.mean())
    for value in baselines.values():
        axes.axhline(value, color=style.COLOURS[0], linestyle="--", linewidth=1)
    axes.set(yscale="log", xlabel="training images seen (thousands)", ylabel="mean squared error (intensity²)")
    axes.set_title("Error of reconstructions")
    return list(baselines)


def key(kinds: Sequence[str], splits: Sequence[str]) -> list[Line2D]:
    named = [
        Line2D([], [], color=look(kind).colour, marker=look(kind).marker, label=look(kind).words) for kind in kinds
    ]
    lines = [Line2D([], [], color=GREY, marker=".", label=f"{split} split") for split in splits]
    batch = Line2D([], [], color=GREY, linewidth=0.8, alpha=0.5, label="training batch")
    means = [Line2D([], [], color="black", linestyle="--", linewidth=1, label="mean image") for _ in splits[:1]]
    return [*named, *lines, batch, *means]


def draw_divergence(axes: Axes, histories: Mapping[str, pa.Table]) -> None:
    """Nats, of training batches."""
    positive = True
    for kind, history in histories.items():
        shown = look(kind)
        seen, nats = rows_of(history, TRAIN, "images_seen", "divergence")
        positive &= bool(np.all(nats > 0))
        where = every(len(seen))
        axes.plot(seen / 1000, nats, color=shown.colour, marker=shown.marker, markevery=where, linewidth=1)
    if VARIATIONAL in histories:
        axes.set(title="Divergence of codes from the prior", ylabel="nats an image")
        axes.set_ylim(bottom=0)
    else:
        axes.set(title=r"Divergence of mean activations from $\rho$", ylabel="nats, all units")
        if positive:
            axes.set_yscale("log")
    axes.set_xlabel("training images seen (thousands)")


def every(count: int) -> int:
    """Which points have a marker: some ten."""
    return max(1, count // 10)
