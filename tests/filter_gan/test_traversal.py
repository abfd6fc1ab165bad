"""Traversals: what a search finds, where grids stand, and what the table says."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from invariscope.classifiers.model_file import Classifier, Normalisation, save_classifier
from invariscope.classifiers.surgery import convolve_banks, layer_input
from invariscope.data.table import Images, balanced, column_images, read_table, write_data
from invariscope.errors import UserError
from invariscope.filter_gan import traversal as module
from invariscope.filter_gan.axes import base_code, grid_offsets, principal_axes, random_axes
from invariscope.filter_gan.config import FilterGanConfig, Traversal
from invariscope.filter_gan.evaluation import Layer, open_layer
from invariscope.filter_gan.generator_file import save_generator
from invariscope.filter_gan.networks import Generator
from invariscope.filter_gan.traversal import UNITS, Problem, invert, rms_change, summarise, traverse
from invariscope.intervals import share_interval
from invariscope.steps import traverse_latents
from tests.filter_gan.small import SmallClassifier, bars

CPU = torch.device("cpu")
CONFIG = Traversal(images=3, grid=3, steps=40, step_size=0.02)


def scaling_generator(bank: torch.Tensor, deaf: tuple[int, ...] = ()) -> Generator:
    """G(z) = (1.5 + 0.1 Σz) · bank of two latent dimensions, those in `deaf` ignored (for |z| < 10)."""
    generator = Generator(2, 4, bank.shape)
    first, second, last = (generator.layers[place] for place in (0, 2, 4))
    for parameter in generator.parameters():
        parameter.data.zero_()
    first.weight.data[0] = torch.tensor([0.0 if place in deaf else 0.1 for place in (0, 1)])
    first.bias.data[0] = 1.5
    second.weight.data[0, 0] = 1
    last.weight.data[:, 0] = bank.flatten()
    return generator.requires_grad_(False)


@pytest.fixture
def generator(classifier: SmallClassifier) -> Generator:
    torch.manual_seed(0)
    weight = classifier.network.conv2.weight
    return Generator(4, 16, weight.shape, float(weight.std())).requires_grad_(False)


@pytest.fixture
def layer(classifier: SmallClassifier, images: Images) -> Layer:
    return open_layer(classifier, "conv2", images, CPU)


def problem(layer: Layer, generator: Generator, images: Images, count: int, weight: float = 0.0) -> tuple:
    """Random banks, and the activations of the images under others: a Problem, and the images."""
    x = images.tensors()[0][:count]
    z = torch.randn(2, count, generator.latent_dimension, generator=torch.Generator().manual_seed(5))
    targets = convolve_banks(layer_input(layer.classifier, layer.convolution, x), generator(z[0]), layer.convolution)
    return Problem(layer, generator(z[0] + 0.5 * z[1]), targets, weight), x


class Linear(nn.Module):
    """One convolution without a bias on bare pixels, and a read-out."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.network = nn.Sequential()
        self.network.add_module("conv1", nn.Conv2d(1, 8, 3, padding=1, bias=False))
        self.network.add_module("flatten", nn.Flatten())
        self.network.add_module("readout", nn.Linear(8 * 64, 4))
        self.eval().requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.network(x)


def test_filters_made_stronger_give_images_made_darker() -> None:
    """a(x'|s·w) = a(x|w) has one solution for a linear layer: x / s."""
    classifier, images = Linear(), bars(3, seed=4)
    layer = open_layer(classifier, "conv1", images, CPU)
    x, bank = images.tensors()[0] * 0.6, classifier.network.conv1.weight
    targets = convolve_banks(x, bank.expand(3, *bank.shape), layer.convolution)
    scales = torch.tensor([0.8, 1.0, 2.0])[:, None, None, None]
    found = invert(layer, scales[..., None] * bank, targets, x, Traversal(steps=400, step_size=0.02, prior_weight=0))
    torch.testing.assert_close(found, x / scales, atol=0.02, rtol=0)


def test_images_stay_within_black_and_white() -> None:
    """Filters a tenth as strong would need an image ten times as bright."""
    classifier, images = Linear(), bars(3, seed=4)
    layer = open_layer(classifier, "conv1", images, CPU)
    x, bank = images.tensors()[0], classifier.network.conv1.weight.expand(3, 8, 1, 3, 3)
    found = invert(layer, 0.1 * bank, convolve_banks(x, bank, layer.convolution), x, CONFIG)
    assert found.min() >= 0 and found.max() == 1 and found.mean() > 1.2 * x.mean()


def test_the_residual_falls_and_the_classifier_stays(layer: Layer, generator: Generator, images: Images) -> None:
    posed, x = problem(layer, generator, images, 12)
    before = {name: value.clone() for name, value in layer.classifier.state_dict().items()}
    found = invert(layer, posed.banks, posed.targets, x, replace(CONFIG, prior_weight=0))
    start, end = posed.residual(x), posed.residual(found)
    assert (end <= start).all() and end.mean() < 0.8 * start.mean()
    more = posed.residual(invert(layer, posed.banks, posed.targets, x, Traversal(steps=120, prior_weight=0)))
    assert more.mean() < end.mean()
    assert all(torch.equal(value, before[name]) for name, value in layer.classifier.state_dict().items())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in layer.classifier.modules())


def test_a_step_much_too_large_does_no_harm(layer: Layer, generator: Generator, images: Images) -> None:
    posed, x = problem(layer, generator, images, 6)
    found = invert(layer, posed.banks, posed.targets, x, replace(CONFIG, step_size=100.0, prior_weight=0))
    assert (posed.residual(found) <= posed.residual(x)).all()
    assert posed.residual(found).mean() < 0.95 * posed.residual(x).mean()


def test_an_image_does_not_depend_on_its_company(
    layer: Layer, generator: Generator, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    posed, x = problem(layer, generator, images, 7)
    together = invert(layer, posed.banks, posed.targets, x, CONFIG)
    each = (slice(place, place + 1) for place in range(7))
    alone = torch.cat([invert(layer, posed.banks[one], posed.targets[one], x[one], CONFIG) for one in each])
    assert (together - x).abs().max() > 0.05
    torch.testing.assert_close(alone, together, atol=2e-3, rtol=0)
    monkeypatch.setattr(module, "BLOCK", 3)
    torch.testing.assert_close(invert(layer, posed.banks, posed.targets, x, CONFIG), together, atol=2e-3, rtol=0)


def test_the_prior_makes_images_smoother(layer: Layer, generator: Generator, images: Images) -> None:
    posed, x = problem(layer, generator, images, 6)
    free, bound = (
        invert(layer, posed.banks, posed.targets, x, replace(CONFIG, prior_weight=weight)) for weight in (0.0, 1e-2)
    )
    assert module.natural_image_prior(bound).mean() < 0.8 * module.natural_image_prior(free).mean()


def test_the_gradient_is_that_of_finite_differences(layer: Layer, generator: Generator, images: Images) -> None:
    posed, x = problem(layer, generator, images, 2, weight=1e-3)
    exact = Problem(
        Layer(layer.classifier.double(), layer.convolution.double(), layer.split),
        posed.banks.double(),
        posed.targets.double(),
        1e-3,
    )
    try:
        x = 0.05 + 0.9 * x.double()
        loss, residual, slope = exact.gradient(x)
        assert (loss > residual).all() and slope.shape == x.shape
        for place in ((0, 0, 2, 3), (1, 0, 7, 0), (1, 0, 4, 4)):
            up, down = x.clone(), x.clone()
            up[place] += 1e-6
            down[place] -= 1e-6
            difference = (exact.loss(up)[0].sum() - exact.loss(down)[0].sum()).item() / 2e-6
            assert slope[place].item() == pytest.approx(difference, rel=1e-3, abs=1e-9)
    finally:
        layer.classifier.float()


def test_grids_stand_about_their_base_within_reach() -> None:
    offsets = grid_offsets(5, 2.0)
    assert offsets.shape == (25, 2) and offsets[12].tolist() == [0, 0]
    assert offsets[0].tolist() == [-2, -2] and offsets[1].tolist() == [-2, -1] and offsets[24].tolist() == [2, 2]
    assert not torch.equal(base_code(4, 0, 1), base_code(4, 0, 2))
    assert torch.equal(base_code(4, 0, 1), base_code(4, 0, 1))
    drawn = torch.stack([random_axes(6, 0, number) for number in range(40)])
    assert (drawn.sum(2) == 1).all() and (drawn.max(2).values == 1).all()
    assert (drawn[:, 0] != drawn[:, 1]).any(1).all() and len(drawn.sum(1).unique(dim=0)) > 5


def test_principal_axes_are_those_the_banks_follow_most() -> None:
    torch.manual_seed(0)
    generator = Generator(5, 64, (3, 2, 3, 3)).requires_grad_(False)
    strength = torch.tensor([0.1, 3.0, 0.1, 1.0, 0.1])
    generator.layers[0].weight.data *= strength
    axes = principal_axes(generator, seed=0)
    torch.testing.assert_close(axes @ axes.T, torch.eye(2), atol=1e-5, rtol=0)
    assert axes.abs().argmax(1).tolist() == [1, 3]
    assert axes[0, 1] > 0.9 and axes[1, 3] > 0.7  # and the sign is fixed
    assert torch.equal(axes, principal_axes(generator, seed=0))


def test_an_axis_that_the_generator_ignores_changes_nothing(classifier: SmallClassifier, held_out: Images) -> None:
    generator = scaling_generator(classifier.network.conv2.weight, deaf=(1,))
    chosen = balanced(held_out, 2)
    table = traverse(classifier, "conv2", generator, chosen, replace(CONFIG, prior_weight=0), seed=0)
    pixels, principal = column_images_of(table), table["axes"] == "principal"
    axis = principal_axes(generator, 0)
    assert axis.abs().argmax(1).tolist() == [0, 1]  # so rows move the scale, columns nothing
    for image_id in chosen.ids:
        own = principal & (table["image_id"] == image_id)
        rows = pixels[own].reshape(3, 3, -1)
        assert (rows == rows[:, :1]).all()
        assert (rows[0] != rows[1]).any() and (rows[2] != rows[1]).any()


def column_images_of(table: dict) -> np.ndarray:
    import pyarrow as pa

    return column_images(pa.chunked_array([table["image"]]))


def test_the_middle_is_the_original_whatever_the_prior(
    classifier: SmallClassifier, generator: Generator, held_out: Images
) -> None:
    chosen = balanced(held_out, 3)
    table = traverse(classifier, "conv2", generator, chosen, replace(CONFIG, prior_weight=1e-2), seed=0)
    middle = (table["row"] == 1) & (table["column"] == 1)
    assert middle.sum() == 6
    assert (table["residual_before"][middle] < 1e-10).all() and (table["residual_after"][middle] < 1e-10).all()
    assert (column_images_of(table)[middle] == np.tile(chosen.pixels, (2, 1, 1, 1))).all()
    assert (table["rms_change"][middle] == 0).all() and (table["rms_change"][~middle] > 0).all()
    assert (table["row_offset"][middle] == 0).all() and np.abs(table["row_offset"]).max() == pytest.approx(1.5)


def test_the_table_says_what_its_images_are(
    classifier: SmallClassifier, generator: Generator, held_out: Images
) -> None:
    table = traverse(classifier, "conv2", generator, balanced(held_out, 3), CONFIG, seed=0)
    pixels = column_images_of(table)
    logits = classifier(torch.tensor(pixels).float() / 255)
    assert (table["predicted"] == logits.argmax(1).numpy()).all()
    np.testing.assert_allclose(table["confidence"], logits.softmax(1).max(1).values, rtol=1e-4)
    assert (table["converged"] == (table["residual_after"] <= CONFIG.tolerance)).all()
    assert (table["residual_after"] <= table["residual_before"] + 1e-4).all()
    originals = held_out.pixels[table["image_id"]]
    np.testing.assert_allclose(table["rms_change"], ((pixels / 255 - originals / 255) ** 2).mean((1, 2, 3)) ** 0.5)
    assert set(UNITS) <= set(table) and np.isfinite(table["brightness"]).all()


def test_equal_seeds_agree_and_others_do_not(
    classifier: SmallClassifier, generator: Generator, held_out: Images
) -> None:
    config = replace(CONFIG, steps=3)
    first, again, other = (
        traverse(classifier, "conv2", generator, balanced(held_out, 2), config, seed) for seed in (0, 0, 1)
    )
    assert (column_images_of(first) == column_images_of(again)).all()
    assert (first["residual_before"] == again["residual_before"]).all()
    assert (first["residual_before"] != other["residual_before"]).any()


def test_rms_change_is_over_all_pixels_and_channels() -> None:
    one = np.zeros((2, 3, 4, 4), np.uint8)
    other = one.copy()
    other[0, :, :2] = 51
    assert rms_change(other, one).tolist() == pytest.approx([0.2 / 2**0.5, 0])


def test_the_summary_counts_all_but_the_originals() -> None:
    """Two images on 3x3 grids; the second is misread, and one of its points is read rightly."""
    predicted = np.zeros((2, 9), int)
    predicted[1, 0] = 1
    table = {
        "image_id": np.tile(np.repeat([7, 9], 9), 2),
        "axes": np.repeat(["random", "principal"], 18),
        "row": np.tile(np.repeat([0, 1, 2], 3), 4),
        "column": np.tile([0, 1, 2], 12),
        "label": np.tile(np.repeat([0, 1], 9), 2),
        "predicted": np.concatenate([predicted.ravel(), np.zeros(18, int)]),
        "residual_before": np.full(36, 0.3),
        "residual_after": np.tile([0.4, 0.1, 0.1, 0.1, 0.0, 0.1, 0.1, 0.1, 0.1], 4),
        "converged": np.tile([False] + [True] * 8, 4),
        "rms_change": np.tile([0.4, 9, 0.2, 9, 0, 9, 0.2, 9, 0.4], 4),
    }
    found = summarise(table)
    assert found["random"]["points"] == 16 and found["all"]["points"] == 32 and found["all"]["images"] == 2
    assert found["random"]["keeps_prediction"] == 15 / 16 and found["principal"]["keeps_prediction"] == 1
    assert found["random"]["keeps_label"] == 9 / 16 and found["all"]["keeps_label"] == 17 / 32
    assert found["all"]["converged"] == 28 / 32 and found["all"]["median_residual"] == pytest.approx(0.1)
    assert found["all"]["percentile_95_residual"] == pytest.approx(0.4)
    assert found["all"]["corner_rms_change"] == pytest.approx(0.3)
    low, high = found["principal"]["keeps_prediction_ci_low"], found["principal"]["keeps_prediction_ci_high"]
    assert (low, high) == share_interval(1.0, 2) and 0.2 < low < 0.5 and high == 1


def test_wilsons_interval_is_the_published_one() -> None:
    assert share_interval(0.5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert share_interval(0.0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)


def test_grids_without_a_middle_and_codes_without_two_axes_are_refused(
    classifier: SmallClassifier, generator: Generator, held_out: Images
) -> None:
    with pytest.raises(UserError, match="grid: 4 has no point in the middle"):
        traverse(classifier, "conv2", generator, held_out, replace(CONFIG, grid=4), 0)
    narrow = Generator(1, 4, classifier.network.conv2.weight.shape)
    with pytest.raises(UserError, match="latent_dimension: 1"):
        traverse(classifier, "conv2", narrow, held_out, CONFIG, 0)


def test_the_step_writes_the_contracts_table_and_equal_bytes(held_out: Images, tmp_path: Path) -> None:
    torch.manual_seed(0)
    block = {"architecture": "five_conv", "widths": [4, 4, 4, 4, 4], "pool_after": [1]}
    from invariscope.classifiers.architectures import build_network

    network = build_network(block, 1, 8, 4)
    saved = Classifier(network, block, 1, 8, held_out.class_names, Normalisation((0.3,), (0.4,)))
    save_classifier(saved, tmp_path / "model.safetensors")
    generator = Generator(3, 8, (4, 4, 3, 3), 0.1)
    save_generator(
        generator, "conv2", FilterGanConfig(latent_dimension=3, generator_width=8), tmp_path / "generator.safetensors"
    )
    write_data(tmp_path / "data.parquet", {"train": held_out, "test": held_out})
    written = []
    for name in ("first", "second"):
        files = {"traversal": tmp_path / f"{name}.parquet", "metrics": tmp_path / f"{name}.json"}
        inputs = {part: tmp_path / f"{part}.safetensors" for part in ("model", "generator")}
        params = {"seed": 0, "traversal": {"images": 5, "grid": 3, "steps": 4}}
        traverse_latents.run(params, "cpu", "bars", "cnn", "conv2", data=tmp_path / "data.parquet", **inputs, **files)
        written.append([path.read_bytes() for path in files.values()])
    assert written[0] == written[1]
    table = read_table(tmp_path / "first.parquet")
    contract = "image_id axes row column residual_before residual_after converged label predicted confidence rms_change"
    assert {*contract.split(), "image", "brightness", "study", "classifier", "layer", "seed"} <= set(table.column_names)
    assert len(table) == 5 * 2 * 9 and column_images(table["image"]).shape[1:] == (1, 8, 8)
    labels = dict(zip(table["image_id"].to_pylist(), table["label"].to_pylist(), strict=True))
    assert len(labels) == 5 and set(labels.values()) == {0, 1, 2, 3}
    assert table.schema.field("residual_after").metadata[b"unit"]
    assert set(json.loads((tmp_path / "first.json").read_text())) == {"random", "principal", "all"}
