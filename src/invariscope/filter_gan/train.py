"""Training of a filter-GAN (Algorithm 1 of the paper) on the activations of one layer of a frozen classifier.

Our choices, where the paper is silent. Lines 7 and 9 are one step of one optimiser: the layers that Q shares with D
belong to both, so they descend the sum of both losses, λ‖z − Q‖² on the same detached activations as log(1 − D). The
generator (line 8) follows, on the same images and codes, against the discriminator so updated. RMSprop for both.

Nothing in Algorithm 1 says that answers are kept, or how far codes must differ: on easy layers it keeps both for a
while, on others accuracy stays low, or banks become more alike as they become better. Our recipe (preset `held_spread`)
adds two terms to line 8. The answers of the frozen classifier to generated filters stay what they are to its own (their
divergence is descended), and the activations of an image under two codes stay apart (what their spread lacks of a
target is descended, as in mode-seeking GANs, Mao et al. 2019): so there are two codes for every image of a batch. The
learning rate falls to 0 towards the end, because a generator that is still moving is judged by its last step.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from invariscope.checkpoint import Checkpoint, finish
from invariscope.classifiers.surgery import convolve_all, convolve_banks
from invariscope.data.table import Images
from invariscope.errors import UserError
from invariscope.filter_gan.config import FilterGanConfig
from invariscope.filter_gan.evaluation import Layer, bank_accuracy, cache_below, open_layer
from invariscope.filter_gan.losses import answer_loss, code_loss, discriminator_loss, generator_loss, spread_loss
from invariscope.filter_gan.networks import Discriminator, Generator
from invariscope.filter_gan.spread import SAMPLES, activation_spread, channel_variance, weight_spread
from invariscope.runtime import seeded, torch_generator
from invariscope.schedule import falling

STATISTICS_IMAGES = 256  # from which the discriminator's standardisation comes
SPREAD_IMAGES, SPREAD_BANKS = 64, 16  # from which the monitored spread of activations comes
UNITS = {
    "iteration": "iterations",
    "discriminator_loss": "nats; mean since the row before",
    "generator_loss": "nats, without the code's part; mean since the row before",
    "code_error": "mean squared error of a latent dimension, of variance 1; mean since the row before",
    "answer_divergence": "nats; mean since the row before",
    "single_bank_accuracy": "fraction",
    "real_accuracy": "fraction",
    "weight_spread": "standard deviations of the real weights",
    "activation_spread": "standard deviations of the real activations",
}
LOSSES = ("discriminator_loss", "generator_loss", "code_error", "answer_divergence")
JUDGED = ("single_bank_accuracy", "real_accuracy", "weight_spread", "activation_spread")
COLUMNS = ("iteration", *LOSSES, *JUDGED)  # of the history


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
    finish(run, checkpoint, label)
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
        convolved = self.layer.convolution(self.below(torch.arange(min(STATISTICS_IMAGES, len(images))))[0])
        self.variance = channel_variance(convolved)
        if not self.variance > 0:
            raise UserError(f"layer {path!r}: gives every image the same activations; name another layer")
        self.generator, self.discriminator = new_networks(self.layer, self.seen(convolved), config, seed)
        rate = config.learning_rate
        self.generator_optimiser = torch.optim.RMSprop(self.generator.parameters(), lr=rate)
        self.discriminator_optimiser = torch.optim.RMSprop(self.discriminator.parameters(), lr=rate)
        self.monitor = Monitor(self.layer, held_out, config, self.variance, seed)
        self.iteration, self.iterations = 0, config.iterations
        self.sums = torch.zeros(len(LOSSES), device=device)  # of the losses since the last row
        self.summed = 0
        self.history: list[dict[str, float]] = []

    @torch.no_grad()
    def below(self, chosen: Tensor) -> tuple[Tensor, ...]:
        """What the layer is given for some images, and what passes it by."""
        return self.layer.split.below(self.pixels[chosen.to(self.device)].float().div_(255))

    def seen(self, convolved: Tensor) -> Tensor:
        """What the discriminator sees of a convolution's output."""
        return self.layer.split.represent(convolved) if self.config.sees == "representation" else convolved

    def advance(self, iteration: int) -> None:
        """One iteration of Algorithm 1."""
        config = self.config
        chosen, z = draw_batch(config, len(self.pixels), self.seed, iteration)
        z = z.to(self.device)
        codes = torch.arange(len(z), device=self.device) % len(chosen)  # the image that each code is for
        self.set_rate(config.learning_rate * falling(iteration, config.iterations, config.decay))
        below = self.below(chosen)
        with torch.no_grad():
            real = self.layer.convolution(below[0])
        fake = convolve_banks(below[0][codes], self.generator(z), self.layer.convolution)
        seen = self.seen(fake)

        real_logit, _ = self.discriminator(self.seen(real))
        fake_logit, guess = self.discriminator(seen.detach())
        adversarial = discriminator_loss(real_logit, fake_logit)
        _descend(self.discriminator_optimiser, adversarial + config.code_weight * code_loss(guess, z))

        self.discriminator.requires_grad_(False)
        fake_logit, guess = self.discriminator(seen)
        fooling, error = generator_loss(fake_logit, config.loss), code_loss(guess, z)
        answers, shortfall = self.held(real, fake, below, codes)
        held = config.answer_weight * answers + config.spread_weight * shortfall
        _descend(self.generator_optimiser, fooling + config.code_weight * error + held)
        self.discriminator.requires_grad_(True)

        self.sums += torch.stack([adversarial, fooling, error / z.shape[1], answers]).detach()
        self.summed += 1
        self.iteration = iteration + 1
        if self.iteration % config.log_every == 0 or self.iteration == self.iterations:
            self.log()

    def held(self, real: Tensor, fake: Tensor, below: tuple[Tensor, ...], codes: Tensor) -> tuple[Tensor, Tensor]:
        """The divergence of the classifier's answers, and what the activations' spread lacks of its target.

        `real` and `below` have a row an image, `fake` a row a code, which `codes` (N,) gives the image of.
        """
        answers = shortfall = torch.zeros((), device=self.device)
        if self.config.answer_weight:
            with torch.no_grad():
                expected = self.layer.split(real, *below)
            answers = answer_loss(expected[codes], self.layer.split(fake, *(value[codes] for value in below)))
        if self.config.spread_weight:
            pairs = len(fake) - len(real)  # images that have two codes
            both = torch.stack([fake[:pairs], fake[len(real) :]])  # (2, pairs, C, H, W)
            shortfall = spread_loss(activation_spread(both, self.variance), self.config.spread_target)
        return answers, shortfall

    def set_rate(self, rate: float) -> None:
        for optimiser in (self.generator_optimiser, self.discriminator_optimiser):
            for group in optimiser.param_groups:
                group["lr"] = rate

    def log(self) -> None:
        """Add a row to the history. Raises UserError if the training has diverged."""
        if not torch.isfinite(self.sums).all():
            raise UserError(
                f"params.yaml: filter_gan: learning_rate: {self.config.learning_rate} made the losses infinite by "
                f"iteration {self.iteration}; use a smaller one"
            )
        losses = dict(zip(LOSSES, (self.sums / self.summed).tolist(), strict=True))
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


def new_networks(layer: Layer, seen: Tensor, config: FilterGanConfig, seed: int) -> tuple[Generator, Discriminator]:
    """Untrained networks for a layer, of which the discriminator will see activations like `seen`."""
    weight = layer.convolution.weight
    with seeded(weight.device, seed, "initial weights"):
        generator = Generator(
            config.latent_dimension, config.generator_width, weight.shape, float(weight.std()), config.initial_spread
        )
        discriminator = Discriminator(
            seen.cpu(), config.latent_dimension, config.discriminator_width, config.spectral_norm
        )
    return generator.to(weight.device), discriminator.to(weight.device)


def draw_batch(config: FilterGanConfig, images: int, seed: int, iteration: int) -> tuple[Tensor, Tensor]:
    """Numbers of images and codes (batch_size, d). With a spread to hold there are half as many images as codes: code i
    is for image i, and for image i - n once these are through (an odd batch leaves one image with a single code).

    Raises UserError if no image can have two codes.
    """
    random = torch_generator(seed, "batch", iteration)
    size = config.batch_size
    if config.spread_weight and size < 2:
        raise UserError(
            "params.yaml: filter_gan: batch_size: 1 leaves no pair of codes; use 2 or more, or no spread_weight"
        )
    different = -(-size // 2) if config.spread_weight else size
    chosen = torch.randint(images, (different,), generator=random)
    return chosen, torch.randn(size, config.latent_dimension, generator=random)


def _descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


class Monitor:
    """Judges a generator on the same codes and the same held-out images every time."""

    def __init__(self, layer: Layer, held_out: Images, config: FilterGanConfig, variance: Tensor, seed: int) -> None:
        self.layer, self.variance = layer, variance
        device = variance.device
        self.images = cache_below(layer, held_out, device)
        self.real_accuracy = bank_accuracy(layer, layer.split, layer.convolution.weight, self.images)
        self.banks = config.log_banks
        random = torch_generator(seed, "monitored codes")
        self.z = torch.randn(max(SAMPLES, self.banks), config.latent_dimension, generator=random).to(device)

    @torch.no_grad()
    def judge(self, generator: Callable[[Tensor], Tensor]) -> dict[str, float]:
        banks = generator(self.z)  # (S, C_out, C_in, k, k)
        layer = self.layer
        accuracies = [bank_accuracy(layer, layer.split, bank, self.images) for bank in banks[: self.banks]]
        return {
            "single_bank_accuracy": sum(accuracies) / len(accuracies),
            "real_accuracy": self.real_accuracy,
            "weight_spread": weight_spread(banks, layer.convolution.weight),
            "activation_spread": self.activation_spread(banks[:SPREAD_BANKS]),
        }

    @torch.no_grad()
    def activation_spread(self, banks: Tensor) -> float:
        below = self.images.below[0][:SPREAD_IMAGES]
        activations = convolve_all(below, banks, self.layer.convolution)  # (N, S, C, H, W)
        return float(activation_spread(activations.transpose(0, 1), self.variance))
