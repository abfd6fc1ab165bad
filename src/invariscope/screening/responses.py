"""What a classifier answers to every image under every condition, as arrays and as a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from invariscope.data.table import Images, image_column, read_table, write_table
from invariscope.errors import UserError
from invariscope.screening.config import Condition
from invariscope.screening.families import FAMILIES

Origin = Mapping[str, Any]  # study, classifier, seed: the same in every row
RENDERED = ("fill", "interpolation", "clamp")
READ = (
    *("family", "magnitude", *RENDERED),
    *("image_id", "label", "class_name", "predicted", "probabilities"),
)
STEP = 2.0**-16  # softmax values are rounded to multiples: they compress, and their sums are exact in any order


@dataclass(frozen=True)
class Responses:
    """Answers to N images under M conditions, K classes."""

    conditions: list[Condition]  # (M,), a family's magnitudes together and increasing
    image_ids: np.ndarray  # (N,)
    labels: np.ndarray  # (N,)
    class_names: dict[int, str]  # by label, of the classes that have images
    predicted: np.ndarray  # (M, N) labels
    probabilities: np.ndarray  # (M, N, K) float32 softmax, multiples of STEP
    rendering: Mapping[str, dict[str, Any]]  # by family: fill, interpolation, clamp

    @property
    def families(self) -> list[str]:
        return list(dict.fromkeys(family for family, _ in self.conditions))

    def members(self, label: int | None) -> np.ndarray:
        """Places of the images of a class; None: of all."""
        return np.arange(len(self.labels)) if label is None else np.flatnonzero(self.labels == label)

    def groups(self) -> list[tuple[str, np.ndarray]]:
        """All images, then class by class: name and places of its images."""
        return [("all", self.members(None)), *((name, self.members(label)) for label, name in self.class_names.items())]

    def described(self, family: str) -> dict[str, Any]:
        """The columns that say how to read a magnitude of a family."""
        kind = FAMILIES[family]
        return {"unit": kind.unit, "identity": kind.identity, **self.rendering[family]}

    def correct(self) -> np.ndarray:
        return self.predicted == self.labels  # (M, N)

    def true_class_probability(self) -> np.ndarray:
        return self.probabilities[:, np.arange(len(self.labels)), self.labels]  # (M, N)


def write_responses(path: Path, responses: Responses, origin: Origin) -> None:
    """One row an image and condition, conditions outermost."""
    images = len(responses.image_ids)
    count = len(responses.conditions) * images
    names = np.array([responses.class_names[label] for label in responses.labels.tolist()])
    families = [family for family, _ in responses.conditions]
    columns: dict[str, Any] = {name: pa.repeat(value, count) for name, value in origin.items()}
    columns |= {
        "family": _repeated(families, images),
        "magnitude": np.repeat([magnitude for _, magnitude in responses.conditions], images),
        "image_id": np.tile(responses.image_ids, len(families)),
        "label": np.tile(responses.labels, len(families)),
        "class_name": np.tile(names, len(families)),
        "predicted": responses.predicted.ravel(),
        "true_class_probability": responses.true_class_probability().ravel(),
        "probabilities": pa.FixedSizeListArray.from_arrays(
            pa.array(responses.probabilities.ravel()), responses.probabilities.shape[2]
        ),
    }
    for name in RENDERED:
        columns[name] = _repeated([responses.rendering[family][name] for family in families], images)
    units = {"magnitude": "by family", "true_class_probability": "softmax", "probabilities": "softmax, by label"}
    write_table(path, columns, units)


def read_responses(path: Path) -> Responses:
    """The inverse of `write_responses`. Raises UserError if images are missing under some condition."""
    table = read_table(path, READ)
    families, magnitudes = table["family"].to_pylist(), table["magnitude"].to_numpy()
    ids = table["image_id"].to_numpy()
    starts = [0, *(np.flatnonzero(ids == ids[0])[1:]).tolist()] if len(ids) else []
    count = len(ids) // max(len(starts), 1)
    if not starts or starts != list(range(0, len(ids), count)) or (ids.reshape(-1, count) != ids[:count]).any():
        raise UserError(f"{path}: does not have every image under every condition; delete it and run again")
    labels = table["label"].to_numpy()[:count]
    names = dict(zip(labels.tolist(), table["class_name"][:count].to_pylist(), strict=True))
    probabilities = table["probabilities"].combine_chunks()
    return Responses(
        conditions=[(families[start], float(magnitudes[start])) for start in starts],
        image_ids=ids[:count],
        labels=labels,
        class_names=dict(sorted(names.items())),
        predicted=table["predicted"].to_numpy().reshape(-1, count),
        probabilities=probabilities.flatten().to_numpy().reshape(len(starts), count, -1),
        rendering={families[start]: {name: table[name][start].as_py() for name in RENDERED} for start in starts},
    )


def example_columns(
    samples: Images, pictures: np.ndarray, conditions: list[Condition], origin: Origin
) -> dict[str, Any]:
    """A table of transformed sample images, `pictures` (M, samples, C, H, W) uint8, conditions outermost."""
    count = len(conditions) * len(samples)
    columns: dict[str, Any] = {name: pa.repeat(value, count) for name, value in origin.items()}
    return columns | {
        "family": _repeated([family for family, _ in conditions], len(samples)),
        "magnitude": np.repeat([magnitude for _, magnitude in conditions], len(samples)),
        "image_id": np.tile(samples.ids, len(conditions)),
        "class_name": [samples.class_names[label] for label in samples.labels.tolist()] * len(conditions),
        "image": image_column(pictures.reshape(count, *pictures.shape[2:])),
    }


def _repeated(values: list[Any], times: int) -> pa.Array:
    return pa.array(values).take(pa.array(np.repeat(np.arange(len(values)), times)))
