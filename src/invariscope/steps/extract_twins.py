"""Learn what a twin ignores of each factor: filter-GAN traversals of its layers, and an invariant transformer."""

from pathlib import Path
from typing import Any

from invariscope import schedule
from invariscope.checkpoint import Checkpoint
from invariscope.data.table import open_data, write_rows
from invariscope.filter_gan import config as filter_gan_config
from invariscope.filter_gan import losses as filter_gan_losses
from invariscope.filter_gan import networks as filter_gan_networks
from invariscope.filter_gan import spread
from invariscope.filter_gan import train as filter_gan
from invariscope.ground_truth import extraction
from invariscope.ground_truth.compare import BESIDE, EXTRACTED_UNITS
from invariscope.ground_truth.config import Extraction, Twins
from invariscope.ground_truth.twins import draw_twin, load_twins
from invariscope.params import build
from invariscope.runtime import open_device
from invariscope.seeding import derive
from invariscope.transformer import losses, networks
from invariscope.transformer import train as transformer

PARAMS = {
    "seed": "seed",
    "data": "{study}.data",
    "twins": "{study}.ground_truth.twins",
    "extraction": "{study}.ground_truth.extraction",
}

# What a checkpoint stands on besides its inputs.
SOURCES = (filter_gan_config, filter_gan_losses, filter_gan_networks, filter_gan, spread)
CODE = [Path(str(source.__file__)) for source in (*SOURCES, losses, networks, transformer, schedule)]


def run(params: dict[str, Any], device: str, study: str, twin: str, *, data: Path, models: Path, scores: Path) -> None:
    place, twins = open_device(device), build(Twins, params["twins"])
    config = build(Extraction, params["extraction"])
    start = extraction.starts(params["data"], open_data(data, "test"), twins.factors, config.traversal.images)
    origin = {"study": study, "network": twin}
    rows, checkpoints = [], []
    for number, classifier in enumerate(load_twins(models, place)):
        images = draw_twin(params["data"], twin, twins, number, params["seed"])
        name = f"{study} {twin} {number + 1} of {twins.seeds}"
        seeds = {what: derive(params["seed"], "extract", study, number, what) for what in (*config.layers, "whole")}
        found = []
        for what, seed in seeds.items():
            checkpoints.append(Checkpoint(("extract_twins", study, twin, number, what), params, [models, *CODE]))
            shared = (config, seed, checkpoints[-1], f"{name}, {what}")
            if what in config.layers:
                found += extraction.traversal_rows(classifier, what, images, start, *shared)
            else:
                found += extraction.transformer_rows(classifier, twins.factors, images, *shared)
        rows += [origin | {"seed": number, **row, "unit": extraction.UNITS[row["method"]]} for row in found]
    write_rows(scores, rows, EXTRACTED_UNITS, BESIDE)
    for checkpoint in checkpoints:
        checkpoint.remove()
