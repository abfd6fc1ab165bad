"""Leaky gradients: values stay, gradients pass rectifiers that are off."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from invariscope.features.relus import LeakyGradients

RECTIFIERS = {
    "module": nn.ReLU(),
    "in place": lambda x: nn.ReLU(inplace=True)(x * 1.0),
    "function": F.relu,
    "torch": torch.relu,
    "method": lambda x: x.relu(),
}


@pytest.mark.parametrize("name", list(RECTIFIERS))
def test_values_stay_and_gradients_leak(name: str) -> None:
    x = torch.tensor([-2.0, -0.5, 0.5, 3.0], requires_grad=True)
    with LeakyGradients(0.25):
        y = RECTIFIERS[name](x)
    assert y.tolist() == [0.0, 0.0, 0.5, 3.0]
    assert torch.autograd.grad(y.sum(), x)[0].tolist() == [0.25, 0.25, 1.0, 1.0]


def test_outside_the_block_and_without_a_slope_gradients_are_true() -> None:
    x = torch.tensor([-1.0, 1.0], requires_grad=True)
    with LeakyGradients(0.0):
        inside = F.relu(x)
    with LeakyGradients(0.5):
        pass
    for y in (inside, F.relu(x)):
        assert torch.autograd.grad(y.sum(), x)[0].tolist() == [0.0, 1.0]


def test_a_whole_network_leaves_where_its_gradient_is_zero() -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    with torch.no_grad():
        network[0].bias.fill_(-100)
    x = torch.zeros(1, 2, requires_grad=True)

    def gradient(y: Tensor) -> Tensor:
        return torch.autograd.grad(y.sum(), x)[0]

    assert (gradient(network(x)) == 0).all()
    with LeakyGradients(0.1):
        y = network(x)
    assert y.item() == network(x).item()
    torch.testing.assert_close(gradient(y), 0.1 * network[2].weight @ network[0].weight)
