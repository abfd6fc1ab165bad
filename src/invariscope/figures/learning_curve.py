"""The learning curve of a classifier: accuracy and loss by epoch, on the training split and the monitored one."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from invariscope.figures import style

COLOURS = {"train": style.COLOURS[1]}  # any other split takes the next colour
MARKERS = {"train": style.MARKERS[0]}


def draw(files: style.Files, history: pa.Table, title: str) -> None:
    """One figure of two panels from a history (epoch, split, loss, accuracy)."""
    splits = sorted(history["split"].unique().to_pylist(), key=lambda split: split != "train")
    with style.figure(files, style.PAGE, 2.7) as figure:
        accuracy, loss = figure.subplots(1, 2)
        for split in splits:
            rows = history.filter(pc.equal(history["split"], split))
            line(accuracy, rows, "accuracy", f"{split}: {rows['accuracy'][-1].as_py():.2%} at the end")
            line(loss, rows, "loss", f"{split}: {rows['loss'][-1].as_py():.3g} at the end")
        finish(accuracy, "Accuracy", "images classified correctly (fraction)", "lower right")
        finish(loss, "Loss", "cross-entropy (nats, log scale)", "upper right")
        loss.set_yscale("log")
        loss.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        loss.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        loss.yaxis.set_minor_locator(NullLocator())
        figure.suptitle(f"Learning curve: {title}")


def line(axes: Axes, rows: pa.Table, column: str, label: str) -> None:
    """One split. A training value is the mean over its epoch, so it stands at the epoch's middle."""
    split = rows["split"][0].as_py()
    epochs = rows["epoch"].to_numpy() - (0.5 if split == "train" else 0)
    look: dict[str, Any] = {"color": COLOURS.get(split, style.COLOURS[2]), "marker": MARKERS.get(split, "s")}
    axes.plot(epochs, rows[column].to_numpy(), label=label, **look)


def finish(axes: Axes, title: str, label: str, place: Any) -> None:
    axes.set(title=title, xlabel="epoch (training values at mid-epoch)", ylabel=label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(left=0)
    axes.legend(loc=place)
