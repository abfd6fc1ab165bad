"""Image files of every kind to arrays, in torchvision's way."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from invariscope.data.image_file import Rendition, Unreadable, read_image
from invariscope.data.published import resizing


def photograph(width: int, height: int, seed: int = 0) -> Image.Image:
    """A picture with coarse and fine structure."""
    generator = np.random.default_rng(seed)
    coarse = Image.fromarray(generator.integers(0, 256, (7, 9, 3), np.uint8)).resize((width, height), 3)
    fine = generator.integers(-40, 40, (height, width, 3))
    return Image.fromarray(np.clip(np.asarray(coarse).astype(int) + fine, 0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    "name",
    ["alexnet.IMAGENET1K_V1", "resnet50.IMAGENET1K_V2", "vit_b_16.IMAGENET1K_SWAG_E2E_V1", "inception_v3.DEFAULT"],
)
def test_images_are_those_of_torchvisions_transforms(tmp_path: Path, name: str) -> None:
    """Exactly, but for the last bit of the normalisation that is undone here."""
    from torchvision.models import get_model_weights

    architecture, weights = name.split(".")
    transforms = get_model_weights(architecture)[weights].transforms()
    mean, std = (np.reshape(values, (3, 1, 1)) for values in (transforms.mean, transforms.std))
    size, shorter_side, interpolation = resizing(name)
    differences = []
    for number, shape in enumerate([(500, 375), (375, 500), (333, 500), (301, 997), (150, 97), (256, 256), (2, 5)]):
        picture = photograph(*shape, seed=number)
        picture.save(tmp_path / "picture.png")
        ours = read_image(tmp_path / "picture.png", Rendition(size, shorter_side, interpolation))
        theirs = np.rint((transforms(picture).numpy() * std + mean) * 255)
        differences.append(np.abs(ours - theirs))
    assert np.max(differences) == 0


def test_the_shorter_side_is_resized_and_the_centre_cropped(tmp_path: Path) -> None:
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = 255  # the centre square is white
    Image.fromarray(wide).save(tmp_path / "wide.png")
    Image.fromarray(wide.transpose(1, 0, 2)).save(tmp_path / "tall.png")
    for name in ("wide", "tall"):
        whole = read_image(tmp_path / f"{name}.png", Rendition(10, 10))
        assert whole[:, 1:-1, 1:-1].min() == 255
        assert whole.min() > 200  # the filter reaches over the edge of the crop
        larger = read_image(tmp_path / f"{name}.png", Rendition(10, 20))  # a quarter of that square
        assert larger.shape == (3, 10, 10)
        assert larger.min() == 255
    left = wide.copy()
    left[:, :30] = 0
    Image.fromarray(left).save(tmp_path / "half.png")
    assert read_image(tmp_path / "half.png", Rendition(10, 10))[0, 0].tolist()[1:9:7] == [0, 255]


def test_interpolations_differ_where_they_should(tmp_path: Path) -> None:
    photograph(40, 30).save(tmp_path / "picture.png")
    ways = {
        way: read_image(tmp_path / "picture.png", Rendition(20, 20, way)) for way in ("nearest", "bilinear", "bicubic")
    }
    assert set(np.unique(ways["nearest"])) <= set(np.unique(np.asarray(photograph(40, 30))))
    assert not np.array_equal(ways["bilinear"], ways["bicubic"])


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (3, 2)])
def test_tiny_images_and_strips_are_enlarged(tmp_path: Path, shape: tuple[int, int]) -> None:
    Image.new("RGB", shape, (1, 2, 3)).save(tmp_path / "tiny.png")
    pixels = read_image(tmp_path / "tiny.png", Rendition(224, 256, "bicubic"))
    assert (pixels == np.reshape([1, 2, 3], (3, 1, 1))).all()


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "CMYK", "LA", "I;16"])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_kind_of_picture_becomes_colour_or_grey(tmp_path: Path, mode: str, channels: int) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.full((9, 9), 40000, np.uint16))
    else:
        image = Image.new("L", (9, 9), 255 if mode == "1" else 200).convert(mode)
    expected = {"1": 255, "I;16": 40000 >> 8}.get(mode, 200)
    for suffix in ("tif", "jpg") if mode == "CMYK" else ("png",):
        image.save(tmp_path / f"picture.{suffix}")
        pixels = read_image(tmp_path / f"picture.{suffix}", Rendition(8, 8, channels=channels))
        assert pixels.shape == (channels, 8, 8)
        assert np.abs(pixels.astype(int) - expected).max() <= 2


def test_sixteen_bits_are_scaled_in_files_of_either_order(tmp_path: Path) -> None:
    values = np.linspace(0, 65535, 64).reshape(8, 8)
    for name, kind in (("little", "<u2"), ("big", ">u2")):
        Image.fromarray(values.astype(kind)).save(tmp_path / f"{name}.tif")
        pixels = read_image(tmp_path / f"{name}.tif", Rendition(8, 8, channels=1))
        np.testing.assert_array_equal(pixels[0], values.astype(int) >> 8)


def test_alpha_is_dropped_and_a_palette_looked_up(tmp_path: Path) -> None:
    colours = np.zeros((8, 8, 4), np.uint8)
    colours[:, :4], colours[:, 4:] = (200, 100, 50, 0), (10, 20, 30, 128)
    clear = Image.fromarray(colours)
    clear.save(tmp_path / "clear.png")
    clear.convert("RGB").quantize(4).save(tmp_path / "palette.png", transparency=b"\x00\xff\x80")
    for name in ("clear", "palette"):
        pixels = read_image(tmp_path / f"{name}.png", Rendition(8, 8))
        np.testing.assert_array_equal(pixels.transpose(1, 2, 0), colours[..., :3])


def test_of_an_animation_the_first_picture_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "lime", "blue")]
    for suffix in ("gif", "webp", "tif"):
        path = tmp_path / f"moving.{suffix}"
        options = {"lossless": True} if suffix == "webp" else {}
        frames[0].save(path, save_all=True, append_images=frames[1:], **options)
        assert read_image(path, Rendition(8, 8))[:, 4, 4].tolist() == [255, 0, 0]


def test_pictures_are_turned_upright(tmp_path: Path) -> None:
    scene = np.zeros((20, 10, 3), np.uint8)
    scene[:10] = 255  # upright: white above
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    Image.fromarray(np.rot90(scene).copy()).save(tmp_path / "lying.png", exif=exif)
    Image.fromarray(scene).save(tmp_path / "upright.png")
    lying, upright = (read_image(tmp_path / f"{name}.png", Rendition(8, 8)) for name in ("lying", "upright"))
    np.testing.assert_array_equal(lying, upright)
    assert upright[0, 0].min() == 255 and upright[0, -1].max() == 0


def test_what_has_no_white_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.full((9, 9), 0.5, np.float32)).save(tmp_path / "floats.tif")
    Image.fromarray(np.full((9, 9), 70000, np.int32)).save(tmp_path / "long.tif")
    for name in ("floats", "long"):
        with pytest.raises(Unreadable, match="save it with 8 or 16 bits"):
            read_image(tmp_path / f"{name}.tif", Rendition(8, 8))
