"""Training of the DCGAN by the text's schedule: the discriminator alone, the generator alone against it as it then is,
then both in turn; resumed bit for bit.

Alone, the discriminator sees real images and the untrained generator's: with real ones only it would learn to say yes
to everything. What is kept is the mean of the generators of late iterations (our choice), with the statistics of its
batch norm taken anew.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from invariscope.batches import batch_of
from invariscope.checkpoint import Checkpoint, finish
from invariscope.classifiers.model_file import Classifier
from invariscope.data.table import Images, ImageSet
from invariscope.errors import UserError
from invariscope.generative.config import DcganTraining
from invariscope.generative.dcgan import Generator, discriminator
from invariscope.generative.frechet import frechet_distance, look_at, moments
from invariscope.generative.sheets import drawn_images
from invariscope.runtime import seeded, torch_generator
from invariscope.schedule import falling

DISCRIMINATOR, GENERATOR, BOTH = "discriminator", "generator", "both"  # who learns in a phase
BETAS = (0.5, 0.999)  # of Adam, as Radford et al.
STATISTICS = 20  # batches that the batch norm of the mean generator is measured on
UNITS = {
    "iteration": "batches",
    "discriminator_loss": "nats; of the batch, mean over real and generated images; ln 2 = cannot tell",
    "generator_loss": "nats",
    "real": "probability that the discriminator gives real images, mean over the batch",
    "generated": "probability that the discriminator gives generated images, mean over the batch",
    "frechet_distance": "squared features of the first judge, of samples of the mean generator from test images",
    "classes": "fraction of the classes that the first judge finds among these samples",
}
Row = dict[str, Any]


def train(
    config: DcganTraining,
    images: Images,
    monitored: ImageSet,
    judge: Classifier,
    seed: int,
    device: torch.device,
    checkpoint: Checkpoint | None = None,
    label: str = "DCGAN",
) -> tuple[Generator, list[Row]]:
    """A generator of images like `images`, and rows of how it gets on, the first before any training."""
    run = Run(config, images, monitored, judge, seed, device)
    finish(run, checkpoint, label)
    return run.mean_generator(), run.history


class Run:
    """A training under way: everything that one iteration hands to the next."""

    def __init__(
        self,
        config: DcganTraining,
        images: Images,
        monitored: ImageSet,
        judge: Classifier,
        seed: int,
        device: torch.device,
    ) -> None:
        channels, height, width = images.shape
        if height != width:
            raise UserError(f"generative.dcgan: wants square images, and these have {height} x {width} px")
        self.config, self.seed, self.device, self.judge = config, seed, device, judge
        self.pixels = torch.from_numpy(images.pixels)  # (N, C, H, W) uint8
        with seeded(device, seed, "initial weights"):
            self.generator = Generator(channels, height, config.latent_dimension, config.widths)
            self.discriminator = discriminator(channels, height, config.widths)
        for network in (self.generator, self.discriminator):
            network.to(device).to(memory_format=torch.channels_last)
        self.mean = copy.deepcopy(self.generator).requires_grad_(False)
        self.optimisers = {
            GENERATOR: torch.optim.Adam(self.generator.parameters(), config.learning_rate, BETAS),
            DISCRIMINATOR: torch.optim.Adam(self.discriminator.parameters(), config.discriminator_learning_rate, BETAS),
        }
        self.rates = {GENERATOR: config.learning_rate, DISCRIMINATOR: config.discriminator_learning_rate}
        real = monitored.at(np.arange(min(len(monitored), config.log_images)))
        self.real = moments(look_at(judge, real.pixels).features)
        self.iterations = config.phases.discriminator + config.phases.generator + config.phases.both
        self.iteration = 0
        self.history: list[Row] = []

    def phase(self, iteration: int) -> str:
        """Who learns in an iteration."""
        alone = self.config.phases.discriminator
        if iteration < alone:
            return DISCRIMINATOR
        return GENERATOR if iteration < alone + self.config.phases.generator else BOTH

    def advance(self, iteration: int) -> None:
        if iteration == 0:
            self.log({})
        phase = self.phase(iteration)
        row: Row = {}
        share = falling(iteration, self.iterations, self.config.decay)
        for name, optimiser in self.optimisers.items():
            optimiser.param_groups[0]["lr"] = share * self.rates[name]
        if phase in (DISCRIMINATOR, BOTH):
            row |= self.train_discriminator(iteration)
        if phase in (GENERATOR, BOTH):
            for step in range(self.config.generator_steps):
                row |= self.train_generator(iteration, step)
                self.follow()
        self.iteration = iteration + 1
        if self.iteration % self.config.log_every == 0 or self.phase(self.iteration) != phase or self.finished:
            self.log(row)

    @property
    def finished(self) -> bool:
        return self.iteration == self.iterations

    def latents(self, name: str, *numbers: int) -> Tensor:
        return self.generator.draw(self.config.batch_size, torch_generator(self.seed, name, *numbers))

    def train_discriminator(self, iteration: int) -> Row:
        """One step up the gradient of E log D(x) + E log(1 - D(G(z)))."""
        x = batch_of(self.pixels, iteration, self.config.batch_size, self.seed, self.device)
        with torch.no_grad():
            made = self.generator.train().decode(self.latents("to tell", iteration))
        real, generated = self.discriminator.train()(x), self.discriminator(made)  # each with its own statistics
        loss = (F.softplus(-real).mean() + F.softplus(generated).mean()) / 2
        self.discriminator.zero_grad()
        loss.backward()
        self.optimisers[DISCRIMINATOR].step()
        shares = {"real": real.sigmoid().mean().item(), "generated": generated.sigmoid().mean().item()}
        return {"discriminator_loss": loss.item()} | shares

    def train_generator(self, iteration: int, step: int) -> Row:
        """One step down the gradient of E log(1 - D(G(z))), or of -E log D(G(z)), which does not vanish."""
        made = self.generator.train().decode(self.latents("to fool", iteration, step))
        answers = self.discriminator.train()(made)
        saturating = self.config.loss == "saturating"
        loss = -F.softplus(answers).mean() if saturating else F.softplus(-answers).mean()
        self.generator.zero_grad()
        loss.backward()
        self.optimisers[GENERATOR].step()
        return {"generator_loss": loss.item(), "generated": answers.sigmoid().mean().item()}

    @torch.no_grad()
    def follow(self) -> None:
        """Move the mean generator a little towards the one that learns."""
        for kept, now in zip(self.mean.parameters(), self.generator.parameters(), strict=True):
            kept.lerp_(now, 1 - self.config.averaging)

    @torch.no_grad()
    def mean_generator(self) -> Generator:
        """A copy of the mean generator, in eval mode, its batch norm measured on codes of its own."""
        found = copy.deepcopy(self.mean)
        norms = [module for module in found.modules() if isinstance(module, nn.BatchNorm2d)]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the plain mean over batches
        found.train()
        for number in range(STATISTICS):
            found.decode(self.latents("statistics", number))
        for norm, kept in zip(norms, (m for m in self.mean.modules() if isinstance(m, nn.BatchNorm2d)), strict=True):
            norm.momentum = kept.momentum
        return found.eval()

    def log(self, row: Mapping[str, Any]) -> None:
        """A row of the history. Raises UserError if the training has diverged."""
        if not all(np.isfinite(value) for value in row.values()):
            raise UserError(
                f"params.yaml: generative.dcgan: learning_rate: {self.config.learning_rate} made a loss infinite by "
                f"batch {self.iteration}; use a smaller one"
            )
        made = drawn_images(self.mean_generator(), self.config.log_images, torch_generator(self.seed, "log"))
        seen = look_at(self.judge, made)
        names = ("discriminator_loss", "generator_loss", "real", "generated")
        self.history.append(
            {"iteration": self.iteration, "phase": self.phase(max(0, self.iteration - 1))}
            | {name: row.get(name) for name in names}
            | {"frechet_distance": frechet_distance(self.real, moments(seen.features))}
            | {"classes": len(seen.logits.argmax(1).unique()) / seen.logits.shape[1]}
        )

    def state(self) -> dict[str, Any]:
        return {
            "networks": [network.state_dict() for network in (self.generator, self.discriminator, self.mean)],
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers.values()],
            "iteration": self.iteration,
            "history": self.history,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        for network, saved in zip((self.generator, self.discriminator, self.mean), state["networks"], strict=True):
            network.load_state_dict(saved)
        for optimiser, saved in zip(self.optimisers.values(), state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.iteration = state["iteration"]
        self.history = list(state["history"])


def summarise(generator: Generator, history: Sequence[Row]) -> dict[str, Any]:
    """The figures of metrics.json: the Fréchet distance before and after, and their ratio."""
    first, last = history[0], history[-1]
    return {
        "frechet_distance_before": first["frechet_distance"],
        "frechet_distance_after": last["frechet_distance"],
        "fall": first["frechet_distance"] / last["frechet_distance"] if last["frechet_distance"] else None,
        "classes": last["classes"],
        "parameters": sum(parameter.numel() for parameter in generator.parameters()),
    }
