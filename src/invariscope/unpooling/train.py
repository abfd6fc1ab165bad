"""Training of the mirrors, with switches and without, side by side: on the same batches, behind one frozen pass.

The loss is the cross-entropy of pixels. Nine tenths of all pixels are background, and a pixel of an object has dozens
of classes to choose from: were every pixel to count alike, background would be the best guess wherever the class is in
doubt, and single strokes would be lost. Our choice: the loss looks at some pixels of each image, a fixed share of them
on objects. That weights the two sides as class weights would, and spares computing a score a class for every pixel.
Muon trains the kernels and AdamW the rest, as in `generative.train`: for as many images an IoU of 0.79, and 0.65
with AdamW alone.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from invariscope.batches import in_turn
from invariscope.checkpoint import Checkpoint, finish
from invariscope.classifiers.model_file import Classifier
from invariscope.data.table import Images
from invariscope.errors import UserError
from invariscope.muon import Rated, flatten_kernels, muon_and_adam, restore_kernels, step_at
from invariscope.runtime import seeded, torch_generator
from invariscope.schedule import one_cycle
from invariscope.unpooling.config import UnpoolingTraining
from invariscope.unpooling.evaluate import iou_of_classes, label_map
from invariscope.unpooling.mirror import Mirrors, chain_of
from invariscope.unpooling.scenes import Source, draw_scenes

WARM_UP = 0.1  # of all iterations
VARIANTS = {True: "with switches", False: "without switches"}
UNITS = {
    "iteration": "batches",
    "images_seen": "training images and scenes, each as often as it was seen",
    "loss": "nats a pixel, of the pixels drawn for the loss",
    "iou": "fraction, mean over images, of the region of the image's own class",
}
Row = dict[str, Any]


def train(
    config: UnpoolingTraining,
    classifier: Classifier,
    source: Source,
    images: Images,
    monitored: Mapping[str, Images],
    seed: int,
    device: torch.device,
    checkpoint: Checkpoint | None = None,
    label: str = "unpooling",
) -> tuple[Mirrors, list[Row]]:
    """Both mirrors of a classifier, frozen, and rows of their loss on batches and on each monitored split.

    Raises UserError if the classifier cannot be mirrored, or the training diverges.
    """
    run = Run(config, classifier, source, images, monitored, seed, device)
    finish(run, checkpoint, label)
    restore_kernels(run.mirrors)
    return run.mirrors.eval().requires_grad_(False), run.history


class Run:
    """A training under way: everything that one iteration hands to the next."""

    def __init__(
        self,
        config: UnpoolingTraining,
        classifier: Classifier,
        source: Source,
        images: Images,
        monitored: Mapping[str, Images],
        seed: int,
        device: torch.device,
    ) -> None:
        self.config, self.source, self.images, self.seed, self.device = config, source, images, seed, device
        self.chain = chain_of(classifier)
        with seeded(device, seed, "initial weights"):
            self.mirrors = Mirrors(self.chain.layers, len(classifier.class_names), config.width).to(device)
        flatten_kernels(self.mirrors)
        self.optimisers = optimisers_of(self.mirrors, config)
        self.monitored = {split: single(source, part) for split, part in monitored.items()}
        self.scenes = round(config.pairs * config.batch_size)  # in a batch
        self.iterations = max(1, config.images // config.batch_size)
        self.iteration = 0
        self.history: list[Row] = []

    def advance(self, iteration: int) -> None:
        """One step of the optimiser. Raises UserError if the loss has become infinite."""
        x, truth = self.batch(iteration)
        pixels = self.pixels(truth, "pixels", iteration)
        maps, switches = self.chain.encode(x.to(self.device))
        self.mirrors.train()
        losses = {
            VARIANTS[use]: loss_at(mirror.logits(mirror(maps, switches), pixels), truth.to(self.device), pixels)
            for use, mirror in self.mirrors.variants().items()
        }
        self.mirrors.zero_grad()
        torch.stack(list(losses.values())).sum().backward()  # they share no parameter
        step_at(self.optimisers, one_cycle(iteration, self.iterations, WARM_UP))
        self.iteration = iteration + 1
        if self.iteration % self.config.log_every == 0 or self.iteration == self.iterations:
            self.log({variant: loss.item() for variant, loss in losses.items()})

    def batch(self, iteration: int) -> tuple[Tensor, Tensor]:
        """Images (B, C, H, W) in [0, 1] and label maps (B, H, W): single ones, then scenes of two objects."""
        count = self.config.batch_size - self.scenes
        pixels, truth = [], []
        if count:
            chosen = self.images.at(in_turn(iteration * count, count, len(self.images), self.seed))
            alone = single(self.source, chosen)
            pixels.append(alone[0])
            truth.append(alone[1])
        if self.scenes:
            generator = torch_generator(self.seed, "scenes", iteration)
            drawn = draw_scenes(self.source, self.images, self.scenes, generator)
            pixels.append(torch.from_numpy(drawn.pixels))
            truth.append(torch.from_numpy(label_map(drawn.labels, drawn.masks)))
        return torch.cat(pixels).float().div_(255), torch.cat(truth)

    def pixels(self, truth: Tensor, *names: str | int) -> Tensor:
        """The pixels (B, P) of label maps that the loss looks at, drawn from the stream called `names`."""
        drawn = draw_pixels(truth, self.config.pixels, self.config.object_share, torch_generator(self.seed, *names))
        return drawn.to(self.device)

    def log(self, losses: Mapping[str, float]) -> None:
        """Rows of the history. Raises UserError if the training has diverged."""
        if not np.isfinite(list(losses.values())).all():
            raise UserError(
                f"params.yaml: unpooling.training: learning_rate: {self.config.learning_rate} made the loss infinite "
                f"by batch {self.iteration}; use a smaller one"
            )
        seen = {"iteration": self.iteration, "images_seen": self.iteration * self.config.batch_size}
        for variant, loss in losses.items():
            self.history.append(seen | {"split": "train", "variant": variant, "loss": loss, "iou": None})
        for split in self.monitored:
            for variant, judged in self.judge(split).items():
                self.history.append(seen | {"split": split, "variant": variant} | judged)

    @torch.inference_mode()
    def judge(self, split: str) -> dict[str, dict[str, float]]:
        """Loss and IoU of both variants on the images of a monitored split."""
        self.mirrors.eval()
        x, truth = self.monitored[split]
        pixels = self.pixels(truth, "monitored")
        maps, switches = self.chain.encode(x.to(self.device).float().div_(255))
        judged = {}
        for use, mirror in self.mirrors.variants().items():
            made = mirror(maps, switches)
            loss = loss_at(mirror.logits(made, pixels), truth.to(self.device), pixels).item()
            iou = float(iou_of_classes(mirror.labels(made).cpu().numpy(), truth.numpy()).mean())
            judged[VARIANTS[use]] = {"loss": loss, "iou": iou}
        return judged

    def state(self) -> dict[str, Any]:
        return {
            "mirrors": self.mirrors.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser, _ in self.optimisers],
            "iteration": self.iteration,
            "history": self.history,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.mirrors.load_state_dict(state["mirrors"])
        for (optimiser, _), saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.iteration = state["iteration"]
        self.history = list(state["history"])


def optimisers_of(mirrors: Mirrors, config: UnpoolingTraining) -> Rated:
    """Muon for the flattened kernels and AdamW for all else, the readouts too."""
    named = list(mirrors.named_parameters())
    kernels = [weight for name, weight in named if weight.dim() == 2 and "readout" not in name]
    others = [weight for name, weight in named if weight.dim() != 2 or "readout" in name]
    return muon_and_adam(kernels, others, config.matrix_learning_rate, config.learning_rate, config.weight_decay)


def single(source: Source, images: Images) -> tuple[Tensor, Tensor]:
    """Images (N, C, H, W) uint8 of one object each, and their label maps (N, H, W)."""
    masks = source.mask(images.labels, images.factors)[:, None]
    return torch.from_numpy(images.pixels), torch.from_numpy(label_map(images.labels[:, None], masks))


def draw_pixels(truth: Tensor, count: int, object_share: float, generator: torch.Generator) -> Tensor:
    """Pixels (N, count) of label maps (N, H, W), as row * W + column; on objects with probability `object_share`.

    On each of the two sides every pixel is as likely as any other.
    """
    is_object = truth.flatten(1) > 0
    objects = is_object.sum(1, keepdim=True)
    background = is_object.shape[1] - objects
    weights = torch.where(is_object, object_share / objects, (1 - object_share) / background)
    return torch.multinomial(weights, count, replacement=True, generator=generator)


def loss_at(logits: Tensor, truth: Tensor, pixels: Tensor) -> Tensor:
    """Mean cross-entropy of logits (N, P, classes + 1) at pixels (N, P) of label maps (N, H, W)."""
    return F.cross_entropy(logits.flatten(0, 1), truth.flatten(1).gather(1, pixels).flatten())
