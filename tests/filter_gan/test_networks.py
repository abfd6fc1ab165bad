"""Generator and discriminator: shapes, and the scale that training starts from."""

import pytest
import torch

from invariscope.filter_gan.networks import Discriminator, Generator


@pytest.mark.parametrize("spread", [0.2, 0.6])
def test_banks_start_at_the_scale_of_the_real_weights(spread: float) -> None:
    torch.manual_seed(0)
    banks = Generator(16, 128, (12, 8, 3, 3), scale=0.07, initial_spread=spread)(torch.randn(400, 16)).detach()
    assert banks.shape == (400, 12, 8, 3, 3)
    assert banks.std().item() == pytest.approx(0.07 * spread, rel=0.15)


def test_every_weight_depends_on_the_code() -> None:
    torch.manual_seed(0)
    banks = Generator(2, 32, (3, 2, 1, 1))(torch.randn(50, 2))
    assert (banks.std(0) > 1e-3).all()


@pytest.mark.parametrize("shape", [(5, 7, 7), (3, 1, 1), (4, 2, 30)])
@pytest.mark.parametrize("normalised", [True, False])
def test_the_discriminator_takes_any_map(shape: tuple[int, ...], normalised: bool) -> None:
    torch.manual_seed(0)
    activations = 50 + 9 * torch.randn(6, *shape)
    logit, guess = Discriminator(activations, 4, 8, normalised)(activations)
    assert logit.shape == (6,)
    assert guess.shape == (6, 4)


def test_a_dead_channel_stays_finite() -> None:
    torch.manual_seed(0)
    real = torch.randn(8, 3, 5, 5)
    real[:, 1] = 0
    logit, _ = Discriminator(real, 2, 4, True)(real + 1)
    assert logit.isfinite().all() and logit.abs().max() < 1e3


def test_the_logit_and_the_code_share_all_layers_but_the_last() -> None:
    real = torch.randn(8, 3, 5, 5)
    discriminator = Discriminator(real, 2, 4, False)
    logit, guess = discriminator(real)
    for output, own, other in ((logit, "real_head", "code_head"), (guess, "code_head", "real_head")):
        names = [name for name, _ in discriminator.named_parameters()]
        parameters = list(discriminator.parameters())
        found = torch.autograd.grad(output.sum(), parameters, allow_unused=True, retain_graph=True)
        touched = {name.split(".")[0] for name, grad in zip(names, found, strict=True) if grad is not None}
        assert touched == {"shared", own}
        assert other not in touched


def test_spectral_norm_bounds_the_logit() -> None:
    torch.manual_seed(0)
    real = torch.randn(16, 3, 5, 5)
    bounded = Discriminator(real, 2, 8, True)
    for _ in range(30):  # power iterations
        bounded(real)
    for layer in bounded.shared:
        if hasattr(layer, "parametrizations"):
            assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.05)
