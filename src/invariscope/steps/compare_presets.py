"""Train the presets of a layer's filter-GAN: accuracy against spread, beside plain noise."""

from pathlib import Path
from typing import Any

from invariscope.checkpoint import Checkpoint
from invariscope.classifiers.model_file import load_classifier
from invariscope.data.table import read_data, read_table, write_rows
from invariscope.files import write_json
from invariscope.filter_gan import presets, train
from invariscope.filter_gan.config import layer_config
from invariscope.runtime import open_device
from invariscope.seeding import derive
from invariscope.steps.train_filter_gan import CODE, monitored

PARAMS = {
    "seed": "seed",
    "training": "{study}.filter_gan.training",
    "layer": "{study}.filter_gan.layers.{classifier}.{layer}",
    "presets": "{study}.filter_gan.presets",
}


def run(
    params: dict[str, Any],
    device: str,
    study: str,
    classifier: str,
    layer: str,
    *,
    data: Path,
    model: Path,
    history: Path,
    comparison: Path,
    metrics: Path,
) -> None:
    place = open_device(device)
    module, own = layer_config(params["training"], params["layer"], layer)
    configs = {
        name: layer_config(params["training"], params["layer"], layer, name)[1]
        for name in params["presets"]
        if name != own.preset  # which train_filter_gan has trained
    }
    split, held_out = monitored(data, own.log_images)
    images, network = read_data(data, "train"), load_classifier(model, place)
    job = ("compare_presets", study, classifier, layer)
    checkpoints = {name: Checkpoint((*job, name), params, [data, model, *CODE]) for name in configs}
    seed = derive(params["seed"], "filter_gan", study, classifier, layer)  # train_filter_gan's: only the preset differs
    label = f"{study} {classifier} {layer}"
    rows = [{"preset": own.preset} | row for row in read_table(history, train.COLUMNS).to_pylist()]
    rows += presets.compare(network, module, configs, images, held_out, seed, checkpoints.get, label)
    rows += presets.noise_rows(network, module, own, images, held_out, seed)
    origin = {"study": study, "classifier": classifier, "layer": layer, "seed": params["seed"], "accuracy_split": split}
    write_rows(comparison, [origin | row for row in rows], presets.UNITS)
    write_json(metrics, presets.summarise(rows))
    for checkpoint in checkpoints.values():
        checkpoint.remove()
