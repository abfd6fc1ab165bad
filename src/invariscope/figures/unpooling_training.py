"""How the mirrors of a classifier learn to locate objects, with pooling switches and without."""

import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from invariscope.figures import style

COLOURS = {"with switches": style.COLOURS[1], "without switches": style.COLOURS[2]}
MARKERS = {"with switches": style.MARKERS[0], "without switches": style.MARKERS[1]}


def draw(files: style.Files, history: pa.Table, title: str) -> None:
    """Two panels from a history (images_seen, split, variant, loss, iou)."""
    splits = sorted(set(history["split"].to_pylist()), key=lambda split: split != "train")
    with style.figure(files, style.PAGE, 2.9) as figure:
        loss, iou = figure.subplots(1, 2)
        for variant, colour in COLOURS.items():
            for split in splits:
                rows = history.filter((pc.field("variant") == variant) & (pc.field("split") == split))
                seen, is_train = rows["images_seen"].to_numpy() / 1000, split == "train"
                look = {"linestyle": ":"} if is_train else {"marker": MARKERS[variant]}
                of = "training batch" if is_train else f"{split} split"
                loss.plot(seen, rows["loss"].to_numpy(), color=colour, label=f"{variant}, {of}", **look)
                if not is_train:
                    iou.plot(seen, rows["iou"].to_numpy(), color=colour, label=f"{variant}, {of}", **look)
        loss.set(yscale="log", title="Loss", ylabel="cross-entropy of a pixel (nats)")
        iou.set(ylim=(0, 1), title="Location", ylabel="mean intersection over union (fraction)")
        loss.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        loss.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        loss.yaxis.set_minor_locator(NullLocator())
        for axes in (loss, iou):
            axes.set(xlabel="training images seen, thousands", xlim=(0, None))
            axes.legend()
        figure.suptitle(f"Locating objects, training: {title}")
