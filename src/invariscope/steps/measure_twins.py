"""Ask a twin directly what it ignores of each factor: behaviour, screening, Lie derivative, Goodfellow's score."""

from pathlib import Path
from typing import Any

from invariscope.data.table import open_data, write_rows
from invariscope.ground_truth import direct
from invariscope.ground_truth.compare import SCORE_UNITS
from invariscope.ground_truth.config import Probe, Twins
from invariscope.ground_truth.twins import load_twins
from invariscope.params import build
from invariscope.progress import track
from invariscope.runtime import open_device
from invariscope.seeding import derive

PARAMS = {
    "seed": "seed",
    "magnitudes": "magnitudes",
    "data": "{study}.data",
    "twins": "{study}.ground_truth.twins",
    "probe": "{study}.ground_truth.probe",
}


def run(params: dict[str, Any], device: str, study: str, twin: str, *, data: Path, models: Path, scores: Path) -> None:
    place, twins, probe = open_device(device), build(Twins, params["twins"]), build(Probe, params["probe"])
    asked = direct.questions(params["data"], open_data(data, "test"), twins, probe)
    random = derive(params["seed"], "measure", study)
    classifiers = load_twins(models, place)
    origin = {"study": study, "network": twin}
    rows = [
        origin | {"seed": seed, **row, "unit": direct.UNITS[row["method"]]}
        for seed, classifier in enumerate(track(classifiers, f"{study} {twin}", len(classifiers)))
        for question in asked
        for row in direct.direct_rows(classifier, question, params["magnitudes"], probe, random)
    ]
    write_rows(scores, rows, SCORE_UNITS)
