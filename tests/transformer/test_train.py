"""Training against a small frozen classifier."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from invariscope.classifiers.model_file import Classifier
from invariscope.data.table import Images
from invariscope.errors import UserError
from invariscope.schedule import falling
from invariscope.transformer import train as module
from invariscope.transformer.config import TransformerTraining
from invariscope.transformer.train import (
    CLASSIFICATION,
    DISPLACEMENT,
    NOTHING,
    UNITS,
    Run,
    choose_loss,
    settling,
    train,
)
from tests.discs import discs_and_rings, small_classifier

CONFIG = TransformerTraining(controls=2, width=8, iterations=12, batch_size=24, learning_rate=0.01, vectors=16)


def weights(transformer: torch.nn.Module) -> torch.Tensor:
    return torch.cat([value.flatten() for value in transformer.state_dict().values()])


def test_seeds_matter_and_equal_seeds_agree(classifier: Classifier, images: Images) -> None:
    first, again, other = (train(classifier, replace(CONFIG, iterations=3), images, seed)[0] for seed in (1, 1, 2))
    assert torch.equal(weights(first), weights(again)) and not torch.equal(weights(first), weights(other))


def test_the_history_has_a_row_an_iteration(classifier: Classifier, images: Images) -> None:
    _, rows = train(classifier, CONFIG, images, seed=0)
    assert [row["iteration"] for row in rows] == list(range(1, 13))
    assert all(list(row) == list(UNITS) and row["n_images"] == 24 for row in rows)


def test_the_classifier_stays_frozen_and_in_eval_mode(images: Images) -> None:
    classifier = small_classifier(images, steps=5).train().requires_grad_(True)  # as a notebook might hand it over
    before = copy.deepcopy(classifier.state_dict())
    train(classifier, replace(CONFIG, iterations=3), images, seed=0)
    assert not any(part.training for part in classifier.modules())
    assert not any(parameter.requires_grad for parameter in classifier.parameters())
    assert all(torch.equal(value, before[name]) for name, value in classifier.state_dict().items())


def test_the_switch_picks_the_loss_by_the_floor() -> None:
    assert choose_loss(0.9, 0.95) == CLASSIFICATION
    assert choose_loss(0.95, 0.95) == choose_loss(1.0, 0.95) == DISPLACEMENT
    assert choose_loss(0.9, 0.95, settling=True) == CLASSIFICATION and choose_loss(0.95, 0.95, settling=True) == NOTHING


@pytest.mark.parametrize(("floor", "descended"), [(2.0, CLASSIFICATION), (-1.0, DISPLACEMENT)])
def test_a_batch_descends_the_loss_that_was_picked(
    classifier: Classifier, images: Images, floor: float, descended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(classifier, CONFIG, images, 0)
    run.clean, losses = floor, []
    monkeypatch.setattr(run, "descend", lambda loss: losses.append(loss.item()))
    run.advance(0)
    (row,) = run.history
    assert row["descended"] == descended
    expected = row["spatial_loss"] + CONFIG.colour_weight * row["colour_loss"]
    assert losses[0] == pytest.approx(row["classification_loss"] if descended == CLASSIFICATION else expected)
    assert row["classification_loss"] != pytest.approx(expected)


@pytest.mark.parametrize("descended", [CLASSIFICATION, DISPLACEMENT])
@pytest.mark.parametrize("spatial", ["affine", "quadratic"])
def test_both_losses_reach_both_transformers(
    classifier: Classifier, images: Images, descended: str, spatial: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "choose_loss", lambda *_: descended)
    run = Run(classifier, replace(CONFIG, spatial=spatial, initial_scale=0.3), images, 0)
    run.advance(0)
    for name, parameter in run.transformer.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name


def test_colour_alone_feels_its_weight(classifier: Classifier, images: Images) -> None:
    gradients = []
    for weight in (1.0, 3.0):
        run = Run(classifier, replace(CONFIG, colour_weight=weight), images, 0)
        run.clean = -1.0
        run.advance(0)
        gradients.append(
            [getattr(run.transformer, part).readout.layers[4].weight.grad for part in ("spatial", "colour")]
        )
    assert torch.allclose(gradients[1][0], gradients[0][0], rtol=1e-4)
    assert torch.allclose(gradients[1][1], 3 * gradients[0][1], rtol=1e-4)


class Constant(torch.nn.Module):
    """Says the same of every image, whatever becomes of it."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tensor([[2.0, 0.0]]).expand(len(x), 2) + 0 * x.mean()


def test_a_classifier_that_ignores_everything_lets_displacement_grow(images: Images) -> None:
    config = replace(CONFIG, iterations=60, settle=0.0, decay=0.0)
    constant = Constant()
    constant.class_names = images.class_names
    zeros = replace(images, labels=np.zeros(len(images), dtype=np.int64))
    _, rows = train(constant, config, zeros, seed=0)
    assert {row["descended"] for row in rows} == {DISPLACEMENT}
    for name in ("spatial_displacement", "colour_displacement"):
        assert rows[-1][name] > 5 * rows[0][name], name
    assert rows[-1]["spatial_displacement"] > 0.3


def test_what_is_always_wrong_never_grows(classifier: Classifier, images: Images) -> None:
    flipped = replace(images, labels=1 - images.labels)
    run = Run(classifier, CONFIG, flipped, 0)
    run.clean = 0.9  # as if the labels were right
    for iteration in range(4):
        run.advance(iteration)
    assert {row["descended"] for row in run.history} == {CLASSIFICATION}


def test_it_learns_what_the_classifier_ignores(images: Images) -> None:
    """Discs and rings look the same from all sides: rotation grows, shifts do not, and accuracy is kept."""
    from invariscope.transformer.decomposition import decompose_space

    classifier = small_classifier(images)
    config = replace(CONFIG, iterations=160, batch_size=32, diversity_weight=0.0, width=16, learning_rate=8e-3)
    transformer, rows = train(classifier, config, images, seed=0)
    found = decompose_space(transformer.spatial(2 * torch.rand(400, 2, generator=torch.Generator().manual_seed(0)) - 1))
    assert found["rotation"].abs().max() > 45
    assert np.mean([row["accuracy"] for row in rows[-30:]]) > rows[-1]["floor"] - 0.03


def test_nothing_grows_in_the_last_iterations(classifier: Classifier, images: Images) -> None:
    config = replace(CONFIG, iterations=10, settle=0.3)
    run = Run(classifier, config, images, 0)
    run.clean = -1.0
    run.advance(0)
    before = weights(run.transformer)
    run.advance(7)
    assert [row["descended"] for row in run.history] == [DISPLACEMENT, NOTHING]
    assert [row["floor"] for row in run.history] == [-1.0 - config.tolerance, -1.0]
    assert torch.equal(weights(run.transformer), before)
    assert [settling(iteration, config) for iteration in range(10)] == [False] * 7 + [True] * 3
    assert not any(settling(iteration, replace(config, settle=0.0)) for iteration in range(10))


def test_the_learning_rate_falls_over_the_last_share() -> None:
    config = replace(CONFIG, iterations=100, decay=0.4)
    rates = [falling(iteration, config.iterations, config.decay) for iteration in range(100)]
    assert rates[:61] == [1.0] * 61 and rates[80] == pytest.approx(0.5) and 0 < rates[99] < 0.03


def test_a_training_that_diverges_says_so(classifier: Classifier, images: Images) -> None:
    with pytest.raises(UserError, match=r"transformer: learning_rate: 1e\+20 made the transformations infinite"):
        train(classifier, replace(CONFIG, learning_rate=1e20), images, seed=0)


def test_colour_images_are_trained_on_too() -> None:
    images = discs_and_rings(120, seed=3, channels=3)
    transformer, rows = train(small_classifier(images, 10), replace(CONFIG, iterations=2), images, seed=0)
    assert transformer.colour(torch.zeros(1, 2)).shape == (1, 3, 4) and len(rows) == 2
