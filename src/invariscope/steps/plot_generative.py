"""Generative networks of a study: how real their images are, samples, sweeps, codes, basis images; the DCGAN's
training."""

from pathlib import Path
from typing import Any

from invariscope.data.table import read_table
from invariscope.figures import (
    dcgan_training,
    generative_basis,
    generative_codes,
    generative_distances,
    generative_samples,
    generative_sweeps,
)

PARAMS = {"sparsity": "{study}.generative.sparse.sparsity"}


def run(
    params: dict[str, Any],
    study: str,
    *,
    evaluation: Path,
    units: Path,
    correlations: Path,
    samples: Path,
    sweeps: Path,
    basis: Path,
    history: Path,
    distances: list[Path],
    sheet: Path,
    latents: Path,
    codes: list[Path],
    dictionary: Path,
    schedule: list[Path],
) -> None:
    judged = read_table(evaluation, ("kind", "codes", "judge", "metric", "value", "ci_low", "ci_high"))
    active = read_table(units, ("kind", "unit", "mean"))
    pairs = read_table(correlations, ("kind", "unit", "other", "correlation"))
    generative_distances.draw(distances, judged, study)
    generative_samples.draw(sheet, read_table(samples, ("kind", "predicted", "confidence", "image")), study)
    generative_sweeps.draw(latents, read_table(sweeps, ("kind", "latent", "code", "image")), study)
    generative_codes.draw(codes, judged, active, pairs, params["sparsity"], study)
    generative_basis.draw(dictionary, read_table(basis, ("kind", "unit", "image")), active, study)
    dcgan_training.draw(schedule, read_table(history), study)
