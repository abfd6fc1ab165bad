"""How a DCGAN's training went, phase by phase."""

from typing import Any

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from invariscope.figures import style
from invariscope.figures.feature_images import value_text
from invariscope.figures.generative_names import look

# Who learns, in words, and the shade behind it.
PHASES = {
    "discriminator": ("discriminator alone", "#c8c8c8"),
    "generator": ("generator alone", "#e4e4e4"),
    "both": ("both in turn", "#ffffff"),
}
DISCRIMINATOR, REAL, GENERATOR = style.COLOURS[6], style.COLOURS[0], look("dcgan")
REFERENCE: dict[str, Any] = {"color": "#444444", "linestyle": ":", "linewidth": 0.9}


def draw(files: style.Files, history: pa.Table, title: str) -> None:
    """Four panels from a history: iteration, phase, both losses, real, generated, frechet_distance, classes."""
    values = {name: history[name].to_numpy(zero_copy_only=False) for name in history.column_names}
    spans = phase_spans(history["iteration"].to_pylist(), history["phase"].to_pylist())
    with style.figure(files, style.PAGE, 4.6) as figure:
        (losses, distance), (answers, classes) = figure.subplots(2, 2, sharex=True)
        curve(losses, values, "discriminator_loss", DISCRIMINATOR, "o", "discriminator")
        curve(losses, values, "generator_loss", GENERATOR.colour, GENERATOR.marker, "generator")
        losses.axhline(np.log(2), label="ln 2: cannot tell", **REFERENCE)
        losses.set(title="Losses", ylabel="loss (nats)", ylim=room_for_legend(losses))
        curve(answers, values, "real", REAL, "o", "real")
        curve(answers, values, "generated", GENERATOR.colour, GENERATOR.marker, "generated")
        answers.axhline(0.5, label="cannot tell", **REFERENCE)
        answers.set(title="What the discriminator says", ylabel="probability of being real", ylim=(-0.03, 1.25))
        curve(distance, values, "frechet_distance", GENERATOR.colour, GENERATOR.marker, "samples")
        distance.set(title="Fréchet distance of samples", ylabel="squared features", yscale="log")
        curve(classes, values, "classes", GENERATOR.colour, GENERATOR.marker, "samples")
        classes.set(
            title="Classes that the judge finds among samples", ylabel="fraction of the classes", ylim=(-0.03, 1.03)
        )
        for axes in (losses, answers, distance, classes):
            shade(axes, spans)
        for axes in (losses, answers):
            axes.legend(loc="upper center", ncols=3, columnspacing=1.0, handlelength=1.4)
        answers.set_yticks(np.linspace(0, 1, 6))
        for axes in (answers, classes):
            axes.set_xlabel("batches")
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        figure.legend(handles=key(spans), loc="outside lower center", ncols=len(spans))
        before, after = (value_text(float(values["frechet_distance"][place])) for place in (0, -1))
        figure.suptitle(f"DCGAN training: {title}; Fréchet distance {before} before, {after} after")


def phase_spans(iterations: list[int], phases: list[str]) -> dict[str, tuple[int, int]]:
    """Batches from which to which each phase goes; the first row is before any training."""
    ends = {phase: iteration for iteration, phase in zip(iterations, phases, strict=True)}
    starts = [iterations[0], *list(ends.values())[:-1]]
    return {phase: (start, end) for start, (phase, end) in zip(starts, ends.items(), strict=True)}


def curve(axes: Axes, values: dict[str, Any], name: str, colour: str, marker: str, label: str) -> None:
    """What is null is not drawn, and no line crosses it."""
    column = values[name].astype(float)
    options: dict[str, Any] = {
        "markersize": 3,
        "clip_on": False,
        "zorder": 3,
        "markevery": 1 if len(column) <= 40 else len(column) // 20,
    }
    axes.plot(values["iteration"], column, color=colour, marker=marker, label=label, **options)


def room_for_legend(axes: Axes) -> tuple[float, float]:
    """Limits with a line of legend above the curves."""
    low, high = axes.get_ylim()
    return low, high + 0.22 * (high - low)


def shade(axes: Axes, spans: dict[str, tuple[int, int]]) -> None:
    for phase, (start, end) in spans.items():
        axes.axvspan(start, end, color=PHASES[phase][1], linewidth=0, zorder=0)
    axes.set_xlim(min(start for start, _ in spans.values()), max(end for _, end in spans.values()))


def key(spans: dict[str, tuple[int, int]]) -> list[Patch]:
    """The phases of the training, each with its first and last batch, for a legend."""
    return [
        Patch(
            facecolor=PHASES[phase][1],
            edgecolor="#999999",
            linewidth=0.5,
            label=f"{PHASES[phase][0]}: batches {start + 1} to {end}",
        )
        for phase, (start, end) in spans.items()
    ]
