"""The user's own images: which there are, of which class, and what is wrong with them."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from invariscope.data import image_folder, table
from invariscope.data.image_folder import FolderImages, draw
from invariscope.data.table import Images, open_data, read_data, write_data
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


def found(folder: Path, seed: int = 0, **more: Any) -> dict[str, FolderImages]:
    return draw({"source": "image_folder", "folder": str(folder), "size": 8, **more}, seed, Path())


def read(folder: Path, seed: int = 0, **more: Any) -> dict[str, Images]:
    return {split: images.at(np.arange(len(images))) for split, images in found(folder, seed, **more).items()}


def message(folder: Path, **more: Any) -> str:
    with pytest.raises(UserError) as caught:
        read(folder, **more)
    assert "\n" not in str(caught.value)
    return str(caught.value)


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


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    assert "none: no such folder" in message(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    assert "empty: has no folders" in message(tmp_path / "empty")
    root = classes(tmp_path / "own")
    (root / "cow").mkdir()
    assert "cow: has no images" in message(root)
    (root / "dog").mkdir()
    assert "and so dog" in message(root)
    (root / "dog").rmdir()
    picture(root / "cow" / "only.png")
    assert "class 'cow' has 1 images" in message(root)
    (root / "cow" / "more.png").write_text("no image")
    assert "more.png: is no readable image" in message(root)
    content = picture(root / "cow" / "whole.png", size=(300, 300)).read_bytes()
    (root / "cow" / "more.png").write_bytes(content[: len(content) // 2])
    assert "more.png: is no readable image" in message(root)
    assert "shorter_side" in message(root, shorter_side=4)
    assert "data.size: is missing" in message(root, size=None)
    assert "validation_share" in message(root, test_share=0.9, validation_share=0.2)
    split = tmp_path / "split"
    classes(split / "train", 2)
    assert "no folder test" in message(split)
    classes(split / "test", 2)
    picture(split / "train" / "cow" / "1.png")
    assert "class 'cow'" in message(split)


def test_a_folder_with_everything_that_goes_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Handled: a grey image, one of 1 px, one with alpha. Named in a line: text, damaged images, an empty class."""
    root = classes(tmp_path, 4)
    Image.new("L", (9, 9), 100).save(root / "ant" / "grey.png")
    Image.new("RGB", (1, 1), (9, 8, 7)).save(root / "bee" / "dot.png")
    Image.new("RGBA", (9, 9), (1, 2, 3, 0)).save(root / "bee" / "glass.png")
    (root / "README").write_text("about these images")
    hidden = picture(root / "bee" / ".ipynb_checkpoints" / "0.png")
    splits = found(root, test_share=1)
    note = capsys.readouterr().err
    assert note == f"{root}: skipped what lies in no class folder or has no image's suffix: README, ant/notes.txt\n"
    assert len(splits["test"]) == 11 and str(hidden) not in splits["test"].found.files
    by_file = dict(zip(splits["test"].ids.tolist(), read(root, test_share=1)["test"].pixels, strict=True))
    for name, colour in {"grey": (100, 100, 100), "dot": (9, 8, 7), "glass": (1, 2, 3)}.items():
        (number,) = (place for place, path in enumerate(splits["test"].found.files) if name in path)
        assert (by_file[number] == np.reshape(colour, (3, 1, 1))).all()

    whole = root / "whole.jpg"
    Image.effect_noise((64, 64), 50).save(whole)
    (root / "bee" / "cut.jpg").write_bytes(whole.read_bytes()[:900])
    assert message(root, test_share=1).startswith(f"{root}/bee/cut.jpg: is no readable image (image file is truncated")
    (root / "ant" / "text.png").write_text("no image")
    line = message(root, test_share=1)
    assert line.startswith(
        f"{root}: 2 files are no readable images: ant/text.png (in no format that is known), bee/cut"
    )
    for number in range(6):
        (root / "bee" / f"empty{number}.gif").touch()
    line = message(root, test_share=1)
    assert "8 files" in line and line.endswith("and 3 more; mend or delete them") and line.count("empty") == 3
    (root / "cow").mkdir()
    assert message(root).startswith(f"{root}/cow: has no images")


def test_a_file_that_vanishes_is_named(tmp_path: Path) -> None:
    images = found(classes(tmp_path), test_share=1)["test"]
    (tmp_path / "ant" / "3.png").unlink()
    with pytest.raises(UserError, match=r"ant/3\.png: is no readable image .*No such file"):
        images.at(np.arange(20))


# --- a folder larger than memory --------------------------------------------------------------------------------------


def test_files_are_read_a_group_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)  # and it is not needed
    root = classes(tmp_path / "own")
    expected, splits = read(root), found(root)
    files, sizes = [], []
    reading, at = image_folder.read_image, FolderImages.at
    monkeypatch.setattr(image_folder, "read_image", lambda path, way: files.append(path) or reading(path, way))
    monkeypatch.setattr(FolderImages, "at", lambda images, places: sizes.append(len(places)) or at(images, places))
    monkeypatch.setattr(table, "BYTES_PER_GROUP", 3 * 3 * 8 * 8)
    write_data(tmp_path / "one.parquet", splits)
    assert max(sizes) == 3 and len(files) == len(set(files)) == 20  # each once
    write_data(tmp_path / "two.parquet", expected)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    np.testing.assert_array_equal(read_data(tmp_path / "one.parquet", "train").pixels, expected["train"].pixels)


# --- classes of a network ---------------------------------------------------------------------------------------------


def mapping(folder: Path) -> str:
    rows = {"0": ["n1", "wasp"], "1": ["n2", "bee"], "2": ["n3", "crane"], "3": ["n4", "ant"], "4": ["n5", "crane"]}
    (folder / "index.json").write_text(json.dumps(rows))
    return str(folder / "index.json")


def test_labels_are_the_indices_of_the_network_s_classes(tmp_path: Path) -> None:
    root, index = classes(tmp_path / "own"), mapping(tmp_path)
    splits = read(root, classes=index, test_share=0.3)
    names = ("wasp", "bee", "crane (n3)", "ant", "crane (n5)")
    for images in splits.values():
        assert images.class_names == names
        assert set(images.labels) == {1, 3}
        np.testing.assert_array_equal(images.pixels[:, 0, 0, 0] > 100, images.labels == 3)
    (root / "ant").rename(root / "n5")
    picture(root / "n5" / "deep" / "more.png")
    write_data(tmp_path / "data.parquet", found(root, classes=index, test_share=0.3))
    stored = open_data(tmp_path / "data.parquet", "test")
    assert set(stored.labels) == {1, 4} and stored.class_names == names


def test_splits_need_not_have_the_same_folders_where_classes_are_given(tmp_path: Path) -> None:
    picture(tmp_path / "own" / "train" / "bee" / "0.png")
    picture(tmp_path / "own" / "test" / "wasp" / "0.png")
    splits = read(tmp_path / "own", classes=mapping(tmp_path))
    assert (splits["train"].labels.tolist(), splits["test"].labels.tolist()) == ([1], [0])
    assert "class 'bee' is in one" in message(tmp_path / "own")


def test_folders_that_are_no_class_are_named(tmp_path: Path) -> None:
    root, index = classes(tmp_path / "own"), mapping(tmp_path)
    picture(root / "moth" / "0.png")
    assert f"{root}/moth: is none of the 5 classes; rename the folder to a key" in message(root, classes=index)
    (root / "moth").rename(root / "crane")
    assert f"{root}/crane: could be class n3 or n5" in message(root, classes=index)
    (root / "crane").rename(root / "n4")
    assert f"{root}/n4: is the same class as ant" in message(root, classes=index)
    assert "nowhere.json: no such file" in message(root, classes=str(tmp_path / "nowhere.json"))


def test_size_and_classes_come_from_published_weights(tmp_path: Path) -> None:
    for name in ("n", "great_white_shark"):
        picture(tmp_path / name / "0.png", size=(300, 260))
    (tmp_path / "n").rename(tmp_path / "517")
    named = {"transforms": "alexnet.IMAGENET1K_V1", "classes": "resnet50.IMAGENET1K_V2", "test_share": 1}
    images = found(tmp_path, size=None, **named)["test"]
    assert images.shape == (3, 224, 224) and images.rendition.shorter_side == 256
    assert len(images.class_names) == 1000 and [images.class_names[label] for label in images.labels] == [
        "great white shark",
        "crane",
    ]
    for key, value, words in (
        (
            "transforms",
            "alexnet.IMAGENET1K_V9",
            "data.transforms: .* no weights 'IMAGENET1K_V9' of alexnet; it has IMAG",
        ),
        ("transforms", "alexnot.IMAGENET1K_V1", "data.transforms: .* no architecture 'alexnot'; did you mean alexnet?"),
        ("transforms", "raft_small.C_T_V1", "data.transforms: .* not for classifying images; give size instead"),
        ("classes", "raft_small.C_T_V1", "data.classes: .* lists no classes"),
    ):
        with pytest.raises(UserError, match=words):
            found(tmp_path, size=None, **{**named, key: value})
