"""Weights to start from: taken, with their normalisation or refused without; never executed."""

import pickle
from pathlib import Path
from urllib.error import URLError

import pytest
import torch

from invariscope.classifiers.initial import new_classifier
from invariscope.classifiers.model_file import Normalisation, save_classifier
from invariscope.classifiers.weights import read_weights
from invariscope.data.table import Images
from invariscope.errors import UserError

CPU = torch.device("cpu")
RESNET = {"architecture": "resnet18", "stem": "standard", "width": 1.0}
SEEN = {"mean": [0.4], "std": [0.2]}


@pytest.fixture
def given(block: dict) -> dict:
    """The block of a classifier that takes weights and is not trained."""
    return {name: value for name, value in block.items() if name != "training"}


@pytest.fixture
def donor(block: dict, train_images: Images):
    return new_classifier(block, train_images, 7, CPU)


@pytest.mark.parametrize("suffix", [".pt", ".pth"])
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_state_dict_is_taken(given: dict, donor, train_images: Images, tmp_path: Path, suffix, wrapped) -> None:
    state = donor.network.state_dict()
    torch.save({"state_dict": state, "epoch": 3} if wrapped else state, tmp_path / f"w{suffix}")
    block = given | {"weights": str(tmp_path / f"w{suffix}"), "normalisation": SEEN}
    taken = new_classifier(block, train_images, 0, CPU)
    assert all(torch.equal(value, state[name]) for name, value in taken.network.state_dict().items())
    assert taken.normalisation == Normalisation((0.4,), (0.2,))


def test_our_own_file_brings_its_normalisation(given: dict, donor, train_images: Images, tmp_path: Path) -> None:
    save_classifier(donor, tmp_path / "m.safetensors")
    darker = Images(train_images.ids, train_images.pixels // 2, *fields(train_images))
    taken = new_classifier(given | {"weights": str(tmp_path / "m.safetensors")}, darker, 0, CPU)
    assert taken.normalisation == donor.normalisation
    assert torch.equal(taken.network.get_submodule("conv1").weight, donor.network.get_submodule("conv1").weight)


def fields(images: Images) -> tuple:
    return images.labels, images.class_names, images.factors


def test_a_file_that_says_nothing_of_normalisation_is_refused(given, donor, train_images, tmp_path) -> None:
    torch.save(donor.network.state_dict(), tmp_path / "w.pt")
    refused(given | {"weights": str(tmp_path / "w.pt")}, train_images, "add normalisation")


def test_other_classes_need_training(given: dict, block: dict, donor, train_images: Images, tmp_path: Path) -> None:
    save_classifier(donor, tmp_path / "m.safetensors")
    names = ("left", "right", "top", "bottom", "middle")
    five = Images(train_images.ids, train_images.pixels, train_images.labels, names, {})
    weights = {"weights": str(tmp_path / "m.safetensors")}
    refused(given | weights, five, "add `training`")
    renamed = Images(train_images.ids, train_images.pixels, train_images.labels, ("a", "b", "c", "d"), {})
    refused(given | weights, renamed, "add `training`")
    further = new_classifier(block | weights, five, 0, CPU)
    assert further.network.get_submodule("readout").out_features == 5
    assert torch.equal(further.network.get_submodule("conv1").weight, donor.network.get_submodule("conv1").weight)


def test_a_hostile_pickle_is_refused_and_not_run(given: dict, train_images: Images, tmp_path: Path) -> None:
    path, mark = tmp_path / "w.pt", tmp_path / "run"
    path.write_bytes(pickle.dumps(Hostile(mark)))
    refused(given | {"weights": str(path), "normalisation": SEEN}, train_images, "nothing in it was run")
    torch.save({"conv1.weight": Hostile(mark)}, path)
    refused(given | {"weights": str(path), "normalisation": SEEN}, train_images, "nothing in it was run")
    assert not mark.exists()
    torch.load(path, weights_only=False)
    assert mark.exists()  # it would have


class Hostile:
    """An object that, unpickled, writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04 cut"])
def test_a_damaged_file_is_refused(given: dict, train_images: Images, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.pt").write_bytes(content)
    refused(given | {"weights": str(tmp_path / "w.pt")}, train_images, "no file of plain tensors")


def test_what_is_no_state_dict_is_refused(given: dict, train_images: Images, tmp_path: Path) -> None:
    torch.save([torch.ones(1)], tmp_path / "w.pt")
    refused(given | {"weights": str(tmp_path / "w.pt")}, train_images, "not a state dict")


def test_weights_of_another_architecture_are_refused(given: dict, train_images: Images, tmp_path: Path) -> None:
    torch.save({"fc.weight": torch.ones(4, 2), "fc.bias": torch.ones(4)}, tmp_path / "w.pt")
    refused(given | {"weights": str(tmp_path / "w.pt"), "normalisation": SEEN}, train_images, "lacks tensor")


def test_missing_files_and_unknown_names_are_said(given: dict, train_images: Images) -> None:
    refused(given | {"weights": "weights/none.pt"}, train_images, "weights/none.pt: no such file")
    refused(given | {"weights": "IMAGENET1K_V1"}, train_images, "'IMAGENET1K_V1' is not known for five_conv")
    with pytest.raises(UserError, match="IMAGENET1K_V1"):  # those that there are
        read_weights(RESNET, "IMAGENET22K")


def test_published_weights_that_cannot_be_fetched_say_where_to_put_them(monkeypatch, tmp_path: Path) -> None:
    def unreachable(*arguments: object, **options: object) -> None:
        raise URLError("no route")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    with pytest.raises(UserError) as error:
        read_weights(RESNET, "IMAGENET1K_V1")
    assert "resnet18-f37072fd.pth" in str(error.value) and str(tmp_path / "checkpoints") in str(error.value)


def test_published_weights_bring_the_normalisation_of_their_transforms(monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    torch.save({"fc.bias": torch.ones(1000)}, tmp_path / "checkpoints" / "resnet18-f37072fd.pth")
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    weights = read_weights(RESNET, "IMAGENET1K_V1")
    assert weights.normalisation == Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def test_neither_weights_nor_training_is_refused(given: dict, train_images: Images) -> None:
    refused(given, train_images, "neither")


def refused(block: dict, images: Images, said: str) -> None:
    with pytest.raises(UserError, match=said) as error:
        new_classifier(block, images, 0, CPU)
    assert "\n" not in str(error.value)
