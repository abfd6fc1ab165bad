"""The layers' figure: drawn from tables alone, equal tables to equal bytes, and true to them."""

import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pyarrow as pa
import pytest

from invariscope.figures import attributes as figure
from invariscope.figures import style

STROKES = ("thickness", "ink_brightness", "slant", "centre_shift", "brightness")
PIXELS = "px, at equal RMS change"


def changes(
    layers: tuple[str, ...] = ("conv2", "conv4"), names: tuple[str, ...] = STROKES, images: int = 10
) -> pa.Table:
    random = np.random.default_rng(0)
    return pa.Table.from_pylist(
        [
            {
                "layer": layer,
                "image_id": image,
                "attribute": name,
                "scale": PIXELS if name == "centre_shift" else "standard deviations",
                "compared": random.uniform(0.2, 0.8),
            }
            for layer in layers
            for name in (*names, "locality", "affine_motion", "rms_change")
            for image in range(images)
        ]
    )


def comparison(
    layers: tuple[str, ...] = ("conv2", "conv4"), names: tuple[str, ...] = STROKES, p: float = 0.004
) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "attribute": name,
                "layer_a": a,
                "layer_b": b,
                "mean_a": 0.61,
                "mean_b": 0.22,
                "difference": -0.39,
                "ci_low": -0.47,
                "ci_high": -0.3,
                "p_value": p,
                "p_holm": min(3 * p, 1),
                "n_images": 10,
            }
            for number, a in enumerate(layers)
            for b in layers[number + 1 :]
            for name in (*names, "locality", "affine_motion", "rms_change")
        ]
    )


TABLES = {
    "two layers": (changes(), comparison()),
    "three layers": (changes(("conv1", "conv2", "conv4")), comparison(("conv1", "conv2", "conv4"))),
    "colour": (changes(names=("brightness", "contrast")), comparison(names=("brightness", "contrast"), p=0.4)),
    "one image": (changes(images=1), comparison().slice(0, 0)),
    "many images": (changes(images=30), comparison()),
}


@pytest.mark.parametrize("name", TABLES)
def test_equal_tables_are_equal_bytes_at_page_width(tmp_path: Path, name: str) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(2)]
    for path in paths:
        figure.draw(path, *TABLES[name], "digits, cnn5")
    assert paths[0].read_bytes() == paths[1].read_bytes()
    image = matplotlib.image.imread(paths[0])
    assert image.shape[1] == style.PAGE * style.DPI
    assert image[..., :3].std() > 0.05  # something is drawn


def test_a_changed_value_changes_the_figure(tmp_path: Path) -> None:
    table = changes()
    other = table.set_column(4, "compared", pa.array(table["compared"].to_numpy() * 0.9))
    for name, values in (("one", table), ("other", other)):
        figure.draw(tmp_path / f"{name}.png", values, comparison(), "digits, cnn5")
    assert (tmp_path / "one.png").read_bytes() != (tmp_path / "other.png").read_bytes()


def test_values_that_are_not_there_are_left_out() -> None:
    table = pa.Table.from_pylist(
        [
            {"layer": "conv2", "image_id": number, "attribute": "slant", "compared": value}
            for number, value in enumerate((1.5, float("nan"), None))
        ]
    )
    assert figure.by_attribute(table) == {"slant": {"conv2": {0: 1.5}}}


def test_the_title_says_what_the_test_found() -> None:
    rows = {row["attribute"]: row for row in comparison(p=0.4).to_pylist()}
    rows["affine_motion"] |= {"mean_a": 0.03, "mean_b": 0.04}
    text = figure.verdict(rows)
    assert "conv2: 61 % pixel-local, 3 % affine motion; conv4: 22 % pixel-local, 4 % affine motion" in text
    assert "-39 points (95 % interval -47 to -30), p = 0.4, 10 images" in text
    assert "conv2: 61 % pixel-local; conv4: 22 % pixel-local" in figure.verdict({"locality": rows["locality"]})
    assert "too few" in figure.verdict({})


@pytest.mark.parametrize(
    ("p", "expected"), [(0.0009, "***"), (0.001, "**"), (0.04, "*"), (0.05, "n.s."), (1.0, "n.s.")]
)
def test_marks_are_by_corrected_p(p: float, expected: str) -> None:
    assert figure.mark(p) == expected


def test_figure_and_step_need_no_torch() -> None:
    modules = "invariscope.steps.plot_layers, invariscope.steps.compare_layers"
    check = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0
