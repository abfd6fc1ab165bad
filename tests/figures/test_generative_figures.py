"""Figures of generative networks: drawn from tables made by hand, equal tables to equal bytes, and true."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pyarrow as pa
import pytest
from matplotlib.figure import Figure

from invariscope.data.table import image_column
from invariscope.figures import (
    autoencoder_training,
    dcgan_training,
    generative_basis,
    generative_codes,
    generative_distances,
    generative_names,
    generative_samples,
    generative_sweeps,
    reconstructions,
    style,
)

CODERS = ("autoencoder", "variational", "sparse", "dense")
NETWORKS = (*CODERS, "dcgan")


def table(rows: list[dict[str, Any]], numbers: tuple[str, ...] = ()) -> pa.Table:
    """Rows of single values and of images; `numbers` are float64 even where all are null."""
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0]}
    columns |= {name: pa.array(columns[name], pa.float64()) for name in numbers}
    if "image" in columns:
        columns["image"] = image_column(np.stack(columns["image"]))
    return pa.table(columns)


def pictures(count: int, channels: int = 1, side: int = 8) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, channels, side, side)).astype(np.uint8)


def history(kind: str, points: int = 12) -> pa.Table:
    """Of a coder: the plain one has no divergence."""
    rows: list[dict[str, Any]] = []
    for point in range(1, points + 1):
        seen, nats = {"images_seen": 100 * point}, None if kind == "autoencoder" else 20.0 / point
        rows.append(seen | {"split": "train", "error": 0.1 / point, "divergence": nats, "mean_image_error": None})
        rows.append(seen | {"split": "test", "error": 0.12 / point, "divergence": None, "mean_image_error": 0.08})
    return table(rows, ("divergence", "mean_image_error"))


def examples(classes: int, channels: int = 1) -> pa.Table:
    rows = []
    for number, (image, made) in enumerate(zip(*np.split(pictures(2 * classes, channels), 2), strict=True)):
        row = {"class_name": f"rainbow double class {number}"}
        rows.append(row | {"kind": "original", "error": 0.0, "image": image})
        rows.append(row | {"kind": "reconstruction", "error": 0.01 * (number + 1), "image": made})
    return table(rows)


def judged(kind: str, codes: str, judge: str | None, metric: str, value: float | None, half: float | None) -> dict:
    known = value is not None and half is not None
    low, high = (value - half, value + half) if known else (None, None)  # type: ignore[operator]
    return {
        "kind": kind,
        "codes": codes,
        "judge": judge,
        "metric": metric,
        "value": value,
        "ci_low": low,
        "ci_high": high,
    }


def evaluation(judges: tuple[str, ...] = ("cnn7",), kinds: tuple[str, ...] = NETWORKS) -> pa.Table:
    """One draw has no interval; one metric was not to be had, one interval reaches below 0."""
    rows = []
    for judge in judges:
        rows.append(judged("real", "real", judge, "frechet_distance", 4.0, 5.0))
        rows.append(judged("real", "real", judge, "classes", 1.0, 0.0))
        for number, kind in enumerate(kinds):
            for codes in ("drawn",) if kind == "dcgan" else ("drawn", "box", "encoded"):
                half = 3.0 if codes == "drawn" else None
                rows.append(judged(kind, codes, judge, "frechet_distance", 10.0 * (number + 1), half))
                rows.append(judged(kind, codes, judge, "classes", 0.2 * number, 0.3))
                rows.append(judged(kind, codes, judge, "confidence", None if number else float("nan"), None))
    for kind in kinds:
        rows.append(judged(kind, "encoded", None, "code_correlation", 0.1234, 0.01))
        rows.append(judged(kind, "encoded", None, "code_cosine", None, None))
        rows.append(judged(kind, "encoded", None, "sparsity_error", 0.02, 0.001))
    return table(rows, ("value", "ci_low", "ci_high"))


def units(kinds: tuple[str, ...] = CODERS, count: int = 12) -> pa.Table:
    """The first unit of each is never active."""
    return table([{"kind": kind, "unit": unit, "mean": 0.05 * unit / 2} for kind in kinds for unit in range(count)])


def correlations(kinds: tuple[str, ...] = CODERS, count: int = 12) -> pa.Table:
    """The first unit of each is constant, and so without correlation."""
    places = [(unit, other) for unit in range(count) for other in range(count)]
    rows = [
        {"kind": kind, "unit": a, "other": b, "correlation": None if a * b == 0 else -1.0 / (1 + abs(a - b))}
        for kind in kinds
        for a, b in places
    ]
    return table(rows, ("correlation",))


def samples(kinds: tuple[str, ...] = NETWORKS, channels: int = 1, names: str = "{}") -> pa.Table:
    return table(
        [
            {"kind": kind, "predicted": names.format(index % 10), "confidence": 0.5, "image": image}
            for kind in kinds
            for index, image in enumerate(pictures(40, channels))
        ]
    )


def sweeps(kinds: tuple[str, ...] = NETWORKS, channels: int = 1, latents: int = 6) -> pa.Table:
    return table(
        [
            {"kind": kind, "latent": 7 * latent, "code": 1e-9 + place / 4, "image": image}
            for kind in kinds
            for latent in range(latents)
            for place, image in enumerate(pictures(9, channels))
        ]
    )


def basis(kinds: tuple[str, ...] = ("sparse", "dense"), channels: int = 1, count: int = 12) -> pa.Table:
    return table(
        [
            {"kind": kind, "unit": unit, "image": image}
            for kind in kinds
            for unit, image in enumerate(pictures(count, channels))
        ]
    )


def schedule(phases: Mapping[str, int] | None = None) -> pa.Table:
    """A row each 10 batches, the first before any training."""
    empty = dict.fromkeys(("discriminator_loss", "generator_loss", "real", "generated"))
    rows: list[dict[str, Any]] = [{"iteration": 0, "phase": "discriminator", **empty}]
    for phase, points in (phases or {"discriminator": 2, "generator": 1, "both": 60}).items():
        for _ in range(points):
            row = {"iteration": rows[-1]["iteration"] + 10, "phase": phase, **empty, "generated": 0.4}
            row |= {"generator_loss": 1.0} if phase != "discriminator" else {}
            row |= {"discriminator_loss": 0.6, "real": 0.6} if phase != "generator" else {}
            rows.append(row)
    rows = [row | {"frechet_distance": 900.0 / (1 + place), "classes": 0.5} for place, row in enumerate(rows)]
    return table(rows, tuple(empty))


FIGURES: dict[str, Callable[[Path], None]] = {
    "training": lambda path: autoencoder_training.draw(path, {kind: history(kind) for kind in CODERS}, "toy"),
    "training of two": lambda path: autoencoder_training.draw(
        path, {kind: history(kind) for kind in CODERS[:2]}, "toy"
    ),
    "reconstructions of 60 classes": lambda path: reconstructions.draw(
        path, {kind: examples(60, 3) for kind in CODERS}, "toy"
    ),
    "reconstructions of one kind": lambda path: reconstructions.draw(path, {"autoencoder": examples(10)}, "toy"),
    "reconstructions of one class": lambda path: reconstructions.draw(path, {"sparse": examples(1)}, "toy"),
    "distances": lambda path: generative_distances.draw(path, evaluation(("cnn7", "resnet18")), "toy"),
    "distances of one": lambda path: generative_distances.draw(path, evaluation(kinds=("dcgan",)), "toy"),
    "samples": lambda path: generative_samples.draw(path, samples(), "toy"),
    "samples in colour": lambda path: generative_samples.draw(path, samples(("dcgan",), 3, "long name {}"), "toy"),
    "sweeps": lambda path: generative_sweeps.draw(path, sweeps(), "toy"),
    "sweeps of one": lambda path: generative_sweeps.draw(path, sweeps(("dcgan",), 3, 2), "toy"),
    "codes": lambda path: generative_codes.draw(path, evaluation(), units(), correlations(), 0.05, "toy"),
    "codes of one": lambda path: generative_codes.draw(
        path, evaluation(), units(), correlations(("sparse",)), 0.05, "toy"
    ),
    "codes without layers of units": lambda path: generative_codes.draw(
        path, evaluation(), units(), correlations(CODERS[:2]), 0.05, "toy"
    ),
    "basis": lambda path: generative_basis.draw(path, basis(), units(), "toy"),
    "basis in colour": lambda path: generative_basis.draw(path, basis(("dense",), 3), units(), "toy"),
    "schedule": lambda path: dcgan_training.draw(path, schedule(), "toy"),
    "schedule of one phase": lambda path: dcgan_training.draw(path, schedule({"both": 2}), "toy"),
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


def test_one_kind_without_divergence_takes_a_column(tmp_path: Path) -> None:
    autoencoder_training.draw(tmp_path / "one.png", {"autoencoder": history("autoencoder")}, "toy")
    assert matplotlib.image.imread(tmp_path / "one.png").shape[1] == style.COLUMN * style.DPI


def test_every_network_has_a_colour_and_a_marker_of_its_own() -> None:
    looks = [generative_names.look(name) for name in NETWORKS]
    assert len({look.colour for look in looks}) == len({look.marker for look in looks}) == len(NETWORKS)
    assert style.COLOURS[0] not in {look.colour for look in looks}  # that is for real images
    assert generative_names.in_order(["other", "dcgan", "sparse", "dcgan"]) == ["sparse", "dcgan", "other"]
    assert generative_names.look("other").words == "other"


@pytest.mark.parametrize("classes", [1, 2, 10, 60])
@pytest.mark.parametrize("images", [2, 5])
def test_pairs_fit_a_page_and_stay_visible(classes: int, images: int) -> None:
    layout = reconstructions.layout_of(classes, images)
    assert (layout.across - 1) * layout.down < classes <= layout.across * layout.down  # no strip is empty
    assert layout.height <= reconstructions.TALLEST
    assert layout.side > 0.3  # inches
    last = reconstructions.left_of(layout, images, layout.across - 1)
    width = images * (layout.side + reconstructions.GAP) - reconstructions.GAP
    assert reconstructions.left_of(layout, images, 0) > 0 and last + width < style.PAGE


def test_reconstructions_are_of_60_classes_at_most() -> None:
    assert len(reconstructions.chosen(examples(70), "original")) == 60


def test_distances_have_room_for_all_and_none_below_0() -> None:
    rows = evaluation(kinds=("autoencoder",)).to_pylist()
    low, high = generative_distances.limits_of(rows, "frechet_distance")
    assert 0 < low < 4 and high > 13  # the interval of real images begins at -1 and is no end of the axis
    interval = next(row for row in rows if row["kind"] == "real")
    assert generative_distances.interval_of(interval, (low, high)) == (low, 9.0)
    alone = next(row for row in rows if row["codes"] == "box")
    assert generative_distances.interval_of(alone, (low, high)) is None


def test_a_matrix_has_magnitudes_at_their_places() -> None:
    found = generative_codes.matrix_of(correlations(("sparse", "dense"), 3), "dense")
    assert np.isnan(found[0]).all() and np.isnan(found[:, 0]).all()
    assert found[1:, 1:].tolist() == [[1.0, 0.5], [0.5, 1.0]]


def test_measured_values_have_intervals_if_there_are_any() -> None:
    assert generative_codes.measured(judged("a", "encoded", None, "x", 0.1234, 0.01)) == "0.123 [0.113, 0.133]"
    assert generative_codes.measured(judged("a", "encoded", None, "x", 0.1234, None), digits=2) == "0.12"
    assert generative_codes.measured(judged("a", "encoded", None, "x", None, None)) == "unknown"


def test_units_that_are_never_active_are_in_the_histogram() -> None:
    axes = Figure().add_subplot()
    means = {"sparse": np.array([0.0, 0.05, 0.05]), "dense": np.array([0.5, 0.6, 1.0])}
    generative_codes.draw_activations(axes, means, 0.05, {})
    heights = [getattr(patch, "get_height", lambda: 0)() for patch in axes.patches]
    assert sum(heights) == 6


def test_ranges_have_three_digits() -> None:
    minus = "\N{MINUS SIGN}"
    assert generative_sweeps.range_text(-20.83, 9.31) == f"{minus}20.8 … 9.3"
    assert generative_sweeps.range_text(1e-14, 0.894) == "0.000 … 0.894"
    assert generative_sweeps.range_text(0.0, 0.0) == "0 … 0"


def test_weights_of_0_are_nearly_white_and_signs_have_colours() -> None:
    image = np.array([[[0, 127, 255]]], np.uint8)
    negative, none, positive = generative_basis.in_colours(image)[:, 0].T.astype(int)
    assert none.min() > 235
    assert negative[0] > negative[2] and positive[2] > positive[1]  # orange, purple


def test_phases_begin_where_the_one_before_ended() -> None:
    rows = schedule()
    spans = dcgan_training.phase_spans(rows["iteration"].to_pylist(), rows["phase"].to_pylist())
    assert spans == {"discriminator": (0, 20), "generator": (20, 30), "both": (30, 630)}


def test_a_changed_value_changes_the_figure(tmp_path: Path) -> None:
    for name, kinds in (("one", ("sparse", "dcgan")), ("other", ("dcgan", "sparse"))):  # distances are by place
        generative_distances.draw(tmp_path / f"{name}.png", evaluation(kinds=kinds), "toy")
    assert (tmp_path / "one.png").read_bytes() != (tmp_path / "other.png").read_bytes()


@pytest.mark.parametrize("step", ["plot_autoencoders", "plot_generative"])
def test_the_steps_need_no_torch(step: str) -> None:
    check = f"import sys, invariscope.steps.{step}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0
