"""How a filter-GAN's training went: losses, the code's recovery, and the trade-off of accuracy against spread."""

from typing import Any

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from invariscope.figures import style

REFERENCE: dict[str, Any] = {"color": style.COLOURS[0], "linestyle": "--", "linewidth": 0.9}


def draw(files: style.Files, history: pa.Table, title: str) -> None:
    """Four panels from a history: iteration, losses, code_error, single_bank_accuracy, real_accuracy, both spreads."""
    values = {name: history[name].to_numpy() for name in history.column_names}
    with style.figure(files, style.PAGE, 4.4) as figure:
        (losses, accuracy), (code, spread) = figure.subplots(2, 2, sharex=True)
        curve(losses, values, "discriminator_loss", 1, "discriminator")
        curve(losses, values, "generator_loss", 2, "generator (without the code's part)")
        losses.set(title="Losses", ylabel="loss (nats)")
        losses.margins(y=0.25)
        losses.legend(loc="best")
        curve(code, values, "code_error", 3, "code head")
        code.axhline(1, label="nothing recovered", **REFERENCE)
        code.set(title="Recovery of the latent code", ylabel="squared error / variance", ylim=(0, 1.15))
        code.legend(loc="best")
        curve(accuracy, values, "single_bank_accuracy", 4, "one generated bank")
        accuracy.axhline(values["real_accuracy"][-1], label="the real filters", **REFERENCE)
        split = history["accuracy_split"][0].as_py()
        accuracy.set(title=f"Untouched classifier, {split} split", ylabel="accuracy (fraction)")
        accuracy.legend(loc="lower right")
        curve(spread, values, "weight_spread", 5, "weights (unit: std of the real weights)")
        curve(spread, values, "activation_spread", 6, "activations (unit: std over images)")
        spread.set(title="Variety of the generated filters", ylabel="std over z (units: legend)")
        spread.set_ylim(0, 1.15 * max(values["weight_spread"].max(), values["activation_spread"].max()))
        spread.legend(loc="lower right")
        for axes in (code, spread):
            axes.set_xlabel("iteration")
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
            axes.set_xlim(left=0)
        end = f"{values['single_bank_accuracy'][-1]:.1%} accuracy, spread {values['weight_spread'][-1]:.2f} at the end"
        figure.suptitle(f"Filter-GAN training: {title}; {end}")


def curve(axes: Axes, values: dict[str, np.ndarray], name: str, number: int, label: str) -> None:
    look: dict[str, Any] = {"color": style.COLOURS[number], "marker": style.MARKERS[number % len(style.MARKERS)]}
    axes.plot(values["iteration"], values[name], label=label, **look)
