"""Training of the Invariant Transformer Net against a frozen classifier, seeded, resumed bit for bit.

For every batch controls α, β ~ U(-1, 1)^p are drawn anew, one of each for every image. The accuracy of the transformed
batch chooses the loss (`losses`): below the floor the cross-entropy, else the displacement. The floor is the clean
accuracy on training images less δ. In the last iterations nothing grows (our choice): the floor is the clean accuracy
itself, a batch that reaches it passes, and the cross-entropy of the others undoes what has grown too far. One Adam for
both losses, so that large gradients of the one shorten the steps of the other; its rate falls to 0 towards the end (our
choice: the paper names no optimiser).
"""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from invariscope.checkpoint import Checkpoint, finish
from invariscope.classifiers.evaluation import judge
from invariscope.classifiers.model_file import Classifier
from invariscope.data.table import Images, balanced
from invariscope.errors import UserError
from invariscope.runtime import seeded, torch_generator
from invariscope.schedule import falling
from invariscope.transformer.config import TransformerTraining
from invariscope.transformer.losses import growth_loss, move_colours, move_positions
from invariscope.transformer.networks import InvariantTransformer
from invariscope.transformer.rendering import colour_displacement, render, spatial_displacement

BETAS = (0.9, 0.95)  # of Adam: first displacements have large gradients, which must soon be forgotten
CLEAN_IMAGES = 2000  # training images that the clean accuracy is measured on
CLASSIFICATION, DISPLACEMENT, NOTHING = "classification", "displacement", "none"  # what a batch descended
UNITS = {
    "iteration": "iterations",
    "accuracy": "fraction of the transformed batch",
    "classification_loss": "nats",
    "spatial_loss": "log half widths a control, negative",
    "colour_loss": "log intensity a control, negative",
    "spatial_displacement": "fraction of the width; mean over pixels",
    "colour_displacement": "intensity, of values in [0, 1]; mean over values",
    "descended": "loss: classification, displacement or none",
    "floor": "accuracy of the batch, fraction, under which it descends the classification loss",
    "n_images": "images of the batch",
}


def train(
    classifier: Classifier,
    config: TransformerTraining,
    images: Images,
    seed: int,
    checkpoint: Checkpoint | None = None,
    label: str = "invariant transformer",
) -> tuple[InvariantTransformer, list[dict[str, Any]]]:
    """Learn transformations of `images` that `classifier` (frozen, in eval mode) ignores; and a row an iteration."""
    run = Run(classifier, config, images, seed)
    finish(run, checkpoint, label)
    return run.transformer.eval().requires_grad_(False), run.history


class Run:
    """A training under way: everything that one iteration hands to the next."""

    def __init__(self, classifier: Classifier, config: TransformerTraining, images: Images, seed: int) -> None:
        self.classifier, self.config, self.seed = classifier.eval().requires_grad_(False), config, seed
        self.device = classifier.mean.device
        self.pixels = torch.from_numpy(images.pixels)  # (N, C, H, W) uint8
        self.labels = torch.from_numpy(images.labels)  # (N,)
        self.clean = judge(classifier, balanced(images, CLEAN_IMAGES))["accuracy"]
        self.transformer = new_transformer(config, images.pixels.shape[1], seed, self.device)
        self.optimiser = torch.optim.Adam(self.transformer.parameters(), lr=config.learning_rate, betas=BETAS)
        self.iteration, self.iterations = 0, config.iterations
        self.history: list[dict[str, Any]] = []

    def advance(self, iteration: int) -> None:
        """One step of the optimiser. Raises UserError if the transformations have become infinite."""
        config, random = self.config, torch_generator(self.seed, "batch", iteration)
        chosen = torch.randint(len(self.labels), (config.batch_size,), generator=random)
        x = self.pixels[chosen].to(self.device).float().div_(255)
        y = self.labels[chosen].to(self.device)
        alpha, beta = (2 * torch.rand(2, len(x), config.controls, generator=random) - 1).to(self.device)
        warp, colour = self.transformer.spatial(alpha), self.transformer.colour(beta)
        logits = self.classifier(render(x, warp, colour, config.fill, config.interpolation))
        classification = F.cross_entropy(logits, y)
        positions = torch.rand(config.vectors, 2, generator=random).to(self.device)
        colours = torch.rand(config.vectors, x.shape[1], generator=random).to(self.device)
        spatial_loss = growth_loss(*move_positions(warp, positions), alpha, config.diversity_weight)
        colour_loss = growth_loss(*move_colours(colour, colours), beta, config.diversity_weight)
        accuracy = (logits.argmax(1) == y).double().mean().item()
        settles = settling(iteration, config)
        floor = self.clean if settles else self.clean - config.tolerance
        descended = choose_loss(accuracy, floor, settles)
        displacement = spatial_loss + config.colour_weight * colour_loss
        if descended != NOTHING:
            self.descend(classification if descended == CLASSIFICATION else displacement)
        with torch.no_grad():
            moved = spatial_displacement(warp, *x.shape[2:]).mean(), colour_displacement(x, colour).mean()
        values = torch.stack([classification, spatial_loss, colour_loss, *moved]).tolist()
        names = ("classification_loss", "spatial_loss", "colour_loss", "spatial_displacement", "colour_displacement")
        row = {"iteration": iteration + 1, "accuracy": accuracy, **dict(zip(names, values, strict=True))}
        self.history.append(row | {"descended": descended, "floor": floor, "n_images": len(x)})
        self.iteration = iteration + 1

    def descend(self, loss: Tensor) -> None:
        if not torch.isfinite(loss):
            raise UserError(
                f"params.yaml: transformer: learning_rate: {self.config.learning_rate} made the transformations "
                f"infinite by iteration {self.iteration + 1}; use a smaller one"
            )
        rate = self.config.learning_rate * falling(self.iteration, self.config.iterations, self.config.decay)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()

    def state(self) -> dict[str, Any]:
        return {
            "transformer": self.transformer.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "iteration": self.iteration,
            "history": self.history,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.transformer.load_state_dict(state["transformer"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.iteration = state["iteration"]
        self.history = list(state["history"])


def new_transformer(
    config: TransformerTraining, channels: int, seed: int, device: torch.device
) -> InvariantTransformer:
    """An untrained transformer for images of so many channels."""
    with seeded(device, seed, "initial weights"):
        transformer = InvariantTransformer(
            channels,
            config.controls,
            config.width,
            config.spatial,
            config.initial_scale,
            config.fill,
            config.interpolation,
        )
    return transformer.to(device)


def choose_loss(accuracy: float, floor: float, settling: bool = False) -> str:
    """The switch: what a batch of this accuracy descends."""
    if accuracy < floor:
        return CLASSIFICATION
    return NOTHING if settling else DISPLACEMENT


def settling(iteration: int, config: TransformerTraining) -> bool:
    """Whether this iteration is one of the last, in which nothing grows any more."""
    return iteration >= (1 - config.settle) * config.iterations
