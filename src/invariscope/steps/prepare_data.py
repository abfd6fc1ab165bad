"""Draw or import a study's images."""

import importlib
import sys
from pathlib import Path
from typing import Any

from invariscope.data.sources import module_of
from invariscope.data.table import write_data
from invariscope.progress import track

PARAMS = {"data": "{study}.data", "seed": "seed"}


def run(params: dict[str, Any], data_root: Path, study: str, *, data: Path) -> None:
    source = importlib.import_module(module_of(params["data"]["source"]))
    splits = source.draw(params["data"], params["seed"], data_root)
    write_data(data, splits, getattr(source, "FACTOR_UNITS", {}), track)
    print(f"{data}: " + ", ".join(f"{len(images)} {split}" for split, images in splits.items()), file=sys.stderr)
