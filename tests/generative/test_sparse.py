"""The sparse autoencoder: the text's divergence and its gradient, and what the penalty does to codes."""

from dataclasses import replace

import pytest
import torch

from invariscope.data.table import Images
from invariscope.generative.code_statistics import mean_correlation, mean_cosine, sparsity_error
from invariscope.generative.codes import codes_of
from invariscope.generative.config import SparseTraining
from invariscope.generative.sparse import TwoLayer, sparsity_divergence
from invariscope.generative.train import new_autoencoder, train

CPU = torch.device("cpu")
CONFIG = SparseTraining(
    units=12, sparsity=0.1, sparsity_weight=20.0, images=20000, batch_size=50, learning_rate=2e-2, log_every=200
)


def test_the_divergence_is_that_of_bernoulli_distributions() -> None:
    activations = torch.rand(40, 7, dtype=torch.float64)
    wanted, found = (torch.distributions.Bernoulli(probs=share) for share in (torch.tensor(0.05), activations.mean(0)))
    expected = torch.distributions.kl_divergence(wanted, found).sum()
    torch.testing.assert_close(sparsity_divergence(activations, 0.05), expected, rtol=1e-6, atol=0)
    assert sparsity_divergence(torch.full((3, 5), 0.2), 0.2).abs() < 1e-6


def test_gradients_are_those_of_the_text() -> None:
    """δ_j = f'(z_j) (Σ_k w_jk δ_k + β (-ρ / ρ̂_j + (1 - ρ) / (1 - ρ̂_j))), the mean over the batch of δ_j x."""
    rho, beta = 0.07, 1.7
    network = TwoLayer(1, 4, 5, rho, beta).double()
    x = torch.rand(9, 1, 4, 4, dtype=torch.float64)
    network.terms(x, torch.Generator()).total.backward()
    encoder, decoder = network.encoder[1], network.decoder[0]
    inputs = x.flatten(1)
    with torch.no_grad():
        hidden = torch.sigmoid(inputs @ encoder.weight.t() + encoder.bias)
        made = torch.sigmoid(hidden @ decoder.weight.t() + decoder.bias)
        mean = hidden.mean(0)
        output_delta = (made - inputs) * made * (1 - made)
        push = beta * (-rho / mean + (1 - rho) / (1 - mean))
        delta = hidden * (1 - hidden) * (output_delta @ decoder.weight + push)
    torch.testing.assert_close(encoder.weight.grad, delta.t() @ inputs / 9)
    torch.testing.assert_close(encoder.bias.grad, delta.mean(0))
    torch.testing.assert_close(decoder.weight.grad, output_delta.t() @ hidden / 9)


def test_the_penalty_brings_activations_to_the_wanted_mean(images: Images, held_out: Images) -> None:
    sparse, rows = train(CONFIG, images, {"test": held_out}, 0, CPU)
    dense, _ = train(replace(CONFIG, sparsity_weight=0.0), images, {}, 0, CPU)
    codes = {"sparse": codes_of(sparse, held_out), "dense": codes_of(dense, held_out)}
    assert sparsity_error(codes["sparse"], 0.1) < 0.03 < sparsity_error(codes["dense"], 0.1)
    judged = [row for row in rows if row["split"] == "test"]
    assert judged[-1]["error"] < 0.6 * judged[-1]["mean_image_error"]
    divergence = [row["divergence"] for row in rows if row["split"] == "train"]
    assert divergence[-1] < 0.2 * sparsity_divergence(torch.full((1, 12), 0.5), 0.1)


def test_the_control_starts_with_the_same_weights() -> None:
    sparse = new_autoencoder(CONFIG, (1, 16, 16), 3, CPU)
    dense = new_autoencoder(replace(CONFIG, sparsity_weight=0.0), (1, 16, 16), 3, CPU)
    assert all(torch.equal(one, other) for one, other in zip(sparse.parameters(), dense.parameters(), strict=True))


def test_without_activations_the_mean_image_is_drawn() -> None:
    network, mean = TwoLayer(1, 4, 3, 0.1, 1.0), torch.linspace(0.1, 0.9, 16).view(1, 4, 4)
    network.start_at(mean)
    torch.testing.assert_close(network.decode(torch.zeros(1, 3))[0], mean)


def test_the_basis_is_what_a_unit_adds() -> None:
    network = TwoLayer(3, 6, 4, 0.1, 1.0)
    with torch.no_grad():
        network.decoder[0].bias.zero_()
        unit = torch.eye(4)[2:3]
        torch.testing.assert_close(network.decode(unit), network.basis()[2:3].sigmoid())


def test_correlation_of_codes_knows_copies_opposites_and_constants() -> None:
    random = torch.Generator().manual_seed(0)
    one, other = torch.randn(2000, 2, generator=random, dtype=torch.float64).unbind(1)
    assert mean_correlation(torch.stack([one, one * 2 + 1], 1)) == pytest.approx(1)
    assert mean_correlation(torch.stack([one, -one], 1)) == pytest.approx(1)
    assert mean_correlation(torch.stack([one, other], 1)) < 0.06
    with_constant = torch.stack([one, one, torch.ones_like(one)], 1)
    assert mean_correlation(with_constant) == pytest.approx(1)


def test_cosine_of_codes_knows_units_that_are_never_active_together() -> None:
    apart = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    assert mean_cosine(apart) == 0 and mean_cosine(apart[:, [0, 0]]) == pytest.approx(1)
    assert mean_cosine(apart + 100) > 0.99 > mean_correlation(apart + 100)
