"""How fast a screening is: against plain inference of the same network, and against one image at a time.

python benchmarks/screening.py [--device cuda] [--networks alexnet resnet18] [--size 48] [--images 64] [--repeats 5]

Needs neither trained networks nor data: time does not depend on values. The networks are those of the study `shapes`
with random weights (`--width 1 --stem standard --size 224` are torchvision's), the sweep is the whole of params.yaml,
and the images are noise, as many as one block on the CPU.
- inference: the network alone on one clean block, as often as there are conditions that change something;
- transforms: our transforms of a block, against torchvision's functional ones of its images one at a time, as tensors
  on the device (torchvision scales both sides alike, and has no noise: torch.randn_like);
- the whole: against these and the network on one image at a time.
Seconds are medians over the repeats, all cases in turn, after a warm-up; a ratio is the baseline's over the row's own.
INVARISCOPE_THREADS sets the threads of the CPU.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as vision

from invariscope.classifiers.architectures import build_network
from invariscope.classifiers.model_file import Classifier, Normalisation
from invariscope.data.table import Images
from invariscope.errors import UserError
from invariscope.params import load_yaml
from invariscope.runtime import open_device, seeded
from invariscope.screening.config import Condition, Rendering, conditions
from invariscope.screening.families import FAMILIES
from invariscope.screening.screen import CPU_BLOCK, screen
from invariscope.screening.transforms import Batch, prepare

sys.path.insert(0, str(Path(__file__).parent))
from timing import Rows, compared, interleaved, report

SEED, CLASSES = 0, 60
SCREENING, INFERENCE, SINGLY = "screening (ours)", "plain inference", "one image at a time"


@dataclass(frozen=True)
class Sizes:
    """How much is timed."""

    networks: tuple[str, ...] = ("alexnet", "resnet18")
    stem: str = "small"
    width: float = 0.25
    size: int = 48  # px
    images: int = CPU_BLOCK
    repeats: int = 5
    every: int = 1  # of the conditions, which are timed


def rows(device: torch.device, sizes: Sizes) -> Iterator[dict[str, Any]]:
    images = noise_images(sizes)
    sweep = changing(conditions(load_yaml(Path("params.yaml"))["magnitudes"]))[:: sizes.every]
    yield from transform_rows(device, images, sweep, sizes)
    for name in sizes.networks:
        yield from screening_rows(device, untrained(name, sizes, device), images, sweep, sizes)


def changing(sweep: list[Condition]) -> list[Condition]:
    return [step for step in sweep if step[1] != FAMILIES[step[0]].identity]


def screening_rows(
    device: torch.device, network: Classifier, images: Images, sweep: list[Condition], sizes: Sizes
) -> Rows:
    """The whole screening, held against the network alone, and against everything one image at a time."""
    pixels = images.tensors()[0].to(device)
    plain = network.to(memory_format=torch.channels_last)
    block = pixels.contiguous(memory_format=torch.channels_last)

    @torch.inference_mode()
    def inference() -> None:
        for _ in range(len(sweep) + 1):
            plain(block)

    @torch.inference_mode()
    def singly() -> None:
        for image in pixels:
            plain(image[None])
            for step in sweep:
                plain(transformed_singly(image, *step)[None])

    cases: dict[str, Callable[[], object]] = {
        SCREENING: lambda: screen(network, images, sweep, Rendering(), SEED, device, sizes.images),
        INFERENCE: inference,
    }
    times = interleaved(cases, sizes.repeats, device)
    times |= interleaved({SINGLY: singly}, 1, device)
    title = f"{network.config['architecture']}, {len(images)} images of {sizes.size} px, {len(sweep)} conditions"
    found = compared(title, times, INFERENCE, sizes.repeats, device)
    return found + compared(title, {name: times[name] for name in (SCREENING, SINGLY)}, SINGLY, 1, device)[:1]


def transform_rows(device: torch.device, images: Images, sweep: list[Condition], sizes: Sizes) -> Rows:
    """The transformations alone, family by family and all together."""
    found = []
    for family in (*dict.fromkeys(step[0] for step in sweep), None):
        own = [step for step in sweep if family in (step[0], None)]
        cases = {SCREENING: batched(device, images, own), SINGLY: singly_transformed(device, images, own)}
        times = interleaved(cases, sizes.repeats, device)
        title = f"{family or 'all families'}, {len(images)} images of {sizes.size} px, {len(own)} magnitudes"
        found += compared(title, times, SINGLY, sizes.repeats, device)[:1]
    return found


def batched(device: torch.device, images: Images, sweep: list[Condition]) -> Callable[[], None]:
    pixels = images.tensors()[0].to(device)
    transforms = [prepare(*step, images.shape, Rendering(), device) for step in sweep]

    @torch.inference_mode()
    def run() -> None:
        batch = Batch(pixels, images.ids.tolist(), SEED)
        for transform in transforms:
            transform(batch)

    return run


def singly_transformed(device: torch.device, images: Images, sweep: list[Condition]) -> Callable[[], None]:
    pixels = images.tensors()[0].to(device)

    @torch.inference_mode()
    def run() -> None:
        for image in pixels:
            for step in sweep:
                transformed_singly(image, *step)

    return run


def transformed_singly(image: Tensor, family: str, magnitude: float) -> Tensor:
    """torchvision's way, for an image (C, H, W) in [0, 1]."""
    height, width = image.shape[1:]
    usual: dict[str, Any] = {"angle": 0.0, "translate": [0, 0], "scale": 1.0, "shear": [0.0, 0.0]}
    usual["interpolation"] = InterpolationMode.BILINEAR
    if family == "translation_x":
        return vision.affine(image, **usual | {"translate": [round(magnitude * width), 0]})
    if family == "translation_y":
        return vision.affine(image, **usual | {"translate": [0, round(magnitude * height)]})
    if family == "rotation":
        return vision.rotate(image, magnitude, interpolation=InterpolationMode.BILINEAR)
    if family in ("scale_x", "scale_y", "zoom"):  # torchvision scales both sides alike
        return vision.affine(image, **usual | {"scale": magnitude})
    if family == "contrast_mean":
        return vision.adjust_contrast(image, magnitude)
    if family == "grayscale":
        return vision.adjust_saturation(image, 1 - magnitude)
    if family == "gaussian_blur":
        return vision.gaussian_blur(image, [2 * int(4 * magnitude + 0.5) + 1] * 2, [magnitude] * 2)
    if family == "gaussian_noise":
        return (image + magnitude * torch.randn_like(image)).clamp(0, 1)
    return (image + magnitude if family == "brightness" else image * magnitude).clamp(0, 1)


def untrained(name: str, sizes: Sizes, device: torch.device) -> Classifier:
    config = {"architecture": name, "stem": sizes.stem, "width": sizes.width}
    config |= {"dense_width": 256 if sizes.width < 1 else 4096} if name == "alexnet" else {}
    with seeded(torch.device("cpu"), SEED, "classifier"):
        network = build_network(config, 3, sizes.size, CLASSES)
    names = [str(label) for label in range(CLASSES)]
    classifier = Classifier(network, config, 3, sizes.size, names, Normalisation((0.1,) * 3, (0.3,) * 3))
    return classifier.to(device).eval().requires_grad_(False)


def noise_images(sizes: Sizes) -> Images:
    random = np.random.default_rng(SEED)
    pixels = random.integers(0, 256, (sizes.images, 3, sizes.size, sizes.size), dtype=np.uint8)
    names = tuple(str(label) for label in range(CLASSES))
    return Images(np.arange(sizes.images), pixels, random.integers(0, CLASSES, sizes.images), names, {})


def main(arguments: Sequence[str] | None = None) -> None:
    default = Sizes()
    parser = argparse.ArgumentParser(description="Times of a screening.")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--networks", nargs="*", default=default.networks)
    parser.add_argument("--stem", default=default.stem)
    parser.add_argument("--width", type=float, default=default.width)
    parser.add_argument("--size", type=int, default=default.size)
    parser.add_argument("--images", type=int, default=default.images)
    parser.add_argument("--repeats", type=int, default=default.repeats)
    parser.add_argument("--every", type=int, default=default.every, help="time every n-th condition only")
    options = vars(parser.parse_args(arguments))
    try:
        device = open_device(options.pop("device"))
        report("screening", rows(device, Sizes(**options | {"networks": tuple(options["networks"])})), device)
    except UserError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
