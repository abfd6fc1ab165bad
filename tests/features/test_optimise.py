"""Optimisation: rises, knows nothing of its batch, is the same every time, tells dead units."""

import pytest
import torch
from torch import nn

from invariscope.classifiers.model_file import Classifier
from invariscope.errors import UserError
from invariscope.features.objectives import Probe, parse
from invariscope.features.optimise import Optimisation, optimise
from invariscope.features.parameterizations import Cppn, Fourier, Parameterization, Pixels
from invariscope.features.robustness import Robustness, lucid, paper
from invariscope.intensities import from_bytes

SHAPE = (1, 16, 16)
SETTINGS = Optimisation(steps=24, leaky_steps=4)
UNITS = ["0:0", "0:3@2,2", "1:1", "2:4", "class:0", "class:1", "class:0 - 0.5 * class:1"]
MADE: dict[str, Parameterization] = {
    "pixels": Pixels(SHAPE),
    "fourier": Fourier(SHAPE),
    "cppn": Cppn(SHAPE, None, 6, 3),
}


@pytest.mark.parametrize("name", list(MADE))
@pytest.mark.parametrize("robustness", [Robustness(), lucid(16), paper(16)], ids=["none", "lucid", "paper"])
def test_objectives_rise_from_where_they_start(classifier: Classifier, name: str, robustness: Robustness) -> None:
    probe = Probe(classifier, [parse("2:4"), parse("class:0"), parse("class:1")], SHAPE)
    rate = 0.005 if name == "cppn" else 0.05
    before, after = (
        optimise(probe, range(3), ["a", "b", "c"], MADE[name], robustness, Optimisation(steps, rate, 10), seed=1).values
        for steps in (0, 40)
    )
    assert (after > before).all()


@pytest.mark.parametrize("name", list(MADE))
def test_a_batch_is_its_images_one_by_one(classifier: Classifier, name: str) -> None:
    """In double precision: in single precision Adam's division makes much of last bits."""
    exact = _double(classifier)
    probe = Probe(exact, [parse(unit) for unit in UNITS], SHAPE)
    streams = [f"stream {number}" for number in range(len(UNITS))]
    made = _Double(MADE[name])
    together = optimise(probe, range(len(UNITS)), streams, made, lucid(16), SETTINGS, seed=3)
    for number, unit in enumerate(UNITS):
        single = Probe(exact, [parse(unit)], SHAPE)
        alone = optimise(single, [0], streams[number : number + 1], made, lucid(16), SETTINGS, seed=3)
        assert (alone.images.int() - together.images[number].int()).abs().max() <= 1
        torch.testing.assert_close(alone.values, together.values[number : number + 1], rtol=0.01, atol=0.01)


def test_equal_seeds_give_equal_bytes_and_others_do_not(classifier: Classifier) -> None:
    probe = Probe(classifier, [parse("class:0")], SHAPE)
    runs = [optimise(probe, [0], ["a"], MADE["fourier"], lucid(16), SETTINGS, seed) for seed in (5, 5, 6)]
    assert torch.equal(runs[0].images, runs[1].images) and torch.equal(runs[0].values, runs[1].values)
    assert not torch.equal(runs[0].images, runs[2].images)


def test_a_turn_by_0_is_no_regularisation_bit_for_bit(classifier: Classifier) -> None:
    probe = Probe(classifier, [parse("class:0"), parse("2:1")], SHAPE)
    still = Robustness(jitter=(0, 0), rotation=(0.0, 0.0), fill="border", interpolation="bicubic")
    first, second = (
        optimise(probe, [0, 1], ["a", "b"], MADE["pixels"], robustness, SETTINGS, 0)
        for robustness in (Robustness(), still)
    )
    assert torch.equal(first.images, second.images)


def test_the_value_is_of_the_8_bit_image_as_it_is(classifier: Classifier) -> None:
    probe = Probe(classifier, [parse("class:1")], SHAPE)
    found = optimise(probe, [0], ["a"], MADE["fourier"], paper(16), SETTINGS, 0)
    assert found.images.dtype == torch.uint8
    assert found.values.item() == pytest.approx(classifier(from_bytes(found.images))[0, 1].item(), rel=1e-5)


def test_dead_units_are_told_and_others_are_not() -> None:
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU())
    with torch.no_grad():
        network[0].weight[0].zero_()
        network[0].weight[1].abs_()
        network[0].bias.copy_(torch.tensor([-1.0, 0.0, -30.0]))  # the third's weights cannot make up for it
    probe = Probe(network, [parse("1:0"), parse("1:1"), parse("1:2"), parse("0:2")], SHAPE)
    found = optimise(probe, range(4), list("abcd"), MADE["pixels"], Robustness(), SETTINGS, 0)
    assert found.dead.tolist() == [True, False, True, False]


def test_leaky_steps_wake_a_unit_that_sleeps_at_the_start() -> None:
    """Off at grey, but white pixels turn it on: without them the ascent would call it dead."""
    network = nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU())
    with torch.no_grad():
        network[0].weight.fill_(1.0)
        network[0].bias.fill_(-5.0)
    probe = Probe(network, [parse("1:0")], SHAPE)
    found = {
        steps: optimise(probe, [0], ["a"], MADE["pixels"], Robustness(), Optimisation(60, 0.1, steps), 0)
        for steps in (0, 20)
    }
    assert found[0].dead.item() and found[0].values.item() == 0
    assert not found[20].dead.item() and found[20].values.item() > 1


def test_more_images_than_are_judged_at_once(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    probe = Probe(classifier, [parse("class:0"), parse("class:1")], SHAPE)
    which, streams = [0, 1] * 3, [f"image {number}" for number in range(6)]
    short = Optimisation(steps=3)
    whole = optimise(probe, which, streams, MADE["pixels"], lucid(16), short, 0)
    monkeypatch.setattr("invariscope.features.optimise.block_size", lambda shape: 4)
    parts = optimise(probe, which, streams, MADE["pixels"], lucid(16), short, 0)
    assert (whole.images.int() - parts.images.int()).abs().max() <= 1


def test_infinite_objectives_are_refused() -> None:
    network = nn.Sequential(nn.Conv2d(1, 1, 1))
    with torch.no_grad():
        network[0].weight.fill_(float("inf"))
    with pytest.raises(UserError, match="infinite"):
        optimise(Probe(network, [parse("0:0")], SHAPE), [0], ["a"], MADE["pixels"], Robustness(), SETTINGS, 0)


class _Double:
    """A parameterization in double precision, of the same starts."""

    def __init__(self, inner: Parameterization) -> None:
        self.inner = inner

    def start(self, generators: list[torch.Generator]) -> list[torch.Tensor]:
        return [tensor.double() for tensor in self.inner.start(generators)]

    def images(self, parameters: list[torch.Tensor]) -> torch.Tensor:
        return self.inner.images(parameters)


def _double(classifier: Classifier) -> nn.Module:
    import copy

    return copy.deepcopy(classifier).double()
