"""Training learns, repeats itself from a seed, and leaves the global random numbers alone."""

import numpy as np
import pytest
import torch

from invariscope.classifiers.evaluation import judge
from invariscope.classifiers.initial import new_classifier, pixel_statistics
from invariscope.classifiers.model_file import Classifier
from invariscope.classifiers.training import Training, train
from invariscope.data.table import Images
from invariscope.errors import UserError
from invariscope.params import build

CPU = torch.device("cpu")
DROPOUT = {"architecture": "alexnet", "stem": "small", "width": 0.05, "dense_width": 8}


def trained(block: dict, images: Images, monitored: dict, seed: int = 0):
    classifier = new_classifier(block, images, seed, CPU)
    history = train(classifier, build(Training, block["training"]), images, monitored, seed)
    return classifier, history


def equal(first: Classifier, second: Classifier) -> bool:
    pairs = zip(first.state_dict().items(), second.state_dict().items(), strict=True)
    return all(name == other and torch.equal(a, b) for (name, a), (other, b) in pairs)


def test_a_network_overfits_a_tiny_set(block: dict, train_images: Images) -> None:
    block = block | {"training": block["training"] | {"epochs": 12}}
    classifier, history = trained(block, train_images, {})
    assert judge(classifier, train_images)["accuracy"] == 1
    assert history[-1]["loss"] < 0.2 * history[0]["loss"]


def test_the_history_has_a_row_an_epoch_and_split(block: dict, train_images: Images, test_images: Images) -> None:
    classifier, history = trained(block, train_images, {"test": test_images})
    assert [(row["epoch"], row["split"]) for row in history] == [
        (epoch, split) for epoch in (1, 2, 3) for split in ("train", "test")
    ]
    assert history[-1] == {"epoch": 3, "split": "test"} | judge(classifier, test_images)
    assert not classifier.training and not any(p.requires_grad for p in classifier.parameters())


def test_equal_seeds_give_equal_weights_and_other_seeds_do_not(block: dict, train_images: Images) -> None:
    first, history = trained(block, train_images, {})
    torch.rand(3)  # whatever else draws numbers
    again, history_again = trained(block, train_images, {})
    other, _ = trained(block, train_images, {}, seed=1)
    assert equal(first, again) and history == history_again
    assert not equal(first, other)


@pytest.mark.parametrize("name", ["five_conv", "alexnet"])
def test_training_leaves_the_global_random_numbers_alone(name: str, block: dict, train_images: Images) -> None:
    images = Images(train_images.ids, np.repeat(np.repeat(train_images.pixels, 3, 2), 3, 3), *fields(train_images))
    block = block if name == "five_conv" else DROPOUT | {"training": {"epochs": 1, "batch_size": 48}}
    torch.manual_seed(5)
    expected = torch.rand(4)
    torch.manual_seed(5)
    trained(block, images, {})
    assert torch.equal(torch.rand(4), expected)


def fields(images: Images) -> tuple:
    return images.labels, images.class_names, images.factors


def test_normalisation_is_of_the_training_pixels_and_inside(block: dict, train_images: Images) -> None:
    x = train_images.pixels.astype(float) / 255
    statistics = pixel_statistics(train_images)
    assert statistics.mean == pytest.approx([x.mean()]) and statistics.std == pytest.approx([x.std()])
    classifier = new_classifier(block, train_images, 0, CPU).eval()
    seen = []
    classifier.network.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    classifier(train_images.tensors()[0])
    assert seen[0].mean().item() == pytest.approx(0, abs=1e-5) and seen[0].std().item() == pytest.approx(1, abs=1e-3)


def test_a_constant_channel_is_no_division_by_zero(block: dict, train_images: Images) -> None:
    flat = Images(train_images.ids, np.full_like(train_images.pixels, 7), *fields(train_images))
    assert pixel_statistics(flat).std == (1.0,)


def test_divergence_is_said(block: dict, train_images: Images) -> None:
    block = block | {"batch_norm": False, "training": {"epochs": 3, "batch_size": 16, "learning_rate": 1e12}}
    with pytest.raises(UserError, match="learning_rate"):
        trained(block, train_images, {})


def test_fewer_images_than_a_batch_still_train(block: dict, train_images: Images) -> None:
    _, history = trained(block | {"training": {"epochs": 2, "batch_size": 1000}}, train_images, {})
    assert len(history) == 2
