"""Does an early layer's traversal change pixels, and a late one's geometry (section 5.1 of the paper)?

The paper shows pictures: layer 2 "brightness changes or changes to the stroke width", layer 4 "high-level". Our
choices:

- One number an image, layer and attribute: the mean over all points of its grids but the middles, the kinds of axes
  pooled, of how far the attribute is from that of the middle, where nothing had to change. Unconverged points count.
- Layers move images by different amounts, which says nothing of the kind of change. So an image's change of an
  attribute is divided by its own mean RMS change, and multiplied by the mean RMS change of all images and layers: what
  it would be at equal RMS change, to first order. To set attributes side by side it is also divided by the attribute's
  standard deviation over the originals. The shift of the centre has none, and stays in px.
- Shares (locality, affine motion) are free of scale, and compared as they are. So is the RMS change itself. What is not
  local need not be geometric (noise is neither), which is why affine motion is reported beside locality.
- Two checks of locality: with converged points alone; and, since a share of large changes may differ from one of small
  changes, with those points alone whose RMS change is one that both layers reach for that image.
- Test: paired over images, signs flipped; Holm's correction over everything compared between two layers. Locality is
  the paper's claim, so the verdict on it goes by its own p, and that on affine motion by the corrected one. Both speak
  of other images, under the same classifier and the same generators; another training may differ.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa

from invariscope.errors import UserError
from invariscope.filter_gan.config import Comparison
from invariscope.intervals import mean_interval
from invariscope.invariance.attributes import SHARES
from invariscope.invariance.attributes import UNITS as ATTRIBUTES
from invariscope.paired import effect_size, holm, sign_flip_test
from invariscope.seeding import numpy_generator

COLUMNS = ("study", "classifier", "layer", "image_id", "axes", "row", "column", "converged", "rms_change")
SIZE = "rms_change"
CLAIM = "locality"
LEVEL = 0.05  # of the verdict
AS_IT_IS = (*SHARES, SIZE, "centre_shift")  # measures of the change; of the rest, the distance from the original is one


@dataclass(frozen=True)
class Changes:
    """What one layer's traversals changed. Arrays by image (N,), NaN where an attribute is not defined."""

    image_ids: np.ndarray
    original: dict[str, np.ndarray]  # at the middles
    change: dict[str, np.ndarray]  # mean over the other points
    points: np.ndarray  # how many these are
    converged: float  # share of them


def image_changes(traversal: pa.Table, chosen: np.ndarray | None = None) -> Changes:
    """Changes by image from a traversal table, or from `chosen` points (points,) of it alone.

    Raises UserError if a grid has no middle.
    """
    names = [name for name in (*ATTRIBUTES, SIZE) if name in traversal.column_names]
    grids, middle = _grids(traversal)
    ids, image = np.unique(traversal["image_id"].to_numpy(), return_inverse=True)
    counted = ~_is_middle(traversal)
    share = _mean(converged_points(traversal)[counted].astype(float))
    if chosen is not None:
        counted &= chosen
    original, change = {}, {}
    for name in names:
        values = traversal[name].to_numpy().astype(np.float64)
        start = values[middle]
        original[name] = _means(start, image[middle], len(ids))
        moved = values if name in AS_IT_IS else np.abs(values - start[grids])
        change[name] = _means(moved[counted], image[counted], len(ids))
    return Changes(ids, original, change, np.bincount(image[counted], minlength=len(ids)), share)


def _is_middle(traversal: pa.Table) -> np.ndarray:
    """(points,) bool"""
    rows, columns = (traversal[name].to_numpy() for name in ("row", "column"))
    places = (np.unique(values) for values in (rows, columns))
    row, column = (values[len(values) // 2] if len(values) else 0 for values in places)
    return (rows == row) & (columns == column)


def _grids(traversal: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """The number of every point's grid, of one image and one kind of axes, and where each grid's middle is."""
    keys = zip(traversal["image_id"].to_pylist(), traversal["axes"].to_pylist(), strict=True)
    numbers: dict[tuple[int, str], int] = {}
    grids = np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)
    places = np.flatnonzero(_is_middle(traversal))
    places = places[np.argsort(grids[places])]
    if not np.array_equal(grids[places], np.arange(len(numbers))):
        raise UserError("a grid of the traversals has no middle, or two; delete the table and run again")
    return grids, places


def _means(values: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """Means (count,) of the finite values of every group; NaN if it has none."""
    finite = np.isfinite(values)
    sums = np.bincount(groups[finite], values[finite], count)
    with np.errstate(invalid="ignore"):
        return sums / np.bincount(groups[finite], minlength=count)


# --- on one scale -----------------------------------------------------------------------------------------------------


def scale_of(name: str) -> str:
    """The unit in which layers are compared."""
    if name in SHARES:
        return "share of the change"
    if name == SIZE:
        return "intensity, 0-1"
    return f"{'px' if name in AS_IT_IS else 'standard deviations of the originals'}, at equal RMS change"


def on_one_scale(layers: Mapping[str, Changes]) -> dict[str, dict[str, np.ndarray]]:
    """Changes (N,) by layer and attribute as they are compared (see the module)."""
    mean_size = _mean(np.concatenate([changes.change[SIZE] for changes in layers.values()]))
    scaled: dict[str, dict[str, np.ndarray]] = {layer: {} for layer in layers}
    for name in _common(layers):
        spread = 1.0 if name in AS_IT_IS else _spread(layers, name)
        for layer, changes in layers.items():
            own = changes.change[name]
            if name not in (*SHARES, SIZE):
                size = np.where(changes.change[SIZE] > 0, changes.change[SIZE], np.nan)
                own = own / spread * (mean_size / size)
            scaled[layer][name] = own
    return scaled


def _common(layers: Mapping[str, Changes]) -> list[str]:
    """What every layer's table has measured."""
    tables = [changes.change for changes in layers.values()]
    return [name for name in tables[0] if all(name in table for table in tables)]


def _spread(layers: Mapping[str, Changes], name: str) -> float:
    """Standard deviation of an attribute over the original images, each counted once; NaN if they do not differ."""
    ids = np.concatenate([changes.image_ids for changes in layers.values()])
    values = np.concatenate([changes.original[name] for changes in layers.values()])
    unique, image = np.unique(ids, return_inverse=True)
    originals = _means(values, image, len(unique))
    originals = originals[np.isfinite(originals)]
    spread = float(originals.std(ddof=1)) if len(originals) > 1 else 0.0
    return spread if spread > 0 else math.nan


def change_rows(layers: Mapping[str, Changes]) -> list[dict[str, Any]]:
    """A row a layer, image and attribute: `original`, `change` (in `unit`), `compared` (in `scale`), `n_points`."""
    scaled = on_one_scale(layers)
    units = ATTRIBUTES | {SIZE: "intensity, 0-1"}
    return [
        {
            "layer": layer,
            "image_id": int(changes.image_ids[place]),
            "attribute": name,
            "unit": units[name],
            "original": float(changes.original[name][place]),
            "change": float(changes.change[name][place]),
            "scale": scale_of(name),
            "compared": float(scaled[layer][name][place]),
            "n_points": int(changes.points[place]),
        }
        for layer, changes in layers.items()
        for name in scaled[layer]
        for place in range(len(changes.image_ids))
    ]


# --- layer against layer ----------------------------------------------------------------------------------------------


def compare(layers: Mapping[str, Changes], config: Comparison, seed: int) -> list[dict[str, Any]]:
    """A row for every pair of layers, in the order given, and attribute that two images or more have in both.

    `difference` is layer_b minus layer_a, with its 95 % interval; `effect_size` is Cohen's d_z.
    """
    scaled = on_one_scale(layers)
    rows = []
    for a, b in combinations(layers, 2):
        _, of_a, of_b = np.intersect1d(layers[a].image_ids, layers[b].image_ids, return_indices=True)
        pairs = {name: (scaled[a][name][of_a], scaled[b][name][of_b]) for name in scaled[a]}
        tested = [
            {"attribute": name, "scale": scale_of(name), "layer_a": a, "layer_b": b}
            | _paired(first[both], second[both], config, seed)
            for name, (first, second) in pairs.items()
            if (both := np.isfinite(first) & np.isfinite(second)).sum() > 1
        ]
        corrected = holm([row["p_value"] for row in tested])
        rows += [row | {"p_holm": float(p)} for row, p in zip(tested, corrected, strict=True)]
    return rows


def _paired(first: np.ndarray, second: np.ndarray, config: Comparison, seed: int) -> dict[str, Any]:
    """The same signs for every attribute, so that exchanging the layers changes no p."""
    differences = second - first
    difference, low, high = mean_interval(differences)
    size, size_low, size_high = effect_size(differences)
    return {
        "mean_a": float(first.mean()),
        "mean_b": float(second.mean()),
        "difference": difference,
        "ci_low": low,
        "ci_high": high,
        "effect_size": size,
        "effect_low": size_low,
        "effect_high": size_high,
        "p_value": sign_flip_test(differences, config.permutations, numpy_generator(seed, "signs")),
        "n_images": len(differences),
    }


# --- checks -----------------------------------------------------------------------------------------------------------


def converged_points(traversal: pa.Table) -> np.ndarray:
    """(points,) bool"""
    return traversal["converged"].to_numpy(zero_copy_only=False).astype(bool)


def points_of_equal_size(first: pa.Table, second: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """For either table, which points (points,) have an RMS change that both tables reach for the image."""
    tables = (first, second)
    ids, image = np.unique(np.concatenate([table["image_id"].to_numpy() for table in tables]), return_inverse=True)
    images = np.split(image, [len(first)])
    sizes = [table[SIZE].to_numpy() for table in tables]
    low, high = np.full(len(ids), -np.inf), np.full(len(ids), np.inf)
    for table, image, size in zip(tables, images, sizes, strict=True):
        least, most = np.full(len(ids), np.inf), np.full(len(ids), -np.inf)
        moved = ~_is_middle(table)
        np.minimum.at(least, image[moved], size[moved])
        np.maximum.at(most, image[moved], size[moved])
        low, high = np.maximum(low, least), np.minimum(high, most)
    one, other = ((size >= low[image]) & (size <= high[image]) for image, size in zip(images, sizes, strict=True))
    return one, other


def checks(traversals: Mapping[str, pa.Table], config: Comparison, seed: int) -> dict[str, list[dict[str, Any]]]:
    """The rows of `compare` for converged points alone, and for points of equal size alone."""
    converged = {layer: image_changes(table, converged_points(table)) for layer, table in traversals.items()}
    equal_size = []
    for a, b in combinations(traversals, 2):
        chosen = dict(zip((a, b), points_of_equal_size(traversals[a], traversals[b]), strict=True))
        equal_size += compare({name: image_changes(traversals[name], chosen[name]) for name in (a, b)}, config, seed)
    return {"converged": compare(converged, config, seed), "equal_size": equal_size}


def summarise(
    layers: Mapping[str, Changes],
    rows: Sequence[dict[str, Any]],
    checked: Mapping[str, Sequence[dict[str, Any]]] | None = None,
) -> dict[str, Any]:
    """Means of every layer, and the verdict on the paper's claim for every pair."""
    summary: dict[str, Any] = {
        layer: {
            "converged": _number(changes.converged),
            **{name: _number(_mean(changes.change[name])) for name in (SIZE, *SHARES) if name in changes.change},
        }
        for layer, changes in layers.items()
    }
    for row in rows:
        if row["attribute"] == CLAIM:
            pair = row["layer_a"], row["layer_b"]
            tests = by_attribute(rows, *pair)
            found = {name: _numbers(tests.get(name, {})) for name in SHARES}
            for name, others in (checked or {}).items():
                found[f"{CLAIM}_{name}"] = _numbers(by_attribute(others, *pair).get(CLAIM, {}))
            summary["_".join(pair)] = {"verdict": verdict(tests), **found}
    return summary


def by_attribute(rows: Sequence[dict[str, Any]], layer_a: str, layer_b: str) -> dict[str, dict[str, Any]]:
    """The rows of two layers."""
    return {row["attribute"]: row for row in rows if (row["layer_a"], row["layer_b"]) == (layer_a, layer_b)}


def _numbers(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("mean_a", "mean_b", "difference", "ci_low", "ci_high", "effect_size", "p_value", "p_holm", "n_images")
    return {name: _number(row[name]) for name in names if name in row}


def verdict(tests: Mapping[str, Mapping[str, Any]]) -> str:
    """Of the shares of two layers, by attribute, `layer_a` being the earlier: it should be more local and move less."""
    found = []
    for name, expected in zip(SHARES, ("layer_a", "layer_b"), strict=True):
        if row := tests.get(name):
            more = "layer_b" if row["difference"] > 0 else "layer_a"
            said = "as the paper says" if more == expected else "against the paper"
            shown = f"more {name.replace('_', ' ')} in {row[more]}, {said}"
            p = row["p_value" if name == CLAIM else "p_holm"]
            found.append(shown if p < LEVEL else f"no difference in {name.replace('_', ' ')} shown")
    return "; ".join(found)


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else math.nan


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
