"""Training of the plain autoencoder: mean squared error under a one-cycle schedule, resumed bit for bit.

Muon (Jordan et al. 2024) trains the matrices, kernels among them, AdamW the rest: half the error of AdamW alone for the
same processor time.
The mean of the training images stands beside it as a baseline: what an autoencoder explains is what it is better by.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from invariscope.checkpoint import Checkpoint
from invariscope.data.table import Images, ImageSet
from invariscope.errors import UserError
from invariscope.generative.codes import BLOCK, codes_of
from invariscope.generative.config import AutoencoderTraining
from invariscope.generative.networks import Autoencoder
from invariscope.muon import flatten_kernels, restore_kernels
from invariscope.progress import track
from invariscope.runtime import seeded, torch_generator
from invariscope.schedule import one_cycle

WARM_UP = 0.1  # of all iterations
MOMENTUM, BETAS = 0.9, (0.9, 0.95)  # of Muon, of AdamW
UNITS = {
    "iteration": "batches",
    "images_seen": "training images, each as often as it was seen",
    "error": "squared intensity, of values in [0, 1]; mean over values",
    "mean_image_error": "likewise, of the mean training image in place of the reconstruction",
}
Row = dict[str, Any]


def train(
    config: AutoencoderTraining,
    images: Images,
    monitored: Mapping[str, ImageSet],
    seed: int,
    device: torch.device,
    checkpoint: Checkpoint | None = None,
    label: str = "autoencoder",
) -> tuple[Autoencoder, list[Row]]:
    """An autoencoder of `images`, and rows of its error on a batch and on each monitored split, as training goes on."""
    run = Run(config, images, monitored, seed, device)
    state = checkpoint.load() if checkpoint else None
    if state:
        run.restore(state)
    for iteration in track(range(run.iteration, run.iterations), label, run.iterations, done=run.iteration):
        run.advance(iteration)
        if checkpoint and checkpoint.due():
            checkpoint.save(run.state())
    autoencoder = run.autoencoder.eval().requires_grad_(False)
    restore_kernels(autoencoder)
    autoencoder.low, autoencoder.high = latent_box(autoencoder, images)
    return autoencoder, run.history


class Run:
    """A training under way: everything that one iteration hands to the next."""

    def __init__(
        self,
        config: AutoencoderTraining,
        images: Images,
        monitored: Mapping[str, ImageSet],
        seed: int,
        device: torch.device,
    ) -> None:
        self.config, self.seed, self.device, self.monitored = config, seed, device, monitored
        self.pixels = torch.from_numpy(images.pixels)  # (N, C, H, W) uint8
        self.mean = mean_image(images)  # (C, H, W)
        self.autoencoder = new_autoencoder(config, images.shape, seed, device)
        flatten_kernels(self.autoencoder)
        self.optimisers = optimisers_of(self.autoencoder, config)
        self.iterations = max(1, config.images // config.batch_size)
        self.iteration = 0
        self.history: list[Row] = []

    def advance(self, iteration: int) -> None:
        """One step of the optimiser. Raises UserError if the error has become infinite."""
        x = self.batch(iteration)
        self.autoencoder.train()
        error = F.mse_loss(self.autoencoder(x), x)
        self.autoencoder.zero_grad()
        error.backward()
        share = one_cycle(iteration, self.iterations, WARM_UP)
        for optimiser, peak in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = share * peak
            optimiser.step()
        self.iteration = iteration + 1
        if self.iteration % self.config.log_every == 0 or self.iteration == self.iterations:
            self.log(error.item())

    def batch(self, iteration: int) -> Tensor:
        """Images (B, C, H, W): each once in turn, in an order that every turn draws anew."""
        count, size = len(self.pixels), self.config.batch_size
        places = np.arange(iteration * size, (iteration + 1) * size)
        chosen = torch.empty(size, dtype=torch.long)
        for turn in np.unique(places // count):
            order = torch.randperm(count, generator=torch_generator(self.seed, "order", int(turn)))
            here = places // count == turn
            chosen[torch.from_numpy(here)] = order[torch.from_numpy(places[here] % count)]
        x = self.pixels[chosen].to(self.device).float().div_(255)
        return x.contiguous(memory_format=torch.channels_last)

    def log(self, batch_error: float) -> None:
        """Rows of the history. Raises UserError if the training has diverged."""
        if not np.isfinite(batch_error):
            raise UserError(
                f"params.yaml: generative.autoencoder: learning_rate: {self.config.learning_rate} made the error "
                f"infinite by batch {self.iteration}; use a smaller one"
            )
        seen = {"iteration": self.iteration, "images_seen": self.iteration * self.config.batch_size}
        self.history.append(seen | {"split": "train", "error": batch_error, "mean_image_error": None})
        for split, images in self.monitored.items():
            self.history.append(seen | {"split": split} | judge(self.autoencoder, images, self.mean))

    def state(self) -> dict[str, Any]:
        return {
            "autoencoder": self.autoencoder.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser, _ in self.optimisers],
            "iteration": self.iteration,
            "history": self.history,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.autoencoder.load_state_dict(state["autoencoder"])
        for (optimiser, _), saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.iteration = state["iteration"]
        self.history = list(state["history"])


def optimisers_of(autoencoder: Autoencoder, config: AutoencoderTraining) -> list[tuple[torch.optim.Optimizer, float]]:
    """Muon for the matrices and AdamW for all else, each with the peak of its learning rate.

    Kernels must have been flattened. What reads the code is no matrix in this sense: its six columns are six numbers.
    """
    reader = next(module for module in autoencoder.decoder if isinstance(module, nn.Linear)).weight
    matrices = [weight for weight in autoencoder.parameters() if weight.dim() == 2 and weight is not reader]
    others = [weight for weight in autoencoder.parameters() if weight.dim() != 2 or weight is reader]
    return [
        (torch.optim.Muon(matrices, weight_decay=config.weight_decay, momentum=MOMENTUM), config.matrix_learning_rate),
        (torch.optim.AdamW(others, weight_decay=config.weight_decay, betas=BETAS), config.learning_rate),
    ]


def new_autoencoder(
    config: AutoencoderTraining, shape: tuple[int, int, int], seed: int, device: torch.device
) -> Autoencoder:
    """An untrained one for images (C, H, W). Raises UserError if their size does not suit it."""
    channels, height, width = shape
    if height != width:
        raise UserError(f"generative.autoencoder: wants square images, and these have {height} x {width} px")
    with seeded(device, seed, "initial weights"):
        autoencoder = Autoencoder(
            channels,
            height,
            config.latent_dimension,
            config.encoder_widths,
            config.decoder_widths,
            config.dense_width,
            config.dense_layers,
            config.output,
        )
    return autoencoder.to(device).to(memory_format=torch.channels_last)


@torch.inference_mode()
def judge(autoencoder: Autoencoder, images: ImageSet, mean: Tensor) -> dict[str, float]:
    """Mean squared error of reconstructions and of the mean image (C, H, W), over a split."""
    autoencoder.eval()
    device = autoencoder.low.device
    sums = torch.zeros(2, dtype=torch.float64)
    for start in range(0, len(images), BLOCK):
        x = images.at(np.arange(start, min(start + BLOCK, len(images)))).tensors()[0]
        made = autoencoder.decode(autoencoder.encode(x.to(device))).cpu()
        sums += torch.stack([(made - x).square().sum(), (mean - x).square().sum()]).double()
    error, baseline = (sums / (len(images) * mean.numel())).tolist()
    return {"error": error, "mean_image_error": baseline}


def latent_box(autoencoder: Autoencoder, images: ImageSet) -> tuple[Tensor, Tensor]:
    """Smallest and largest code (d,) of the images, number by number."""
    codes = codes_of(autoencoder, images)
    return codes.amin(0).clone(), codes.amax(0).clone()


def mean_image(images: Images) -> Tensor:
    """(C, H, W) in [0, 1]; from exact sums, so that no second copy of the images is made."""
    sums = torch.from_numpy(images.pixels).sum(0, dtype=torch.int64)
    return (sums.double() / len(images) / 255).float()
