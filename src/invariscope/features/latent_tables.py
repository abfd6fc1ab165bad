"""What search and ascent in a latent box have found, as rows of tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from invariscope.classifiers.evaluation import predict
from invariscope.classifiers.model_file import Classifier
from invariscope.features.ascent import Ascent
from invariscope.features.config import Units
from invariscope.features.latent_box import Decoder, images, latents
from invariscope.features.objectives import CLASS, Objective, parse
from invariscope.features.search import BLOCK, Found
from invariscope.intensities import to_bytes

SAMPLES, ASCENT, PAPER = "samples", "ascent", "paper"  # methods; the last is the paper's own ascent
PICTURES = 9  # of a path, at most
SHARE = "(value - mean of the samples) / (best sample - mean)"
UNITS = {
    "evaluations": "decoded images that the method has looked at, for this objective",
    "value": "of the objective; a unit's own scale",
    "mean": "of the objective over all samples",
    "share": SHARE,
    "latent": "code",
    "image": "0-255, (channel, row, column)",
}
CURVE_UNITS = {
    "evaluations": "decoded images that the method has looked at, for this objective",
    "value": "of the objective, the best so far; a unit's own scale",
    "share": SHARE,
}
PATH_UNITS = {
    "step": "steps taken",
    "value": "of the objective; a unit's own scale",
    "share": SHARE,
    "moved": "from the start, sides of the box",
    "image": UNITS["image"],
}
Row = dict[str, Any]


@dataclass(frozen=True)
class Scale:
    """The search's range of each objective: what a random sample gives on average, and what the best one gives."""

    mean: Tensor  # (K,)
    best: Tensor  # (K,)

    def of(self, numbers: Sequence[int]) -> "Scale":
        """That of some objectives, by number."""
        return Scale(self.mean[numbers], self.best[numbers])

    def share(self, values: Tensor) -> Tensor:
        """Values (..., K) on a scale of 0, the mean sample, to 1, the best; NaN for an objective without a range."""
        reach = self.best - self.mean
        return torch.where(reach > 0, (values - self.mean) / reach, torch.nan)


def objectives_of(units: Units, class_names: Sequence[str]) -> list[Objective]:
    """The logits of all classes, then what else of the units is looked for. Raises UserError."""
    texts = [*(f"{CLASS}:{number}" for number in range(len(class_names))), *units.channels(), *units.objectives]
    return list(dict.fromkeys(parse(text, class_names) for text in texts))


def followed(units: Units) -> list[str]:
    """The objectives whose ways are drawn: the chosen classes, or else the first one."""
    return [f"{CLASS}:{number}" for number in units.classes or (0,)]


def scale_of(found: Found) -> Scale:
    return Scale(found.mean, found.values[:, 0])


def class_of(objective: Objective, class_names: Sequence[str]) -> str | None:
    """The name of the class whose logit an objective is, if it is one."""
    weight, unit = objective.terms[0]
    return class_names[unit.channel] if unit.module == CLASS and len(objective.terms) == 1 and weight == 1 else None


def pictures(decoder: Decoder, points: Tensor) -> np.ndarray:
    """(N, C, H, W) uint8 at points (N, d) of the box."""
    points = points.to(decoder.low.device)
    with torch.inference_mode():
        return torch.cat([to_bytes(images(decoder, part)).cpu() for part in points.split(BLOCK)]).numpy()


def search_rows(
    decoder: Decoder,
    classifiers: Mapping[str, Classifier],
    objectives: Sequence[Objective],
    found: Found,
    climbed: Ascent,
) -> list[Row]:
    """The best samples of every objective, then the best that its climbers have seen, and what classifiers take them
    for: `predicted` is by the first one, `predicted_by_<name>` by the others."""
    scale, names = scale_of(found), next(iter(classifiers.values())).class_names
    rows, shown = [], []
    for method, evaluations, values, points in (
        (SAMPLES, found.counts[-1], found.values, found.points),
        (ASCENT, climbed.evaluations, *climbed.best()),
    ):
        shares, codes = scale.share(values.t()).t().tolist(), latents(decoder, points).tolist()
        shown.append(points.flatten(0, 1))
        rows += [
            {
                "objective": str(objective),
                "class_name": class_of(objective, names),
                "method": method,
                "evaluations": evaluations,
                "rank": rank + 1,
                "value": value,
                "mean": float(found.mean[number]),
                "share": shares[number][rank],
                "latent": codes[number][rank],
            }
            for number, objective in enumerate(objectives)
            for rank, value in enumerate(values[number].tolist())
        ]
    pixels = pictures(decoder, torch.cat(shown))
    return [row | more for row, more in zip(rows, seen(classifiers, pixels), strict=True)]


def seen(classifiers: Mapping[str, Classifier], pixels: np.ndarray) -> list[Row]:
    """What classifiers take images (N, C, H, W) for, and these."""
    taken = {
        f"predicted_by_{name}" if place else "predicted": np.array(one.class_names)[predict(one, pixels).argmax(1)]
        for place, (name, one) in enumerate(classifiers.items())
    }
    return [
        {column: str(names[row]) for column, names in taken.items()} | {"image": image}
        for row, image in enumerate(pixels)
    ]


def curve_rows(objectives: Sequence[Objective], found: Found, climbed: Ascent) -> list[Row]:
    """The best value after so many evaluations, of the samples and of the ascent."""
    scale = scale_of(found)
    return [
        {"objective": str(objective), "method": method, "evaluations": count, "value": value, "share": share}
        for method, counts, curve in ((SAMPLES, found.counts, found.curve), (ASCENT, *climbed.curve()))
        for count, values, shares in zip(counts, curve.tolist(), scale.share(curve).tolist(), strict=True)
        for objective, value, share in zip(objectives, values, shares, strict=True)
    ]


def path_rows(
    decoder: Decoder,
    objectives: Sequence[Objective],
    class_names: Sequence[str],
    scale: Scale,
    climbed: Mapping[str, Ascent],
) -> list[Row]:
    """By every method, the way of each objective's best climber: evenly spaced steps of it, up to the best seen."""
    rows, shown = [], []
    for method, ascent in climbed.items():
        ways, heights = ascent.leaders()  # (S, K, d), (S, K)
        for number, objective in enumerate(objectives):
            last = int(heights[:, number].argmax())
            steps = torch.linspace(0, last, min(PICTURES, last + 1)).round().long()
            points = ways[steps, number]
            shown.append(points)
            columns = {
                "step": steps,
                "value": heights[steps, number],
                "share": scale.of([number]).share(heights[steps, number]),
                "moved": (points - points[0]).norm(dim=1),
            }
            rows += [
                {"objective": str(objective), "class_name": class_of(objective, class_names), "method": method}
                | {name: column[place].item() for name, column in columns.items()}
                for place in range(len(steps))
            ]
    return [row | {"image": image} for row, image in zip(rows, pictures(decoder, torch.cat(shown)), strict=True)]


def summarise(rows: Sequence[Row], judges: Sequence[str]) -> dict[str, Any]:
    """The figures of metrics.json: how many classes' best samples the ascent reaches, at what cost, who agrees."""
    best = {(row["objective"], row["method"]): row for row in rows if row["rank"] == 1}
    logits = [one for one, method in best if method == ASCENT and best[one, method]["class_name"]]
    others = [one for one, method in best if method == ASCENT and not best[one, method]["class_name"]]
    agreed = {"predicted": "classifier"} | {f"predicted_by_{name}": name for name in judges}

    def reached(names: Sequence[str]) -> int:
        return sum(best[name, ASCENT]["value"] >= best[name, SAMPLES]["value"] for name in names)

    def recognised(method: str) -> dict[str, float]:
        return {
            judge: sum(best[name, method][column] == best[name, method]["class_name"] for name in logits) / len(logits)
            for column, judge in agreed.items()
        }

    return {
        "evaluations": {method: best[logits[0], method]["evaluations"] for method in (SAMPLES, ASCENT)},
        "classes": len(logits),
        "classes_reached": reached(logits),
        "channels": len(others),
        "channels_reached": reached(others),
        "median_share": float(np.median([best[name, ASCENT]["share"] for name in logits])),
        "lowest_share": float(min(best[name, ASCENT]["share"] for name in logits)),
        "recognised": {method: recognised(method) for method in (SAMPLES, ASCENT)},
    }
