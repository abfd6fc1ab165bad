"""How wide a DCGAN must be, and how long it must learn, until it draws all classes: its frontier.

python benchmarks/dcgan.py data/shapes.parquet results/shapes/cnn7/training/model.safetensors
    [--widths 64 128 256 512] [--generator-steps 1 2] [--discriminator-rates 2e-4 5e-5] [--seeds 0] [--batches 1800]

Every combination is trained in turn, with the text's schedule (100 batches of either network alone) and its rates. Told
are the Fréchet distance in the classifier's features at the end, how many times smaller it is than before any training,
and the fraction of the classes that the classifier finds among 1 000 samples.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import torch

from invariscope.classifiers.model_file import load_classifier, require_classes
from invariscope.data.table import balanced, monitored_split, open_data, read_data
from invariscope.errors import UserError
from invariscope.files import write_json
from invariscope.generative import dcgan_train
from invariscope.generative.config import DcganTraining, Phases
from invariscope.runtime import open_device

sys.path.insert(0, str(Path(__file__).parent))
from timing import RESULTS, described

ALONE, HALVINGS = 100, 2  # batches of each network alone; of the width, from the first maps to the last


def rows(options: argparse.Namespace, device: torch.device) -> Iterator[dict[str, Any]]:
    judge, images = load_classifier(options.judge, device), read_data(options.data, "train")
    require_classes(judge, images.class_names, options.judge, options.data)
    monitored = balanced(open_data(options.data, monitored_split(options.data)), options.images)
    for width, steps, rate, seed in product(
        options.widths, options.generator_steps, options.discriminator_rates, options.seeds
    ):
        config = DcganTraining(
            Phases(ALONE, ALONE, options.batches),
            widths=tuple(width // 2**number for number in range(HALVINGS + 1)),
            generator_steps=steps,
            discriminator_learning_rate=rate,
            averaging=0.995,
            log_images=options.images,
        )
        begun = time.perf_counter()
        _, history = dcgan_train.train(config, images, monitored, judge, seed, device)
        first, last = history[0]["frechet_distance"], history[-1]["frechet_distance"]
        yield {
            "width": width,
            "generator_steps": steps,
            "discriminator_rate": rate,
            "seed": seed,
            "seconds": time.perf_counter() - begun,
            "frechet_distance": last,
            "fall": first / last,
            "classes": history[-1]["classes"],
        }


def main() -> None:
    parser = argparse.ArgumentParser(description="Distance and classes of DCGANs, by width and schedule.")
    parser.add_argument("data", type=Path)
    parser.add_argument("judge", type=Path, help="a classifier of the same classes")
    parser.add_argument("--widths", type=int, nargs="+", default=[64, 128, 256, 512], help="of the first maps")
    parser.add_argument("--generator-steps", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--discriminator-rates", type=float, nargs="+", default=[2e-4, 5e-5])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--batches", type=int, default=1800, help="in which both learn")
    parser.add_argument("--images", type=int, default=1000, help="samples, and real ones")
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    try:
        device, found = open_device(options.device), []
        print(described(device))
        for row in rows(options, device):
            print("  ".join(f"{name} {value:.4g}" for name, value in row.items()), flush=True)
            found.append(row)
    except UserError as error:
        sys.exit(f"error: {error}")
    path = RESULTS / f"dcgan_{device.type}.json"
    write_json(path, {"torch": torch.__version__, "batches": options.batches, "rows": found})
    print(f"saved: {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
