"""The file of a classifier rebuilds it alone, equal ones are equal bytes, and a damaged one is refused."""

import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from invariscope.classifiers.initial import new_classifier
from invariscope.classifiers.model_file import KEY, Classifier, load_classifier, save_classifier
from invariscope.classifiers.split import split_at
from invariscope.data.table import Images
from invariscope.errors import UserError

CPU = torch.device("cpu")


@pytest.fixture
def classifier(block: dict, train_images: Images) -> Classifier:
    classifier = new_classifier(block, train_images, 0, CPU)
    classifier(train_images.tensors()[0])  # batch statistics other than those it began with
    return classifier.eval()


@pytest.fixture
def path(classifier: Classifier, tmp_path: Path) -> Path:
    save_classifier(classifier, tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def content(path: Path) -> tuple[dict, dict]:
    with safe_open(path, framework="pt") as file:
        return json.loads(file.metadata()[KEY]), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def rewrite(path: Path, description: dict, tensors: dict) -> None:
    save_file(tensors, path, metadata={KEY: json.dumps(description)})


def test_the_file_alone_rebuilds_the_classifier(classifier: Classifier, path: Path, train_images: Images) -> None:
    loaded = load_classifier(path, CPU)
    x = train_images.tensors()[0]
    assert torch.equal(loaded(x), classifier(x))
    assert loaded.class_names == ("left", "right", "top", "bottom")
    assert (loaded.channels, loaded.size, loaded.config) == (1, 12, classifier.config)
    assert loaded.normalisation == classifier.normalisation
    assert not loaded.training and not any(parameter.requires_grad for parameter in loaded.parameters())
    assert loaded.network.get_submodule("conv4") is not None


def test_a_classifier_is_cut_at_a_layer_not_replayed(classifier: Classifier, train_images: Images) -> None:
    x = train_images.tensors()[0][:4]
    split = split_at(classifier, classifier.network.conv4, x)
    assert len(split.below(x)) == 1  # what is below is computed once: the images are not handed over
    convolved = classifier.network.conv4(split.below(x)[0])
    expected = classifier.network.relu4(classifier.network.norm4(convolved))
    torch.testing.assert_close(split.represent(convolved), expected)


def test_loading_draws_no_random_numbers(path: Path) -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    load_classifier(path, CPU)
    assert torch.equal(torch.rand(3), expected)


def test_equal_classifiers_are_equal_bytes(classifier: Classifier, path: Path, tmp_path: Path) -> None:
    for turn in range(5):
        save_classifier(load_classifier(path, CPU), tmp_path / f"{turn}.safetensors")
        assert (tmp_path / f"{turn}.safetensors").read_bytes() == path.read_bytes()
    assert "training" not in content(path)[0]["config"]


@pytest.mark.parametrize("kept", [0, 5, 200, -1])
def test_a_truncated_file_is_refused(path: Path, kept: int) -> None:
    path.write_bytes(path.read_bytes()[:kept])
    refused(path, "not a whole safetensors file")


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    refused(tmp_path / "none.safetensors", "no such file")


def test_a_pickle_is_refused_and_not_run(path: Path, tmp_path: Path) -> None:
    path.write_bytes(pickle.dumps(Hostile(tmp_path / "run")))
    refused(path, "not a whole safetensors file")
    assert not (tmp_path / "run").exists()


class Hostile:
    """An object that, unpickled, writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d, t: t.pop("conv3.weight"), "lacks tensor 'conv3.weight'"),
        (lambda d, t: t.update(extra=torch.ones(1)), "unknown tensor 'extra'"),
        (lambda d, t: t.update({"readout.bias": torch.ones(9)}), r"'readout.bias' is \(9,\), not \(4,\)"),
        (lambda d, t: d["config"].update(architecture="lenet"), "'lenet' is not known"),
        (lambda d, t: d["config"].update(widths=[4, 4, 4, 4, 4]), "another architecture"),
        (lambda d, t: d["config"].pop("widths"), "widths"),
        (lambda d, t: d.pop("mean"), "lacks 'mean'"),
    ],
)
def test_what_does_not_fit_is_named(path: Path, change, said: str) -> None:
    description, tensors = content(path)
    change(description, tensors)
    rewrite(path, description, tensors)
    refused(path, said)


def test_weights_without_a_description_are_no_classifier(path: Path) -> None:
    save_file(content(path)[1], path)
    refused(path, "no description")
    for text in ("{not json", "[]", "3"):
        save_file({"a": torch.ones(1)}, path, metadata={KEY: text})
        refused(path, "its description cannot be read")


def refused(path: Path, said: str) -> None:
    with pytest.raises(UserError, match=said) as error:
        load_classifier(path, CPU)
    assert str(error.value).startswith(str(path)) and "\n" not in str(error.value)
