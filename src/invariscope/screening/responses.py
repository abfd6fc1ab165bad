"""What a classifier answers to every image under every condition: as arrays, and class by class in a file.

Everything here goes class by class, so that memory holds the answers to one class's images, however many there are.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from invariscope.data.table import Images, image_column, read_groups, write_groups
from invariscope.errors import UserError
from invariscope.screening.config import Condition
from invariscope.screening.families import FAMILIES

Origin = Mapping[str, Any]  # study, classifier, seed: the same in every row
Rendered = Mapping[str, Mapping[str, Any]]  # by family: fill, interpolation, clamp
RENDERED = ("fill", "interpolation", "clamp")
INDEX = ("image_id", "label", "class_name")
READ = ("family", "magnitude", *RENDERED, *INDEX, "predicted", "probabilities")
STEP = 2.0**-16  # softmax values are rounded to multiples: they compress, and their sums are exact in any order


@dataclass(frozen=True)
class Responses:
    """Answers to N images under M conditions, K classes. The images stand class by class, in the order of labels."""

    conditions: list[Condition]  # (M,), a family's magnitudes together and increasing
    image_ids: np.ndarray  # (N,)
    labels: np.ndarray  # (N,)
    class_names: dict[int, str]  # by label, of the classes that have images
    predicted: np.ndarray  # (M, N) labels
    probabilities: np.ndarray  # (M, N, K) float32 softmax, multiples of STEP
    rendering: Rendered

    @property
    def sizes(self) -> dict[str, int]:
        """Images of each class."""
        return {name: int((self.labels == label).sum()) for label, name in self.class_names.items()}

    def __iter__(self) -> "Iterator[Responses]":
        """Class by class."""
        for label in self.class_names:
            yield self.part(np.flatnonzero(self.labels == label))

    def part(self, places: np.ndarray) -> "Responses":
        labels = self.labels[places]
        return Responses(
            self.conditions,
            self.image_ids[places],
            labels,
            {label: self.class_names[label] for label in np.unique(labels).tolist()},
            self.predicted[:, places],
            self.probabilities[:, places],
            self.rendering,
        )

    def correct(self) -> np.ndarray:
        return self.predicted == self.labels  # (M, N)

    def true_class_probability(self) -> np.ndarray:
        return self.probabilities[:, np.arange(len(self.labels)), self.labels]  # (M, N)


class Answers(Protocol):
    """Responses in memory or in a file, class by class."""

    @property
    def conditions(self) -> list[Condition]: ...
    @property
    def rendering(self) -> Rendered: ...
    @property
    def sizes(self) -> dict[str, int]: ...
    def __iter__(self) -> Iterator[Responses]: ...


def joined(parts: Iterable[Responses]) -> Responses:
    """Responses to different images under the same conditions as one, in the order given."""
    parts = list(parts)
    return Responses(
        parts[0].conditions,
        np.concatenate([part.image_ids for part in parts]),
        np.concatenate([part.labels for part in parts]),
        {label: name for part in parts for label, name in part.class_names.items()},
        np.concatenate([part.predicted for part in parts], axis=1),
        np.concatenate([part.probabilities for part in parts], axis=1),
        parts[0].rendering,
    )


def by_class(blocks: Iterable[Responses]) -> Iterator[Responses]:
    """Blocks of images, in the order of labels, gathered to one part a class."""
    gathered: list[Responses] = []
    for block in blocks:
        for part in block:
            if gathered and gathered[0].labels[0] != part.labels[0]:
                yield joined(gathered)
                gathered = []
            gathered.append(part)
    if gathered:
        yield joined(gathered)


# --- families of the conditions ---------------------------------------------------------------------------------------


def families_of(answers: Answers) -> list[str]:
    return list(dict.fromkeys(family for family, _ in answers.conditions))


def described(answers: Answers, family: str) -> dict[str, Any]:
    """The columns that say how to read a magnitude of a family."""
    kind = FAMILIES[family]
    return {"unit": kind.unit, "identity": kind.identity, **answers.rendering[family]}


# --- files ------------------------------------------------------------------------------------------------------------


def write_responses(path: Path, parts: Iterable[Responses], origin: Origin) -> None:
    """One row an image and condition, images outermost; a row group a class, written as it comes.

    Parts of several screenings may follow one another.
    """
    units = {"magnitude": "by family", "true_class_probability": "softmax", "probabilities": "softmax, by label"}
    write_groups(path, (_columns(part, origin) for part in parts), units)


def _columns(part: Responses, origin: Origin) -> dict[str, Any]:
    images, conditions = len(part.image_ids), len(part.conditions)
    families = [family for family, _ in part.conditions]
    names = np.array([part.class_names[label] for label in part.labels.tolist()])
    columns: dict[str, Any] = {name: pa.repeat(value, images * conditions) for name, value in origin.items()}
    columns |= {
        "family": np.tile(families, images),
        "magnitude": np.tile([magnitude for _, magnitude in part.conditions], images),
        "image_id": np.repeat(part.image_ids, conditions),
        "label": np.repeat(part.labels, conditions),
        "class_name": np.repeat(names, conditions),
        "predicted": part.predicted.T.ravel(),
        "true_class_probability": part.true_class_probability().T.ravel(),
        "probabilities": pa.FixedSizeListArray.from_arrays(
            pa.array(part.probabilities.swapaxes(0, 1).ravel()), part.probabilities.shape[2]
        ),
    }
    return columns | {
        name: pa.array([part.rendering[family][name] for family in families] * images) for name in RENDERED
    }


@dataclass(frozen=True)
class StoredResponses:
    """Responses in a file, read class by class; what is not pixels or softmax is known at once."""

    path: Path
    row_groups: dict[str, int]  # by class
    conditions: list[Condition]
    rendering: Rendered
    sizes: dict[str, int]

    def __iter__(self) -> Iterator[Responses]:
        for table in read_groups(self.path, READ, list(self.row_groups.values())):
            yield _part(table, self.path, self.conditions)


def open_responses(path: Path) -> StoredResponses:
    """The inverse of `write_responses`. Raises UserError if the file is damaged, or lacks images of a condition."""
    screenings = open_screenings(path)
    if len(screenings) > 1:
        raise _incomplete(path)
    return screenings[0]


def open_screenings(path: Path) -> list[StoredResponses]:
    """Responses that were written one after the other, to the same images under other conditions or renderings."""
    found: list[tuple[dict[str, int], dict[str, int]]] = []  # row groups and rows, by class
    for place, index in enumerate(read_groups(path, INDEX)):
        names = index["class_name"].unique().to_pylist()
        if len(names) > 1:
            raise _incomplete(path)
        if not found or names[0] in found[-1][0]:  # a class comes up again: the next screening
            found.append(({}, {}))
        found[-1][0][names[0]], found[-1][1][names[0]] = place, len(index)
    return [_opened(path, groups, rows) for groups, rows in found]


def _opened(path: Path, groups: dict[str, int], rows: dict[str, int]) -> StoredResponses:
    first = _part(next(read_groups(path, READ, [next(iter(groups.values()))])), path)
    count = len(first.conditions)
    if any(size % count for size in rows.values()):
        raise _incomplete(path)
    sizes = {name: size // count for name, size in rows.items()}
    return StoredResponses(path, groups, first.conditions, first.rendering, sizes)


def _part(table: pa.Table, path: Path, expected: list[Condition] | None = None) -> Responses:
    """One class's rows. Raises UserError unless every image is there under every condition."""
    ids, labels = table["image_id"].to_numpy(), table["label"].to_numpy()
    count = int((ids == ids[0]).sum())  # conditions
    conditions = [
        (family, float(magnitude))
        for family, magnitude in zip(
            table["family"][:count].to_pylist(), table["magnitude"][:count].to_pylist(), strict=True
        )
    ]
    whole = len(ids) % count == 0 and (ids.reshape(-1, count) == ids[::count, None]).all()
    if not whole or (expected is not None and conditions != expected):
        raise _incomplete(path)
    images = len(ids) // count
    probabilities = table["probabilities"].combine_chunks().flatten().to_numpy().reshape(images, count, -1)
    return Responses(
        conditions=conditions,
        image_ids=ids[::count],
        labels=labels[::count],
        class_names={int(labels[0]): table["class_name"][0].as_py()},
        predicted=table["predicted"].to_numpy().reshape(images, count).T,
        probabilities=probabilities.swapaxes(0, 1),
        rendering={
            family: {name: table[name][place].as_py() for name in RENDERED}
            for place, (family, _) in enumerate(conditions)
        },
    )


def _incomplete(path: Path) -> UserError:
    return UserError(f"{path}: does not have every image under every condition; delete it and run again")


def example_columns(
    samples: Images, pictures: np.ndarray, conditions: list[Condition], origin: Origin
) -> dict[str, Any]:
    """A table of transformed sample images, `pictures` (M, samples, C, H, W) uint8, conditions outermost."""
    count = len(conditions) * len(samples)
    columns: dict[str, Any] = {name: pa.repeat(value, count) for name, value in origin.items()}
    return columns | {
        "family": np.repeat([family for family, _ in conditions], len(samples)),
        "magnitude": np.repeat([magnitude for _, magnitude in conditions], len(samples)),
        "image_id": np.tile(samples.ids, len(conditions)),
        "class_name": [samples.class_names[label] for label in samples.labels.tolist()] * len(conditions),
        "image": image_column(pictures.reshape(count, *pictures.shape[2:])),
    }
