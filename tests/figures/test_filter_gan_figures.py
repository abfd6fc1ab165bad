"""Figures of the filter-GAN: drawn from tables alone, equal tables to equal bytes, and true to them."""

from pathlib import Path

import matplotlib.image
import numpy as np
import pyarrow as pa
import pyarrow.compute
import pytest

from invariscope.data.table import image_column
from invariscope.figures import averaging, filter_gan_training, filters, mds, presets, style


def history() -> pa.Table:
    iterations = np.arange(50, 501, 50)
    return pa.table(
        {
            "iteration": iterations,
            "discriminator_loss": 1 / np.sqrt(iterations),
            "generator_loss": np.sqrt(iterations) / 9,
            "code_error": np.exp(-iterations / 300),
            "single_bank_accuracy": 1 - np.exp(-iterations / 100),
            "real_accuracy": np.full(len(iterations), 0.99),
            "weight_spread": 0.2 + 100 / iterations,
            "activation_spread": 0.1 + 90 / iterations,
            "accuracy_split": ["validation"] * len(iterations),
        }
    )


# Mean accuracy of each condition, as it is and retrained.
CONDITIONS = {
    "real": (0.97, 0.975),
    "averaged": (0.95, 0.965),
    "orbit_mean": (0.955, 0.97),
    "orbit_max": (0.93, 0.96),
    "single": (0.92, 0.96),
    "mean_bank": (0.95, 0.965),
    "jittered": (0.94, 0.97),
    "shuffled": (0.13, 0.95),
    "random": (0.1, 0.8),
}


def accuracy(seeds: int = 5) -> pa.Table:
    random = np.random.default_rng(0)
    rows = [
        {"condition": condition, "retrained": retrained, "seed": seed, "accuracy": mean + 0.002 * random.normal()}
        for seed in range(seeds)
        for condition, means in CONDITIONS.items()
        for retrained, mean in zip((False, True), means, strict=True)
    ]
    return pa.Table.from_pylist(rows)


def perfect() -> pa.Table:
    """Of a network that nothing disturbs, and that cannot be pooled."""
    table = accuracy(2)
    rows = [row | {"accuracy": 1.0} for row in table.to_pylist() if not row["condition"].startswith("orbit")]
    return pa.Table.from_pylist(rows)


def scaling(channels: int = 12, samples: int = 6) -> pa.Table:
    random = np.random.default_rng(0)
    count = channels * (1 + samples)
    centres = random.normal(size=(channels, 2))
    numbers = np.tile(np.arange(channels), 1 + samples)
    x, y = (centres[numbers] + 0.2 * random.normal(size=(count, 2))).T
    return pa.table(
        {
            "kind": np.repeat(["real", "generated"], [channels, channels * samples]),
            "filter": numbers,
            "sample": np.repeat(np.arange(-1, samples), channels),
            "x": x,
            "y": y,
            "stress_1": np.full(count, 0.31),
            "spread_ratio": np.full(count, 0.5),
        }
    )


def pictures(channels: int = 3, samples: int = 4, side: int = 3) -> pa.Table:
    random = np.random.default_rng(0)
    count = channels * (1 + samples)
    return pa.table(
        {
            "kind": np.repeat(["real", "generated"], [channels, channels * samples]),
            "filter": np.tile(np.arange(channels) * 5, 1 + samples),
            "sample": np.repeat(np.arange(-1, samples), channels),
            "image": image_column(random.integers(0, 256, (count, side, side, 3), dtype=np.uint8)),
        }
    )


DRAWINGS = {
    "training": lambda path: filter_gan_training.draw(path, history(), "digits, cnn5, conv4"),
    "averaging": lambda path: averaging.draw(path, accuracy(), "digits, cnn5, conv4"),
    "averaging of one seed": lambda path: averaging.draw(path, accuracy(1), "digits, cnn5, conv4"),
    "averaging without pooling, all equal": lambda path: averaging.draw(path, perfect(), "shapes, resnet18, conv1"),
    "mds": lambda path: mds.draw(path, scaling(), [0, 3, 9], "digits, cnn5, conv4"),
    "mds of two samples, every filter shown": lambda path: mds.draw(path, scaling(2, 2), [0, 1], "digits, cnn5, conv4"),
    "filters": lambda path: filters.draw(path, pictures(), "digits, cnn5, conv4"),
    "filters of one pixel": lambda path: filters.draw(path, pictures(2, 1, 1), "digits, cnn5, conv4"),
    "filters of many pixels": lambda path: filters.draw(path, pictures(2, 2, 31), "digits, cnn5, conv4"),
}


@pytest.mark.parametrize("name", DRAWINGS)
@pytest.mark.filterwarnings("error")
def test_equal_tables_give_equal_bytes_and_a_page_wide_picture(name: str, tmp_path: Path) -> None:
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    DRAWINGS[name](first)
    DRAWINGS[name](second)
    assert first.read_bytes() == second.read_bytes()
    image = matplotlib.image.imread(first)
    assert image.shape[1] == style.PAGE * style.DPI
    assert image[..., :3].std() > 0.01


def test_the_verdict_is_paired_and_in_percentage_points() -> None:
    rows = [
        {"condition": condition, "retrained": retrained, "seed": seed, "accuracy": value + 0.1 * seed}
        for seed in range(3)
        for condition, value in (("real", 0.5), ("averaged", 0.512))
        for retrained in (True, False)
    ]
    text = averaging.verdict(pa.Table.from_pylist(rows[::-1]))
    assert "+1.20 percentage points" in text and "+1.20 to +1.20" in text
    assert "interval" not in averaging.verdict(accuracy(1))


def test_far_conditions_are_written_at_the_edge_and_all_else_is_within_the_axis() -> None:
    import matplotlib.pyplot as plt

    table = accuracy()
    values = {name: averaging.by_seed(table, name, False) for name in CONDITIONS}
    assert averaging.off_scale(values, 0.97) == ["shuffled", "random"]
    retrained = {name: averaging.by_seed(table, name, True) for name in CONDITIONS}
    assert averaging.off_scale(retrained, 0.975) == ["random"]
    drawing, axes = plt.subplots()
    averaging.panel(axes, list(CONDITIONS), values, 0.97, ".4f")
    low, high = axes.get_xlim()
    near = np.concatenate([values[name] for name in CONDITIONS if name not in ("shuffled", "random")])
    assert 0.85 < low < near.min() and near.max() < high < 1
    texts = [text.get_text() for text in axes.texts]
    plt.close(drawing)
    assert len(texts) == len(CONDITIONS) and f"{values['single'].mean():.4f}" in texts
    edges = [text for text in texts if " to " in text]
    assert [text.split(" (")[0] for text in edges] == [f"{values[name].mean():.4f}" for name in ("shuffled", "random")]


def test_differences_are_paired_by_seed() -> None:
    rows = [
        {"condition": condition, "retrained": retrained, "seed": seed, "accuracy": 0.1 * seed + gain * (1 + seed)}
        for seed in (2, 0, 1)
        for condition, gain in (("single", 0.01), ("real", 0.0))
        for retrained in (True, False)
    ]
    np.testing.assert_allclose(averaging.differences(pa.Table.from_pylist(rows), "single"), [0.01, 0.02, 0.03])


def test_every_condition_has_a_name_for_readers() -> None:
    from invariscope.filter_gan.averaging import CONDITIONS as measured

    assert list(averaging.NAMES) == list(CONDITIONS) == list(measured)


def test_the_mosaic_puts_every_filter_in_its_place() -> None:
    images = np.arange(1, 7, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    rows, columns = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 2, 0, 1, 2])
    sheet, height, width = filters.mosaic(images, rows, columns)
    for image, row, column in zip(images, rows, columns, strict=True):
        left = column * width + (2 * filters.GAP if column else 0)
        cell = sheet[row * height : (row + 1) * height - filters.GAP, left : left + width - filters.GAP]
        assert (cell == image[0, 0, 0]).all()
    assert (sheet[:, width - filters.GAP : width + 2 * filters.GAP] == 255).all()


def test_figures_need_no_torch() -> None:
    import subprocess
    import sys

    modules = ", ".join(
        f"invariscope.figures.{name}" for name in ("averaging", "filter_gan_training", "filters", "mds")
    )
    check = f"import sys, {modules}, invariscope.steps.plot_filter_gan; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0


def presets_table() -> pa.Table:
    rows = [
        {
            "preset": preset,
            "single_bank_accuracy": accuracy,
            "real_accuracy": 0.99,
            "weight_spread": spread,
            "activation_spread": 0.8 * spread,
        }
        for preset, points in {
            "held_spread": ((0.90, 0.68), (0.97, 0.69), (0.985, 0.69)),
            "algorithm_1": ((0.40, 0.60), (0.93, 0.40), (0.97, 0.25)),
            "noise": ((0.99, 0.1), (0.98, 0.5), (0.90, 1.0)),
        }.items()
        for accuracy, spread in points
    ]
    return pa.Table.from_pylist(rows)


def test_presets_are_drawn_with_every_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[str, list] = {}

    def record(axes, comparison, name, spread, look) -> None:
        rows = comparison.filter(pa.compute.equal(comparison["preset"], name))
        drawn.setdefault(name, []).append((spread, len(rows), look["marker"]))
        original(axes, comparison, name, spread, look)

    original = presets.curve
    monkeypatch.setattr(presets, "curve", record)
    presets.draw(tmp_path / "presets.png", presets_table(), "digits, cnn5, conv4")
    assert {name: len(calls) for name, calls in drawn.items()} == {"noise": 2, "held_spread": 2, "algorithm_1": 2}
    assert len({calls[0][2] for calls in drawn.values()}) == 3  # told apart without colour
    assert matplotlib.image.imread(tmp_path / "presets.png").shape[1] == style.PAGE * style.DPI


def test_no_error_at_all_stays_on_the_axis() -> None:
    assert presets.error(np.array([1.0, 0.99, 0.5])) == pytest.approx([presets.LEAST, 1.0, 50.0])
