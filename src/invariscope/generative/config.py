"""Parameters of generative networks, as params.yaml names them."""

from dataclasses import dataclass
from typing import Literal


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
