"""Judge a study's generative networks: what they lose, how their codes are, how real their images; sheets of images.

A network is called after the folder that it lies in.
"""

from pathlib import Path
from typing import Any

from invariscope.classifiers.model_file import load_classifier, require_classes
from invariscope.data.table import open_data, write_rows
from invariscope.files import write_json
from invariscope.generative import code_statistics, measures, sheets
from invariscope.generative.config import GenerativeEvaluation
from invariscope.generative.evaluate import evaluate, summarise
from invariscope.generative.network_file import load_network
from invariscope.params import build
from invariscope.runtime import open_device
from invariscope.seeding import derive

PARAMS = {"seed": "seed", "evaluation": "{study}.generative.evaluation"}


def run(
    params: dict[str, Any],
    device: str,
    study: str,
    *,
    data: Path,
    judges: list[Path],
    networks: list[Path],
    evaluation: Path,
    units: Path,
    correlations: Path,
    samples: Path,
    sweeps: Path,
    basis: Path,
    metrics: Path,
) -> None:
    config, place = build(GenerativeEvaluation, params["evaluation"]), open_device(device)
    train, test = open_data(data, "train"), open_data(data, "test")
    known = {name: load_classifier(path, place) for name, path in zip(config.judges, judges, strict=True)}
    for path, classifier in zip(judges, known.values(), strict=True):
        require_classes(classifier, test.class_names, path, data)
    made = {path.parent.name: load_network(path, place) for path in networks}
    seed = derive(params["seed"], "generative evaluation", study)
    found = evaluate(made, known, config, train, test, seed, f"{study} generative networks")
    origin = {"study": study, "seed": params["seed"]}
    figures = ("value", "ci_low", "ci_high")
    for file, rows, columns, numbers in (
        (evaluation, found.rows, measures.UNITS, figures),
        (units, found.units, code_statistics.UNITS, ("divergence",)),
        (correlations, found.correlations, code_statistics.CORRELATION_UNITS, ("correlation",)),
        (samples, found.samples, sheets.SAMPLE_UNITS, ()),
        (sweeps, found.sweeps, sheets.SWEEP_UNITS, ()),
        (basis, found.basis, sheets.BASIS_UNITS, ()),
    ):
        write_rows(file, [origin | row for row in rows], columns, numbers)
    write_json(metrics, summarise(found.rows, config.judges[0]))
