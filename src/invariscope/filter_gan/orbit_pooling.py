"""Orbit pooling: a layer that pools over the transformations which a generator has learned.

The paper names it as future work (section 6: "another type of powerful pooling operation"). The layer is run with many
generated banks, and the outputs are pooled after its own normalisation and activation. Pooled before these, as in
section 5.2 i, the mean would be one convolution with the mean bank, because convolution is linear; after them it is no
single convolution any more. (So a layer that no activation directly follows gains nothing from the mean.)

    generator, path, classifier = load_with_classifier(generator_file, model_file, device)
    pooled = pooled_classifier(classifier, path, generator, codes=10)  # used, and trained further, as the classifier is
"""

import copy
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn

from invariscope.classifiers.split import with_layer
from invariscope.classifiers.surgery import convolve_all, find_convolution
from invariscope.errors import UserError
from invariscope.filter_gan.banks import draw_banks
from invariscope.filter_gan.networks import Generator

Network = TypeVar("Network", bound=nn.Module)

# Each from (N, B, ...) to (N, ...).
POOLS: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda values: values.mean(1),
    "max": lambda values: values.max(1).values,
}


def pool_orbit(convolved: Tensor, own: nn.Module, pool: str) -> Tensor:
    """Convolutions with B banks (N, B, C, H, W), through the layer's `own` block and pooled: (N, C, H, W).

    In training mode a batch norm in `own` takes its statistics over the images and the banks alike.
    """
    images, banks = convolved.shape[:2]
    return POOLS[pool](own(convolved.flatten(0, 1)).unflatten(0, (images, banks)))


class OrbitPooling(nn.Module):
    """x (N, C_in, H, W) -> (N, C_out, H', W'): a drop-in for a convolution and its normalisation and activation.

    Its state holds the banks (a buffer, which training leaves alone), the convolution's bias, and `own`.
    """

    banks: Tensor  # (B, C_out, C_in, k, k)

    def __init__(
        self,
        convolution: nn.Conv2d,
        generator: Generator,
        codes: Tensor | int,
        pool: str = "mean",
        own: nn.Module | None = None,
        seed: int = 0,
    ) -> None:
        """`codes` are latent codes (B, d), or how many to draw with `seed`. `own` is used as it is, not copied.

        Raises UserError if the generator's banks do not fit the convolution, or if that is a grouped one.
        """
        super().__init__()
        if pool not in POOLS:
            raise UserError(f"pool: {pool!r} is not known; use {' or '.join(POOLS)}")
        if convolution.groups != 1:
            raise UserError(f"the convolution has {convolution.groups} groups; only a plain one (groups=1) is pooled")
        wanted, made = tuple(convolution.weight.shape), tuple(generator.bank_shape)
        if wanted != made:
            raise UserError(f"the generator makes filter banks of {made}, and the convolution has {wanted}")
        self.pool = pool
        self.convolution = copy.deepcopy(convolution)
        self.convolution.register_parameter("weight", None)  # the banks are in its place
        self.own = nn.Identity() if own is None else own
        self.register_buffer("banks", _banks(generator, codes, seed).to(convolution.weight))

    def forward(self, x: Tensor) -> Tensor:
        return pool_orbit(convolve_all(x, self.banks, self.convolution), self.own, self.pool)

    def extra_repr(self) -> str:
        return f"pool={self.pool!r}, banks={len(self.banks)}"


@torch.no_grad()
def _banks(generator: Generator, codes: Tensor | int, seed: int) -> Tensor:
    return draw_banks(generator, codes, seed) if isinstance(codes, int) else generator(codes.to(generator.scale))


def pooled_network(
    network: nn.Module, path: str, generator: Generator, codes: Tensor | int, pool: str = "mean", seed: int = 0
) -> nn.Module:
    """A copy of a network with orbit pooling at `path`, in place of a convolution and what is its own.

    The normalisation and the activation that directly follow the convolution, whether modules or functions, run once,
    before the pooling. Raises UserError if torch.fx cannot trace the network.
    """
    convolution = find_convolution(network, path)
    return with_layer(network, path, lambda own: OrbitPooling(convolution, generator, codes, pool, own, seed))


def pooled_classifier(
    classifier: Network, path: str, generator: Generator, codes: Tensor | int, pool: str = "mean", seed: int = 0
) -> Network:
    """A copy of a classifier whose classifier.network is pooled, as `pooled_network` does it."""
    pooled = copy.deepcopy(classifier)
    pooled.network = pooled_network(pooled.network, path, generator, codes, pool, seed)  # type: ignore[arg-type]
    return pooled
