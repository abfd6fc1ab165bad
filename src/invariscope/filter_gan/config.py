"""Parameters of a filter-GAN, as params.yaml names them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from invariscope.params import build

# What a preset puts in place of a layer's own values.
PRESETS: dict[str, dict[str, Any]] = {
    "held_spread": {},  # ours: all as params.yaml says
    # Algorithm 1 to the letter. The paper gives no λ: `code_weight` stays the layer's own.
    "algorithm_1": {
        "loss": "minimax",
        "spectral_norm": False,
        "answer_weight": 0.0,
        "spread_weight": 0.0,
        "decay": 0.0,
    },
    # What each of our two additions is worth.
    "without_answers": {"answer_weight": 0.0},
    "without_spread": {"spread_weight": 0.0},
    "adversarial_only": {"answer_weight": 0.0, "spread_weight": 0.0},
}
OWN = "held_spread"


@dataclass(frozen=True)
class FilterGanConfig:
    """How the filters of one layer are learned. A layer's block in params.yaml overrides any of these."""

    preset: str = OWN
    latent_dimension: int = 16
    iterations: int = 800
    batch_size: int = 32
    learning_rate: float = 2e-4
    loss: Literal["minimax", "non_saturating"] = "non_saturating"
    # before or after the layer's own normalisation and activation
    sees: Literal["convolution", "representation"] = "convolution"
    code_weight: float = 0.03  # λ of Algorithm 1
    answer_weight: float = 3.0  # of the divergence of the classifier's answers
    spread_weight: float = 5.0  # of what the activations' spread lacks
    spread_target: float = 0.4  # of activations over codes, over their spread over images
    spectral_norm: bool = True
    decay: float = 0.5  # share of the iterations, the last ones, over which the learning rate falls to 0
    generator_width: int = 128
    initial_spread: float = 0.6  # root mean square of the weights before training, over the std of the real ones
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
    images: int = 2000  # training images for the retraining
    retraining: Retraining = Retraining()


@dataclass(frozen=True)
class Scaling:
    """Multi-dimensional scaling and the learned filters."""

    samples: int = 10  # generated filters for each real one
    filters: int = 8  # real filters that the figures show one by one


@dataclass(frozen=True)
class Traversal:
    """Images that give, under other filters, the activations that an image gives under the first (section 4)."""

    images: int = 10  # test images, the classes in turn
    grid: int = 5  # points along each of the two axes; odd, so that the original stands in the middle
    reach: float = 1.5  # ξ: the ends of the axes, in standard deviations of z
    steps: int = 100  # of gradient descent
    step_size: float = 0.006  # of the first step, on the loss times the values of an image; later each image's own
    prior_weight: float = 1e-5  # of the natural-image prior, beside the relative squared error of the activations
    tolerance: float = 0.01  # residual at which a point counts as converged


@dataclass(frozen=True)
class Comparison:
    """What the traversals of one layer change, against those of another."""

    permutations: int = 10000


@dataclass(frozen=True)
class Augmentation:
    """Traversal images as additional training data."""

    layers: tuple[str, ...] = ()  # of every classifier, for which the workflow runs it
    per_class: tuple[int, ...] = (10, 30)  # training images a class
    seeds: int = 5  # repetitions with other images and other initial weights
    copies: int = 2  # changed images for each original
    correlation: float = 0.9  # of the second code with the first; towards 1 the changes become small
    steps: int = 30  # of gradient descent, in place of the traversal's own
    iterations: int = 80  # training steps, equal for every set
    batch_size: int = 32
    learning_rate: float = 2e-3
    rotation: float = 15.0  # degrees, the most that the affine augmentation turns
    shift: float = 0.1  # fraction of the image, the most that it moves
    scale: float = 0.15  # the most that it enlarges; it shrinks by the inverse
    own: tuple[int, ...] = ()  # of per_class: where filter-GANs are trained that have seen these few images alone
    own_iterations: int = 300  # of such a filter-GAN


def layer_config(
    training: Mapping[str, Any], overrides: Mapping[str, Any], layer: str, preset: str | None = None
) -> tuple[str, FilterGanConfig]:
    """The module path of a layer (its own name, unless the block says `module`) and its training parameters.

    `preset` is one to use whatever the block says.
    """
    values = {**training, **overrides}
    path = values.pop("module", layer)
    chosen = preset or values.get("preset", OWN)
    return path, build(FilterGanConfig, {**values, **PRESETS[chosen], "preset": chosen})
