"""The variational autoencoder (paper 004, "Variational Autoencoders"; Kingma and Welling 2014): a code is a normal
distribution of independent numbers, which the divergence holds near the standard one.

Our choice where the text is silent: pixels are normal around the decoded image with one standard deviation, the root of
the mean squared error, which needs no weight between the two terms (Rybkin et al. 2021). Means pass a batch norm, whose
scale the divergence moves at once: without it codes stay spread beyond the prior for long, and samples of it are poor.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from invariscope.generative.networks import Autoencoder, Terms


class Variational(Autoencoder):
    """Images (N, C, H, W) to normal distributions over codes (N, d), and codes to images."""

    encoder_outputs = 2  # mean and logarithm of the variance

    def __init__(self, divergence_weight: float = 1.0, **settings: Any) -> None:
        super().__init__(**{**settings, "network": "variational"})
        self.description["divergence_weight"] = self.divergence_weight = divergence_weight
        self.norm = nn.BatchNorm1d(self.latent_dimension)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Means and logarithms of variances (N, d) of the codes of images (N, C, H, W)."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        return self.norm(mean), log_variance

    def encode(self, x: Tensor) -> Tensor:
        """The mean codes (N, d)."""
        return self.posterior(x)[0]

    def terms(self, x: Tensor, random: Generator) -> Terms:
        """With a weight of 1 the negative evidence lower bound, nats an image; one code is drawn an image."""
        mean, log_variance = self.posterior(x)
        noise = torch.randn(mean.shape, generator=random).to(mean)
        made = self.decoder(mean + noise * (log_variance / 2).exp())
        error = F.mse_loss(made, x)
        divergence = prior_divergence(mean, log_variance).sum(1).mean()
        likelihood = log_likelihood(made, x, error.detach().sqrt()).mean()
        return Terms(self.divergence_weight * divergence - likelihood, error, divergence)

    def draw(self, count: int, random: Generator) -> Tensor:
        """Codes (count, d) from the prior."""
        return torch.randn(count, self.latent_dimension, generator=random).to(self.quantiles)


def prior_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """(N, d) nats: KL of a normal distribution from the standard one, number by number."""
    return (mean.square() + log_variance.exp() - log_variance - 1) / 2


def log_likelihood(made: Tensor, x: Tensor, scale: Tensor) -> Tensor:
    """(N,) nats: log density of images (N, C, H, W), each value normal around `made` with deviation `scale`."""
    squares = ((x - made) / scale).square().flatten(1).sum(1)
    return -squares / 2 - x[0].numel() * (scale.log() + math.log(2 * math.pi) / 2)
