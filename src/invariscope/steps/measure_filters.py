"""Spread of generated filters: multi-dimensional scaling, its stress, and the filters as pictures."""

from pathlib import Path
from typing import Any

from invariscope.classifiers.surgery import find_convolution
from invariscope.data.table import write_table
from invariscope.files import write_json
from invariscope.filter_gan.config import Scaling
from invariscope.filter_gan.filters import draw_filters, picture_table, scaling_table, spreads
from invariscope.filter_gan.generator_file import load_with_classifier
from invariscope.params import build
from invariscope.runtime import open_device
from invariscope.seeding import derive

PARAMS = {"seed": "seed", "scaling": "{study}.filter_gan.mds"}
UNITS = {
    "x": "Euclidean distance of filters",
    "y": "Euclidean distance of filters",
    "image": "0-255, (row, column, RGB); 127.5 is 0",
    "sample": "number of the latent code; -1: the real filter",
    "weight_spread": "standard deviations of the real weights",
}


def run(
    params: dict[str, Any],
    device: str,
    study: str,
    classifier: str,
    layer: str,
    *,
    model: Path,
    generator: Path,
    mds: Path,
    filters: Path,
    metrics: Path,
) -> None:
    place = open_device(device)
    config = build(Scaling, params["scaling"])
    trained, module, network = load_with_classifier(generator, model, place)
    real = find_convolution(network.network, module).weight
    seed = derive(params["seed"], "measure_filters", study, classifier, layer)
    drawn = draw_filters(real, trained, config.samples, seed)
    points, stress = scaling_table(drawn)
    figures = {"stress_1": stress, **spreads(real, trained, seed)}
    origin = {"study": study, "classifier": classifier, "layer": layer, "seed": params["seed"]}
    write_columns(mds, {**origin, **figures}, points)
    write_columns(filters, origin, picture_table(drawn, config.filters))
    write_json(metrics, figures)


def write_columns(path: Path, constants: dict[str, Any], columns: dict[str, Any]) -> None:
    """A table of `columns`, the constants repeated in every row."""
    rows = len(columns["kind"])
    table = {name: [value] * rows for name, value in constants.items()} | columns
    write_table(path, table, {name: unit for name, unit in UNITS.items() if name in table})
