"""Training of a filter-GAN (Algorithm 1 of the paper) on the activations of one layer of a frozen classifier.

Our choices, where the paper is silent. Lines 7 and 9 are one step of one optimiser: the layers that Q shares with D
belong to both, so they descend the sum of both losses, λ‖z − Q‖² on the same detached activations as log(1 − D). The
generator (line 8) follows, on the same images and codes, against the discriminator so updated. RMSprop for both.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from invariscope.checkpoint import Checkpoint
from invariscope.classifiers.surgery import convolve_banks, layer_input
from invariscope.data.table import Images
from invariscope.errors import UserError
from invariscope.filter_gan.config import FilterGanConfig
from invariscope.filter_gan.evaluation import Layer, bank_accuracy, cache_below, open_layer
from invariscope.filter_gan.losses import code_loss, discriminator_loss, generator_loss
from invariscope.filter_gan.networks import Discriminator, Generator
from invariscope.filter_gan.spread import SAMPLES, weight_spread
from invariscope.progress import track
from invariscope.runtime import seeded, torch_generator

STATISTICS_IMAGES = 256  # from which the discriminator's standardisation comes
UNITS = {
    "iteration": "iterations",
    "discriminator_loss": "nats; mean since the row before",
    "generator_loss": "nats, without the code's part; mean since the row before",
    "code_error": "mean squared error of a latent dimension, of variance 1; mean since the row before",
    "single_bank_accuracy": "fraction",
    "real_accuracy": "fraction",
    "weight_spread": "standard deviations of the real weights",
}


def train(
    classifier: nn.Module,
    path: str,
    config: FilterGanConfig,
    images: Images,
    held_out: Images,
    seed: int,
    checkpoint: Checkpoint | None = None,
    label: str = "filter-GAN",
) -> tuple[Generator, list[dict[str, float]]]:
    """Learn the filters at `path` of classifier.network (frozen, in eval mode) on `images`.

    Gives the generator, and a row of history every `log_every` iterations, judged on `held_out`.
    """
    run = Run(classifier, path, config, images, held_out, seed)
    state = checkpoint.load() if checkpoint else None
    if state:
        run.restore(state)
    for iteration in track(range(run.iteration, config.iterations), label, config.iterations, done=run.iteration):
        run.advance(iteration)
        if (iteration + 1) % config.log_every == 0 or iteration + 1 == config.iterations:
            run.log()
        if checkpoint and checkpoint.due():
            checkpoint.save(run.state())
    return run.generator.eval().requires_grad_(False), run.history


class Run:
    """A training under way: everything that one iteration hands to the next."""

    def __init__(
        self, classifier: nn.Module, path: str, config: FilterGanConfig, images: Images, held_out: Images, seed: int
    ) -> None:
        device = next(classifier.parameters()).device
        self.config, self.seed, self.device = config, seed, device
        self.pixels = torch.from_numpy(images.pixels).to(device)  # (N, C, H, W) uint8
        self.layer = open_layer(classifier, path, images, device)
        real = self.seen(self.layer.convolution(self.inputs(torch.arange(min(STATISTICS_IMAGES, len(images))))))
        weight = self.layer.convolution.weight
        with seeded(device, seed, "initial weights"):
            self.generator = Generator(
                config.latent_dimension,
                config.generator_width,
                weight.shape,
                float(weight.std()),
                config.initial_spread,
            )
            self.discriminator = Discriminator(
                real.cpu(), config.latent_dimension, config.discriminator_width, config.spectral_norm
            )
        self.generator.to(device)
        self.discriminator.to(device)
        rate = config.learning_rate
        self.generator_optimiser = torch.optim.RMSprop(self.generator.parameters(), lr=rate)
        self.discriminator_optimiser = torch.optim.RMSprop(self.discriminator.parameters(), lr=rate)
        self.monitor = Monitor(self.layer, held_out, config, seed, device)
        self.iteration = 0
        self.sums = torch.zeros(3, device=device)  # of the losses since the last row
        self.summed = 0
        self.history: list[dict[str, float]] = []

    def inputs(self, chosen: Tensor) -> Tensor:
        """What the layer is given for some images."""
        with torch.no_grad():
            x = self.pixels[chosen.to(self.device)].float().div_(255)
            return layer_input(self.layer.classifier, self.layer.convolution, x)

    def seen(self, convolved: Tensor) -> Tensor:
        """What the discriminator sees of a convolution's output."""
        return self.layer.split.represent(convolved) if self.config.sees == "representation" else convolved

    def advance(self, iteration: int) -> None:
        """One iteration of Algorithm 1."""
        random = torch_generator(self.seed, "batch", iteration)
        chosen = torch.randint(len(self.pixels), (self.config.batch_size,), generator=random)
        z = torch.randn(self.config.batch_size, self.config.latent_dimension, generator=random).to(self.device)
        x = self.inputs(chosen)
        with torch.no_grad():
            real = self.seen(self.layer.convolution(x))
        fake = self.seen(convolve_banks(x, self.generator(z), self.layer.convolution))

        real_logit, _ = self.discriminator(real)
        fake_logit, guess = self.discriminator(fake.detach())
        adversarial = discriminator_loss(real_logit, fake_logit)
        _descend(self.discriminator_optimiser, adversarial + self.config.code_weight * code_loss(guess, z))

        self.discriminator.requires_grad_(False)
        fake_logit, guess = self.discriminator(fake)
        fooling, error = generator_loss(fake_logit, self.config.loss), code_loss(guess, z)
        _descend(self.generator_optimiser, fooling + self.config.code_weight * error)
        self.discriminator.requires_grad_(True)

        self.sums += torch.stack([adversarial, fooling, error / z.shape[1]]).detach()
        self.summed += 1
        self.iteration = iteration + 1

    def log(self) -> None:
        """Add a row to the history. Raises UserError if the training has diverged."""
        adversarial, fooling, error = (self.sums / self.summed).tolist()
        if not torch.isfinite(self.sums).all():
            raise UserError(
                f"params.yaml: filter_gan: learning_rate: {self.config.learning_rate} made the losses infinite by "
                f"iteration {self.iteration}; use a smaller one"
            )
        losses = {"discriminator_loss": adversarial, "generator_loss": fooling, "code_error": error}
        self.history.append({"iteration": self.iteration} | losses | self.monitor.judge(self.generator))
        self.sums.zero_()
        self.summed = 0

    def state(self) -> dict[str, Any]:
        return {
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "generator_optimiser": self.generator_optimiser.state_dict(),
            "discriminator_optimiser": self.discriminator_optimiser.state_dict(),
            "iteration": self.iteration,
            "sums": self.sums,
            "summed": self.summed,
            "history": self.history,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        for name in ("generator", "discriminator", "generator_optimiser", "discriminator_optimiser"):
            getattr(self, name).load_state_dict(state[name])
        self.iteration, self.summed = state["iteration"], state["summed"]
        self.sums = state["sums"].to(self.device)
        self.history = list(state["history"])


def _descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


class Monitor:
    """Judges a generator on the same codes and the same held-out images every time."""

    def __init__(
        self, layer: Layer, held_out: Images, config: FilterGanConfig, seed: int, device: torch.device
    ) -> None:
        self.layer = layer
        self.images = cache_below(layer, held_out, device)
        self.real_accuracy = bank_accuracy(layer, layer.split, layer.convolution.weight, self.images)
        self.banks = config.log_banks
        random = torch_generator(seed, "monitored codes")
        self.z = torch.randn(max(SAMPLES, self.banks), config.latent_dimension, generator=random).to(device)

    @torch.no_grad()
    def judge(self, generator: Generator) -> dict[str, float]:
        banks = generator(self.z)  # (S, C_out, C_in, k, k)
        layer = self.layer
        accuracies = [bank_accuracy(layer, layer.split, bank, self.images) for bank in banks[: self.banks]]
        return {
            "single_bank_accuracy": sum(accuracies) / len(accuracies),
            "real_accuracy": self.real_accuracy,
            "weight_spread": weight_spread(banks, layer.convolution.weight),
        }
