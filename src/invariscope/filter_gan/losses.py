"""The losses of Algorithm 1, on logits: D(x) = sigmoid(logit), and two of ours. Each is to be descended, and a mean
over the batch."""

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


def answer_loss(real: Tensor, generated: Tensor) -> Tensor:
    """KL(p ‖ q) in nats between the classifier's answers p to its own activations and q to those of generated filters,
    both as logits (N, classes). Not in the paper: what is to be kept is said, not only hoped for."""
    return F.kl_div(generated.log_softmax(1), real.log_softmax(1), reduction="batchmean", log_target=True)


def spread_loss(spread: Tensor, target: float) -> Tensor:
    """max(0, target − spread)². Not in the paper, whose code head holds codes apart only as far as it needs to tell
    them."""
    return F.relu(target - spread).square()
