"""Algorithm 1's losses against their closed forms."""

import pytest
import torch

from invariscope.filter_gan.losses import answer_loss, code_loss, discriminator_loss, generator_loss, spread_loss

LOGITS = [-3.0, -0.5, 0.0, 2.0]


def gradient(loss, logits: list[float]) -> torch.Tensor:
    values = torch.tensor(logits, dtype=torch.double, requires_grad=True)
    loss(values).backward()
    return values.grad


def test_the_discriminator_descends_minus_log_d_real_minus_log_one_minus_d_fake() -> None:
    real, fake = torch.tensor([0.3, -1.0]), torch.tensor([2.0, -0.4])
    expected = -(torch.sigmoid(real).log() + (1 - torch.sigmoid(fake)).log()).mean()
    torch.testing.assert_close(discriminator_loss(real, fake), expected)


def test_minimax_is_log_one_minus_d_and_its_gradient_fades_when_d_is_sure() -> None:
    logits = torch.tensor(LOGITS, dtype=torch.double)
    torch.testing.assert_close(generator_loss(logits, "minimax"), (1 - torch.sigmoid(logits)).log().mean())
    found = gradient(lambda values: generator_loss(values, "minimax"), LOGITS)
    torch.testing.assert_close(found, -torch.sigmoid(logits) / 4)  # d/dl log(1 - σ(l)) = -σ(l)
    assert abs(found[0]) < 0.05 / 4


def test_non_saturating_is_minus_log_d_and_its_gradient_is_full_when_d_is_sure() -> None:
    logits = torch.tensor(LOGITS, dtype=torch.double)
    torch.testing.assert_close(generator_loss(logits, "non_saturating"), -torch.sigmoid(logits).log().mean())
    found = gradient(lambda values: generator_loss(values, "non_saturating"), LOGITS)
    torch.testing.assert_close(found, -(1 - torch.sigmoid(logits)) / 4)  # d/dl -log σ(l) = -(1 - σ(l))
    assert abs(found[0]) > 0.95 / 4


def test_an_unknown_loss_is_refused() -> None:
    with pytest.raises(ValueError, match="hinge"):
        generator_loss(torch.zeros(1), "hinge")


def test_the_code_is_penalised_by_its_squared_distance() -> None:
    guess, z = torch.zeros(2, 3), torch.tensor([[1.0, 2.0, 2.0], [0.0, 0.0, 1.0]])
    assert code_loss(guess, z).item() == (9 + 1) / 2


def test_answers_diverge_by_kullback_and_leibler() -> None:
    real, generated = (
        torch.tensor([[2.0, -1.0, 0.5], [0.0, 3.0, 1.0]]),
        torch.tensor([[1.0, 1.0, 0.0], [0.0, 2.0, 2.0]]),
    )
    p, q = real.softmax(1), generated.softmax(1)
    torch.testing.assert_close(answer_loss(real, generated), (p * (p / q).log()).sum(1).mean())
    assert answer_loss(real, real + 7).item() == pytest.approx(0, abs=1e-6)  # the same answers, whatever the logits


def test_only_a_lack_of_spread_is_penalised() -> None:
    assert spread_loss(torch.tensor(0.5), 0.7).item() == pytest.approx(0.04)
    assert spread_loss(torch.tensor(0.9), 0.7).item() == 0
