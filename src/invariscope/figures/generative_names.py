"""Generative networks in figures: each one's name in words, its colour and its marker, the same everywhere."""

from collections.abc import Iterable
from dataclasses import dataclass

from invariscope.figures import style


@dataclass(frozen=True)
class Look:
    """How a network is shown; black is for real images."""

    words: str
    short: str
    colour: str
    marker: str


LOOKS = {
    "autoencoder": Look("plain autoencoder", "plain", style.COLOURS[1], "o"),
    "variational": Look("variational autoencoder", "variational", style.COLOURS[3], "D"),
    "sparse": Look("sparse autoencoder", "sparse", style.COLOURS[2], "^"),
    "dense": Look("dense autoencoder", "dense", style.COLOURS[4], "v"),
    "dcgan": Look("DCGAN", "DCGAN", style.COLOURS[5], "s"),
}
REAL = "real"


def look(network: str) -> Look:
    """What we have no name for is called as it is."""
    return LOOKS.get(network, Look(network, network, "#666666", "X"))


def in_order(networks: Iterable[str]) -> list[str]:
    """Each once: ours in one order, then others as they come."""
    found = dict.fromkeys(networks)
    return [name for name in LOOKS if name in found] + [name for name in found if name not in LOOKS]
