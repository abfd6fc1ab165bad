"""Parameters of feature visualisation, as params.yaml names them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from invariscope.features.objectives import CLASS
from invariscope.features.robustness import Robustness


@dataclass(frozen=True)
class Units:
    """What of one classifier is visualised, and who judges it."""

    layers: Mapping[str, int]  # module -> how many of its channels, the first ones
    classes: tuple[int, ...] = ()  # numbers of classes that every method draws
    objectives: tuple[str, ...] = ()  # others, as `objectives.parse` reads them
    judges: tuple[str, ...] = ()  # classifiers of the study, trained independently, that are shown the images

    def channels(self) -> list[str]:
        return [f"{module}:{channel}" for module, count in self.layers.items() for channel in range(count)]

    def drawn(self) -> list[str]:
        """All that every method draws."""
        return [*self.channels(), *(f"{CLASS}:{number}" for number in self.classes), *self.objectives]


@dataclass(frozen=True)
class Method:
    """A parameterization, and what it is combined with."""

    regularizations: tuple[str, ...]  # names in `robustness`
    learning_rate: float  # of Adam
    transfer: tuple[str, ...] = ()  # those of them with which an image of every class is made and judged


@dataclass(frozen=True)
class Variety:
    """Images of one objective that differ, and images on the way from one objective to the next."""

    method: str = "fourier"
    regularization: str = "lucid"
    module: str = "conv5"  # in whose channels images are to differ
    copies: int = 4
    weight: float = 1.0  # of their likeness, in units of the objective's spread over the data set
    points: int = 5  # from one drawn class to the next, both included


@dataclass(frozen=True)
class Gallery:
    """How images are made."""

    methods: Mapping[str, Method]
    robustness: Mapping[str, Robustness]
    images: int = 4800  # training images among which examples and dead units are looked for
    examples: int = 4  # images of highest, and of lowest, value
    steps: int = 128
    leaky_steps: int = 16  # first steps in which gradients pass rectifiers that are off
    slope: float = 0.1  # share that they let through then
    variety: Variety = field(default_factory=Variety)
