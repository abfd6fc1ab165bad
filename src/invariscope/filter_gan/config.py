"""Parameters of a filter-GAN, as params.yaml names them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from invariscope.params import build


@dataclass(frozen=True)
class FilterGanConfig:
    """How the filters of one layer are learned. A layer's block in params.yaml overrides any of these."""

    latent_dimension: int = 16
    iterations: int = 800
    batch_size: int = 32
    learning_rate: float = 2e-4
    loss: Literal["minimax", "non_saturating"] = "non_saturating"
    # before or after the layer's own normalisation and activation
    sees: Literal["convolution", "representation"] = "convolution"
    code_weight: float = 0.03  # λ of Algorithm 1
    spectral_norm: bool = True
    generator_width: int = 128
    initial_spread: float = 0.5  # root mean square of the weights before training, over the std of the real ones
    discriminator_width: int = 32
    log_every: int = 50  # iterations
    log_banks: int = 4  # generated banks that single_bank_accuracy is averaged over
    log_images: int = 500  # images that it is measured on


@dataclass(frozen=True)
class Retraining:
    """Training of what follows the layer."""

    epochs: int = 2
    batch_size: int = 128
    learning_rate: float = 5e-4


@dataclass(frozen=True)
class Averaging:
    banks: int = 10
    seeds: int = 5
    images: int = 4000  # training images for the retraining
    retraining: Retraining = Retraining()


@dataclass(frozen=True)
class Scaling:
    """Multi-dimensional scaling and the learned filters."""

    samples: int = 10  # generated filters for each real one
    filters: int = 8  # real filters that the figures show one by one


def layer_config(training: Mapping[str, Any], overrides: Mapping[str, Any], layer: str) -> tuple[str, FilterGanConfig]:
    """The module path of a layer (its own name, unless the block says `module`) and its training parameters."""
    values = {**training, **overrides}
    path = values.pop("module", layer)
    return path, build(FilterGanConfig, values)
