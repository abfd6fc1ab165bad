"""Lie derivatives of networks whose errors are known, and against finite differences."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from invariscope.classifiers.architectures import build_network
from invariscope.classifiers.model_file import Classifier, Normalisation
from invariscope.errors import UserError
from invariscope.invariance.layers import layers_at, read_layers
from invariscope.invariance.lie_derivative import contributions, lie_errors
from invariscope.invariance.motions import Motion
from tests.invariance.networks import Circular, Constant, Plain, QuarterTurns, Translations, drawn, pictures

STEP = 1e-6
PLAIN = ("conv1", "relu1", "pool1", "conv2", "dense1", "class")
FAMILIES = ("translation_x", "translation_y", "rotation", "zoom", "scale_x", "brightness", "contrast", "grayscale")


def read(model: nn.Module, images: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    return read_layers(model, layers_at(model, layers, images.shape[1:]), images)


def rms(values: Tensor) -> np.ndarray:
    return values.flatten(1).square().mean(dim=1).sqrt().numpy()


def central_errors(model: nn.Module, images: Tensor, layers: Sequence[str], motion: Motion) -> np.ndarray:
    """d/dt g_-t F(g_t x) by finite differences (L, N)."""

    def back(output: Tensor, time: float) -> Tensor:
        return motion.moved(output, -time) if motion.geometric and output.dim() == 4 else output

    after, before = (
        {name: back(out, t) for name, out in read(model, motion.moved(images, t), layers).items()}
        for t in (STEP, -STEP)
    )
    return np.array([rms((after[name] - before[name]) / (2 * STEP)) for name in layers])


@pytest.mark.parametrize("fill", ["reflection", "zeros"])
@pytest.mark.parametrize("family", FAMILIES)
def test_agrees_with_central_differences(family: str, fill: str) -> None:
    model, images, motion = drawn(lambda: Plain(3)), pictures(4, channels=3), Motion(family, fill)
    expected = central_errors(model, images, PLAIN, motion)
    assert expected[-1].min() > 1e-6
    np.testing.assert_allclose(lie_errors(model, images, PLAIN, motion).cumulative, expected, rtol=1e-3, atol=1e-9)


@pytest.mark.parametrize("family", ["translation_x", "rotation"])
def test_own_error_agrees_with_central_differences(family: str) -> None:
    """Of the second convolution: its input, the first map, is moved itself."""
    model, images, motion = drawn(Plain), pictures(4), Motion(family)
    pooled = read(model, images, ("pool1",))["pool1"]
    after, before = (motion.moved(model.conv2(motion.moved(pooled, t)).detach(), -t) for t in (STEP, -STEP))
    found = lie_errors(model, images, PLAIN, motion)
    np.testing.assert_allclose(found.own[found.layers.index("conv2")], rms((after - before) / (2 * STEP)), rtol=1e-3)


def test_images_may_move_as_they_are_said_to() -> None:
    """Velocities in place of a family: the same, batch by batch, where maps stand still under it."""
    model, images = drawn(Plain), pictures(5)
    family = lie_errors(model, images, PLAIN, Motion("contrast"), batch_size=2)
    given = lie_errors(model, images, PLAIN, Motion("contrast").velocity(images), batch_size=2)
    for kind in ("cumulative", "own", "contribution", "image_speed"):
        np.testing.assert_array_equal(getattr(given, kind), getattr(family, kind))
    turning = Motion("rotation")
    moved = lie_errors(model, images, PLAIN, turning.velocity(images))
    assert not np.allclose(moved.cumulative[0], lie_errors(model, images, PLAIN, turning).cumulative[0])  # maps stay
    np.testing.assert_allclose(moved.cumulative[-1], lie_errors(model, images, PLAIN, turning).cumulative[-1])


def test_probabilities_agree_with_central_differences() -> None:
    model, images, motion = drawn(Plain), pictures(4), Motion("rotation")
    expected = central_errors(nn.Sequential(model, nn.Softmax(1)), images, ("class",), motion)
    np.testing.assert_allclose(lie_errors(model, images, (), motion, "probabilities").cumulative, expected, rtol=1e-3)


@pytest.mark.parametrize("family", ["translation_x", "rotation", "zoom", "brightness"])
def test_a_constant_network_has_no_error(family: str) -> None:
    found = lie_errors(drawn(Constant), pictures(4), ("conv", "dense"), Motion(family))
    for kind in ("cumulative", "own", "contribution"):
        assert not getattr(found, kind).any() and not found.relative(kind).any()


def test_a_circular_network_is_equivariant_to_circular_shifts_alone() -> None:
    model, images, layers = drawn(Circular), pictures(4), ("conv", "pool")
    for family in ("translation_x", "translation_y"):
        circular = lie_errors(model, images, layers, Motion(family, "circular"))
        assert circular.image_speed.min() > 0.1 and circular.cumulative[[0, 2]].max() < 1e-12
        assert lie_errors(model, images, layers, Motion(family, "zeros")).cumulative.min() > 1e-4  # the edge is seen
    assert lie_errors(model, images, layers, Motion("rotation", "circular")).cumulative[0].min() > 1e-4


def test_a_rotation_symmetric_filter_is_blind_to_turning_inside() -> None:
    """A pointwise layer commutes with all geometry, a gradient filter does not."""
    pointwise = drawn(lambda: nn.Sequential(nn.Conv2d(1, 3, 1), nn.Flatten()))
    edges = drawn(lambda: nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.Flatten()))
    for family in ("rotation", "zoom", "translation_x"):
        assert lie_errors(pointwise, pictures(3), ("0",), Motion(family)).cumulative[0].max() < 1e-12
    assert lie_errors(edges, pictures(3), ("0",), Motion("rotation")).cumulative[0].min() > 1e-3


def test_averaging_over_translations_is_told_from_an_untrained_network() -> None:
    """Over whole pixels: what a ReLU makes of the places between them is left, little where images are smooth."""
    motion, images, plain = Motion("translation_x", "circular"), pictures(6, smoothed=5), drawn(Plain)
    averaged = lie_errors(Translations(plain), images, (), motion)
    untrained = lie_errors(plain, images, (), motion)
    assert averaged.cumulative.max() < untrained.cumulative.min() / 5
    assert averaged.relative("cumulative")[0] < 0.2 < 0.6 < untrained.relative("cumulative")[0]


def test_averaging_over_quarter_turns_is_no_infinitesimal_invariance() -> None:
    """What the Lie derivative cannot see: the network ignores 90°, but not the first degree."""
    assert lie_errors(QuarterTurns(drawn(Plain)), pictures(4), (), Motion("rotation")).cumulative.min() > 1e-6


@pytest.mark.parametrize("family", ["rotation", "brightness"])
def test_scales_with_the_speed_and_the_relative_error_does_not(family: str) -> None:
    model, images = drawn(Plain), pictures(4)
    once, thrice = (lie_errors(model, images, PLAIN, Motion(family, speed=speed)) for speed in (1, 3))
    for kind in ("cumulative", "own", "contribution"):
        np.testing.assert_allclose(getattr(thrice, kind), 3 * getattr(once, kind), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(thrice.relative(kind), once.relative(kind), rtol=1e-9)
        np.testing.assert_allclose(thrice.expected(kind), 9 * once.expected(kind), rtol=1e-9, atol=1e-12)


def test_the_relative_error_ignores_the_scale_of_weights() -> None:
    model, images = drawn(lambda: nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.Flatten())), pictures(4)
    small = lie_errors(model, images, ("0",), Motion("zoom"))
    with torch.no_grad():
        model[0].weight.mul_(10)
    large = lie_errors(model, images, ("0",), Motion("zoom"))
    np.testing.assert_allclose(large.cumulative, 10 * small.cumulative)
    np.testing.assert_allclose(large.relative("cumulative"), small.relative("cumulative"))


@pytest.mark.parametrize("output", ["logits", "probabilities"])
@pytest.mark.parametrize("family", ["rotation", "contrast"])
def test_contributions_sum_to_the_error_of_the_output(family: str, output: str) -> None:
    model, images, motion = drawn(Plain), pictures(4), Motion(family)
    parts = contributions(model, images, PLAIN, motion, output)
    found = lie_errors(model, images, PLAIN, motion, output)
    np.testing.assert_allclose(rms(sum(parts.values())), found.cumulative[-1], rtol=1e-9)
    np.testing.assert_allclose([rms(parts[name]) for name in found.layers], found.contribution, rtol=1e-9)


ARCHITECTURES = {
    "five_conv": ({"widths": [3, 3, 3, 3, 3]}, ("conv1", "conv2", "relu4", "readout")),
    "five_conv_dense": ({"widths": [3, 3, 3, 3, 3], "dense_width": 8}, ("pool1", "conv5", "dense1")),
    "alexnet": ({"stem": "small", "width": 0.05, "dense_width": 8}, ("features.0", "features.8", "classifier.1")),
    "resnet18": ({"stem": "small", "width": 0.05}, ("conv1", "layer1.0.conv2", "layer1", "layer2.0", "layer4", "fc")),
}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_classifiers_of_every_architecture(name: str) -> None:
    """Branches and layers that work in place among them: contributions still sum, differences still agree."""
    settings, layers = ARCHITECTURES[name]
    config = {"architecture": name, **settings}
    normalisation = Normalisation((0.4, 0.5, 0.6), (0.2, 0.3, 0.25))
    model = drawn(lambda: Classifier(build_network(config, 3, 24, 4), config, 3, 24, "abcd", normalisation))
    images, motion, layers = pictures(2, 24, 3), Motion("rotation"), (*layers, "class")
    found = lie_errors(model, images, layers, motion)
    np.testing.assert_allclose(found.cumulative, central_errors(model, images, layers, motion), rtol=1e-3, atol=1e-9)
    parts = contributions(model, images, layers, motion)
    np.testing.assert_allclose(rms(sum(parts.values())), found.cumulative[-1], rtol=1e-6)


def test_a_batch_is_its_images() -> None:
    model, images = drawn(Plain), pictures(5)
    together = lie_errors(model, images, PLAIN, Motion("rotation"))
    singly = lie_errors(model, images, PLAIN, Motion("rotation"), batch_size=1)
    alone = lie_errors(model, images[2:3], PLAIN, Motion("rotation"))
    for kind in ("cumulative", "own", "contribution"):
        np.testing.assert_allclose(getattr(singly, kind), getattr(together, kind), rtol=1e-9, atol=1e-14)
        np.testing.assert_allclose(getattr(alone, kind)[:, 0], getattr(together, kind)[:, 2], rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(singly.spread, together.spread)
    assert np.isnan(alone.relative("cumulative")).all()  # one image has no spread


def test_the_same_again_is_the_same_bytes_and_nothing_is_left_behind() -> None:
    model, images = drawn(Plain).float().train(), pictures(5).float()
    first, second = (lie_errors(model, images, PLAIN, Motion("zoom")) for _ in range(2))
    assert first.cumulative.tobytes() == second.cumulative.tobytes() and first.own.tobytes() == second.own.tobytes()
    assert model.training and all(weight.grad is None for weight in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())


def test_hooks_are_removed_when_a_network_fails() -> None:
    class Fails(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            if len(x) > 1:
                raise RuntimeError("too many")
            return x

    model = nn.Sequential(nn.Conv2d(1, 2, 3), Fails(), nn.Flatten()).double()
    with pytest.raises(RuntimeError, match="too many"):
        lie_errors(model, pictures(2), ("0",), Motion("zoom"))
    assert not any(module._forward_hooks for module in model.modules())


def test_images_that_do_not_move_say_nothing() -> None:
    found = lie_errors(drawn(Plain), torch.full((3, 1, 8, 8), 0.5).double(), ("conv1",), Motion("rotation"))
    assert np.isnan(found.relative("cumulative")).all()


def test_mistakes_are_told() -> None:
    with pytest.raises(UserError, match="no images"):
        lie_errors(drawn(Plain), pictures(0), ("conv1",), Motion("zoom"))
    with pytest.raises(UserError, match="conv9"):
        lie_errors(drawn(Plain), pictures(1), ("conv9",), Motion("zoom"))
