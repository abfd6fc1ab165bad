"""Parameters of the network that locates objects, as params.yaml names them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class UnpoolingTraining:
    """The mirror of a classifier, and how it is trained, with switches and without."""

    width: int = 32  # maps of the image's size that the labels are read from
    images: int = 8000  # training images seen, scenes of two objects among them
    batch_size: int = 16
    pairs: float = 0.25  # share of every batch that is scenes of two objects
    pixels: int = 256  # of every image that the loss looks at, drawn anew each time
    object_share: float = 0.4  # share of these that lie on an object; of all pixels it is about a tenth
    learning_rate: float = 0.01  # of AdamW, at its peak
    matrix_learning_rate: float = 0.05  # of Muon, likewise
    weight_decay: float = 1e-4
    log_every: int = 50  # batches
