"""The losses of Algorithm 1, on logits: D(x) = sigmoid(logit). Each is to be descended, and a mean over the batch."""

import torch.nn.functional as F
from torch import Tensor


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """-[log D(real) + log(1 - D(fake))]: line 7, its sign turned."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def generator_loss(fake: Tensor, kind: str) -> Tensor:
    """`minimax`: log(1 - D(fake)), line 8 to the letter. `non_saturating`: -log D(fake) (Goodfellow et al. 2014), whose
    gradient does not vanish when the discriminator is sure."""
    if kind == "minimax":
        return -F.softplus(fake).mean()
    if kind == "non_saturating":
        return F.softplus(-fake).mean()
    raise ValueError(f"unknown loss {kind!r}")


def code_loss(guess: Tensor, z: Tensor) -> Tensor:
    """‖z − Q(·)‖², summed over the latent dimensions (lines 8 and 9)."""
    return (z - guess).square().sum(1).mean()
