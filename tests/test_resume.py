"""Killed at twenty random steps, and resumed each time, every kind of training ends as if nothing had happened."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from invariscope.checkpoint import Checkpoint
from invariscope.classifiers import training
from invariscope.classifiers.initial import new_classifier
from invariscope.data import procedural_shapes
from invariscope.features import ascent, search
from invariscope.filter_gan import added, augmentation, averaging
from invariscope.filter_gan import train as filter_gan
from invariscope.filter_gan.config import Augmentation, Averaging, FilterGanConfig, Retraining, Traversal
from invariscope.filter_gan.networks import Generator
from invariscope.generative import dcgan_train
from invariscope.generative import train as generative
from invariscope.generative.config import DcganTraining, Phases, coder_training
from invariscope.runtime import open_device
from invariscope.transformer import train as transformer
from invariscope.transformer.config import TransformerTraining
from invariscope.unpooling import train as unpooling
from invariscope.unpooling.config import UnpoolingTraining
from invariscope.unpooling.scenes import open_source
from tests.devices import DEVICES
from tests.discs import discs_and_rings, small_classifier
from tests.features.toy_latents import Bowls, Plain, SmallDecoder, classes, small_probe
from tests.filter_gan.small import bars, trained_classifier
from tests.unpooling.small import SIZE, chain_classifier

KILLS = 20
STEPS = 30
TRAIN, TEST = discs_and_rings(240, seed=1), discs_and_rings(40, seed=2)
FIVE_CONV = {"architecture": "five_conv", "widths": [4, 4, 4, 4, 4], "pool_after": [1, 2], "batch_norm": True}
DROPOUT = {"architecture": "alexnet", "stem": "small", "width": 0.05, "dense_width": 8}

Outcome = tuple[list[Tensor], Any]  # what was learned, and its history
Training = Callable[[Checkpoint | None], Outcome]


def weights(network: torch.nn.Module) -> list[Tensor]:
    return list(network.state_dict().values())


def classifier(block: dict[str, Any], device: torch.device, enlarged: int = 1) -> Training:
    wider = {"pixels": np.repeat(np.repeat(TRAIN.pixels, enlarged, 2), enlarged, 3)}
    images, settings = replace(TRAIN, **wider), training.Training(epochs=3, batch_size=24, learning_rate=0.01)
    monitored = {"test": images.at(np.arange(40))}

    def train(checkpoint: Checkpoint | None) -> Outcome:
        network = new_classifier(block | {"training": {}}, images, 3, device)
        rows = training.train(network, settings, images, monitored, 3, checkpoint)
        return weights(network), rows

    return train


def filters(device: torch.device) -> Training:
    images, held_out = bars(200, seed=1), bars(60, seed=2)
    network = trained_classifier(images, steps=20).to(device)
    config = FilterGanConfig(
        latent_dimension=3,
        iterations=STEPS,
        batch_size=8,
        generator_width=8,
        discriminator_width=4,
        log_every=7,
        log_banks=2,
        log_images=40,
    )

    def train(checkpoint: Checkpoint | None) -> Outcome:
        made, rows = filter_gan.train(network, "conv2", config, images, held_out, 3, checkpoint)
        return weights(made), rows

    return train


def banks_averaged(device: torch.device) -> Training:
    images, held_out = bars(80, seed=1), bars(60, seed=2)
    network = trained_classifier(images, steps=20).to(device)
    made = Generator(3, 8, network.network.conv2.weight.shape, 0.1).to(device)
    config = Averaging(banks=2, seeds=4, images=80, retraining=Retraining(epochs=1, batch_size=40))

    def train(checkpoint: Checkpoint | None) -> Outcome:
        return [], averaging.average(network, "conv2", made, images, held_out, config, 3, checkpoint=checkpoint)

    return train


def augmented(device: torch.device) -> Training:
    images, held_out = bars(80, seed=1), bars(60, seed=2)
    block = FIVE_CONV | {"training": {}}
    network = new_classifier(block, images, 0, device).eval().requires_grad_(False)
    source = added.Source(network, "conv2", Generator(3, 8, network.network.conv2.weight.shape, 0.1).to(device))
    config = Augmentation(per_class=(1, 2), own=(2,), seeds=3, copies=1, steps=2, iterations=2, batch_size=8)
    own = FilterGanConfig(latent_dimension=3, iterations=2, batch_size=8, generator_width=8, discriminator_width=8)

    def train(checkpoint: Checkpoint | None) -> Outcome:
        rows, examples = augmentation.augment(
            block, source, own, images, held_out, config, Traversal(), 3, checkpoint=checkpoint
        )
        return [torch.from_numpy(example.pop("image")) for example in examples], (rows, examples)

    return train


def maps(device: torch.device) -> Training:
    network = small_classifier(TRAIN, steps=20).to(device)
    config = TransformerTraining(controls=2, width=8, iterations=STEPS, batch_size=16, learning_rate=0.01, vectors=16)

    def train(checkpoint: Checkpoint | None) -> Outcome:
        made, rows = transformer.train(network, config, TRAIN, 3, checkpoint)
        return weights(made), rows

    return train


def autoencoder(kind: str, device: torch.device) -> Training:
    convolutional = {"latent_dimension": 3, "encoder_widths": [4], "decoder_widths": [4, 4], "dense_width": 8}
    two_layer = {"units": 6, "sparsity": 0.1, "sparsity_weight": 3.0}
    own = two_layer if kind == "sparse" else convolutional | {"dense_layers": 1}
    config = coder_training(kind, own | {"images": 24 * STEPS, "batch_size": 24, "log_every": 7})

    def train(checkpoint: Checkpoint | None) -> Outcome:
        made, rows = generative.train(config, TRAIN, {"test": TEST}, 3, device, checkpoint)
        return weights(made), rows

    return train


def dcgan(device: torch.device) -> Training:
    config = DcganTraining(Phases(6, 6, STEPS - 12), 4, (8, 4), batch_size=12, log_every=7, log_images=30)
    judge = new_classifier(FIVE_CONV | {"training": {}}, TRAIN, 0, device).eval()

    def train(checkpoint: Checkpoint | None) -> Outcome:
        made, rows = dcgan_train.train(config, TRAIN, TEST, judge, 3, device, checkpoint)
        return weights(made), rows

    return train


def mirrors(device: torch.device) -> Training:
    splits = procedural_shapes.draw({"source": "procedural_shapes", "images": 120, "size": SIZE}, 0, Path())
    images, source = splits["train"], open_source("procedural_shapes", SIZE)
    torch.manual_seed(0)
    network = chain_classifier(images.class_names).to(device)
    config = UnpoolingTraining(width=4, images=4 * STEPS, batch_size=4, pixels=16, log_every=7)

    def train(checkpoint: Checkpoint | None) -> Outcome:
        monitored = {"test": images.at(np.arange(8))}
        made, rows = unpooling.train(config, network, source, images, monitored, 3, device, checkpoint)
        return weights(made), rows

    return train


def latent_search(device: torch.device) -> Training:
    config = search.LatentSearch(samples=STEPS * search.BLOCK - 17, best=5)

    def train(checkpoint: Checkpoint | None) -> Outcome:
        found = search.search(SmallDecoder().to(device), small_probe(device), config, 0, checkpoint)
        return [found.values, found.points, found.numbers, found.latents, found.curve, found.mean], found.counts

    return train


def latent_ascent(device: torch.device) -> Training:
    centres = torch.rand(STEPS * ascent.OBJECTIVES, 2, generator=torch.Generator().manual_seed(0)).tolist()
    probe = classes(Bowls(centres).to(device), len(centres))
    config = ascent.LatentAscent(20, starts=2, rounds=1, steps=4)

    def train(checkpoint: Checkpoint | None) -> Outcome:
        climbed = ascent.ascend(Plain().to(device), probe, config, 0, None, checkpoint)
        return [climbed.points, climbed.values], climbed.candidates

    return train


TRAININGS: dict[str, Callable[[torch.device], Training]] = {
    "classifier": lambda device: classifier(FIVE_CONV, device),
    "classifier with dropout": lambda device: classifier(DROPOUT, device, enlarged=3),
    "filter-GAN": filters,
    "banks averaged": banks_averaged,
    "augmentation": augmented,
    "invariant transformer": maps,
    "autoencoder": lambda device: autoencoder("autoencoder", device),
    "variational autoencoder": lambda device: autoencoder("variational", device),
    "sparse autoencoder": lambda device: autoencoder("sparse", device),
    "DCGAN": dcgan,
    "mirrors": mirrors,
    "latent search": latent_search,
    "latent ascent": latent_ascent,
}


class Killed(Exception):
    pass


class Mortal(Checkpoint):
    """Is asked after every step whether to save: says so at random, and dies at random steps before it can."""

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__(("test",), {}, [], folder=folder)
        self.random = random.Random(seed)
        self.deaths = set(self.random.sample(range(1, STEPS + 1), KILLS))
        self.steps = 0

    def due(self) -> bool:
        self.steps += 1
        if self.steps in self.deaths:
            self.deaths.remove(self.steps)
            raise Killed
        return self.random.random() < 0.5


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", TRAININGS)
def test_killed_at_random_steps_a_training_ends_with_equal_weights(kind: str, device: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    train = TRAININGS[kind](open_device(device))
    learned, history = train(None)
    checkpoint, kills, resumed = Mortal(tmp_path, seed=8), 0, None
    while resumed is None:
        torch.rand(3)  # another process has other global random numbers
        try:
            resumed = train(checkpoint)
        except Killed:
            kills += 1
    assert kills == KILLS and resumed[1] == history
    assert len(resumed[0]) == len(learned)
    assert all(torch.equal(one, other) for one, other in zip(resumed[0], learned, strict=True))
    steps = checkpoint.steps
    assert STEPS < steps < STEPS + 3 * KILLS, "it goes on from where it was, not from the start"
    again, _ = train(checkpoint)  # as a step of several trainings does with those that are done
    assert checkpoint.steps == steps and all(torch.equal(one, other) for one, other in zip(again, learned, strict=True))
