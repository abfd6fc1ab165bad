"""Which images train and which are held out, and in what order they stand."""

from collections.abc import Mapping

import numpy as np

from invariscope.errors import UserError


def split_by_share(
    labels: np.ndarray, shares: Mapping[str, float], class_names: tuple[str, ...], generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Indices (n,) of each split: `shares` of every class, drawn at random, and what is left as `train`.

    Every split gets at least one image of every class that has any. Raises UserError naming a class that is too small
    for that.
    """
    parts: dict[str, list[np.ndarray]] = {"train": [], **{split: [] for split in shares}}
    if sum(shares.values()) >= 1:
        del parts["train"]
    for label, name in enumerate(class_names):
        members = generator.permutation(np.flatnonzero(labels == label))
        if 0 < len(members) < len(parts):
            raise UserError(f"class {name!r} has {len(members)} images for the splits {', '.join(parts)}; add some")
        least = min(1, len(members))
        counts = {split: max(least, round(share * len(members))) for split, share in shares.items()}
        if "train" in parts:
            counts["train"] = max(least, len(members) - sum(counts.values()))
        bounds = np.minimum(np.cumsum([0, *(counts[split] for split in parts)]), len(members))
        for split, start, stop in zip(parts, bounds[:-1], bounds[1:], strict=True):
            parts[split].append(members[start:stop])
    return {split: in_turn(np.concatenate(chosen), labels) for split, chosen in parts.items()}


def in_turn(indices: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Indices (n,) reordered so that the classes take turns: any first part of a split is balanced."""
    chosen = labels[indices]
    by_class = np.argsort(chosen, kind="stable")
    first = np.searchsorted(chosen[by_class], chosen[by_class], side="left")
    rank = np.empty(len(indices), np.int64)
    rank[by_class] = np.arange(len(indices)) - first
    return indices[np.lexsort((chosen, rank))]
