"""Images that the decoders of a study's generative networks are made to give for objectives: one more parameterization
a network, optimised as the autoencoder's latents are, with fewer climbers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from invariscope.data.table import StoredImages, balanced
from invariscope.features.ascent import LatentAscent, ascend
from invariscope.features.gallery import Decoded
from invariscope.features.latent_box import points_at, points_of
from invariscope.features.latent_tables import pictures
from invariscope.features.objectives import Probe
from invariscope.generative.networks import Coder
from invariscope.generative.sheets import Network
from invariscope.runtime import torch_generator


@dataclass(frozen=True)
class Decoders:
    """Generative networks that serve as parameterizations, and how far objectives are climbed; all else as `ascent`."""

    networks: tuple[str, ...]
    candidates: int = 300
    starts: int = 3
    rounds: int = 2
    steps: int = 30


def decoded_images(
    networks: Mapping[str, Network],
    probe: Probe,
    decoders: Decoders,
    config: LatentAscent,
    data: StoredImages,
    seed: int,
    label: str = "latent ascent",
) -> list[Decoded]:
    """The best image of each of the probe's objectives by each network, from codes of training images or drawn ones."""
    lighter = replace(
        config,
        candidates=decoders.candidates,
        starts=decoders.starts,
        rounds=decoders.rounds,
        steps=decoders.steps,
    )
    some, found = balanced(data, decoders.candidates), []
    for name, network in networks.items():
        if isinstance(network, Coder):
            starts = points_of(network, some)
        else:
            drawn = network.draw(decoders.candidates, torch_generator(seed, name, "starts"))
            starts = points_at(network, drawn)
        climbed = ascend(network, probe, lighter, seed, starts, label=f"{label}, {name}")
        made = pictures(network, climbed.best()[1][:, 0])  # of points (K, d)
        found.append(Decoded(name, dict(zip(map(str, probe.objectives), made, strict=True))))
    return found
