"""Gradients layer by layer: those that can be worked out by hand, finite differences, and layers that work in place."""

import pytest
import torch
from torch import Tensor, nn

from invariscope.features.gradients import CLASSIFIER, DECODER, IMAGE, LATENT, LayerGradient, layer_gradients
from invariscope.features.latent_box import images
from invariscope.features.objectives import CLASS, Objective, Probe, Unit
from tests.features.toy_latents import SmallDecoder, small_network


class Doubling(nn.Module):
    """Codes (N, 2) in a box of sides 4 and 1 -> images (N, 1, 1, 2), twice the code."""

    def __init__(self) -> None:
        super().__init__()
        self.twice = nn.Linear(2, 2, bias=False)
        self.twice.weight = nn.Parameter(2 * torch.eye(2), requires_grad=False)
        self.register_buffer("low", torch.tensor([0.0, 0.0]))
        self.register_buffer("high", torch.tensor([4.0, 1.0]))

    def decode(self, z: Tensor) -> Tensor:
        return self.twice(z)[:, None, None]


def rectified_sum(in_place: bool = False) -> nn.Sequential:
    """3 relu(a) + 4 relu(b - 1) of the two pixels (a, b)."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 2), nn.ReLU(inplace=in_place), nn.Linear(2, 1, bias=False))
    network[1].weight = nn.Parameter(torch.eye(2))
    network[1].bias = nn.Parameter(torch.tensor([0.0, -1.0]))
    network[3].weight = nn.Parameter(torch.tensor([[3.0, 4.0]]))
    return network.requires_grad_(False)


def by_name(layers: list[LayerGradient]) -> dict[tuple[str, str], LayerGradient]:
    return {(layer.network, layer.module): layer for layer in layers}


@pytest.mark.parametrize("in_place", [False, True])
def test_norms_and_zeros_are_those_worked_out_by_hand(in_place: bool) -> None:
    probe = Probe(rectified_sum(in_place), [Objective(((1.0, Unit(CLASS, 0)),))], (1, 1, 2))
    points = torch.tensor([[0.5, 0.9], [0.5, 0.1]])  # pixels (4, 1.8), both on; (4, 0.2), the second off
    layers = layer_gradients(Doubling(), probe, points, torch.tensor([0, 0]))
    assert [(layer.network, layer.module, layer.kind) for layer in layers] == [
        (LATENT, "", ""),
        (DECODER, "twice", "Linear"),
        (IMAGE, "", ""),
        *((CLASSIFIER, str(place), kind) for place, kind in enumerate(("Flatten", "Linear", "ReLU", "Linear"))),
    ]
    found = by_name(layers)
    expected = {
        (CLASSIFIER, "3"): ([1.0, 1.0], [0.0, 0.0]),
        (CLASSIFIER, "2"): ([5.0, 5.0], [0.0, 0.0]),
        (CLASSIFIER, "1"): ([5.0, 3.0], [0.0, 0.5]),
        (IMAGE, ""): ([5.0, 3.0], [0.0, 0.5]),
        (LATENT, ""): ([(24**2 + 8**2) ** 0.5, 24.0], [0.0, 0.5]),  # by two, and by the sides of the box
    }
    for name, (norms, zeros) in expected.items():
        torch.testing.assert_close(found[name].norms, torch.tensor(norms))
        assert found[name].zeros.tolist() == zeros


def test_leaky_gradients_pass_what_is_off() -> None:
    probe = Probe(rectified_sum(), [Objective(((1.0, Unit(CLASS, 0)),))], (1, 1, 2))
    layers = by_name(layer_gradients(Doubling(), probe, torch.tensor([[0.5, 0.1]]), torch.tensor([0]), slope=0.5))
    assert layers[CLASSIFIER, "1"].norms.item() == pytest.approx((3**2 + 2**2) ** 0.5)
    assert layers[LATENT, ""].zeros.item() == 0


def test_a_layers_norm_is_that_of_finite_differences() -> None:
    """Of the decoder's first layer, whose output is changed number by number."""
    decoder, network = SmallDecoder().double(), small_network()
    objectives = [Objective(((1.0, Unit(CLASS, number)),)) for number in range(2)]
    probe = Probe(network, objectives, (1, 8, 8))
    network.double()
    points = torch.tensor([[0.2, 0.7, 0.4], [0.9, 0.1, 0.5]], dtype=torch.float64)
    found = by_name(layer_gradients(decoder, probe, points, torch.tensor([0, 1])))[DECODER, "dense"]
    values = []
    for place in range(64):
        ends = []
        for sign in (1, -1):
            shift = torch.zeros(64, dtype=torch.float64)
            shift[place] = sign * 1e-6
            handle = decoder.dense.register_forward_hook(lambda *arguments, shift=shift: arguments[2] + shift)
            ends.append(network(images(decoder, points)).diagonal())
            handle.remove()
        values.append((ends[0] - ends[1]) / 2e-6)
    torch.testing.assert_close(found.norms, torch.stack(values).norm(dim=0), rtol=1e-4, atol=1e-8)


def test_only_layers_up_to_the_objective_have_gradients() -> None:
    probe = Probe(small_network(), [Objective(((1.0, Unit("0", 1)),))], (1, 8, 8))
    layers = layer_gradients(SmallDecoder(), probe, torch.rand(3, 3), torch.zeros(3, dtype=torch.long))
    assert [layer.module for layer in layers if layer.network == CLASSIFIER] == ["0"]


def test_a_layer_that_runs_twice_is_listed_twice_and_hooks_are_gone_after() -> None:
    class Twice(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            return self[1](self[1](self[0](x.flatten(1)).relu()))

    network = Twice(nn.Linear(64, 3), nn.Linear(3, 3)).requires_grad_(False)
    probe = Probe(network, [Objective(((1.0, Unit(CLASS, 0)),))], (1, 8, 8))
    decoder = SmallDecoder()
    layers = layer_gradients(decoder, probe, torch.rand(2, 3), torch.tensor([0, 0]))
    assert [layer.module for layer in layers if layer.network == CLASSIFIER] == ["0", "1", "1"]
    assert not any(module._forward_hooks for model in (network, decoder) for module in model.modules())
