"""Filter banks per image, and networks cut at a layer."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from invariscope.classifiers.split import split_at
from invariscope.classifiers.surgery import (
    BANK_METHODS,
    convolve_all,
    convolve_bank,
    convolve_banks,
    fastest_method,
    find_convolution,
    layer_input,
    replaced_output,
    run_with_banks,
)
from invariscope.errors import UserError


def plain_network() -> nn.Sequential:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.Conv2d(4, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(inplace=True),
        nn.Conv2d(6, 6, 3, groups=2),
        nn.ReLU(inplace=True),
        nn.Flatten(),
        nn.Linear(6 * 36, 3),
    )
    return with_statistics(network, torch.rand(32, 1, 8, 8))


def with_statistics(network: nn.Module, x: Tensor) -> nn.Module:
    """Running statistics that are not the identity, or a lost batch norm would go unnoticed."""
    network.train()
    with torch.no_grad():
        network(x)
        network(x * 3)
    return network.eval().requires_grad_(False)


METHODS = {**BANK_METHODS, "chosen": convolve_banks}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 2, "padding": 1},
        {"stride": (1, 2), "padding": (0, 2), "kernel_size": (3, 5)},
        {"dilation": 2, "padding": 2},
        {"dilation": (1, 3), "padding": 1, "stride": (2, 1), "kernel_size": (4, 2)},
        {"padding": "same", "dilation": 3},
        {"padding": "same", "kernel_size": (2, 4)},
        {"padding": "valid"},
        {"kernel_size": 1},
        {"padding": 2, "padding_mode": "reflect"},
        {"padding": (1, 2), "padding_mode": "circular", "stride": 2},
        {"padding": "same", "padding_mode": "replicate", "kernel_size": (4, 3)},
    ],
)
def test_every_image_meets_its_own_bank_as_in_a_loop(
    options: dict, bias: bool, layout: torch.memory_format, method: str
) -> None:
    torch.manual_seed(0)
    convolution = nn.Conv2d(3, 5, **{"kernel_size": 3, **options}, bias=bias).double()
    x = torch.randn(4, 3, 11, 9, dtype=torch.double).contiguous(memory_format=layout).requires_grad_(True)
    banks = torch.randn(4, *convolution.weight.shape, dtype=torch.double, requires_grad=True)
    looped = []
    for image, bank in zip(x.split(1), banks, strict=True):
        parameters = {"weight": bank, "bias": convolution.bias} if bias else {"weight": bank}
        looped.append(torch.func.functional_call(convolution, parameters, (image,)))
    expected = torch.cat(looped)
    found = METHODS[method](x, banks, convolution)
    torch.testing.assert_close(found, expected)
    weight = torch.randn_like(expected)
    for gradient, wanted in zip(
        torch.autograd.grad(found, (x, banks), weight), torch.autograd.grad(expected, (x, banks), weight), strict=True
    ):
        torch.testing.assert_close(gradient, wanted)
        assert wanted.abs().sum() > 0
    torch.testing.assert_close(convolve_bank(x[:1], banks[0], convolution), expected[:1])
    assert not torch.allclose(METHODS[method](x, banks.flip(0), convolution), expected, atol=1e-2)
    everything = convolve_all(x, banks[:3], convolution)
    assert everything.shape[:2] == (4, 3)
    for place, bank in enumerate(banks[:3]):
        torch.testing.assert_close(everything[:, place], convolve_bank(x, bank, convolution))


@pytest.mark.parametrize("method", BANK_METHODS)
def test_second_derivatives_exist(method: str) -> None:
    convolution = nn.Conv2d(2, 3, 3, padding=1).double()
    x = torch.randn(2, 2, 4, 4, dtype=torch.double, requires_grad=True)
    banks = torch.randn(2, 3, 2, 3, 3, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda *inputs: BANK_METHODS[method](*inputs, convolution), (x, banks))


@pytest.mark.parametrize("method", BANK_METHODS)
def test_an_image_gives_the_same_in_a_smaller_batch(method: str) -> None:
    torch.manual_seed(0)
    convolution = nn.Conv2d(16, 32, 3, padding=1)
    x, banks = torch.randn(8, 16, 7, 7), torch.randn(8, *convolution.weight.shape)
    whole = BANK_METHODS[method](x, banks, convolution)
    assert torch.equal(whole[2:5], BANK_METHODS[method](x[2:5], banks[2:5], convolution))


def test_the_method_goes_by_layer_and_device_and_not_by_batch() -> None:
    for width, side, method in ((64, 7, "grouped"), (256, 8, "matrix"), (128, 16, "grouped")):
        convolution = nn.Conv2d(4, width, 3, padding=1)
        for images in (1, 3):
            x, banks = torch.zeros(images, 4, side, side), convolution.weight.expand(images, -1, -1, -1, -1)
            assert fastest_method(x, banks, convolution) == method
            assert fastest_method(x.to("meta"), banks.to("meta"), convolution) == "grouped"


def test_the_real_bank_changes_nothing_and_another_one_does() -> None:
    network = plain_network()
    x = torch.rand(5, 1, 8, 8)
    convolution = find_convolution(network, "3")
    real = convolution.weight.expand(5, *convolution.weight.shape)
    torch.testing.assert_close(run_with_banks(network, convolution, x, real), network(x))
    assert not torch.allclose(run_with_banks(network, convolution, x, -real), network(x), atol=1e-3)


def test_the_forward_pass_stops_at_the_layer_and_leaves_no_hook() -> None:
    network = plain_network()
    ran: list[int] = []
    network[8].register_forward_hook(lambda *_: ran.append(1))
    x = torch.rand(2, 1, 8, 8, requires_grad=True)
    caught = layer_input(network, network[3], x)
    torch.testing.assert_close(caught, network[:3](x))
    caught.sum().backward()
    assert x.grad is not None and x.grad.abs().sum() > 0
    assert len(ran) == 0
    assert not network[3]._forward_pre_hooks


def test_hooks_are_removed_when_the_network_fails() -> None:
    network = plain_network()
    with pytest.raises(RuntimeError):
        layer_input(network, network[6], torch.rand(2, 7, 8, 8))
    with pytest.raises(ZeroDivisionError), replaced_output(network[3], lambda x: x):
        raise ZeroDivisionError
    assert not network[6]._forward_pre_hooks and not network[3]._forward_hooks


def test_mistaken_layers_are_named() -> None:
    network = plain_network()
    with pytest.raises(UserError, match=r"'conv9'.*0, 3, 6$"):
        find_convolution(network, "conv9")
    with pytest.raises(UserError, match="is not a Conv2d"):
        find_convolution(network, "1")
    with pytest.raises(UserError, match=r"2 groups.*0, 3$"):
        find_convolution(network, "6")
    with pytest.raises(UserError, match="never runs"):
        layer_input(network, nn.Conv2d(1, 1, 1), torch.rand(2, 1, 8, 8))


class Untraceable(nn.Module):
    """Control flow that depends on the data."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.first(x))
        if y.mean() > -1:
            y = y + self.norm(self.second(y))
        return self.head(y.mean((2, 3)))


def five_conv_like() -> tuple[nn.Module, str, Tensor]:
    return plain_network(), "3", torch.rand(4, 1, 8, 8)


def untraceable() -> tuple[nn.Module, str, Tensor]:
    torch.manual_seed(0)
    x = torch.rand(4, 1, 8, 8)
    return with_statistics(Untraceable(), x), "second", x


def resnet(path: str) -> tuple[nn.Module, str, Tensor]:
    torchvision = pytest.importorskip("torchvision")
    torch.manual_seed(0)
    x = torch.rand(4, 3, 32, 32)
    return with_statistics(torchvision.models.resnet18(num_classes=5), x), path, x


def alexnet() -> tuple[nn.Module, str, Tensor]:
    torchvision = pytest.importorskip("torchvision")
    torch.manual_seed(0)
    return torchvision.models.AlexNet(num_classes=5).eval(), "features.8", torch.rand(2, 3, 63, 63)


NETWORKS = {
    "five_conv": five_conv_like,
    "untraceable": untraceable,
    "alexnet": alexnet,
    "resnet, first convolution of a block": lambda: resnet("layer1.0.conv1"),
    "resnet, beside a downsampling": lambda: resnet("layer2.0.conv1"),
    "resnet, second convolution of a block": lambda: resnet("layer1.1.conv2"),
    "resnet, downsampling": lambda: resnet("layer2.0.downsample.0"),
    "resnet, stem": lambda: resnet("conv1"),
}


@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_below_and_above_make_the_whole_network(name: str) -> None:
    network, path, x = NETWORKS[name]()
    convolution = find_convolution(network, path)
    split = split_at(network, convolution, x)
    below = split.below(x)
    kept = [value.clone() for value in below]
    convolved = convolution(below[0])
    kept_convolved = convolved.clone()
    torch.testing.assert_close(below[0], layer_input(network, convolution, x))
    torch.testing.assert_close(split(convolved, *below), network(x), rtol=1e-4, atol=1e-5)
    bank = torch.randn_like(convolution.weight)
    with replaced_output(convolution, lambda inputs: convolve_bank(inputs, bank, convolution)):
        expected = network(x)
    torch.testing.assert_close(
        split(convolve_bank(below[0], bank, convolution), *below), expected, rtol=1e-4, atol=1e-5
    )
    assert not torch.allclose(expected, network(x), atol=1e-3)
    for before, after in zip([*kept, kept_convolved], [*below, convolved], strict=True):
        torch.testing.assert_close(before, after, rtol=0, atol=0)  # in-place activations spare the cache


def test_the_representation_is_the_layer_with_its_own_norm_and_activation() -> None:
    network = plain_network()
    x = torch.rand(3, 1, 8, 8)
    split = split_at(network, network[3], x)
    torch.testing.assert_close(split.represent(network[3](split.below(x)[0])), network[:6](x))
    torchvision_network, path, images = resnet("layer1.0.conv2")
    convolution = find_convolution(torchvision_network, path)
    split = split_at(torchvision_network, convolution, images)
    convolved = convolution(split.below(images)[0])
    torch.testing.assert_close(split.represent(convolved), torchvision_network.layer1[0].bn2(convolved))


def test_a_layer_whose_own_block_is_not_known_has_no_representation() -> None:
    network, path, x = untraceable()
    split = split_at(network, find_convolution(network, path), x)
    with pytest.raises(UserError, match="sees: convolution"):
        split.represent(torch.rand(4, 4, 8, 8))


@pytest.mark.parametrize("name", ["five_conv", "untraceable", "resnet, first convolution of a block"])
def test_training_a_copy_changes_only_what_follows(name: str) -> None:
    network, path, x = NETWORKS[name]()
    convolution = find_convolution(network, path)
    before = copy.deepcopy(network.state_dict())
    copied = copy.deepcopy(split_at(network, convolution, x)).requires_grad_(True).train()
    assert not network.training and not any(parameter.requires_grad for parameter in network.parameters())
    trained = {id(parameter) for parameter in copied.parameters()}
    assert trained and not trained & {id(parameter) for parameter in network.parameters()}
    below = copied.below(x)
    optimizer = torch.optim.SGD(copied.parameters(), lr=0.1)
    first = F.cross_entropy(copied(convolution(below[0]), *below), torch.zeros(len(x), dtype=torch.long))
    first.backward()
    optimizer.step()
    last = F.cross_entropy(copied(convolution(below[0]), *below), torch.zeros(len(x), dtype=torch.long))
    assert last < first
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_a_layer_that_runs_twice_is_refused() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(self.conv(x)).mean((1, 2, 3))

    network = Twice().eval()
    with pytest.raises(UserError, match="2 times"):
        split_at(network, network.conv, torch.rand(2, 1, 8, 8))
