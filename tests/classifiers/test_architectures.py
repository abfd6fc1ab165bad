"""Architectures: their layers, sizes and widths, and torchvision's own at full size."""

import pytest
import torch
from torch import nn

from invariscope.classifiers.architectures import ARCHITECTURES, build_network
from invariscope.errors import UserError

FIVE = {"widths": [4, 8, 8, 16, 16], "pool_after": [1, 2, 4], "batch_norm": True}
CONFIGS = {
    "five_conv": FIVE,
    "five_conv_dense": {**FIVE, "dense_width": 12},
    "alexnet": {"stem": "small", "width": 0.125, "dense_width": 16},
    "resnet18": {"stem": "small", "width": 0.125},
    "resnet50": {"stem": "small", "width": 0.125},
}


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize(("channels", "size"), [(1, 28), (3, 32), (3, 48)])
def test_every_architecture_takes_grey_and_colour(name: str, channels: int, size: int) -> None:
    network = build_network({"architecture": name, **CONFIGS[name]}, channels, size, 7).eval()
    x = torch.rand(2, channels, size, size)
    logits = network(x)
    assert logits.shape == (2, 7)
    assert not torch.equal(logits[0], logits[1])  # it does look at the image


@pytest.mark.parametrize("name", ["five_conv", "five_conv_dense"])
def test_convolutions_are_named_and_followed_by_norm_relu_and_pooling(name: str) -> None:
    network = build_network({"architecture": name, **CONFIGS[name]}, 1, 28, 10)
    names = [child for child, _ in network.named_children()]
    assert names[:7] == ["conv1", "norm1", "relu1", "pool1", "conv2", "norm2", "relu2"]
    kinds = {child: type(module) for child, module in network.named_children()}
    assert [kinds[f"conv{number}"] for number in range(1, 6)] == [nn.Conv2d] * 5
    assert sorted(child for child in names if child.startswith("pool")) == ["pool1", "pool2", "pool4"]
    assert [network.get_submodule(f"conv{number}").out_channels for number in range(1, 6)] == FIVE["widths"]


def test_without_batch_norm_the_convolutions_have_a_bias() -> None:
    network = build_network({"architecture": "five_conv", **FIVE, "batch_norm": False}, 1, 28, 10)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    assert network.get_submodule("conv1").bias is not None


@pytest.mark.parametrize(("name", "blocks"), [("resnet18", 8), ("resnet34", 16), ("resnet50", 16), ("resnet101", 33)])
def test_residual_networks_have_torchvisions_depth(name: str, blocks: int) -> None:
    with torch.device("meta"):
        network = build_network({"architecture": name, "stem": "standard", "width": 1.0}, 3, 224, 1000)
    found = [module for module in network.modules() if type(module).__name__ in ("BasicBlock", "Bottleneck")]
    assert len(found) == blocks


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if not name.startswith("five")])
def test_at_full_size_the_networks_are_torchvisions_own(name: str) -> None:
    from torchvision.models import get_model

    with torch.device("meta"):
        config = {"architecture": name, "stem": "standard", "width": 1.0}
        ours = build_network(config, 3, 224, 1000).state_dict()
        theirs = get_model(name).state_dict()
    assert {key: value.shape for key, value in ours.items()} == {key: value.shape for key, value in theirs.items()}


def test_a_width_scales_every_layer() -> None:
    halves = build_network({"architecture": "resnet18", "stem": "small", "width": 0.5}, 3, 32, 10)
    assert halves.get_submodule("conv1").out_channels == 32
    assert halves.get_submodule("layer4.1.conv2").out_channels == 256
    assert halves.get_submodule("fc").in_features == 256


@pytest.mark.parametrize(
    ("config", "size", "said"),
    [
        ({"architecture": "perceptron"}, 28, "'perceptron' is not known"),
        ({"architecture": "five_conv", **FIVE, "widths": [4, 4]}, 28, "must be 5"),
        ({"architecture": "five_conv", **FIVE, "pool_after": [1, 2, 3, 4, 5]}, 28, "leaves nothing"),
        ({"architecture": "five_conv", **FIVE, "depth": 3}, 28, "depth"),
        ({"architecture": "alexnet", "stem": "standard"}, 28, "leaves nothing"),
    ],
)
def test_what_cannot_be_built_is_refused(config: dict[str, object], size: int, said: str) -> None:
    with pytest.raises(UserError, match=said):
        build_network(config, 1, size, 10)
