"""Parameters of the Invariant Transformer Net, as params.yaml names them."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class TransformerTraining:
    """How the transformations of one classifier are learned."""

    spatial: Literal["affine", "quadratic"] = "affine"
    controls: int = 2  # p: numbers in each of the control vectors α and β
    width: int = 32  # of the two hidden layers
    images: int = 20_000  # training images that batches are drawn from; they are held in memory
    iterations: int = 300
    batch_size: int = 64
    learning_rate: float = 3e-3
    decay: float = 0.6  # share of the iterations, the last ones, over which the learning rate falls to 0
    tolerance: float = 0.1  # δ: by how much the accuracy of a batch may be under the clean one while displacement grows
    settle: float = 0.6  # share of the iterations, the last ones, in which no displacement grows
    colour_weight: float = 0.1  # of the colour's displacement, beside that of space
    diversity_weight: float = 0.5  # of what two controls must differ, beside what each must displace
    vectors: int = 64  # random unit vectors a batch
    initial_scale: float = 0.01  # of the readouts' weights before training
    fill: Literal["zeros", "border", "reflection"] = "zeros"  # beyond the edge
    interpolation: Literal["bilinear", "bicubic"] = "bicubic"


@dataclass(frozen=True)
class TransformerEvaluation:
    """How the learned transformations are judged, on test images."""

    images: int = 960
    strengths: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0)  # factors of the control vectors; trained up to 1
    samples: int = 500  # controls whose transformations are taken apart
    grid: int = 7  # controls along each of two axes, in the figures; odd, so that 0 stands in the middle
    examples: int = 2  # images for these grids
