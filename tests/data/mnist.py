"""The real MNIST, where it is at hand."""

from functools import cache
from pathlib import Path

import pytest

from invariscope.data.table import Images
from invariscope.data.torchvision_sets import draw

ROOT = Path(__file__).parents[3] / "shared" / "data"


def real_mnist() -> dict[str, Images]:
    """Train and test images; the test is skipped where they are not."""
    if not (ROOT / "MNIST" / "raw").is_dir():
        pytest.skip("no real MNIST in ../shared/data")
    return _read()


@cache
def _read() -> dict[str, Images]:
    return draw({"source": "mnist"}, 0, ROOT)
