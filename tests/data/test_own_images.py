"""The user's function that gives images: what it is called with, and what is wrong with what it gives."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from invariscope.data.own_images import draw
from invariscope.data.table import Images, read_data, write_data
from invariscope.errors import UserError

MODULE = """
import numpy as np
from invariscope.data.table import Images

def stripes(seed, count, data_root):
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    pixels = np.zeros((count, 1, 8, 8), np.uint8)
    pixels[labels == 1, :, ::2] = 200
    pixels[labels == 0, :, :, ::2] = 200
    pixels[:, :, 0, 0] = random.integers(0, 256, (count, 1))
    made = Images(np.arange(count), pixels, labels, ("columns", "rows"), {"corner": pixels[:, 0, 0, 0].astype(float)})
    half = count // 2
    return {"train": made.at(np.arange(half)), "test": made.at(np.arange(half, count)), **EXTRA}

def broken():
    raise OSError("disk on fire")

EXTRA = {}
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "mine.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    import mine  # type: ignore[import-not-found]

    yield mine
    import sys

    del sys.modules["mine"]


def found(seed: int = 0, source: str = "mine:stripes", **arguments: Any) -> dict[str, Images]:
    return dict(draw({"source": source, "arguments": {"count": 12, **arguments}}, seed, Path("raw")))  # type: ignore[arg-type]


def test_the_function_gets_its_arguments_and_the_seed(module: Any, tmp_path: Path) -> None:
    splits, others = found(seed=3), found(seed=4)
    assert {name: len(images) for name, images in splits.items()} == {"train": 6, "test": 6}
    assert not np.array_equal(splits["train"].pixels, others["train"].pixels)
    assert np.array_equal(splits["train"].pixels, found(seed=3)["train"].pixels)
    write_data(tmp_path / "mine.parquet", splits)
    read = read_data(tmp_path / "mine.parquet", "test")
    assert np.array_equal(read.pixels, splits["test"].pixels) and read.class_names == ("columns", "rows")
    assert list(read.factors) == ["corner"]


def changed(images: Images, **fields: Any) -> dict[str, Any]:
    return {"validation": replace(images, **fields)}


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (lambda images: {"held_out": images}, "a mapping of train, test"),
        (lambda images: {"validation": [1, 2]}, "validation: is a list without 'ids'"),
        (lambda images: changed(images, class_names=("rows", "columns")), "validation: has other classes"),
        (lambda images: changed(images, ids=np.zeros(6, np.int64)), "validation: has ids that occur twice"),
        (lambda images: changed(images, labels=np.full(6, 2)), "validation: has the label 2, of 2 classes"),
        (lambda images: changed(images, pixels=images.pixels / 255), "validation: has pixels that are no uint8"),
        (lambda images: changed(images, pixels=images.pixels[:, :, :4]), "validation: has images of 1 x 4 x 8"),
        (lambda images: {"validation": images.at(np.arange(0))}, "validation: has no images"),
    ],
)
def test_what_is_no_data_set_is_one_line(module: Any, extra: Any, words: str) -> None:
    module.EXTRA = extra(found()["train"])
    with pytest.raises(UserError, match="source: mine:stripes") as error:
        found()
    assert words in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("mine:dots", "has no function 'dots'; it has"),
        ("nowhere:draw", "no module 'nowhere'"),
        ("mine:broken", "failed: "),
    ],
)
def test_a_function_that_is_not_there_or_fails_is_one_line(module: Any, source: str, words: str) -> None:
    with pytest.raises(UserError, match=words) as error:
        draw({"source": source}, 0, Path())
    assert str(error.value).startswith(f"source: {source}: ") and "\n" not in str(error.value)
