"""What "Studying invariances of trained convolutional neural networks" shows, and our answers."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from invariscope.papers.item import Answer, Item, Source, from_json
from invariscope.screening.families import FAMILIES

Row = Mapping[str, Any]
SHOWN = ("gaussian_noise", "rotation", "zoom", "translation_x")  # what the paper's figures 6 and 11 show
THRESHOLDS = "results/*/*/screening/thresholds.parquet"
TRANSFORMER = "results/*/*/transformer/metrics.json"


def rows_of(path: Path, criterion: str) -> list[dict[str, Any]]:
    from invariscope.data.table import read_table  # not before it is needed: plan asks for the patterns alone

    rows: list[dict[str, Any]] = read_table(path, filters=[("criterion", "==", criterion)]).to_pylist()
    return rows


def threshold(row: Row) -> str:
    """A threshold and its interval; `beyond` the grid's end where accuracy is never lost."""
    if row["censored"]:
        return f"beyond {row['grid_end']:g}"
    low, high = (f"{row[end]:.3g}" if row[end] is not None else "…" for end in ("ci_low", "ci_high"))
    return f"{row['threshold']:.3g} ({low} to {high})"


def thresholds(path: Path, families: Iterable[str]) -> str:
    found: dict[str, list[Row]] = {}
    for row in rows_of(path, "accuracy"):
        if row["class_name"] == "all" and row["family"] in families:
            found.setdefault(row["family"], []).append(row)
    return "half of the accuracy is lost at: " + "; ".join(
        f"{family.replace('_', ' ')} {' and '.join(map(threshold, rows))} [{FAMILIES[family].unit}]"
        for family, rows in found.items()
    )


def shown(path: Path) -> str:
    return thresholds(path, SHOWN)


def others(path: Path) -> str:
    return thresholds(path, [family for family in FAMILIES if family not in SHOWN])


def turned(path: Path) -> str | None:
    """Which classes never change under rotation, and which come back, and where."""
    rows = [row for row in rows_of(path, "argmax") if row["family"] == "rotation" and row["kind"] == "class"]
    sides: dict[str, list[Row]] = {}
    for row in rows:
        sides.setdefault(row["class_name"], []).append(row)
    never = [name for name, both in sides.items() if all(row["censored"] for row in both)]
    back = [row for row in rows if row["rebounds"]]
    if not rows:
        return None
    words = f"of {len(sides)} classes {len(never)} never change"
    if never:
        words += f" ({', '.join(never[:6])}{', …' if len(never) > 6 else ''})"
    if back:
        degrees = sorted(abs(row["rebound"]) for row in back)
        middle, names = degrees[len(degrees) // 2], {row["class_name"] for row in back}
        words += f"; {len(names)} come back, at {middle:.0f}° in the median"
    return words


def alike(path: Path) -> str:
    """In how many thresholds of all images two classifiers differ, by the interval of the difference."""
    pairs: dict[tuple[str, str], list[Row]] = {}
    for row in rows_of(path, "accuracy"):
        if row["class_name"] == "all" and row["difference_low"] is not None:
            pairs.setdefault((row["classifier"], row["other"]), []).append(row)
    return "; ".join(
        f"{one} and {other} differ (interval without 0) in "
        f"{sum(row['difference_low'] > 0 or row['difference_high'] < 0 for row in own)} of {len(own)} thresholds"
        for (one, other), own in pairs.items()
    )


def kept(found: Mapping[str, Any]) -> str:
    both = found["both"]
    return (
        f"at full strength the learned maps cost {100 * both['learned_accuracy_loss']:.1f} points of accuracy, random "
        f"maps of the same size {100 * both['random_accuracy_loss']:.1f}"
    )


def learned(found: Mapping[str, Any]) -> str:
    ranges = found["transformations"]
    wanted = {"rotation": "rotation [degrees]", "scale_x": "scale x", "scale_y": "scale y", "gain": "gain of colour"}
    return "median (5 to 95 %) of the maps: " + "; ".join(
        f"{words} {ranges[name]['median']:.2f} ({ranges[name]['low']:.2f} to {ranges[name]['high']:.2f})"
        for name, words in wanted.items()
        if name in ranges
    )


SOURCE = Source(
    "Studying invariances of trained convolutional neural networks",
    (
        Item(
            "Figure 1",
            "The Invariant Transformer Net; no number.",
            look_at=("transformer/alpha.png", "transformer/beta.png"),
            why_not="A drawing of the method: docs/transformer.md says what differs from it.",
        ),
        Item(
            "Figure 6",
            "AlexNet under noise, rotation, zoom and translation: class scores over the magnitude, one class a plot, "
            "without intervals; thresholds are read off.",
            (Answer(THRESHOLDS, shown),),
            ("screening/curves.png", "screening/classes.png", "screening/thresholds.png"),
            "ImageNet is not embedded; `imagenet` runs the same on it with torchvision's weights.",
        ),
        Item(
            "Figure 6, rotation",
            "What is symmetric about a point (an orange) never changes, what is symmetric about a line comes back at "
            "180°.",
            (Answer(THRESHOLDS, turned),),
            ("screening/heat_map.png",),
        ),
        Item(
            "Figure 11",
            'ResNet: "similar behavior", and its invariances "correlate" with AlexNet\'s; to the eye.',
            (Answer("results/*/comparison/thresholds.parquet", alike),),
            ("comparison/differences.png", "comparison/thresholds.png"),
        ),
        Item(
            "Figure 14",
            "While the maps grow, the classifier's loss stays, so that what it says of transformed images does not "
            "change; no control.",
            (Answer(TRANSFORMER, from_json(kept)),),
            ("transformer/training.png", "transformer/accuracy.png"),
        ),
        Item(
            "Figure 19, discussion",
            'Examples. It "only zooms out", turns by a few degrees at most, and changes colours little.',
            (Answer(TRANSFORMER, from_json(learned)),),
            ("transformer/alpha.png", "transformer/beta.png", "transformer/quantities.png"),
        ),
        Item(
            "Section 7 (appendix)",
            "The other families of transformations, one class a plot.",
            (Answer(THRESHOLDS, others),),
            ("screening/curves.png", "screening/heat_map.png"),
        ),
    ),
)
