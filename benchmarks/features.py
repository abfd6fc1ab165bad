"""How fast feature visualisation is: samples of a latent space, climbers and images of all units in one pass.

python benchmarks/features.py [--device cuda] [--samples 512] [--climbers 64] [--images 32] [--repeats 5]

Needs neither trained networks nor data: time does not depend on values. Classifier and autoencoder are those of the
study `shapes` with random weights, and the objectives are all classes and the first 8 channels of conv3.
- search: ours, against one sample at a time, which reads all objectives too; and against one sample and one objective
  at a time, as in the paper, where every objective is a search of its own (timed on some objectives, for all);
- ascent: a step of many climbers in one batch, against one climber at a time;
- images: a few steps of Fourier images of many units under lucid's robustness, against one unit at a time.
Seconds are medians over the repeats, all cases in turn, after a warm-up; a ratio is the baseline's over the row's own.
INVARISCOPE_THREADS sets the threads of the CPU.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from invariscope.classifiers.architectures import build_network
from invariscope.classifiers.model_file import Classifier, Normalisation
from invariscope.errors import UserError
from invariscope.features.ascent import differentiate
from invariscope.features.latent_box import Decoder, images, uniform
from invariscope.features.objectives import CLASS, Objective, Probe, Unit
from invariscope.features.optimise import Optimisation, optimise
from invariscope.features.parameterizations import Fourier
from invariscope.features.robustness import lucid
from invariscope.features.search import LatentSearch, search
from invariscope.generative.config import AutoencoderTraining
from invariscope.generative.networks import Autoencoder
from invariscope.generative.train import new_autoencoder
from invariscope.params import load_yaml
from invariscope.runtime import open_device, seeded

sys.path.insert(0, str(Path(__file__).parent))
from timing import Rows, Time, compared, interleaved, report

SEED, CLASSES, CHANNELS = 0, 60, 8
OURS, SINGLY, APART = "ours", "one sample at a time", "one sample and objective at a time"
UNITS = "one unit at a time"


@dataclass(frozen=True)
class Sizes:
    """How much is timed."""

    samples: int = 512
    climbers: int = 64
    images: int = 32
    size: int = 48  # px
    apart: int = 6  # objectives that are searched one by one, spread over all
    steps: int = 8  # of the images
    repeats: int = 5


def rows(device: torch.device, sizes: Sizes) -> Iterator[dict[str, Any]]:
    decoder, network = untrained_decoder(sizes, device), untrained_classifier(sizes, device)
    units = [
        *(Unit(CLASS, number) for number in range(CLASSES)),
        *(Unit("conv3", number) for number in range(CHANNELS)),
    ]
    objectives = [Objective(((1.0, unit),)) for unit in units]
    yield from search_rows(device, decoder, network, objectives, sizes)
    yield from ascent_rows(device, decoder, network, objectives, sizes)
    yield from image_rows(device, network, objectives[: sizes.images], sizes)


def search_rows(
    device: torch.device, decoder: Decoder, network: Classifier, objectives: list[Objective], sizes: Sizes
) -> Rows:
    """The whole search, with its ranks and its curve, held against two ways to go through the same samples."""
    shape = (network.channels, sizes.size, sizes.size)
    probe = Probe(network, objectives, shape)
    alone = [Probe(network, [one], shape) for one in objectives[:: max(1, len(objectives) // sizes.apart)]]
    points = uniform(decoder, sizes.samples, SEED)
    cases: dict[str, Callable[[], object]] = {
        OURS: lambda: search(decoder, probe, LatentSearch(sizes.samples), SEED),
        SINGLY: lambda: searched_singly(decoder, [probe], points),
    }
    times = interleaved(cases, sizes.repeats, device)
    apart = interleaved({APART: lambda: searched_singly(decoder, alone, points)}, 1, device)[APART]
    whole = len(objectives) / len(alone)
    title = f"latent search, {sizes.samples} samples, {len(objectives)} objectives, {sizes.size} px"
    found = compared(title, times, SINGLY, sizes.repeats, device)
    times = {OURS: times[OURS], APART: Time(apart.wall * whole, apart.cpu * whole)}
    return found + compared(title, times, APART, 1, device)[:1]


@torch.inference_mode()
def searched_singly(decoder: Decoder, probes: Sequence[Probe], points: Tensor) -> list[Tensor]:
    """The best values of each probe's objectives, from one sample at a time."""
    best = [torch.full((len(probe.objectives),), -torch.inf, device=points.device) for probe in probes]
    for number, probe in enumerate(probes):
        for point in points:
            best[number] = best[number].maximum(probe.all(images(decoder, point[None]))[0])
    return best


def ascent_rows(
    device: torch.device, decoder: Decoder, network: Classifier, objectives: list[Objective], sizes: Sizes
) -> Rows:
    """Values and gradients of one step of many climbers."""
    probe = Probe(network, objectives, (network.channels, sizes.size, sizes.size))
    points = uniform(decoder, sizes.climbers, SEED)
    which = torch.arange(sizes.climbers, device=device) % len(objectives)
    cases: dict[str, Callable[[], object]] = {
        OURS: lambda: differentiate(decoder, probe, points, which),
        SINGLY: lambda: [
            differentiate(decoder, probe, point[None], number[None])
            for point, number in zip(points, which, strict=True)
        ],
    }
    times = interleaved(cases, sizes.repeats, device)
    return compared(f"latent ascent, a step of {sizes.climbers} climbers", times, SINGLY, sizes.repeats, device)


def image_rows(device: torch.device, network: Classifier, objectives: list[Objective], sizes: Sizes) -> Rows:
    """Images of all units in one batch."""
    shape = (network.channels, sizes.size, sizes.size)
    probes = [Probe(network, [one], shape) for one in objectives]
    whole, streams = Probe(network, objectives, shape), [str(one) for one in objectives]
    settings, made, moves = Optimisation(sizes.steps), Fourier(shape), lucid(sizes.size)
    cases: dict[str, Callable[[], object]] = {
        OURS: lambda: optimise(whole, range(len(objectives)), streams, made, moves, settings, SEED),
        UNITS: lambda: [
            optimise(probe, [0], [stream], made, moves, settings, SEED)
            for probe, stream in zip(probes, streams, strict=True)
        ],
    }
    times = interleaved(cases, sizes.repeats, device)
    title = f"images of {len(objectives)} units, {sizes.steps} steps, {sizes.size} px"
    return compared(title, times, UNITS, sizes.repeats, device)


def untrained_classifier(sizes: Sizes, device: torch.device) -> Classifier:
    block = load_yaml(Path("params.yaml"))["shapes"]["classifiers"]["cnn7"]
    config = {name: value for name, value in block.items() if name != "training"}
    with seeded(torch.device("cpu"), SEED, "classifier"):
        network = build_network(config, 3, sizes.size, CLASSES)
    names = [str(label) for label in range(CLASSES)]
    classifier = Classifier(network, config, 3, sizes.size, names, Normalisation((0.1,) * 3, (0.3,) * 3))
    return classifier.to(device).eval().requires_grad_(False)


def untrained_decoder(sizes: Sizes, device: torch.device) -> Autoencoder:
    """With a latent box of sides 2."""
    network = new_autoencoder(AutoencoderTraining(), (3, sizes.size, sizes.size), SEED, device)
    return network.eval().requires_grad_(False)


def main(arguments: Sequence[str] | None = None) -> None:
    default = Sizes()
    parser = argparse.ArgumentParser(description="Times of feature visualisation.")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--samples", type=int, default=default.samples)
    parser.add_argument("--climbers", type=int, default=default.climbers)
    parser.add_argument("--images", type=int, default=default.images)
    parser.add_argument("--steps", type=int, default=default.steps)
    parser.add_argument("--size", type=int, default=default.size)
    parser.add_argument("--apart", type=int, default=default.apart, help="objectives that are searched one by one")
    parser.add_argument("--repeats", type=int, default=default.repeats)
    options = vars(parser.parse_args(arguments))
    try:
        device = open_device(options.pop("device"))
        report("features", rows(device, Sizes(**options)), device)
    except UserError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
