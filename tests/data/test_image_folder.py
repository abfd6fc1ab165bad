"""The user's own images."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from invariscope.data.image_folder import draw, read_image
from invariscope.data.table import Images
from invariscope.errors import UserError


def picture(path: Path, colour: tuple[int, int, int] = (200, 10, 60), size: tuple[int, int] = (20, 12)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def classes(root: Path, count: int = 10) -> Path:
    """Two classes, told apart by their colour; each image has its own green."""
    for number in range(count):
        picture(root / "ant" / f"{number}.png", (200, number, 0))
        picture(root / "bee" / f"{number}.JPG", (0, number, 200))
    (root / "ant" / "notes.txt").write_text("not an image")
    (root / "ant" / ".hidden.png").write_text("neither")
    (root / ".cache").mkdir()
    return root


def read(folder: Path, seed: int = 0, **more: Any) -> dict[str, Images]:
    return draw({"source": "image_folder", "folder": str(folder), "size": 8, **more}, seed, Path())


def test_a_folder_a_class_is_split_by_share(tmp_path: Path) -> None:
    splits = read(classes(tmp_path), test_share=0.3, validation_share=0.1)
    assert {name: np.bincount(images.labels).tolist() for name, images in splits.items()} == {
        "train": [6, 6],
        "validation": [1, 1],
        "test": [3, 3],
    }
    for images in splits.values():
        assert images.class_names == ("ant", "bee")
        assert images.pixels.shape[1:] == (3, 8, 8)
        np.testing.assert_array_equal(images.pixels[:, 0, 0, 0] > 100, images.labels == 0)
    assert splits["train"].labels[:4].tolist() == [0, 1, 0, 1]
    again, other = (read(tmp_path, seed, test_share=0.3, validation_share=0.1) for seed in (0, 1))
    np.testing.assert_array_equal(again["test"].pixels, splits["test"].pixels)
    assert set(other["test"].ids) != set(splits["test"].ids)


def test_split_folders_are_kept(tmp_path: Path) -> None:
    for name, count in (("train", 4), ("val", 2), ("test", 3)):
        classes(tmp_path / name, count)
    splits = read(tmp_path)
    assert {name: len(images) for name, images in splits.items()} == {"train": 8, "validation": 4, "test": 6}
    assert len(np.unique(np.concatenate([images.ids for images in splits.values()]))) == 18


def test_all_images_can_be_for_the_test(tmp_path: Path) -> None:
    assert {name: len(images) for name, images in read(classes(tmp_path), test_share=1).items()} == {"test": 20}


def test_the_shorter_side_is_resized_and_the_centre_cropped(tmp_path: Path) -> None:
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = 255  # the centre square is white
    Image.fromarray(wide).save(tmp_path / "wide.png")
    Image.fromarray(wide.transpose(1, 0, 2)).save(tmp_path / "tall.png")
    for name in ("wide", "tall"):
        whole = read_image(tmp_path / f"{name}.png", 10, 10, 3)
        assert whole[:, 1:-1, 1:-1].min() == 255
        assert whole.min() > 200  # the filter reaches over the edge of the crop
        larger = read_image(tmp_path / f"{name}.png", 10, 20, 3)  # a quarter of that square
        assert larger.shape == (3, 10, 10)
        assert larger.min() == 255
    left = wide.copy()
    left[:, :30] = 0
    Image.fromarray(left).save(tmp_path / "half.png")
    assert read_image(tmp_path / "half.png", 10, 10, 3)[0, 0].tolist()[1:9:7] == [0, 255]


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "CMYK", "LA", "I;16"])
def test_every_kind_of_picture_becomes_colour_or_grey(tmp_path: Path, mode: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.full((9, 9), 40000, np.uint16))
    else:
        image = Image.new("L", (9, 9), 200).convert(mode)
    path = tmp_path / ("picture.tif" if mode == "CMYK" else "picture.png")
    image.save(path)
    expected = {"1": 255, "I;16": 40000 >> 8}.get(mode, 200)
    for channels in (1, 3):
        pixels = read_image(path, 8, 8, channels)
        assert pixels.shape == (channels, 8, 8)
        assert abs(int(pixels.mean()) - expected) <= (60 if mode == "1" else 2)


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    def message(folder: Path, **more: Any) -> str:
        with pytest.raises(UserError) as caught:
            read(folder, **more)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "none: no such folder" in message(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    assert "empty: has no folders" in message(tmp_path / "empty")
    root = classes(tmp_path / "own")
    (root / "cow").mkdir()
    assert "cow: has no images" in message(root)
    picture(root / "cow" / "only.png")
    assert "class 'cow' has 1 images" in message(root)
    (root / "cow" / "more.png").write_text("no image")
    assert "more.png: is no readable image" in message(root)
    content = picture(root / "cow" / "whole.png", size=(300, 300)).read_bytes()
    (root / "cow" / "more.png").write_bytes(content[: len(content) // 2])
    assert "more.png: is no readable image" in message(root)
    assert "shorter_side" in message(root, shorter_side=4)
    assert "validation_share" in message(root, test_share=0.9, validation_share=0.2)
    split = tmp_path / "split"
    classes(split / "train", 2)
    assert "no folder test" in message(split)
    classes(split / "test", 2)
    picture(split / "train" / "cow" / "1.png")
    assert "class 'cow'" in message(split)
