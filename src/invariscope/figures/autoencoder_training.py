"""How an autoencoder's error falls as it trains."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invariscope.figures import style

TRAIN, MONITORED, MEAN = style.COLOURS[1], style.COLOURS[2], style.COLOURS[0]


def draw(path: Path, history: pa.Table, title: str) -> None:
    """From a table (images_seen, split, error, mean_image_error); `train` is the last batch, others are judged."""
    with style.figure(path, style.COLUMN, 2.6) as figure:
        axes = figure.add_subplot()
        for split in dict.fromkeys(history["split"].to_pylist()):
            rows = history.filter(pc.field("split") == split)
            seen, error = rows["images_seen"].to_numpy() / 1000, rows["error"].to_numpy()
            is_train = split == "train"
            label = "training batch" if is_train else f"{split} split"
            axes.plot(
                seen, error, color=TRAIN if is_train else MONITORED, marker=None if is_train else "o", label=label
            )
            if not is_train:
                mean = float(np.mean(rows["mean_image_error"].to_numpy()))
                axes.axhline(mean, color=MEAN, linestyle="--", label=f"mean image, {split} split")
        axes.set(yscale="log", xlabel="training images seen, thousands", ylabel="mean squared error, intensity²")
        axes.set_title(f"Autoencoder: {title}")
        axes.legend()
