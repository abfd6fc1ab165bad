"""A classifier and an autoencoder whose images it takes, from their files."""

from pathlib import Path

import torch

from invariscope.classifiers.model_file import Classifier, load_classifier
from invariscope.errors import UserError
from invariscope.generative.autoencoder_file import load_autoencoder
from invariscope.generative.networks import Autoencoder


def load_pair(model: Path, autoencoder: Path, device: torch.device) -> tuple[Classifier, Autoencoder]:
    """Both frozen, in the layout in which they are fastest. Raises UserError if they do not fit together."""
    classifier, network = load_classifier(model, device), load_autoencoder(autoencoder, device)
    made, taken = (network.channels, network.size), (classifier.channels, classifier.size)
    if made != taken:
        sizes = f"{made[0]} channels and {made[1]} px, and {model} takes {taken[0]} and {taken[1]}"
        raise UserError(f"{autoencoder}: makes images of {sizes}; run train_autoencoder again")
    return classifier, network.to(memory_format=torch.channels_last)
