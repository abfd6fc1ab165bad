"""Training of autoencoders of every kind under a one-cycle schedule, resumed bit for bit.

Muon (Jordan et al. 2024) trains the matrices of the convolutional ones, kernels among them, AdamW the rest: half the
error of AdamW alone for the same processor time.
The mean of the training images stands beside it as a baseline: what an autoencoder explains is what it is better by.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from invariscope.batches import batch_of
from invariscope.checkpoint import Checkpoint, finish
from invariscope.data.table import Images, ImageSet
from invariscope.errors import UserError
from invariscope.generative.codes import BLOCK, codes_of
from invariscope.generative.config import AutoencoderTraining, SparseTraining, VariationalTraining
from invariscope.generative.networks import QUANTILES, Autoencoder, Coder, Terms
from invariscope.generative.sparse import TwoLayer
from invariscope.generative.variational import Variational
from invariscope.muon import Rated, flatten_kernels, muon_and_adam, restore_kernels, step_at
from invariscope.runtime import seeded, torch_generator
from invariscope.schedule import one_cycle

WARM_UP = 0.1  # of all iterations
UNITS = {
    "iteration": "batches",
    "images_seen": "training images, each as often as it was seen",
    "loss": "what is descended: squared intensity (autoencoder), half the same summed over values, and β times nats "
    "(sparse, dense), nats an image (variational)",
    "error": "squared intensity, of values in [0, 1]; mean over values",
    "divergence": "nats; sparse and dense: summed over units; variational: summed over the code",
    "mean_image_error": "likewise, of the mean training image in place of the reconstruction",
}
Row = dict[str, Any]
Training = AutoencoderTraining | SparseTraining


def train(
    config: Training,
    images: Images,
    monitored: Mapping[str, ImageSet],
    seed: int,
    device: torch.device,
    checkpoint: Checkpoint | None = None,
    label: str = "autoencoder",
) -> tuple[Coder, list[Row]]:
    """An autoencoder of `images`, and rows of its error on a batch and on each monitored split, as training goes on.

    What kind it is, the kind of `config` says.
    """
    run = Run(config, images, monitored, seed, device)
    finish(run, checkpoint, label)
    autoencoder = run.autoencoder.eval().requires_grad_(False)
    restore_kernels(autoencoder)
    autoencoder.quantiles = code_quantiles(autoencoder, images)
    return autoencoder, run.history


class Run:
    """A training under way: everything that one iteration hands to the next."""

    def __init__(
        self,
        config: Training,
        images: Images,
        monitored: Mapping[str, ImageSet],
        seed: int,
        device: torch.device,
    ) -> None:
        self.config, self.seed, self.device, self.monitored = config, seed, device, monitored
        self.pixels = torch.from_numpy(images.pixels)  # (N, C, H, W) uint8
        self.mean = mean_image(images)  # (C, H, W)
        self.autoencoder = new_autoencoder(config, images.shape, seed, device)
        self.autoencoder.start_at(self.mean.to(device))
        flatten_kernels(self.autoencoder)
        self.optimisers = optimisers_of(self.autoencoder, config)
        self.iterations = max(1, config.images // config.batch_size)
        self.iteration = 0
        self.history: list[Row] = []

    def advance(self, iteration: int) -> None:
        """One step of the optimiser. Raises UserError if the error has become infinite."""
        x = batch_of(self.pixels, iteration, self.config.batch_size, self.seed, self.device)
        self.autoencoder.train()
        terms = self.autoencoder.terms(x, torch_generator(self.seed, "codes", iteration))
        self.autoencoder.zero_grad()
        terms.total.backward()
        step_at(self.optimisers, one_cycle(iteration, self.iterations, WARM_UP))
        self.iteration = iteration + 1
        if self.iteration % self.config.log_every == 0 or self.iteration == self.iterations:
            self.log(terms)

    def log(self, terms: Terms) -> None:
        """Rows of the history. Raises UserError if the training has diverged."""
        loss, error = terms.total.item(), terms.error.item()
        if not np.isfinite(loss):
            raise UserError(
                f"params.yaml: generative: learning_rate: {self.config.learning_rate} made the loss infinite by batch "
                f"{self.iteration}; use a smaller one"
            )
        divergence = None if terms.divergence is None else terms.divergence.item()
        seen = {"iteration": self.iteration, "images_seen": self.iteration * self.config.batch_size}
        batch = {"split": "train", "loss": loss, "divergence": divergence, "error": error, "mean_image_error": None}
        self.history.append(seen | batch)
        for split, images in self.monitored.items():
            row = {"split": split, "loss": None, "divergence": None}
            self.history.append(seen | row | judge(self.autoencoder, images, self.mean))

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


def optimisers_of(autoencoder: Coder, config: Training) -> Rated:
    """Muon for what the network says are matrices and AdamW for all else, each with the peak of its learning rate."""
    matrices = autoencoder.matrices()
    chosen = {id(weight) for weight in matrices}
    others = [weight for weight in autoencoder.parameters() if id(weight) not in chosen]
    matrix_rate = 0.0 if isinstance(config, SparseTraining) else config.matrix_learning_rate
    return muon_and_adam(matrices, others, matrix_rate, config.learning_rate, config.weight_decay)


def new_autoencoder(config: Training, shape: tuple[int, int, int], seed: int, device: torch.device) -> Coder:
    """An untrained one for images (C, H, W). Raises UserError if their size does not suit it."""
    channels, height, width = shape
    if height != width:
        raise UserError(f"generative: wants square images, and these have {height} x {width} px")
    with seeded(device, seed, "initial weights"):
        autoencoder = _network(config, channels, height)
    return autoencoder.to(device).to(memory_format=torch.channels_last)


def _network(config: Training, channels: int, size: int) -> Coder:
    if isinstance(config, SparseTraining):
        return TwoLayer(channels, size, config.units, config.sparsity, config.sparsity_weight)
    settings: dict[str, Any] = {
        "channels": channels,
        "size": size,
        "latent_dimension": config.latent_dimension,
        "encoder_widths": config.encoder_widths,
        "decoder_widths": config.decoder_widths,
        "dense_width": config.dense_width,
        "dense_layers": config.dense_layers,
        "output": config.output,
    }
    if isinstance(config, VariationalTraining):
        return Variational(config.divergence_weight, **settings)
    return Autoencoder(**settings)


@torch.inference_mode()
def judge(autoencoder: Coder, images: ImageSet, mean: Tensor) -> dict[str, float]:
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


def code_quantiles(autoencoder: Coder, images: ImageSet) -> Tensor:
    """(QUANTILES, d) quantiles of the codes of the images, number by number, from the smallest to the largest."""
    codes = codes_of(autoencoder, images).sort(0).values
    places = torch.linspace(0, len(codes) - 1, QUANTILES, dtype=torch.float64).round().long()
    return codes[places.to(codes.device)].clone()


def mean_image(images: Images) -> Tensor:
    """(C, H, W) in [0, 1]; from exact sums, so that no second copy of the images is made."""
    sums = torch.from_numpy(images.pixels).sum(0, dtype=torch.int64)
    return (sums.double() / len(images) / 255).float()
