"""torchvision's networks by name: built, refused, started from published weights, cut at a layer."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torchvision import models

from invariscope.classifiers.architectures import build_network
from invariscope.classifiers.initial import new_classifier
from invariscope.classifiers.model_file import Classifier, Normalisation, load_classifier, save_classifier
from invariscope.classifiers.split import split_at
from invariscope.classifiers.surgery import find_convolution, run_with_banks
from invariscope.classifiers.torchvision_models import convert, published_weights
from invariscope.data.table import Images
from invariscope.errors import UserError
from tests.classifiers.conftest import bars

CPU = torch.device("cpu")
SIZE = 64
IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
TRAINING = {"epochs": 1, "batch_size": 4, "learning_rate": 1e-3, "weight_decay": 0.0}


@pytest.fixture(scope="module")
def colour() -> Images:
    return bars(8, size=SIZE, channels=3)


def classifier(name: str, images: Images, **others: Any) -> Classifier:
    return new_classifier({"architecture": name, "training": TRAINING, **others}, images, 0, CPU)


@pytest.mark.parametrize("name", ["densenet121", "mobilenet_v3_small", "squeezenet1_1", "googlenet"])
def test_a_network_is_torchvisions_own_with_the_outputs_of_the_data(name: str) -> None:
    network = build_network({"architecture": name}, 3, SIZE, 7)
    assert type(network) is type(models.get_model(name, num_classes=7, **extra(name)))
    assert network.training  # as torch gives it
    for mode in (True, False):
        assert network.train(mode)(torch.rand(2, 3, SIZE, SIZE)).shape == (2, 7)


def extra(name: str) -> dict[str, bool]:
    return {"aux_logits": False, "init_weights": True} if name == "googlenet" else {}


def test_arguments_go_to_the_builder() -> None:
    network = build_network({"architecture": "mobilenet_v3_small", "arguments": {"dropout": 0.45}}, 3, SIZE, 7)
    assert [module.p for module in network.modules() if isinstance(module, nn.Dropout)] == [0.45]


@pytest.mark.parametrize(
    ("config", "channels", "size", "said"),
    [
        ({"architecture": "densnet121"}, 3, SIZE, "'densnet121' is not known; did you mean densenet121"),
        ({"architecture": "five_con"}, 3, SIZE, "did you mean five_conv"),
        ({"architecture": "fasterrcnn_resnet50_fpn"}, 3, SIZE, "is not known"),
        ({"architecture": "squeezenet1_1"}, 1, SIZE, "takes colour images.*not 1; set data.channels: 3"),
        ({"architecture": "inception_v3"}, 3, 32, r"inception_v3: cannot take images of shape \(1, 3, 32, 32\)"),
        ({"architecture": "squeezenet1_1", "arguments": {"depth": 3}}, 3, SIZE, "cannot be built with.*depth"),
        ({"architecture": "squeezenet1_1", "arguments": {"num_classes": 3}}, 3, SIZE, "num_classes: is not for"),
        ({"architecture": "squeezenet1_1", "arguments": {"weights": "DEFAULT"}}, 3, SIZE, "in the key `weights`"),
        ({"architecture": "squeezenet1_1", "stem": "small"}, 3, SIZE, "stem: is no parameter"),
    ],
)
def test_what_cannot_be_built_is_refused_in_one_line(config: dict, channels: int, size: int, said: str) -> None:
    with pytest.raises(UserError, match=said) as error:
        build_network(config, channels, size, 7)
    assert "\n" not in str(error.value)


def test_read_outs_that_give_tuples_in_training_are_refused(colour: Images) -> None:
    with pytest.raises(UserError, match="googlenet: gives a GoogLeNetOutputs in train mode"):
        classifier("googlenet", colour, arguments={"aux_logits": True})


@pytest.mark.parametrize("name", ["squeezenet1_1", "regnet_x_400mf", "mnasnet0_5"])
def test_a_file_brings_the_network_back(name: str, colour: Images, tmp_path: Path) -> None:
    """RegNet reads numbers as it is built, MNASNet wants a version that safetensors does not keep."""
    saved = classifier(name, colour)
    save_classifier(saved, tmp_path / "m.safetensors")
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    loaded = load_classifier(tmp_path / "m.safetensors", CPU)
    assert torch.equal(torch.rand(1), expected)  # the global random numbers are left alone
    x = colour.tensors()[0]
    with torch.no_grad():
        assert torch.equal(loaded(x), saved.eval()(x))


# --- published weights ------------------------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where torch keeps what it has fetched."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    return tmp_path / "checkpoints"


def publish(cache: Path, architecture: str, network: nn.Module) -> None:
    """A file as torchvision publishes it, of the time before batch norm counted."""
    address = published_weights({"architecture": architecture})["IMAGENET1K_V1"].address
    tensors = {name: value for name, value in network.state_dict().items() if not name.endswith("batches_tracked")}
    state = {old_name(name): value for name, value in tensors.items()}
    torch.save(state, cache / address.rsplit("/", 1)[1])


def old_name(name: str) -> str:
    """Of a layer of DenseNet: norm1 was norm.1."""
    for layer in ("norm1", "norm2", "conv1", "conv2"):
        if "denselayer" in name:
            name = name.replace(f".{layer}.", f".{layer[:-1]}.{layer[-1]}.")
    return name


def test_published_weights_are_taken_with_their_normalisation(cache: Path, colour: Images, capsys) -> None:
    torch.manual_seed(1)
    donor = models.densenet121(num_classes=4)
    publish(cache, "densenet121", donor)
    assert any(".norm.1." in name for name in torch.load(next(cache.iterdir())))
    block = {"architecture": "densenet121", "weights": "IMAGENET1K_V1"}
    taken = new_classifier(block, colour, 0, CPU)
    given = donor.state_dict()
    assert all(torch.equal(value, given[name]) for name, value in taken.network.state_dict().items())
    assert taken.normalisation == IMAGENET
    assert capsys.readouterr().err == f"IMAGENET1K_V1: trained on 224 px, and the data have {SIZE} px\n"


def test_weights_of_other_classes_want_a_mapping_or_training(cache: Path, colour: Images) -> None:
    donor = models.squeezenet1_1(num_classes=1000)
    publish(cache, "squeezenet1_1", donor)
    block = {"architecture": "squeezenet1_1", "weights": "IMAGENET1K_V1"}
    with pytest.raises(UserError, match="tell 1000 classes, the data have 4; say which is which"):
        new_classifier(block, colour, 0, CPU)
    further = new_classifier(block | {"training": TRAINING}, colour, 0, CPU).network.state_dict()
    assert further["classifier.1.weight"].shape == (4, 512, 1, 1)
    assert torch.equal(further["features.0.weight"], donor.state_dict()["features.0.weight"])


def test_normalisation_takes_the_place_of_what_googlenet_does_inside() -> None:
    """With published weights torchvision has the network itself go from ImageNet's normalisation to (x - 0.5) / 0.5."""
    entry = published_weights({"architecture": "googlenet"})["IMAGENET1K_V1"]
    torch.manual_seed(0)
    theirs = models.googlenet(num_classes=4, init_weights=True, aux_logits=True, transform_input=True).eval()
    tensors = convert({"architecture": "googlenet"}, theirs.state_dict())
    ours = build_network({"architecture": "googlenet"}, 3, SIZE, 4).eval()
    ours.load_state_dict(tensors)
    x = torch.rand(2, 3, SIZE, SIZE)
    for normalisation, network in ((entry.normalisation, ours), (IMAGENET, theirs)):
        mean, std = (torch.tensor(values)[:, None, None] for values in (normalisation.mean, normalisation.std))
        with torch.no_grad():
            logits = network((x - mean) / std)
        expected = logits if network is ours else expected  # noqa: F821
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-5)
    kept = convert({"architecture": "googlenet", "arguments": {"aux_logits": True}}, theirs.state_dict())
    assert set(kept) == set(theirs.state_dict()) > set(tensors)


# --- layers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "path"), [("squeezenet1_1", "features.4.expand3x3"), ("mobilenet_v3_small", "features.5.block.0.0")]
)
def test_a_network_is_cut_and_given_other_filters(name: str, path: str, colour: Images) -> None:
    """The first half of a fire module, whose other half passes the layer by; the widening of an inverted residual."""
    model = with_statistics(classifier(name, colour), colour.tensors()[0]).requires_grad_(False)
    convolution = find_convolution(model.network, path)
    x = colour.tensors()[0][:3]
    split = split_at(model, convolution, x)
    below = split.below(x)
    assert model(x).std() > 1e-2
    assert split.own is not None  # torch.fx has found the layer's own activation
    torch.testing.assert_close(split(convolution(below[0]), *below), model(x))
    own = convolution.weight.expand(len(x), *convolution.weight.shape)
    torch.testing.assert_close(run_with_banks(model, convolution, x, own), model(x))
    assert not torch.allclose(run_with_banks(model, convolution, x, own * 1.5), model(x))


def with_statistics(model: Classifier, x: torch.Tensor) -> Classifier:
    """In eval mode, with the running statistics of x: those at the start leave next to nothing of an image."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        model.train()(x)
    return model.eval()


def test_depthwise_filters_are_refused_with_the_layers_that_can_be_taken(colour: Images) -> None:
    network = build_network({"architecture": "mobilenet_v3_small"}, 3, SIZE, 4)
    with pytest.raises(UserError, match=r"groups; name a plain convolution.*features\.0\.0"):
        find_convolution(network, "features.1.block.0.0")


def test_normalisation_has_a_value_for_each_channel(colour: Images) -> None:
    with pytest.raises(UserError, match="mean: has 1 values, and the images 3 channels"):
        classifier("squeezenet1_1", colour, normalisation={"mean": [0.5], "std": [0.2]})
    assert np.allclose(classifier("squeezenet1_1", colour).normalisation.mean, colour.pixels.mean((0, 2, 3)) / 255)
