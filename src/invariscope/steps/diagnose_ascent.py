"""Why the paper's ascent in the latent space failed: its own, one mend at a time, and gradients layer by layer."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from invariscope.data.table import read_table, write_rows
from invariscope.features import diagnosis
from invariscope.features.ascent import LatentAscent
from invariscope.features.diagnosis import Diagnosis
from invariscope.features.latent_files import candidates, load_pair
from invariscope.features.latent_tables import SAMPLES, Scale
from invariscope.features.objectives import CLASS, Probe, parse
from invariscope.features.visualize import shape_of
from invariscope.files import write_json
from invariscope.params import build
from invariscope.runtime import open_device
from invariscope.seeding import derive

PARAMS = {"seed": "seed", "ascent": "{study}.features.ascent", "diagnosis": "{study}.features.diagnosis"}


def run(
    params: dict[str, Any],
    device: str,
    study: str,
    classifier: str,
    *,
    data: Path,
    model: Path,
    autoencoder: Path,
    latents: Path,
    variants: Path,
    gradients: Path,
    metrics: Path,
) -> None:
    """`latents`: what search_latents found, against which the variants are held."""
    config, ours = build(Diagnosis, params["diagnosis"]), build(LatentAscent, params["ascent"])
    network, decoder = load_pair(model, autoencoder, open_device(device))
    classes = np.unique(np.linspace(0, len(network.class_names) - 1, config.classes).round().astype(int))
    probe = Probe(network, [parse(f"{CLASS}:{number}") for number in classes], shape_of(network, None))
    seed = derive(params["seed"], "latents", study, classifier)
    rows, layers = diagnosis.diagnose(
        decoder, probe, read_scale(latents, probe), config, ours, seed, candidates(data, decoder, ours)
    )
    origin = {"study": study, "classifier": classifier, "seed": params["seed"]}
    write_rows(variants, [origin | row for row in rows], diagnosis.VARIANT_UNITS)
    write_rows(gradients, [origin | row for row in layers], diagnosis.GRADIENT_UNITS)
    write_json(metrics, diagnosis.summarise(rows, layers))


def read_scale(path: Path, probe: Probe) -> Scale:
    """The range of the samples, of every objective of the probe."""
    chosen = [("method", "==", SAMPLES), ("rank", "==", 1)]
    table = read_table(path, ("objective", "method", "rank", "value", "mean"), chosen)
    known = {row["objective"]: row for row in table.to_pylist()}
    mean, best = ([known[str(one)][name] for one in probe.objectives] for name in ("mean", "value"))
    return Scale(torch.tensor(mean), torch.tensor(best))
