"""What the traversals of each layer change: how local the changes are, and which attributes they move."""

from typing import Any

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from invariscope.figures import style
from invariscope.intervals import mean_interval

Row = dict[str, Any]
SHARES = {
    "locality": "Pixel-local:\nintensity, pen",
    "affine_motion": "Affine motion:\nshift, turn, scale",
}
APART = ("rms_change",)  # not drawn among the attributes: they are compared at equal RMS change
STARS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))  # by p, Holm-corrected
UNMARKED = "n.s."
LEGEND_COLUMNS = 5
TICKS = (0, 0.1, 0.3, 0.6, 1, 2, 4, 7, 10, 20, 40, 70, 100)  # of the square-root scale
IN_PIXELS = "px,"  # how the scale of an attribute without a standard deviation begins


def draw(files: style.Files, attributes: pa.Table, comparison: pa.Table, title: str) -> None:
    """From a table (layer, image_id, attribute, scale, compared) and one of the tests between layers.

    With more than two layers, the marks and the title compare the first with the last.
    """
    values = by_attribute(attributes)
    layers = list(dict.fromkeys(attributes["layer"].to_pylist()))
    tests = {
        row["attribute"]: row
        for row in comparison.to_pylist()
        if (row["layer_a"], row["layer_b"]) == (layers[0], layers[-1])
    }
    scales = dict(zip(attributes["attribute"].to_pylist(), attributes["scale"].to_pylist(), strict=True))
    moved = {name: scales[name] for name in values if name not in (*SHARES, *APART)}
    colours = dict(zip(layers, (style.COLOURS * len(layers))[1:], strict=False))
    with style.figure(files, style.PAGE, 1.65 + max(1.9, 0.27 * len(moved))) as figure:
        panels = figure.subplots(1, 3, width_ratios=(1, 1, 2.4))
        for axes, (name, heading) in zip(panels, SHARES.items(), strict=False):
            _shares(axes, {layer: values.get(name, {}).get(layer, {}) for layer in layers}, colours)
            axes.set_title(heading)
            _bracket(axes, len(layers), tests.get(name))
        panels[0].set_ylabel("share of the change")
        panels[1].tick_params(labelleft=False)
        _moves(panels[2], {name: values[name] for name in moved}, colours, tests)
        _rows(panels[2], moved)
        panels[2].set_title(f"Attributes: change at equal RMS change\n{_key(layers) if tests else ''}")
        _legend(figure, colours)
        figure.suptitle(f"What traversals change: {title}\n{verdict(tests)}")


def by_attribute(attributes: pa.Table) -> dict[str, dict[str, dict[int, float]]]:
    """Attribute -> layer -> image -> the value compared, where there is one."""
    found: dict[str, dict[str, dict[int, float]]] = {}
    for row in attributes.to_pylist():
        if row["compared"] is not None and np.isfinite(row["compared"]):
            layers = found.setdefault(row["attribute"], {})
            layers.setdefault(row["layer"], {})[row["image_id"]] = row["compared"]
    return found


def _shares(axes: Axes, by_layer: dict[str, dict[int, float]], colours: dict[str, str]) -> None:
    """A thin line an image, over the layers, and each layer's mean with its interval."""
    images = sorted({image for values in by_layer.values() for image in values})
    faint = float(np.clip(12 / max(len(images), 1), 0.05, 0.6))
    for image in images:
        own = [values.get(image, np.nan) for values in by_layer.values()]
        axes.plot(range(len(own)), own, "-o", color="grey", alpha=faint, linewidth=0.6, markersize=1.8, zorder=1)
    for place, (layer, values) in enumerate(by_layer.items()):
        if values:
            _mean(axes, place, list(values.values()), colours[layer], upright=True)
    axes.set_xticks(range(len(by_layer)), list(by_layer))
    axes.set(xlim=(-0.45, len(by_layer) - 0.55), ylim=(0, 1.12), yticks=np.linspace(0, 1, 6), xlabel="layer")
    axes.grid(axis="x", visible=False)


def _bracket(axes: Axes, layers: int, test: Row | None) -> None:
    if test is not None:
        axes.plot((0, 0, layers - 1, layers - 1), (1.02, 1.04, 1.04, 1.02), color="black", linewidth=0.7)
        axes.text((layers - 1) / 2, 1.045, mark(test["p_holm"]), ha="center", va="bottom", size=7)


def _moves(axes: Axes, moved: dict[str, dict[str, dict[int, float]]], colours: dict[str, str], tests: Any) -> None:
    """A row an attribute: each layer's mean change with its interval, and the mark of its test."""
    shift = 0.36 / max(len(colours) - 1, 1)
    for place, (name, by_layer) in enumerate(moved.items()):
        for number, (layer, colour) in enumerate(colours.items()):
            if by_layer.get(layer):
                height = place + shift * (number - (len(colours) - 1) / 2)
                _mean(axes, height, list(by_layer[layer].values()), colour, upright=False)
        if name in tests:
            text = mark(tests[name]["p_holm"])
            axes.text(1.01, place, text, transform=axes.get_yaxis_transform(), va="center", size=7)


def _rows(axes: Axes, scales: dict[str, str]) -> None:
    pixels = {name for name, scale in scales.items() if scale.startswith(IN_PIXELS)}
    names = [f"{name.replace('_', ' ')}{' (px)' if name in pixels else ''}" for name in scales]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xscale("function", functions=(lambda x: np.sqrt(np.maximum(x, 0)), np.square))
    end = axes.dataLim.x1 if len(names) else 1.0
    axes.set_xlim(0, 1.05 * max(end, TICKS[1]))
    axes.set_xticks([tick for tick in TICKS if tick <= axes.get_xlim()[1]], minor=False)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel(f"standard deviations of the originals{'; px where named' if pixels else ''}\n(square-root scale)")
    axes.grid(axis="y", visible=False)


def _mean(axes: Axes, place: float, values: list[float], colour: str, upright: bool) -> None:
    mean, low, high = mean_interval(values)
    error = None if np.isnan(low) else [[mean - low], [high - mean]]
    look: dict[str, Any] = {"fmt": "D", "color": colour, "capsize": 2.5, "markersize": 4, "zorder": 3}
    if upright:
        axes.errorbar(place, mean, yerr=error, **look)
    else:
        axes.errorbar(mean, place, xerr=None if error is None else [[mean - max(low, 0)], [high - mean]], **look)


def mark(p: float) -> str:
    return next((stars for level, stars in STARS if p < level), UNMARKED)


def _key(layers: list[str]) -> str:
    """What the marks mean."""
    levels = ", ".join(f"{stars} p < {level:g}" for level, stars in reversed(STARS))
    pair = f"{layers[0]} against {layers[-1]}\n" if len(layers) > 2 else ""
    return f"{pair}{levels} (Holm)"


def _legend(figure: Figure, colours: dict[str, str]) -> None:
    handles = [Line2D([], [], marker="D", color=colour, label=layer) for layer, colour in colours.items()]
    handles.append(Line2D([], [], marker="D", color="grey", label="mean, 95 % interval"))
    handles.append(Line2D([], [], marker="o", color="grey", linewidth=0.6, markersize=1.8, label="one image"))
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), LEGEND_COLUMNS))


def verdict(tests: dict[str, Row]) -> str:
    """The test of locality in words, whatever it says, and the share of affine motion beside it."""
    if "locality" not in tests:
        return "too few images with a change to compare the layers"
    test = tests["locality"]
    first, second = (f"{100 * test[f'mean_{end}']:.0f} % pixel-local" for end in "ab")
    if motion := tests.get("affine_motion"):
        first, second = (
            f"{text}, {100 * motion[f'mean_{end}']:.0f} % affine motion" for text, end in ((first, "a"), (second, "b"))
        )
    difference, low, high = (f"{100 * test[name]:+.0f}" for name in ("difference", "ci_low", "ci_high"))
    return (
        f"{test['layer_a']}: {first}; {test['layer_b']}: {second}\n"
        f"paired difference of locality {difference} points (95 % interval {low} to {high}),"
        f" p = {test['p_value']:.2g}, {test['n_images']} images"
    )
