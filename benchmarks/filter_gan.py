"""How fast the filter-GAN is: every variant of a piece of work, interleaved in one run on one device.

python benchmarks/filter_gan.py [--device cuda] [--layers conv2 conv4] [--batches 32 64 128] [--repeats 15]

Needs neither trained networks nor data: time does not depend on values, so the classifier is the paper's network at
MNIST's sizes with random weights, the images are noise, and the banks come from an untrained generator. Seconds are
medians over the repeats, after a warm-up; every repeat runs all variants, each time beginning with another one, so
that a busy machine is hard on all alike. `ratio` is the baseline's seconds over the row's own: above 1 is faster.
`cpu_seconds` and `cpu_ratio` are the same of processor time: with one thread on a CPU it leaves out the waiting for
other programs (on a GPU it is only the launching). The rows of scaling are those of `benchmarks/mds.py`, with its own
repeats; scikit-learn takes minutes for 5000 points.
INVARISCOPE_THREADS sets the threads of the CPU.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor, nn

from invariscope.classifiers import surgery
from invariscope.classifiers.architectures import build_network
from invariscope.classifiers.model_file import Classifier, Normalisation
from invariscope.data.table import Images
from invariscope.errors import UserError
from invariscope.filter_gan import train
from invariscope.filter_gan.config import FilterGanConfig, Traversal
from invariscope.filter_gan.evaluation import open_layer
from invariscope.filter_gan.networks import Generator
from invariscope.filter_gan.traversal import invert
from invariscope.runtime import open_device, seeded, torch_generator

sys.path.insert(0, str(Path(__file__).parent))
import mds
from timing import Rows, compared, described, interleaved, report

SEED = 0
SIZE, CLASSES = 28, 10
NETWORK = {"architecture": "five_conv", "widths": (16, 32, 32, 64, 64)}
IMAGES, HELD_OUT = 256, 50
LOOP = "looped per-image convolution"
OURS = "per-image banks (ours)"
SHARED = "one shared bank"
BATCHED, SINGLY = "batched (ours)", "one by one"
# C_in, C_out, side in px, stride: layers of the studies, from narrow to wide.
CONVOLUTIONS = ((16, 32, 14, 1), (32, 64, 7, 1), (64, 64, 8, 1), (64, 128, 32, 2), (64, 128, 8, 1), (128, 256, 8, 1))


@dataclass(frozen=True)
class Sizes:
    """How much is timed."""

    layers: tuple[str, ...] = ("conv4", "conv2")
    batches: tuple[int, ...] = (32, 64, 128)
    repeats: int = 15
    convolutions: tuple[tuple[int, int, int, int], ...] = CONVOLUTIONS
    points: int = 100  # of the traversals
    steps: int = 3  # of their descent
    traversal_repeats: int = 3
    scaling_points: tuple[int, ...] = (1000, 5000)


def convolve_loop(x: Tensor, banks: Tensor, convolution: nn.Conv2d) -> Tensor:
    """The obvious way: a convolution an image. (Indexing `banks[i]` instead of unbind would make it slower still.)"""
    pairs = zip(x.split(1), banks.unbind(), strict=True)
    return torch.cat([surgery.convolve_bank(image, bank, convolution) for image, bank in pairs])


def convolve_vmap(x: Tensor, banks: Tensor, convolution: nn.Conv2d) -> Tensor:
    def one(image: Tensor, bank: Tensor) -> Tensor:
        return surgery.convolve_bank(image[None], bank, convolution)[0]

    return torch.vmap(one)(x, banks)


def convolve_shared(x: Tensor, banks: Tensor, convolution: nn.Conv2d) -> Tensor:
    """All images with the first bank."""
    return surgery.convolve_bank(x, banks[0], convolution)


VARIANTS: dict[str, Callable[[Tensor, Tensor, nn.Conv2d], Tensor]] = {
    OURS: surgery.convolve_banks,
    LOOP: convolve_loop,
    "unfold and batched product": surgery.convolve_matrix,
    "grouped convolution": surgery.convolve_grouped,
    "vmap": convolve_vmap,
    SHARED: convolve_shared,
}


def rows(device: torch.device, sizes: Sizes) -> Iterator[dict[str, Any]]:
    """All rows, each as soon as it is known: name, device, threads, seconds, repeats, baseline
    (what it is held against), baseline_seconds, ratio."""
    for layer in sizes.layers:
        for batch in sizes.batches:
            yield from step_rows(device, layer, batch, sizes.repeats)
    for shape in sizes.convolutions:
        yield from convolution_rows(device, shape, min(sizes.batches), sizes.repeats)
    for layer in sizes.layers:
        yield from traversal_rows(device, layer, sizes)
    yield from scaling_rows(device, sizes.scaling_points)


def step_rows(device: torch.device, layer: str, batch: int, repeats: int) -> Rows:
    """A whole training step (both networks' updates) with each way to convolve; the baselines are loop and one bank."""
    cases = {name: training_step(device, layer, batch, name) for name in VARIANTS}
    times = interleaved(cases, repeats, device)
    title = f"GAN step, {layer}, batch {batch}"
    found = compared(title, times, LOOP, repeats, device)
    return found + compared(title, {OURS: times[OURS], SHARED: times[SHARED]}, SHARED, repeats, device)[:1]


def training_step(device: torch.device, layer: str, batch: int, variant: str) -> Callable[[], None]:
    """`Run.advance` of a training of its own, with the variant in place of `convolve_banks`."""
    config = FilterGanConfig(batch_size=batch, log_images=HELD_OUT)
    run = train.Run(untrained_classifier(device), layer, config, noise(IMAGES), noise(HELD_OUT), SEED)
    if variant == SHARED:  # one code for the whole batch, so the generator makes one bank
        generate = run.generator.forward
        run.generator.forward = lambda z: generate(z[:1])  # type: ignore[method-assign]

    def step() -> None:
        with convolving(VARIANTS[variant]):
            run.advance(run.iteration)

    return step


@contextmanager
def convolving(variant: Callable[[Tensor, Tensor, nn.Conv2d], Tensor]) -> Iterator[None]:
    """Inside the block the training convolves banks with `variant`."""
    with mock.patch.object(train, "convolve_banks", variant):
        yield


def convolution_rows(device: torch.device, shape: tuple[int, int, int, int], batch: int, repeats: int) -> Rows:
    """The convolution alone, forward and backward to the banks: what `surgery.fastest_method` goes by."""
    inputs, outputs, side, stride = shape
    convolution = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False).to(device)
    random = torch_generator(SEED, "convolution")
    x = torch.randn(batch, inputs, side, side, generator=random).to(device, memory_format=torch.channels_last)
    banks = torch.randn(batch, *convolution.weight.shape, generator=random).to(device).requires_grad_(True)

    def case(variant: Callable[[Tensor, Tensor, nn.Conv2d], Tensor]) -> Callable[[], object]:
        return lambda: torch.autograd.grad(variant(x, banks, convolution).sum(), banks)

    times = interleaved({name: case(variant) for name, variant in VARIANTS.items()}, repeats, device)
    title = f"convolution {inputs} to {outputs} at {side} px, stride {stride}, batch {batch}"
    return compared(title, times, LOOP, repeats, device)


def traversal_rows(device: torch.device, layer: str, sizes: Sizes) -> Rows:
    """The descent of all grid points of a traversal in one call, and in a call for each."""
    opened = open_layer(untrained_classifier(device), layer, noise(2), device)
    config = Traversal(steps=sizes.steps)
    with torch.no_grad():
        images = noise(1).tensors()[0].to(device).repeat(sizes.points, 1, 1, 1)
        with seeded(device, SEED, "generator"):
            generator = Generator(16, 128, opened.convolution.weight.shape).to(device)
        banks = generator(torch.randn(sizes.points, 16, generator=torch_generator(SEED, "codes")).to(device))
        below = surgery.layer_input(opened.classifier, opened.convolution, images)
        targets = surgery.convolve_bank(below, banks[0], opened.convolution)

    def singly() -> None:
        for point in range(sizes.points):
            chosen = slice(point, point + 1)
            invert(opened, banks[chosen], targets[chosen], images[chosen], config)

    cases = {BATCHED: lambda: invert(opened, banks, targets, images, config), SINGLY: singly}
    times = interleaved(cases, sizes.traversal_repeats, device)
    title = f"traversal, {layer}, {sizes.points} points, {sizes.steps} steps"
    return compared(title, times, SINGLY, sizes.traversal_repeats, device)


def scaling_rows(device: torch.device, points: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Multi-dimensional scaling against scikit-learn's: the rows of `benchmarks/mds.py`."""
    for row in mds.rows(device, points):
        seconds = {"baseline": "scikit-learn", "baseline_seconds": row["baseline"]}
        yield row | seconds | {"device": described(device), "threads": torch.get_num_threads(), "repeats": mds.REPEATS}


def untrained_classifier(device: torch.device) -> Classifier:
    """The paper's network at MNIST's sizes with random weights, frozen."""
    with seeded(torch.device("cpu"), SEED, "classifier"):
        network = build_network(NETWORK, 1, SIZE, CLASSES)
    names = [str(digit) for digit in range(CLASSES)]
    classifier = Classifier(network, NETWORK, 1, SIZE, names, Normalisation((0.13,), (0.31,)))
    return classifier.to(device).eval().requires_grad_(False)


def noise(count: int) -> Images:
    random = np.random.default_rng(SEED)
    pixels = random.integers(0, 256, (count, 1, SIZE, SIZE)).astype(np.uint8)
    names = tuple(str(digit) for digit in range(CLASSES))
    return Images(np.arange(count), pixels, random.integers(0, CLASSES, count), names, {})


def main(arguments: Sequence[str] | None = None) -> None:
    default = Sizes()
    parser = argparse.ArgumentParser(description="Times of the filter-GAN's training step, traversals and scaling.")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--layers", nargs="+", default=default.layers)
    parser.add_argument("--batches", nargs="+", type=int, default=default.batches)
    parser.add_argument("--repeats", type=int, default=default.repeats)
    parser.add_argument("--points", nargs="+", type=int, default=default.scaling_points, help="of the scaling")
    options = parser.parse_args(arguments)
    try:
        device = open_device(options.device)
        sizes = Sizes(
            tuple(options.layers), tuple(options.batches), options.repeats, scaling_points=tuple(options.points)
        )
        report("filter_gan", rows(device, sizes), device)
    except UserError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
