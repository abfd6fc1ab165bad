"""The drawn data sets by plain arguments, for notebooks; the workflow gives each source its block of params.yaml."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from invariscope.data import procedural_digits, procedural_shapes
from invariscope.data.table import Images

NOWHERE = Path()  # what is drawn needs no files
Factors = Mapping[str, float | Sequence[float]]  # by name, one value or the ends of a range; all others as they are


def draw_digits(
    train: int, test: int, *, size: int = procedural_digits.NATIVE, factors: Factors | None = None, seed: int = 0
) -> dict[str, Images]:
    """`train` and `test` images of ten digits in turn, at least one each, grey, `size` px.

    `factors`, such as `{"rotation": [-60, 60], "slant": 0}`, have their units in `procedural_digits.FACTORS`. Raises
    UserError for an unknown one.
    """
    config = {"source": "procedural_digits", "train": train, "test": test, "size": size, "factors": factors or {}}
    return procedural_digits.draw(config, seed, NOWHERE)


def draw_shapes(images: int, *, size: int = 48, factors: Factors | None = None, seed: int = 0) -> dict[str, Images]:
    """`train`, `validation` and `test` images, 8:1:1, of 60 classes of coloured shapes in turn, `size` px.

    `images` is how many there are in all, at least ten. `factors`, such as `{"rotation": 0}`, have their units in
    `procedural_shapes.FACTORS`. Raises UserError for an unknown one.
    """
    config = {"source": "procedural_shapes", "images": images, "size": size, "factors": factors or {}}
    return procedural_shapes.draw(config, seed, NOWHERE)
