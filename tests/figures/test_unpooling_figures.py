"""The figures of located objects: drawn from tables made by hand, equal tables to equal bytes, and true."""

from collections.abc import Callable
from pathlib import Path

import matplotlib.image
import numpy as np
import pyarrow as pa
import pytest

from invariscope.data.table import image_column
from invariscope.figures import (
    style,
    unpooling_iou,
    unpooling_maps,
    unpooling_scenes,
    unpooling_stages,
    unpooling_training,
)

STAGES = (("deconvolution", "conv2", 6), ("unpooling", "pool1", 12), ("deconvolution", "conv1", 12))


def history() -> pa.Table:
    rows = []
    for seen in (100, 200, 300):
        for variant, iou in (("with switches", 0.002), ("without switches", 0.001)):
            shared = {"images_seen": seen, "variant": variant, "loss": 100 / seen}
            rows += [shared | {"split": "train", "iou": None}, shared | {"split": "validation", "iou": iou * seen}]
    return pa.Table.from_pylist(rows)


def iou(classes: int, better: float = 0.8) -> pa.Table:
    rows = []
    for switches, mean in ((True, better), (False, 0.5)):
        for name in ("all", *(f"class {number}" for number in range(classes))):
            shared = {"class_name": name, "scene": "one", "switches": switches, "n_images": 1200, "iou": mean}
            rest = {"ci_low": mean - 0.02, "ci_high": mean + 0.02, "iou_any": mean + 0.1, "iou_threshold": 0.95}
            rows.append(shared | rest)
            rows.append(shared | rest | {"scene": "two", "iou": 0.1})
    return pa.Table.from_pylist(rows)


def pictures(channels: int = 3) -> pa.Table:
    random, rows, images = np.random.default_rng(0), [], []
    for scene, number in (("one", 0), ("one", 1), ("two", 0), ("two", 1), ("two", 2)):
        second = (2, "class 1") if scene == "two" else (None, None)
        shared = {"scene": scene, "picture": number, "label": 1, "class_name": "class 0"}
        shared |= dict(zip(("second_label", "second_class_name"), second, strict=True))
        empty = {"switches": None, "stage": None, "layer": None, "operation": None, "size": None, "iou": None}
        rows += [shared | empty | {"kind": "image"}, shared | empty | {"kind": "truth"}]
        images += [random.integers(0, 256, (12, 12)), np.eye(12) * (1 + np.arange(12) % (1 + (scene == "two")))]
        for use in (True, False):
            rows.append(shared | empty | {"kind": "labels", "switches": use, "iou": 0.5})
            images.append(random.integers(0, 4, (12, 12)))
            for stage, (operation, layer, size) in enumerate(STAGES):
                if number < 2:
                    known = {"stage": stage, "layer": layer, "operation": operation, "size": size}
                    rows.append(shared | empty | known | {"kind": "activation", "switches": use})
                    images.append(random.integers(0, 256, (12, 12)))
    column = image_column(np.repeat(np.stack(images)[:, None], channels, axis=1).astype(np.uint8))
    return pa.Table.from_pylist(rows).append_column("image", column)


FIGURES: dict[str, Callable[[Path], None]] = {
    "training": lambda path: unpooling_training.draw(path, history(), "shapes, cnn7"),
    "60 classes": lambda path: unpooling_iou.draw(path, iou(60), "shapes, cnn7"),
    "10 classes": lambda path: unpooling_iou.draw(path, iou(10), "digits, cnn5"),
    "stages": lambda path: unpooling_stages.draw(path, pictures(), "shapes, cnn7"),
    "stages in grey": lambda path: unpooling_stages.draw(path, pictures(1), "digits, cnn5"),
    "scenes": lambda path: unpooling_scenes.draw(path, pictures(), "shapes, cnn7"),
    "scenes in grey": lambda path: unpooling_scenes.draw(path, pictures(1), "digits, cnn5"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_equal_tables_are_equal_bytes_at_page_width(tmp_path: Path, name: str) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(2)]
    for path in paths:
        FIGURES[name](path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    image = matplotlib.image.imread(paths[0])
    assert image.shape[1] == style.PAGE * style.DPI
    assert image[..., :3].std() > 0.02  # something is drawn


def test_the_verdict_tells_both_means_and_the_threshold() -> None:
    rows = [row for row in iou(3).to_pylist() if row["scene"] == "one"]
    assert unpooling_iou.verdict(rows) == (
        "mean over 1,200 test images: 0.80 with switches, 0.50 without\n"
        "class left aside: 0.90 and 0.60; a threshold of intensity, which knows no class: 0.95"
    )


def test_a_changed_value_changes_the_figure(tmp_path: Path) -> None:
    for name, better in (("one", 0.8), ("other", 0.7)):
        unpooling_iou.draw(tmp_path / f"{name}.png", iou(10, better), "digits")
    assert (tmp_path / "one.png").read_bytes() != (tmp_path / "other.png").read_bytes()


def test_labels_are_coloured_by_what_they_are_to_the_picture() -> None:
    labels = np.array([[0, 3], [5, 9]], np.uint8)[None]
    row = {"image": labels, "label": 3, "second_label": 5}
    picture = unpooling_maps.coloured(row).transpose(1, 2, 0).reshape(4, 3)
    wanted = (unpooling_maps.BACKGROUND, unpooling_maps.FIRST, unpooling_maps.SECOND, unpooling_maps.OTHER)
    assert ["#{:02x}{:02x}{:02x}".format(*pixel) for pixel in picture] == [colour.lower() for colour in wanted]
    alone = unpooling_maps.coloured(row | {"second_label": None}).transpose(1, 2, 0)
    np.testing.assert_array_equal(alone[1, 0], alone[1, 1])  # without a second object, its class is any other
