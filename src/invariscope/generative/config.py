"""Parameters of generative networks, as params.yaml names them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from invariscope.errors import UserError
from invariscope.params import build


@dataclass(frozen=True)
class AutoencoderTraining:
    """The plain autoencoder: its networks, and how they are trained."""

    latent_dimension: int = 6  # paper 002, section 3.4
    encoder_widths: tuple[int, ...] = (16, 32, 32)  # channels of its convolutions, each with a pooling after it
    decoder_widths: tuple[int, ...] = (64, 32, 16)  # channels of its maps, each twice as large as the one before
    dense_width: int = 256  # units of the dense layers
    dense_layers: int = 3  # of the decoder; the encoder has one
    output: Literal["sigmoid", "rectified"] = "sigmoid"
    images: int = 120_000  # training images seen, each as often as it takes
    batch_size: int = 128
    learning_rate: float = 3e-3  # of AdamW, at its peak
    matrix_learning_rate: float = 0.05  # of Muon, likewise
    weight_decay: float = 1e-4
    log_every: int = 50  # batches


@dataclass(frozen=True)
class VariationalTraining(AutoencoderTraining):
    """The same networks, but that codes are drawn from normal distributions."""

    divergence_weight: float = 1.0  # of the divergence from the prior; 1 is the evidence lower bound


@dataclass(frozen=True)
class SparseTraining:
    """The text's two layers of sigmoids, with a penalty on units that are active too often or too seldom."""

    units: int = 64  # of the code
    sparsity: float = 0.05  # ρ, the mean activation that each unit is to have
    sparsity_weight: float = 3.0  # β; 0 is an autoencoder without the penalty
    images: int = 60_000
    batch_size: int = 128
    learning_rate: float = 3e-3
    weight_decay: float = 0.0
    log_every: int = 50


@dataclass(frozen=True)
class Phases:
    """Iterations of each part of the DCGAN's schedule, in this order."""

    discriminator: int  # it alone, on real images and the untrained generator's
    generator: int  # it alone, against the discriminator as it now is
    both: int  # in turn


@dataclass(frozen=True)
class DcganTraining:
    """The DCGAN of the text, of any width and size."""

    phases: Phases
    latent_dimension: int = 100
    widths: tuple[int, ...] = (1024, 512, 256, 128)  # of the generator's maps, each twice as large as the one before
    loss: Literal["non_saturating", "saturating"] = "non_saturating"
    batch_size: int = 64
    learning_rate: float = 2e-4  # of the generator
    discriminator_learning_rate: float = 2e-4
    generator_steps: int = 1  # of the generator, for each of the discriminator
    decay: float = 0.5  # share of all batches, the last ones, over which both rates fall to 0
    averaging: float = 0.99  # share of the mean generator that stays at each batch
    log_every: int = 100
    log_images: int = 1000  # samples whose Fréchet distance is followed


@dataclass(frozen=True)
class GenerativeEvaluation:
    """How generative networks are judged."""

    judges: tuple[str, ...]  # classifiers in whose feature space images are compared; the first follows the DCGAN
    images: int = 2000  # samples of a draw, and real images
    draws: int = 5
    resamples: int = 200  # of the bootstrap of the correlation of codes


AUTOENCODER, VARIATIONAL, SPARSE, DENSE, DCGAN = "autoencoder", "variational", "sparse", "dense", "dcgan"
CODERS = (AUTOENCODER, VARIATIONAL, SPARSE, DENSE)  # with an encoder; dense is the control of sparse, of equal size
NETWORKS = (*CODERS, DCGAN)


def coder_training(kind: str, values: Mapping[str, Any]) -> AutoencoderTraining | SparseTraining:
    """The training of an autoencoder of a kind, from its block of params.yaml. Raises UserError for what is none."""
    if kind == AUTOENCODER:
        return build(AutoencoderTraining, values)
    if kind == VARIATIONAL:
        return build(VariationalTraining, values)
    if kind in (SPARSE, DENSE):
        return build(SparseTraining, values)
    raise UserError(f"{kind!r} is no kind of autoencoder; use {', '.join(CODERS)}")
