"""Orbit pooling: what is pooled and when, in a layer and in a whole network."""

import copy
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from invariscope.data.table import Images
from invariscope.errors import UserError
from invariscope.filter_gan.banks import draw_banks
from invariscope.filter_gan.networks import Generator
from invariscope.filter_gan.orbit_pooling import OrbitPooling, pooled_classifier, pooled_network
from tests.filter_gan.small import SmallClassifier


class OneBank(Generator):
    """Gives one bank, whatever the code: identical banks."""

    def __init__(self, bank: Tensor) -> None:
        super().__init__(2, 4, bank.shape)
        self.bank = bank

    def forward(self, z: Tensor) -> Tensor:
        return self.bank.expand(len(z), *self.bank.shape)


def generator_for(convolution: nn.Conv2d) -> Generator:
    torch.manual_seed(0)
    weight = convolution.weight
    return Generator(4, 16, weight.shape, weight.std().item()).requires_grad_(False)


CONVOLUTIONS = {
    "plain": lambda: nn.Conv2d(3, 5, 3, padding=1),
    "strided, without bias": lambda: nn.Conv2d(3, 5, 3, stride=2, bias=False),
    "dilated, reflecting": lambda: nn.Conv2d(3, 5, (3, 1), dilation=2, padding=(2, 1), padding_mode="reflect"),
}


@pytest.mark.parametrize("pool", ["mean", "max"])
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_identical_banks_make_the_plain_layer(name: str, pool: str) -> None:
    torch.manual_seed(1)
    convolution, own = CONVOLUTIONS[name](), nn.Sequential(nn.BatchNorm2d(5), nn.ReLU()).eval()
    x = torch.randn(4, 3, 9, 8)
    layer = OrbitPooling(convolution, OneBank(convolution.weight), 6, pool, own)
    torch.testing.assert_close(layer(x), own(convolution(x)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("pool", "over"), [("mean", lambda v: v.mean(0)), ("max", lambda v: v.amax(0))])
def test_a_layer_pools_what_its_banks_give_one_by_one(pool: str, over: Callable[[Tensor], Tensor]) -> None:
    torch.manual_seed(1)
    convolution = nn.Conv2d(3, 5, 3, stride=2)
    generator, codes, x = generator_for(convolution), torch.randn(6, 4), torch.randn(4, 3, 9, 9)
    outputs = []
    for bank in generator(codes):
        twin = copy.deepcopy(convolution)
        twin.weight.data = bank
        outputs.append(F.relu(twin(x)))
    found = OrbitPooling(convolution, generator, codes, pool, nn.ReLU())(x)
    torch.testing.assert_close(found, over(torch.stack(outputs)), rtol=1e-4, atol=1e-5)
    before_own = F.relu(OrbitPooling(convolution, generator, codes, pool)(x))
    assert torch.allclose(found, before_own, atol=1e-5) == (pool == "max")  # only a maximum commutes with a ReLU


def test_gradients_reach_the_input_and_the_own_block_but_no_bank() -> None:
    torch.manual_seed(1)
    convolution = nn.Conv2d(2, 3, 3).double()
    generator = generator_for(convolution).double()
    x = torch.randn(2, 2, 5, 5, dtype=torch.double, requires_grad=True)
    for pool in ("mean", "max"):
        layer = OrbitPooling(convolution, generator, 3, pool, nn.Sequential(nn.BatchNorm2d(3), nn.Softplus()).double())
        assert torch.autograd.gradcheck(layer.eval(), (x,))
        assert {name for name, _ in layer.named_parameters()} == {"convolution.bias", "own.0.weight", "own.0.bias"}


def test_batch_norm_learns_from_all_banks() -> None:
    convolution = nn.Conv2d(1, 2, 1, bias=False)
    generator, codes, x = generator_for(convolution), torch.randn(7, 4), torch.randn(5, 1, 3, 3)
    layer = OrbitPooling(convolution, generator, codes, "mean", nn.BatchNorm2d(2, momentum=1.0)).train()
    layer(x)
    outputs = torch.stack([F.conv2d(x, bank) for bank in generator(codes)])
    torch.testing.assert_close(layer.own.running_mean, outputs.mean((0, 1, 3, 4)))


def test_the_state_holds_the_banks() -> None:
    convolution = nn.Conv2d(3, 5, 3)
    generator, x = generator_for(convolution), torch.randn(2, 3, 6, 6)
    first, second = (OrbitPooling(convolution, generator, 4, seed=seed) for seed in (1, 2))
    assert torch.equal(first.banks, draw_banks(generator, 4, 1)) and not torch.equal(first(x), second(x))
    second.load_state_dict(first.state_dict())
    assert torch.equal(first(x), second(x))


def test_what_does_not_fit_is_refused() -> None:
    convolution, grouped = nn.Conv2d(4, 6, 3), nn.Conv2d(4, 6, 3, groups=2)
    with pytest.raises(UserError, match=r"\(6, 4, 3, 3\), and the convolution has \(6, 4, 5, 5\)"):
        OrbitPooling(nn.Conv2d(4, 6, 5), generator_for(convolution), 2)
    with pytest.raises(UserError, match="2 groups"):
        OrbitPooling(grouped, generator_for(grouped), 2)
    with pytest.raises(UserError, match=r"median.*mean or max"):
        OrbitPooling(convolution, generator_for(convolution), 2, "median")
    network = nn.Sequential(convolution, nn.ReLU())
    with pytest.raises(UserError, match="'1': is not a Conv2d"):
        pooled_network(network, "1", generator_for(convolution), 2)


@torch.no_grad()
def test_a_pooled_classifier_runs_its_own_block_once_and_before_the_pooling(
    classifier: SmallClassifier, held_out: Images
) -> None:
    x = held_out.tensors()[0][:40]
    network, convolution = classifier.network, classifier.network.conv2
    below = network[:4]((x - 0.3) / 0.4)
    generator, codes = generator_for(convolution), torch.randn(5, 4)
    orbit = [network[5:7](F.conv2d(below, bank, padding=1)) for bank in generator(codes)]
    expected = network[7:](torch.stack(orbit).mean(0))
    pooled = pooled_classifier(classifier, "conv2", generator, codes)
    torch.testing.assert_close(pooled(x), expected, rtol=1e-4, atol=1e-4)
    identical = pooled_classifier(classifier, "conv2", OneBank(convolution.weight), 3, "max")
    torch.testing.assert_close(identical(x), classifier(x), rtol=1e-4, atol=1e-4)
    assert isinstance(classifier.network.conv2, nn.Conv2d) and not classifier.training and not pooled.training
    assert isinstance(pooled.network.conv2, OrbitPooling) and not hasattr(pooled.network, "norm2")


class Residual(nn.Module):
    """One activation module and one function, a skip connection."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm1 = nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.second, self.norm2 = nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.relu = nn.ReLU(inplace=True)
        self.third = nn.Conv2d(4, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.norm1(self.first(x)))
        y = self.relu(y + self.norm2(self.second(y)))
        return F.gelu(self.third(y)).mean((2, 3))


@pytest.mark.parametrize("path", ["first", "second", "third"])
@torch.no_grad()
def test_shared_and_functional_activations_stay_where_else_they_are_used(path: str) -> None:
    torch.manual_seed(0)
    network, x = Residual(), torch.randn(6, 2, 7, 7)
    network(3 * x)
    network.eval()
    bank = torch.randn_like(network.get_submodule(path).weight)
    pooled = pooled_network(network, path, OneBank(bank), 3)
    twin = copy.deepcopy(network)
    twin.get_submodule(path).weight.data = bank
    torch.testing.assert_close(pooled(x), twin(x), rtol=1e-4, atol=1e-5)
    generator = generator_for(network.get_submodule(path))
    assert not torch.allclose(pooled_network(network, path, generator, 3)(x), network(x), atol=1e-3)


def test_a_pooled_network_trains() -> None:
    torch.manual_seed(0)
    network = Residual().requires_grad_(False)
    pooled = pooled_network(network, "second", generator_for(network.second), 3).requires_grad_(True).train()
    x = torch.randn(8, 2, 7, 7, requires_grad=True)
    banks = pooled.second.banks.clone()
    F.cross_entropy(pooled(x), torch.arange(8) % 4).backward()
    assert x.grad.abs().sum() > 0 and pooled.second.own.norm2.weight.grad.abs().sum() > 0
    torch.optim.SGD(pooled.parameters(), lr=0.1).step()
    assert torch.equal(pooled.second.banks, banks)
    assert all(parameter.grad is None for parameter in network.parameters())


def test_a_network_that_cannot_be_traced_is_refused() -> None:
    class Untraceable(Residual):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) if x.mean() > 0 else x

    network = Untraceable()
    with pytest.raises(UserError, match=r"'second': .*torch\.fx cannot trace"):
        pooled_network(network, "second", generator_for(network.second), 2)
