"""What the codes of test images are like: activations, correlations, and the evidence of a variational network."""

from typing import Any

import torch
from torch import Tensor

from invariscope.data.table import Images
from invariscope.generative.codes import BLOCK
from invariscope.generative.measures import bootstrap_row, mean_row, plain_row
from invariscope.generative.networks import Coder
from invariscope.generative.sparse import TwoLayer
from invariscope.generative.variational import Variational, log_likelihood, prior_divergence
from invariscope.runtime import torch_generator

ENCODED = "encoded"
ALIVE = 1e-4  # standard deviation of a code over images, under which it is taken as constant
INFORMATIVE = 0.01  # nats of divergence that a variational latent must have to tell anything (Burda et al. 2016)
UNITS = {"mean": "activation, over test images", "deviation": "likewise", "divergence": "nats, of the prior"}
CORRELATION_UNITS = {"correlation": "Pearson's r over test images; null if one is constant"}
Row = dict[str, Any]


@torch.inference_mode()
def measure_codes(kind: str, network: Coder, test: Images, codes: Tensor, resamples: int, seed: int) -> list[Row]:
    """Rows (kind, codes, judge, metric, value, ci_low, ci_high, n) of test images' codes (N, d) and reconstructions."""
    x = test.tensors()[0]
    made = torch.cat([network.decode(part).cpu() for part in codes.split(BLOCK)])
    codes = codes.cpu().double()
    rows = [
        mean_row("error", (made - x).square().mean((1, 2, 3)).numpy()),
        bootstrap_row("code_correlation", codes, mean_correlation, resamples, seed),
        bootstrap_row("code_cosine", codes, mean_cosine, resamples, seed),
        plain_row("constant_units", int((codes.std(0) < ALIVE).sum()), len(codes)),
    ]
    if isinstance(network, TwoLayer):
        sparsity = network.sparsity
        rows.append(
            bootstrap_row("sparsity_error", codes, lambda part: sparsity_error(part, sparsity), resamples, seed)
        )
    if isinstance(network, Variational):
        rows += measure_evidence(network, x, seed)
    return [{"kind": kind, "codes": ENCODED, "judge": None} | row for row in rows]


def sparsity_error(activations: Tensor, sparsity: float) -> float:
    """Mean over units of |ρ̂ - ρ|, of activations (N, units)."""
    return (activations.mean(0) - sparsity).abs().mean().item()


def measure_evidence(network: Variational, x: Tensor, seed: int) -> list[Row]:
    """The evidence lower bound of images (N, C, H, W), its two terms with a code an image, and what tells anything."""
    means, log_variances = posterior_of(network, x)
    noise = torch.randn(means.shape, generator=torch_generator(seed, "evidence")).to(means)
    codes = means + noise * (log_variances / 2).exp()
    made = torch.cat([network.decode(part).cpu() for part in codes.split(BLOCK)])
    scale = (made - x).square().mean().sqrt()
    likelihood = log_likelihood(made, x, scale).double()
    divergence = prior_divergence(means, log_variances).double().cpu()  # (N, d)
    return [
        mean_row("evidence", (likelihood - divergence.sum(1)).numpy()),
        mean_row("log_likelihood", likelihood.numpy()),
        mean_row("divergence", divergence.sum(1).numpy()),
        plain_row("pixel_deviation", scale.item(), len(x)),
        plain_row("informative_latents", int((divergence.mean(0) > INFORMATIVE).sum()), len(x)),
    ]


def posterior_of(network: Variational, x: Tensor) -> tuple[Tensor, Tensor]:
    """Means and logarithms of variances (N, d) of images (N, C, H, W), block by block."""
    parts = [network.posterior(part.to(network.low.device)) for part in x.split(BLOCK)]
    return torch.cat([mean for mean, _ in parts]), torch.cat([log_variance for _, log_variance in parts])


@torch.inference_mode()
def unit_rows(kind: str, network: Coder, test: Images, codes: Tensor) -> list[Row]:
    """A row a unit of test images' codes (N, d): mean and deviation; a variational latent's divergence."""
    codes = codes.cpu().double()
    divergence: list[float | None] = [None] * codes.shape[1]
    if isinstance(network, Variational):
        divergence = list(prior_divergence(*posterior_of(network, test.tensors()[0])).mean(0).tolist())
    columns = zip(codes.mean(0).tolist(), codes.std(0).tolist(), divergence, strict=True)
    return [
        {"kind": kind, "unit": unit, "mean": mean, "deviation": deviation, "divergence": nats}
        for unit, (mean, deviation, nats) in enumerate(columns)
    ]


def correlation_rows(kind: str, codes: Tensor) -> list[Row]:
    """A row a pair of units of codes (N, d), both ways and with themselves."""
    found = correlation(codes.cpu().double())
    return [
        {"kind": kind, "unit": unit, "other": other, "correlation": None if value != value else value}
        for unit, line in enumerate(found.tolist())
        for other, value in enumerate(line)
    ]


def correlation(codes: Tensor) -> Tensor:
    """Pearson's r (d, d) of codes (N, d); NaN where one is constant."""
    centred = codes - codes.mean(0)
    scale = centred.square().sum(0).sqrt()
    found = (centred.t() @ centred) / (scale[:, None] * scale)
    constant = codes.std(0) < ALIVE
    found[constant] = float("nan")
    found[:, constant] = float("nan")
    return found


def mean_correlation(codes: Tensor) -> float:
    """Mean |r| over pairs of different units that are not constant; NaN if there is no pair."""
    found = correlation(codes).abs()
    return found[~torch.eye(len(found), dtype=torch.bool)].nanmean().item()


def mean_cosine(codes: Tensor) -> float:
    """Mean |cosine| over pairs of different units, of activations as they are: 0 if no two are ever active together.

    That is the text's orthogonality of code vectors; `mean_correlation` takes the means off first.
    """
    directions = codes / codes.norm(dim=0).clamp(min=1e-12)
    found = (directions.t() @ directions).abs()
    return found[~torch.eye(len(found), dtype=torch.bool)].mean().item()
