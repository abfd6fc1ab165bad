"""Presets compared: the same seed and images, and noise as the control."""

from dataclasses import replace

import pytest
import torch

from invariscope.data.table import Images
from invariscope.filter_gan.config import FilterGanConfig
from invariscope.filter_gan.presets import NOISE, NOISE_LEVELS, compare, noise_rows, noisy, summarise
from invariscope.filter_gan.train import Run, train
from tests.filter_gan.small import SmallClassifier

CONFIG = FilterGanConfig(
    latent_dimension=4, iterations=4, batch_size=16, generator_width=16, discriminator_width=8, log_every=2, log_banks=2
)


def test_a_preset_is_trained_as_if_alone(classifier: SmallClassifier, images: Images, held_out: Images) -> None:
    configs = {"one": CONFIG, "other": replace(CONFIG, answer_weight=0.0)}
    rows = compare(classifier, "conv2", configs, images, held_out, seed=5)
    assert [(row["preset"], row["iteration"]) for row in rows] == [("one", 2), ("one", 4), ("other", 2), ("other", 4)]
    _, alone = train(classifier, "conv2", configs["other"], images, held_out, seed=5)
    assert [{"preset": "other"} | row for row in alone] == rows[2:]
    assert summarise(rows)["one"]["weight_spread"] == rows[1]["weight_spread"]


def test_noise_spreads_the_weights_by_its_level_and_costs_accuracy(
    classifier: SmallClassifier, images: Images, held_out: Images
) -> None:
    rows = noise_rows(classifier, "conv2", replace(CONFIG, log_banks=8), images, held_out, seed=0)
    assert [row["noise"] for row in rows] == list(NOISE_LEVELS)
    for row in rows:
        assert row["weight_spread"] == pytest.approx(row["noise"], rel=0.05)
    accuracy = [row["single_bank_accuracy"] for row in rows]
    assert accuracy[0] > rows[0]["real_accuracy"] - 0.02 and accuracy[-1] < accuracy[0] - 0.1
    spread = [row["activation_spread"] for row in rows]
    assert spread == sorted(spread)
    assert summarise(rows) == {} and {row["preset"] for row in rows} == {NOISE}


def test_noise_is_about_the_real_filters(classifier: SmallClassifier, images: Images, held_out: Images) -> None:
    run = Run(classifier, "conv2", CONFIG, images, held_out, 0)
    banks = noisy(run, 0.5, seed=0)(torch.zeros(400, 4))
    real = run.layer.convolution.weight
    assert (banks.mean(0) - real).abs().max() < 0.2 * real.std()
