"""The augmentation's figure: drawn from tables alone, equal tables to equal bytes, and true to them."""

import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pyarrow as pa
import pytest

from invariscope.data.table import image_column
from invariscope.figures import augmentation as figure
from invariscope.figures import style

SHARED = ("none", "noise", "affine", "traversal", "affine_and_traversal")


def accuracy(sizes: tuple[int, ...] = (10, 50, 200), seeds: int = 5, own: tuple[int, ...] = ()) -> pa.Table:
    random = np.random.default_rng(0)
    return pa.Table.from_pylist(
        [
            {
                "condition": name,
                "per_class": size,
                "seed": seed,
                "converged": 0.25 if "traversal" in name else None,
                "accuracy": 0.7 + 0.05 * np.log10(size) + 0.01 * place + 0.01 * random.standard_normal(),
            }
            for size in sizes
            for place, name in enumerate((*SHARED, *[figure.OWN] * (size in own)))
            for seed in range(seeds)
        ]
    )


def examples(names: tuple[str, ...] = SHARED, classes: int = 10, channels: int = 1) -> pa.Table:
    conditions = ["original", *names[1:]]
    pixels = np.arange(len(conditions) * classes * channels * 64).reshape(-1, channels, 8, 8) % 251
    return pa.table(
        {
            "condition": np.repeat(conditions, classes),
            "image_id": np.tile(np.arange(classes), len(conditions)),
            "image": image_column(pixels.astype(np.uint8)),
        }
    )


TABLES = {
    "as in the study": (accuracy(), examples()),
    "with own images": (accuracy(own=(10,)), examples((*SHARED, figure.OWN))),
    "one size, one seed": (accuracy((10,), seeds=1), examples(classes=3)),
    "colour, many classes": (accuracy((5, 20)), examples(classes=60, channels=3)),
}


@pytest.mark.parametrize("name", TABLES)
def test_equal_tables_are_equal_bytes_at_page_width(tmp_path: Path, name: str) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(2)]
    for path in paths:
        figure.draw(path, TABLES[name][0], "digits, cnn5, conv4", TABLES[name][1])
    assert paths[0].read_bytes() == paths[1].read_bytes()
    image = matplotlib.image.imread(paths[0])
    assert image.shape[1] == style.PAGE * style.DPI
    assert image[..., :3].std() > 0.05  # something is drawn


def test_a_changed_value_changes_the_figure(tmp_path: Path) -> None:
    table = accuracy((10,), seeds=2)
    other = table.set_column(
        table.column_names.index("accuracy"), "accuracy", pa.array(table["accuracy"].to_numpy() * 0.9)
    )
    for name, values in (("one", table), ("other", other)):
        figure.draw(tmp_path / f"{name}.png", values, "digits", examples())
    assert (tmp_path / "one.png").read_bytes() != (tmp_path / "other.png").read_bytes()


def values(none: tuple[float, ...], traversal: tuple[float, ...], affine: tuple[float, ...]) -> dict:
    found = {"none": none, "noise": none, "traversal": traversal, "affine": affine}
    return {name: {10: dict(enumerate(numbers))} for name, numbers in found.items()}


def test_differences_are_paired_and_in_percentage_points() -> None:
    found = values((0.9, 0.8), (0.91, 0.82), (0.9, 0.9))
    assert figure.minus(found["traversal"], found["none"]) == {10: {0: pytest.approx(1), 1: pytest.approx(2)}}


def test_the_verdict_says_what_the_intervals_say() -> None:
    text = figure.verdict(values((0.9, 0.8, 0.7), (0.92, 0.82, 0.721), (0.92, 0.7, 0.9)))
    assert "traversal: better (at 10 a class) than none; better (at 10 a class) than noise; not clearly other" in text
    assert "traversal minus none: +2.0 (+1.9 to +2.2) at 10" in text
    own = {figure.OWN: {10: {0: 0.91, 1: 0.81, 2: 0.711}}}
    text = figure.verdict(values((0.9, 0.8, 0.7), (0.9, 0.8, 0.7), (0.9, 0.8, 0.7)) | own)
    assert "traversal from subset alone: better (at 10 a class) than none" in text


def test_the_caveat_names_the_teacher_and_the_share_of_searches_that_converged() -> None:
    text = figure.caveat(accuracy())
    assert "the whole\ntraining split" in text and "25 % of their searches converged" in text
    text = figure.verdict(
        values((0.9, 0.8, 0.7), (0.91, 0.79, 0.70), (0.95, 0.84, 0.741))
        | {"affine_and_traversal": {10: {0: 0.96, 1: 0.85, 2: 0.752}}}
    )
    assert "traversal + affine: better (at 10 a class) than affine" in text
    assert "not clearly other than none" in text and "worse (at 10 a class) than affine" in text


def test_one_seed_has_no_interval_and_no_verdict() -> None:
    text = figure.verdict(values((0.9,), (0.95,), (0.9,)))
    assert "not clearly other than none" in text and "traversal minus none: +5.0 at 10" in text


def test_the_sheet_has_a_row_a_condition_and_a_column_an_image() -> None:
    table = examples(classes=3)
    sheet, rows = figure.example_sheet(table)
    assert rows == ["original", *SHARED[1:]] and sheet.shape == (5 * 9 - 1, 3 * 9 - 1, 3)
    expected = np.arange(7 * 64, 8 * 64).reshape(8, 8) % 251  # the third row's second image
    assert (sheet[18:26, 9:17, 0] == expected).all() and (sheet[8] == 255).all()


def test_figure_and_step_need_no_torch() -> None:
    check = "import sys, invariscope.steps.plot_augmentation; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0
