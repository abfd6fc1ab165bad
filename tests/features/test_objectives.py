"""Objectives: what a text says, and that the probe reads it off the network."""

import pytest
import torch
from torch import Tensor, nn

from invariscope.classifiers.model_file import Classifier
from invariscope.errors import UserError
from invariscope.features.objectives import Objective, Probe, Unit, evaluating, parse, run_until

SHAPE = (1, 16, 16)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("conv3:5", ((1.0, Unit("conv3", 5)),)),
        ("layer2.0.conv1:5@3,14", ((1.0, Unit("layer2.0.conv1", 5, (3, 14))),)),
        ("-conv3:5", ((-1.0, Unit("conv3", 5)),)),
        ("a:1 - 0.5 * b:2 + 2e-1 * class:3", ((1.0, Unit("a", 1)), (-0.5, Unit("b", 2)), (0.2, Unit("class", 3)))),
        ("class:red single line", ((1.0, Unit("class", 1)),)),
        ("2 * class:7 - class:red single line", ((2.0, Unit("class", 7)), (-1.0, Unit("class", 1)))),
    ],
)
def test_a_text_says_units_weights_and_signs(text: str, terms: tuple[tuple[float, Unit], ...]) -> None:
    assert parse(text, ("none", "red single line")).terms == terms


@pytest.mark.parametrize("text", ["conv3:5", "-conv3:5 + 2 * class:3", "a.b.0:1@2,3 - 0.25 * c:0"])
def test_an_objective_is_written_as_it_is_read(text: str) -> None:
    assert str(parse(text)) == text
    assert parse(str(parse(text))) == parse(text)


@pytest.mark.parametrize("text", ["conv3", "conv3:x", "", "conv3:5@2", "class:blue", "3 * ", "conv3:5 conv3:6"])
def test_nonsense_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UserError, match="objective") as refused:
        parse(text, ("red",))
    assert "\n" not in str(refused.value)


def test_the_probe_reads_what_the_layers_give(classifier: Classifier) -> None:
    x = torch.rand(5, *SHAPE)
    maps, logits = run_until(classifier, classifier.network[0], x), classifier(x)
    probe = Probe(classifier, [parse("0:3"), parse("0:3@2,7"), parse("class:1"), parse("5:0")], SHAPE)
    wanted = torch.stack([maps[:, 3].mean((1, 2)), maps[:, 3, 2, 7], logits[:, 1], logits[:, 0]], dim=1)
    torch.testing.assert_close(probe.all(x), wanted)


def test_combinations_are_linear(classifier: Classifier) -> None:
    first, second = parse("0:1"), parse("class:0")
    combined = [first + second, 3 * first - 0.5 * second, -first, first * 0.0]
    values = Probe(classifier, [first, second, *combined], SHAPE).all(torch.rand(7, *SHAPE))
    a, b = values[:, 0], values[:, 1]
    torch.testing.assert_close(values[:, 2:], torch.stack([a + b, 3 * a - 0.5 * b, -a, 0 * a], dim=1))


def test_gradients_of_a_combination_are_linear(classifier: Classifier) -> None:
    x = torch.rand(1, *SHAPE, requires_grad=True)
    objectives = [parse("0:1"), parse("class:0"), parse("2 * 0:1 - 3 * class:0")]
    probe = Probe(classifier, objectives, SHAPE)
    first, second, both = (torch.autograd.grad(probe.all(x)[0, number], x)[0] for number in range(3))
    torch.testing.assert_close(both, 2 * first - 3 * second)


def test_each_image_is_read_for_its_own_objective(classifier: Classifier) -> None:
    x = torch.rand(4, *SHAPE, requires_grad=True)
    probe = Probe(classifier, [parse("0:1"), parse("class:0")], SHAPE)
    which = torch.tensor([0, 1, 1, 0])
    every = probe.all(x)
    torch.testing.assert_close(probe.of(x, which), every[torch.arange(4), which])
    (gradient,) = torch.autograd.grad(probe.of(x, which)[2], x)
    assert (gradient[[0, 1, 3]] == 0).all() and (gradient[2] != 0).any()  # images know nothing of each other


def test_activations_in_place_do_not_reach_back() -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(inplace=True))
    x = torch.rand(6, *SHAPE)
    before = network[0](x).mean((2, 3))
    assert (before < 0).any()
    torch.testing.assert_close(Probe(network, [parse(f"0:{c}") for c in range(4)], SHAPE).all(x), before)


def test_the_network_runs_no_further_than_is_asked() -> None:
    class Refusing(nn.Module):
        allowed = True

        def forward(self, x: Tensor) -> Tensor:
            assert self.allowed
            return x

    network = nn.Sequential(nn.Conv2d(1, 2, 3), Refusing())
    probe = Probe(network, [parse("0:1")], SHAPE)
    network[1].allowed = False
    probe.all(torch.rand(1, *SHAPE))
    with pytest.raises(AssertionError):
        network(torch.rand(1, *SHAPE))


def test_no_hook_is_left_behind(classifier: Classifier) -> None:
    Probe(classifier, [parse("0:1"), parse("class:0")], SHAPE).all(torch.rand(1, *SHAPE))
    assert not any(module._forward_hooks for module in classifier.modules())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("9:0", "no module '9'; there are 0, 1"),
        ("0:6", "0 has 6 channels, 0 to 5"),
        ("0:1@8,0", "maps of 8 x 8"),
        ("5:1@0,0", "5 has no positions"),
        ("class:2", "2 channels"),
    ],
)
def test_a_unit_that_is_not_there_is_named(classifier: Classifier, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        Probe(classifier, [parse(text)], SHAPE)


def test_a_module_that_runs_twice_is_refused() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.relu = nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            return self.relu(self.relu(x))

    with pytest.raises(UserError, match="runs it 2 times"):
        Probe(Twice(), [parse("relu:0")], SHAPE)


def test_the_mode_of_every_module_comes_back() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2).eval()).train()
    network[1].eval()
    with evaluating(network):
        assert not network.training and not network[0].training
    assert network.training and network[0].training and not network[1].training


def test_objectives_are_values() -> None:
    assert Objective(((1.0, Unit("a", 1)),)) in {parse("a:1")}
