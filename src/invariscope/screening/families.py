"""The families of transformations: unit and sign, the magnitude that changes nothing, what else shapes the result."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    unit: str
    identity: float
    fills: bool = False  # needs values from beyond the edge
    interpolates: bool = False  # needs values between pixels


def _geometric(unit: str, identity: float) -> Family:
    return Family(unit, identity, fills=True, interpolates=True)


FAMILIES = {
    "translation_x": _geometric("fraction of width, + right", 0),
    "translation_y": _geometric("fraction of height, + down", 0),
    "rotation": _geometric("degrees, + counter-clockwise", 0),
    "scale_x": _geometric("factor, > 1 wider", 1),
    "scale_y": _geometric("factor, > 1 higher", 1),
    "zoom": _geometric("factor, > 1 larger", 1),
    "brightness": Family("added intensity", 0),
    "contrast": Family("factor about 0", 1),
    "contrast_mean": Family("factor about the mean", 1),
    "grayscale": Family("share of grey", 0),
    "gaussian_blur": Family("sigma, px", 0, fills=True),
    "gaussian_noise": Family("sigma, intensity", 0),
}
FILLS = ("zeros", "border", "reflection")
INTERPOLATIONS = ("nearest", "bilinear", "bicubic")
NOT_USED = "none"  # fill or interpolation of a family that has none
