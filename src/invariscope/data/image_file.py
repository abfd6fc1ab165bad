"""Image files to arrays, resized and cropped exactly as torchvision's transforms of published weights do it.

Our choices: what is transparent is shown in the colour that the file gives it (alpha is dropped), because torchvision's
own loader does so, under which published accuracies were measured, and because any background would be our invention.
Of an animation the first picture is taken. A picture is turned upright as its EXIF entry says. 16 bits are scaled to 8.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
MODES = {1: "L", 3: "RGB"}
FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}
LONGEST = 16  # times the shorter side


class Unreadable(Exception):
    """Why a file is no image, in a few words."""


@dataclass(frozen=True)
class Rendition:
    """How a file becomes an image: its shorter side resized to `shorter_side` px, its centre cropped to `size` px."""

    size: int
    shorter_side: int
    interpolation: str = "bilinear"  # nearest, bilinear or bicubic
    channels: int = 3  # 1: grey, 3: colour


def read_image(path: Path, rendition: Rendition) -> np.ndarray:
    """(C, size, size) uint8. Raises Unreadable."""
    image, size = _strip(decode(path, rendition.channels)), rendition.size
    shorter = min(image.size)
    whole = [int(rendition.shorter_side * length / shorter) for length in image.size]  # cut down, as torchvision does
    resized = image.resize((whole[0], whole[1]), FILTERS[rendition.interpolation])
    left, top = (round((length - size) / 2) for length in resized.size)
    cropped = resized.crop((left, top, left + size, top + size))
    return np.asarray(cropped).reshape(size, size, rendition.channels).transpose(2, 0, 1)


def _strip(image: Image.Image) -> Image.Image:
    """The middle of an image that is much longer than wide: resized whole, 1 x 10 000 px would fill memory."""
    most = LONGEST * min(image.size)
    if max(image.size) <= most:
        return image
    left, top = (max(0, (length - most) // 2) for length in image.size)
    return image.crop((left, top, left + min(image.width, most), top + min(image.height, most)))


def decode(path: Path, channels: int) -> Image.Image:
    """An image of 8 bits, grey or colour, at its own size. Raises Unreadable."""
    try:
        with Image.open(path) as opened:
            upright = ImageOps.exif_transpose(opened)
            return (_eight_bits(upright) if upright.mode[0] in "IF" else upright).convert(MODES[channels])
    except UnidentifiedImageError:
        raise Unreadable("in no format that is known") from None
    except Exception as error:  # whatever a damaged file provokes
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Unreadable(reason.replace(str(path), path.name)) from None


def _eight_bits(image: Image.Image) -> Image.Image:
    """16 bits scaled to 8; Pillow would clip them."""
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > 65535:
        raise Unreadable("its numbers of 32 bits do not say what is white; save it with 8 or 16 bits")
    return Image.fromarray((values >> 8).astype(np.uint8))
