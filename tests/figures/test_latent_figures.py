"""Figures of search and ascent in the latent space: drawn from tables made by hand, equal tables to equal bytes."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib.image
import numpy as np
import pyarrow as pa
import pytest

from invariscope.data.table import image_column
from invariscope.figures import latent_ascent, latent_cost, latent_gradients, latent_search, style
from invariscope.figures.captioned import wrapped

NAMES = ["rainbow double line", "red circle"]
EXAMPLES = {name: np.full((3, 6, 6), 90 + 50 * place, np.uint8) for place, name in enumerate(NAMES)}


def with_images(rows: list[dict], channels: int = 3) -> pa.Table:
    pixels = np.arange(len(rows) * channels * 36).reshape(-1, channels, 6, 6) % 251
    return pa.Table.from_pylist(rows).append_column("image", image_column(pixels.astype(np.uint8)))


def latents(higher: float = 1.0, channels: int = 3) -> pa.Table:
    """Two classes and three channels; the ascent is above the best sample by `higher`, for the second class below."""
    rows = []
    for place, name in enumerate([*NAMES, None, None, None]):
        objective = f"class:{place}" if name else f"conv3:{place - 2}"
        for method, count, evaluations in (("samples", 8, 500_000), ("ascent", 3, 1200)):
            for rank in range(1, count + 1):
                lift = higher * (1 if place != 1 else -1) if method == "ascent" else 0.0
                seen = {"predicted": NAMES[rank % 2], "predicted_by_judge": NAMES[0]}
                value = {"value": 5 + lift - 0.1 * rank, "share": 1 + (lift - 0.1 * rank) / 10}
                where = {"objective": objective, "class_name": name, "method": method, "evaluations": evaluations}
                rows.append(where | {"rank": rank} | value | seen)
    return with_images(rows, channels)


def curves() -> pa.Table:
    rows = []
    for method, counts in (("samples", (1, 10, 100, 1000)), ("ascent", (100, 120, 140))):
        for number in range(3):
            name = f"class:{number}" if number < 2 else "conv3:0"
            rows += [
                {"objective": name, "method": method, "evaluations": count, "share": 0.3 * (place + number)}
                for place, count in enumerate(counts)
            ]
    return pa.Table.from_pylist(rows)


def paths(steps: int = 9) -> pa.Table:
    rows = [
        {"class_name": name, "method": method, "step": 7 * step, "value": 0.5 * step - 1, "share": step / 8}
        for name in NAMES
        for method, count in (("paper", steps), ("ascent", 3))
        for step in range(count)
    ]
    return with_images(rows)


def gradients(vanished: float = 0.0) -> pa.Table:
    layers = [("latent code", "", ""), ("decoder", "dense", "Linear"), ("decoder", "up", "Upsample"), ("image", "", "")]
    layers += [("classifier", "conv1", "Conv2d"), ("classifier", "relu1", "ReLU"), ("classifier", "dense", "Linear")]
    return pa.Table.from_pylist(
        [
            {"place": place, "network": network, "module": module, "kind": kind, "depth": depth, "norm": 0.5 + depth}
            | {"norm_low": 0.2 * depth, "norm_high": 2.0 + depth, "zeros": 0.1 * depth, "vanished": vanished}
            | {"n_codes": 200}
            for place in ("at random codes", "where the paper's ascent ends")
            for depth, (network, module, kind) in enumerate(layers)
        ]
    )


def variants(lost: float = 0.3) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {"variant": variant, "objective": f"class:{number}", "evaluations": 60 * (place + 1)}
            | {"share": 1.05 - lost * (1 - place) * number / 4, "reached": place == 1 or number == 0}
            for place, variant in enumerate(("the paper's", "ours"))
            for number in range(5)
        ]
    )


FIGURES: dict[str, Callable[[Path], None]] = {
    "ascent": lambda path: latent_ascent.draw(path, paths(), EXAMPLES, "shapes, cnn7"),
    "ascent of one step": lambda path: latent_ascent.draw(path, paths(1), EXAMPLES, "shapes, cnn7"),
    "classes": lambda path: latent_search.draw_classes(path, latents(), NAMES, EXAMPLES, "shapes, cnn7"),
    "channels": lambda path: latent_search.draw_channels(path, latents(), "shapes, cnn7"),
    "grey channels": lambda path: latent_search.draw_channels(path, latents(channels=1), "digits, cnn5"),
    "cost": lambda path: latent_cost.draw(path, latents(), curves(), "shapes, cnn7"),
    "layers": lambda path: latent_gradients.draw_layers(path, gradients(), "shapes, cnn7"),
    "variants": lambda path: latent_gradients.draw_variants(path, variants(), "shapes, cnn7"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_equal_tables_are_equal_bytes_at_page_width(tmp_path: Path, name: str) -> None:
    paths_ = [tmp_path / f"{number}.png" for number in range(2)]
    for path in paths_:
        FIGURES[name](path)
    assert paths_[0].read_bytes() == paths_[1].read_bytes()
    image = matplotlib.image.imread(paths_[0])
    assert image.shape[1] == style.PAGE * style.DPI
    assert image[..., :3].std() > 0.02  # something is drawn


def test_the_verdict_counts_classes_and_evaluations() -> None:
    best = [row for row in latents().to_pylist() if row["class_name"] and row["rank"] == 1]
    text = latent_cost.verdict([latent_cost.pair(best, name) for name in NAMES])
    assert text == "with 1,200 evaluations a class ascent reaches the best of 500,000 samples for 1 of 2 classes"


def test_the_verdict_on_gradients_counts_exact_zeros() -> None:
    text = latent_gradients.verdict(gradients(0.25).to_pylist())
    assert text.splitlines() == [
        "at random codes: exactly zero for 25 %, median norm 0.5 per side of box",
        "where the paper's ascent ends: exactly zero for 25 %, median norm 0.5 per side of box",
    ]


@pytest.mark.parametrize("change", ["cost", "variants"])
def test_a_changed_value_changes_the_figure(tmp_path: Path, change: str) -> None:
    for place, amount in enumerate((0.3, 0.6)):
        if change == "cost":
            latent_cost.draw(tmp_path / f"{place}.png", latents(amount), curves(), "shapes")
        else:
            latent_gradients.draw_variants(tmp_path / f"{place}.png", variants(amount), "shapes")
    assert (tmp_path / "0.png").read_bytes() != (tmp_path / "1.png").read_bytes()


def test_long_names_are_wrapped() -> None:
    assert wrapped("rainbow double triangle") == "rainbow double\ntriangle" and wrapped("7") == "7"
    assert all(len(line) <= 16 for line in wrapped("a name of very many words that never ends").splitlines())


def test_figures_and_step_need_no_torch() -> None:
    check = "import sys, invariscope.steps.plot_latents; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0
