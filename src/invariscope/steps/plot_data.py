"""Example images of every class of a study."""

from pathlib import Path

from invariscope.data.table import open_data
from invariscope.figures.samples import plot_samples

SPLIT = "test"


def run(study: str, *, data: Path, samples: Path) -> None:
    plot_samples(samples, open_data(data, SPLIT), study, SPLIT)
