"""Twin classifiers: the same network, images and order of training, but for one factor that all images have alike.

A factor has a random stream of its own (`data.factors.sample`), so a twin's images are those of the others in the rest.
Our choice: one twin in whose training everything varies stands against all that hold a factor, rather than a pair a
factor; so a twin that holds one factor is also a positive control for the others.
"""

import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from invariscope.checkpoint import Checkpoint
from invariscope.classifiers import initial, training
from invariscope.classifiers.architectures import empty_network
from invariscope.classifiers.model_file import Classifier, Normalisation, load_tensors
from invariscope.data.sources import DRAWN, module_of
from invariscope.data.table import Images
from invariscope.errors import UserError, placed
from invariscope.ground_truth.config import Twins, held_by
from invariscope.params import build
from invariscope.seeding import derive
from invariscope.tensor_file import read_tensors, write_tensors

KEY = "invariscope.twins"
UNITS = {"loss": "nats; mean over the last epoch", "accuracy": "fraction, of the training images in the last epoch"}


def draw_twin(data: Mapping[str, Any], twin: str, twins: Twins, number: int, seed: int) -> Images:
    """The training images of a twin's repetition `number`. Raises UserError for a source without factors."""
    if data["source"] not in DRAWN:
        raise UserError(f"data.source: {data['source']!r} is not drawn from known factors; use {' or '.join(DRAWN)}")
    factors = dict(data.get("factors", {})) | held_by(twin, twins.factors)
    module = import_module(module_of(data["source"]))
    return module.draw({**data, "factors": factors}, derive(seed, "twins", number), Path())["train"]


def train_twin(
    block: Mapping[str, Any],
    images: Images,
    seed: int,
    device: torch.device,
    checkpoint: Checkpoint | None = None,
    label: str = "twin",
) -> tuple[Classifier, dict[str, Any]]:
    """One classifier as a block of params.yaml describes it, and how the last epoch of its training went."""
    classifier = initial.new_classifier(block, images, seed, device)
    settings = build(training.Training, block["training"])
    rows = training.train(classifier, settings, images, {}, seed, checkpoint, label)
    return classifier, rows[-1]


def save_twins(classifiers: Sequence[Classifier], path: Path) -> None:
    """Write all repetitions of a twin to one file; equal ones give equal bytes."""
    first = classifiers[0]
    description = {
        "config": first.config,
        "channels": first.channels,
        "size": first.size,
        "class_names": first.class_names,
        "normalisations": [(each.normalisation.mean, each.normalisation.std) for each in classifiers],
    }
    tensors = {
        f"{number}.{name}": tensor
        for number, each in enumerate(classifiers)
        for name, tensor in each.network.state_dict().items()
    }
    write_tensors(path, KEY, description, tensors)


def load_twins(path: Path, device: torch.device) -> list[Classifier]:
    """All repetitions of a twin, frozen and in eval mode. Raises UserError if the file holds none."""
    text, tensors = read_tensors(path, KEY, "train_twins")
    if text is None:
        raise UserError(f"{path}: holds no twins; train_twins writes them")
    try:
        known = json.loads(text)
        shape = known["channels"], known["size"], known["class_names"]
        normalisations = [Normalisation(tuple(mean), tuple(std)) for mean, std in known["normalisations"]]
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{path}: its description is damaged; delete it and run train_twins again") from None
    found = []
    for number, normalisation in enumerate(normalisations):
        own = {name.split(".", 1)[1]: value for name, value in tensors.items() if name.split(".", 1)[0] == str(number)}
        with placed(path):
            network = empty_network(known["config"], *shape[:2], len(shape[2]))
            load_tensors(network, own)
        classifier = Classifier(network, known["config"], *shape, normalisation).to(device)
        found.append(classifier.eval().requires_grad_(False))
    return found
