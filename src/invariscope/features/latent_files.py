"""A classifier and an autoencoder whose images it takes, from their files."""

from pathlib import Path

import torch
from torch import Tensor

from invariscope.classifiers.model_file import Classifier, load_classifier
from invariscope.data.table import balanced, open_data
from invariscope.errors import UserError
from invariscope.features.ascent import LatentAscent
from invariscope.features.latent_box import points_of
from invariscope.generative.network_file import GENERATIVE, load_network, with_encoder
from invariscope.generative.networks import Coder
from invariscope.generative.sheets import Network


def load_pair(model: Path, autoencoder: Path, device: torch.device) -> tuple[Classifier, Coder]:
    """Both frozen, in the layout in which they are fastest. Raises UserError if they do not fit together."""
    classifier = load_classifier(model, device)
    return classifier, with_encoder(load_decoder(autoencoder, classifier, model), autoencoder)


def load_decoder(path: Path, classifier: Classifier, model: Path) -> Network:
    """A generative network, on the classifier's device. Raises UserError if it makes no images that `model` takes."""
    network = load_network(path, classifier.mean.device)
    made, taken = (network.channels, network.size), (classifier.channels, classifier.size)
    if made != taken:
        sizes = f"{made[0]} channels and {made[1]} px, and {model} takes {taken[0]} and {taken[1]}"
        raise UserError(f"{path}: makes images of {sizes}; run {GENERATIVE} again")
    return network.to(memory_format=torch.channels_last)


def candidates(data: Path, autoencoder: Coder, config: LatentAscent) -> Tensor | None:
    """Points (C, d) that an ascent may start from: the codes of training images, if it is to start from those."""
    if config.candidates_from != "codes" or not config.candidates:
        return None
    return points_of(autoencoder, balanced(open_data(data, "train"), config.candidates))
