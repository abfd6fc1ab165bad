"""The variational autoencoder: both terms of its bound against torch.distributions, and that it learns the prior."""

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from invariscope.data.table import Images
from invariscope.generative.code_statistics import measure_codes
from invariscope.generative.codes import codes_of
from invariscope.generative.config import VariationalTraining
from invariscope.generative.train import new_autoencoder, train
from invariscope.generative.variational import Variational, log_likelihood, prior_divergence

CPU = torch.device("cpu")
CONFIG = VariationalTraining(
    latent_dimension=3,
    encoder_widths=(4, 8),
    decoder_widths=(8, 4),
    dense_width=32,
    dense_layers=1,
    images=12000,
    batch_size=40,
    learning_rate=1e-2,
    log_every=75,
)


def test_the_divergence_from_the_prior() -> None:
    mean, log_variance = torch.randn(2, 6, 4, dtype=torch.float64).unbind(0)
    posterior = Normal(mean, (log_variance / 2).exp())
    expected = kl_divergence(posterior, Normal(torch.zeros_like(mean), torch.ones_like(mean)))
    torch.testing.assert_close(prior_divergence(mean, log_variance), expected)
    assert prior_divergence(torch.zeros(1), torch.zeros(1)).item() == 0


def test_the_likelihood_of_pixels() -> None:
    made, x = torch.rand(2, 5, 3, 4, 4, dtype=torch.float64).unbind(0)
    scale = torch.tensor(0.13, dtype=torch.float64)
    expected = Independent(Normal(made, scale), 3).log_prob(x)
    torch.testing.assert_close(log_likelihood(made, x, scale), expected)


def test_the_bound_is_likelihood_less_divergence_at_a_drawn_code() -> None:
    network = new_autoencoder(CONFIG, (1, 16, 16), 0, CPU).eval()
    assert isinstance(network, Variational)
    x = torch.rand(8, 1, 16, 16)
    terms = network.terms(x, torch.Generator().manual_seed(5))
    mean, log_variance = network.posterior(x)
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(5))
    made = network.decode(mean + noise * (log_variance / 2).exp())
    scale = (made - x).square().mean().sqrt()
    posterior = Independent(Normal(mean, (log_variance / 2).exp()), 1)
    prior = Independent(Normal(torch.zeros(3), torch.ones(3)), 1)
    bound = Independent(Normal(made, scale), 3).log_prob(x) - kl_divergence(posterior, prior)
    assert terms.total.item() == pytest.approx(-bound.mean().item(), rel=1e-5)
    assert terms.divergence is not None and terms.divergence.item() == pytest.approx(
        kl_divergence(posterior, prior).mean().item(), rel=1e-5
    )


def test_the_deviation_that_is_used_is_the_most_likely_one() -> None:
    made, x = torch.rand(2, 5, 1, 8, 8).unbind(0)
    best = (made - x).square().mean().sqrt()
    found = log_likelihood(made, x, best).mean()
    assert all(log_likelihood(made, x, best * factor).mean() < found for factor in (0.9, 1.1))


def test_training_fills_the_prior_and_raises_the_bound(images: Images, held_out: Images) -> None:
    trained, rows = train(CONFIG, images, {"test": held_out}, 0, CPU)
    losses = [row["loss"] for row in rows if row["split"] == "train"]
    assert losses[-1] < losses[0]
    codes = codes_of(trained, images)
    assert codes.mean(0).abs().max() < 0.5 and 0.6 < codes.std(0).max() < 1.4
    figures = {
        row["metric"]: row
        for row in measure_codes("variational", trained, held_out, codes_of(trained, held_out), 10, 0)
    }
    assert figures["evidence"]["value"] == pytest.approx(
        figures["log_likelihood"]["value"] - figures["divergence"]["value"], rel=1e-6
    )
    assert figures["informative_latents"]["value"] >= 1
    drawn = trained.draw(4000, torch.Generator().manual_seed(0))
    assert drawn.mean(0).abs().max() < 0.1 and (drawn.std(0) - 1).abs().max() < 0.05
