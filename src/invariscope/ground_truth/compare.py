"""Do methods tell twins apart, and do they agree? All answer the same question: how much does a network ignore of a
factor?

A score is compared within its factor, method and layer only, since an R², a threshold in degrees and a firing rate have
no common unit: it is standardised over all twins and seeds (`standard`). Where one number a method is wanted, it
is the mean of that over its layers (our choice). Repetitions share images and initial weights over twins: differences
are paired, and bootstraps draw whole seeds.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import torch

from invariscope.ground_truth.config import ALL, FIXED
from invariscope.ground_truth.score import auc_interval, roc, spearman
from invariscope.intervals import CONFIDENCE, mean_interval
from invariscope.runtime import torch_generator

EVERY = "all"  # factors together, or layers together
MATCHED, POOLED = "matched", "pooled"
TWIN = {True: "varied", False: "fixed"}  # what a network saw of a factor in training
SCORE_UNITS = {
    "value": "column unit",
    "score": "the larger the more is ignored; comparable within factor, method and layer",
}
EXTRACTED_UNITS = SCORE_UNITS | {
    "chance": "as value: of a motion as smooth but unrelated",
    "ceiling": "as value: of the factor's own motion of equal size",
    "moving": "points of the traversals that move",
    "rms_change": "intensity, of these points",
}
COMPARED_UNITS = EXTRACTED_UNITS | {
    "standard": "standard deviations over twins and seeds of the same factor, method and layer",
}
BESIDE = ("chance", "ceiling", "moving", "rms_change")  # numbers that only some methods have
SINGLE = ("value", "unit", "score", "standard", "layer")  # of a single layer
ROC_UNITS = {
    "fixed_taken": "fraction of networks that did not see the factor vary and score as high, matched pairs",
    "varied_taken": "fraction of those that did",
}
DIFFERENCE_UNITS = {
    "difference": "score of the twin that saw the factor vary less that of the one that did not; paired over seeds",
    "ci_low": "likewise; 95 %, Student's t",
    "ci_high": "likewise; 95 %, Student's t",
    "standard_difference": "standard deviations over twins and seeds",
}
AUC_UNITS = {
    "auc": "probability that a network that saw the factor vary scores higher than one that did not",
    "ci_low": "likewise; 95 %, bootstrap over seeds",
    "ci_high": "likewise; 95 %, bootstrap over seeds",
}
AGREEMENT_UNITS = {
    "correlation": "Spearman's, of standardised scores over factors, twins and seeds",
    "ci_low": "likewise; 95 %, bootstrap over seeds",
    "ci_high": "likewise; 95 %, bootstrap over seeds",
}
Row = dict[str, Any]
Key = tuple[str, ...]


def scored(rows: Iterable[Mapping[str, Any]]) -> list[Row]:
    """The rows in order, with `twin`, whether the network saw the factor varied or fixed, `matched`, whether it is one
    of the pair that differs in nothing else, and `standard`."""
    found = [
        dict(row)
        | {"twin": TWIN[row["network"] != row["factor"] + FIXED]}
        | {"matched": row["network"] in (ALL, row["factor"] + FIXED)}
        for row in rows
    ]
    for own in grouped(found, "factor", "method", "layer").values():
        values = np.array([row["score"] for row in own], float)
        spread = np.nanstd(values) if np.isfinite(values).any() else 0.0
        middle = np.nanmean(values) if np.isfinite(values).any() else np.nan
        for row, value in zip(own, values.tolist(), strict=True):
            row["standard"] = (value - middle) / spread if spread > 0 else (0.0 if np.isfinite(value) else np.nan)
    return found


def with_method_means(rows: Sequence[Row]) -> list[Row]:
    """The scored rows, and for methods with several layers a row with the mean of `standard` over them."""
    found = list(rows)
    for own in grouped(rows, "factor", "network", "seed", "method").values():
        if len(own) > 1:
            value = float(np.mean([row["standard"] for row in own]))
            same = {name: own[0][name] for name in own[0] if name not in (*SINGLE, *BESIDE)}
            found.append(same | {"layer": EVERY, "score": value, "standard": value})
    return found


def difference_rows(rows: Sequence[Row]) -> list[Row]:
    """For each factor, method and layer the mean difference between the twins that saw it vary or not, everything else
    alike; `tells_apart` if its interval lies above 0."""
    found = []
    for (factor, method, layer), own in grouped(rows, "factor", "method", "layer").items():
        scores = {(row["network"], row["seed"]): (row["score"], row["standard"]) for row in own}
        seeds = [seed for network, seed in scores if network == ALL and (factor + FIXED, seed) in scores]
        pairs = np.array([np.subtract(scores[ALL, seed], scores[factor + FIXED, seed]) for seed in seeds], float)
        pairs = pairs.reshape(-1, 2)[~np.isnan(pairs.reshape(-1, 2)).any(axis=1)]
        if not len(pairs):
            continue
        mean, low, high = mean_interval(pairs[:, 0])
        found.append(
            {"factor": factor, "method": method, "layer": layer, "difference": mean, "ci_low": low, "ci_high": high}
            | {"standard_difference": float(pairs[:, 1].mean()), "pairs": len(pairs)}
            | {"tells_apart": bool(low > 0), "confidence": CONFIDENCE}
        )
    return found


def auc_rows(rows: Sequence[Row], resamples: int, seed: int) -> list[Row]:
    """How well each method and layer tells whether a network saw a factor vary; of single factors and of all together.

    `matched`: of each factor only the twin in which all varies and the one that holds it. `pooled`: all twins.
    """
    found = []
    for (method, layer), own in grouped(rows, "method", "layer").items():
        factors = list(dict.fromkeys(row["factor"] for row in own))
        for factor in (*factors, *([EVERY] if len(factors) > 1 else [])):
            for kind in (MATCHED, POOLED):
                chosen = [row for row in own if factor in (EVERY, row["factor"]) and (kind == POOLED or row["matched"])]
                random = torch_generator(seed, "auc", method, layer, factor, kind)
                value, low, high = auc_interval(*_columns(chosen), resamples, random)
                found.append(
                    {"method": method, "layer": layer, "factor": factor, "kind": kind, "auc": value}
                    | {"ci_low": low, "ci_high": high, "pairs": len(chosen)}
                )
    return found


def _columns(rows: Sequence[Row]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    scores = np.array([row["standard"] for row in rows], float)
    return scores, np.array([row["twin"] == TWIN[True] for row in rows]), np.array([row["seed"] for row in rows])


def roc_rows(rows: Sequence[Row]) -> list[Row]:
    """Points of the curve of each method as a whole, over matched pairs of all factors."""
    found = []
    for (method,), own in grouped(rows, "method").items():
        chosen = [row for row in own if row["matched"] and row["layer"] == overall(own)]
        scores, labels, _ = _columns(chosen)
        found += [
            {"method": method, "fixed_taken": float(fixed), "varied_taken": float(varied)}
            for fixed, varied in zip(*roc(scores, labels), strict=True)
        ]
    return found


def overall(rows: Sequence[Row]) -> str:
    """The layer that speaks for a method: all together, or the only one."""
    layers = [row["layer"] for row in rows]
    return EVERY if EVERY in layers else layers[0]


def agreement_rows(rows: Sequence[Row], resamples: int, seed: int) -> list[Row]:
    """Rank correlation of every two methods, each with one number: that of its one layer, or the mean over all."""
    table, seeds = method_table(rows)
    members = [np.flatnonzero(seeds == seed) for seed in np.unique(seeds)]
    tail = (1 - CONFIDENCE) / 2
    found = []
    for first, second in combinations(table, 2):
        both = np.array([table[first], table[second]])
        known = ~np.isnan(both).any(axis=0)
        drawn = _resampled(both, known, members, resamples, torch_generator(seed, "agreement", first, second))
        low, high = np.nanquantile(drawn, [tail, 1 - tail]) if np.isfinite(drawn).any() else (np.nan, np.nan)
        found.append(
            {"method": first, "other": second, "correlation": spearman(*both[:, known])}
            | {"ci_low": float(low), "ci_high": float(high), "items": int(known.sum())}
        )
    return found


def _resampled(
    both: np.ndarray, known: np.ndarray, members: Sequence[np.ndarray], resamples: int, random: torch.Generator
) -> np.ndarray:
    """Spearman's ρ of resamples of whole seeds; NaN if there is one alone."""
    if len(members) < 2:
        return np.full(1, np.nan)
    found = []
    for drawn in torch.randint(len(members), (resamples, len(members)), generator=random).numpy():
        items = np.concatenate([members[group] for group in drawn])
        found.append(spearman(*both[:, items[known[items]]]))
    return np.array(found)


def method_table(rows: Sequence[Row]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """By method a standardised score (items,) of every factor, twin and seed, NaN where it has none; and the
    seed (items,) of each item."""
    items = list(grouped(rows, "factor", "network", "seed"))
    methods = dict.fromkeys(row["method"] for row in rows)
    found = {method: np.full(len(items), np.nan) for method in methods}
    places = {item: place for place, item in enumerate(items)}
    for row in rows:
        place = places[row["factor"], row["network"], row["seed"]]
        if row["layer"] == EVERY or np.isnan(found[row["method"]][place]):  # the mean of layers comes last, and stays
            found[row["method"]][place] = row["standard"]
    return found, np.array([seed for _, _, seed in items])


def grouped(rows: Iterable[Row], *names: str) -> dict[Key, list[Row]]:
    """Rows by their values of some columns, in order of first appearance."""
    found: dict[Key, list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in names), []).append(row)
    return found
