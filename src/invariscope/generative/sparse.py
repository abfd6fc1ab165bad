"""The text's sparse autoencoder: two layers of sigmoids, ½‖x̂ - x‖² + β Σ_j KL(ρ ‖ ρ̂_j) (paper 004, "AutoEncoders").

ρ̂_j is the mean activation of unit j over the batch. Our choice where the text is silent: the biases of the output start
where they draw the mean image. From 0, which is grey, dark images make nearly every unit say 1 for good, and be taken
off.
"""

import torch
from torch import Generator, Tensor, nn

from invariscope.generative.networks import Coder, Terms

DARKEST = 0.01  # what a mean intensity is kept from 0 and 1 by, where a sigmoid has no slope


class TwoLayer(Coder):
    """Images (N, C, H, W) -> activations (N, units) in [0, 1] -> images."""

    def __init__(
        self,
        channels: int,
        size: int,
        units: int,
        sparsity: float,
        sparsity_weight: float,
        network: str = "two_layer",
    ) -> None:
        super().__init__(
            network, channels, size, units, units=units, sparsity=sparsity, sparsity_weight=sparsity_weight
        )
        self.sparsity, self.sparsity_weight = sparsity, sparsity_weight
        values = channels * size * size
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(values, units), nn.Sigmoid())
        self.decoder = nn.Sequential(nn.Linear(units, values), nn.Sigmoid(), nn.Unflatten(1, (channels, size, size)))

    def terms(self, x: Tensor, random: Generator) -> Terms:
        activations = self.encoder(x)  # (N, units)
        errors = (self.decoder(activations) - x).square()
        divergence = sparsity_divergence(activations, self.sparsity)
        total = errors.sum() / (2 * len(x)) + self.sparsity_weight * divergence
        return Terms(total, errors.mean(), divergence)

    @torch.no_grad()
    def start_at(self, mean: Tensor) -> None:
        output = next(module for module in self.decoder if isinstance(module, nn.Linear))
        output.bias.copy_(mean.flatten().clamp(DARKEST, 1 - DARKEST).logit())

    def basis(self) -> Tensor:
        """(units, C, H, W): what each unit adds to an image, before the last sigmoid."""
        weights = next(module for module in self.decoder if isinstance(module, nn.Linear)).weight
        return weights.t().unflatten(1, (self.channels, self.size, self.size))


def sparsity_divergence(activations: Tensor, sparsity: float) -> Tensor:
    """Σ_j KL(ρ ‖ ρ̂_j) in nats, of activations (N, units) in (0, 1) from the sparsity ρ."""
    mean = activations.mean(0).clamp(1e-6, 1 - 1e-6)
    active, silent = sparsity * (sparsity / mean).log(), (1 - sparsity) * ((1 - sparsity) / (1 - mean)).log()
    return (active + silent).sum()
