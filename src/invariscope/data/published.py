"""What torchvision says about weights that it publishes. Nothing is fetched; torchvision is imported when asked."""

import difflib
from typing import Any

from invariscope.errors import UserError


def class_names(name: str) -> tuple[str, ...]:
    """The classes by index that weights `<architecture>.<WEIGHTS>` tell apart. Raises UserError if they have none."""
    categories = _weights(name).meta.get("categories")
    if not categories:
        raise UserError(f"{name}: torchvision lists no classes of these weights; name a file that does")
    return tuple(categories)


def resizing(name: str) -> tuple[int, int, str]:
    """Size of the crop, length of the shorter side (px) and interpolation of the transforms of weights
    `<architecture>.<WEIGHTS>`. Raises UserError if theirs are not for single images."""
    transforms = _weights(name).transforms()
    crop, side = (getattr(transforms, key, None) or [] for key in ("crop_size", "resize_size"))
    if not len(crop) == len(side) == 1:
        raise UserError(f"{name}: the transforms of these weights are not for classifying images; give size instead")
    return crop[0], side[0], transforms.interpolation.value


def _weights(name: str) -> Any:
    from torchvision import models

    architecture, _, weights = name.partition(".")
    try:
        known = models.get_model_weights(architecture).__members__
    except ValueError:
        near = difflib.get_close_matches(architecture, models.list_models(), n=1)
        also = f"; did you mean {near[0]}?" if near else "; torchvision.models.list_models() has all"
        raise UserError(f"{name}: torchvision has no architecture {architecture!r}{also}") from None
    if weights not in known:
        raise UserError(f"{name}: torchvision has no weights {weights!r} of {architecture}; it has {', '.join(known)}")
    return known[weights]
