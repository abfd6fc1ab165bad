"""Controls of generated filter banks."""

import pytest
import torch

from invariscope.filter_gan.banks import RandomBanks, draw_banks, rms_deviation
from invariscope.filter_gan.networks import Generator


def test_random_banks_spread_as_generated_ones_do() -> None:
    """About the real bank, whatever the generator's own mean."""
    real = torch.randn(6, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    generator = Generator(5, 16, (6, 3, 3, 3))
    control = RandomBanks(generator, real, 0)
    z = torch.randn(4000, 5, generator=torch.Generator().manual_seed(1))
    banks = draw_banks(generator, 4000, 3)
    spread = rms_deviation(banks, banks.mean(dim=0))
    assert rms_deviation(control(z), real) == pytest.approx(spread, rel=0.1)
    assert torch.equal(control(torch.zeros(1, 5))[0], real)
    assert (control(z).mean(dim=0) - real).abs().max() < 0.2 * spread
    assert torch.equal(RandomBanks(generator, real, 0)(z), control(z))
    assert not torch.equal(RandomBanks(generator, real, 1)(z), control(z))
