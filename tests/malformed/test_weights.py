"""Malformed weights through the real command line: one line, exit code 1, nothing half-written or executed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from tests.malformed.toy_project import GENERATOR, MODEL, cut, edit, folder_instead, refused, text_instead


def resaved(change: Callable[[dict[str, torch.Tensor]], Any], metadata: Any = None) -> Callable[[str], None]:
    """Write a safetensors file anew with other tensors, or with another description."""

    def damage(path: str) -> None:
        with safe_open(path, framework="pt") as file:
            described = file.metadata() or {}
        tensors = load_file(path)
        change(tensors)
        save_file(tensors, path, metadata=metadata(described) if metadata else described)

    return damage


def described(**changes: Any) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda old: {key: json.dumps(json.loads(text) | changes) for key, text in old.items()}


def unchanged(_: Any) -> None: ...


FILES: list[tuple[str, str, Callable[[str], None], str]] = [
    ("screen_transforms", MODEL, lambda path: Path(path).unlink(), "no such file"),
    ("screen_transforms", MODEL, cut, "is not a whole safetensors file"),
    ("screen_transforms", MODEL, text_instead, "is not a whole safetensors file"),
    ("screen_transforms", MODEL, folder_instead, MODEL),
    ("screen_transforms", MODEL, resaved(lambda tensors: tensors.popitem()), "lacks tensor"),
    ("screen_transforms", MODEL, resaved(lambda t: t.update(more=torch.zeros(1))), "has an unknown tensor 'more'"),
    ("screen_transforms", MODEL, resaved(unchanged, lambda _: {}), "no description of a classifier"),
    ("screen_transforms", MODEL, resaved(unchanged, lambda old: dict.fromkeys(old, "{")), "description cannot be read"),
    ("screen_transforms", MODEL, resaved(unchanged, lambda old: dict.fromkeys(old, "{}")), "its description lacks"),
    ("screen_transforms", MODEL, resaved(unchanged, described(config={"architecture": "vgg"})), "'vgg' is not known"),
    ("screen_transforms", MODEL, resaved(unchanged, described(size=0)), MODEL),
    ("train_filter_gan", MODEL, lambda path: shutil.copy(GENERATOR, path), "no description of a classifier"),
    ("measure_filters", GENERATOR, cut, "is not a whole safetensors file"),
    ("measure_filters", GENERATOR, lambda path: shutil.copy(MODEL, path), "holds no filter-GAN generator"),
    ("measure_filters", GENERATOR, resaved(lambda tensors: tensors.popitem()), "do not fit"),
    ("measure_filters", GENERATOR, resaved(unchanged, lambda old: dict.fromkeys(old, "{")), GENERATOR),
    ("measure_filters", GENERATOR, resaved(unchanged, described(module="conv2")), GENERATOR),
    ("average_banks", GENERATOR, resaved(unchanged, described(module="conv9")), "conv9"),
]


@pytest.mark.parametrize(("step", "file", "damage", "words"), FILES)
def test_files_of_weights(
    toy: Path, capsys: pytest.CaptureFixture[str], step: str, file: str, damage: Callable[[str], None], words: str
) -> None:
    damage(file)
    line = refused(step, capsys)
    assert file in line
    assert words in line


class Evil:
    """Unpickled, it would touch a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("executed"),)


def own_weights(value: str) -> None:
    edit("toy.classifiers.small.weights", value)


def test_a_pickle_is_not_executed(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"conv1.weight": Evil()}, "evil.pt")
    own_weights("evil.pt")
    assert "evil.pt" in refused("train_classifier", capsys)
    assert not Path("executed").exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.pt", None, "missing.pt: no such file"),
        ("missing.safetensors", None, "missing.safetensors: no such file"),
        ("IMAGENET1K_V9", None, "'IMAGENET1K_V9'"),
        ("other.pt", {"conv1.weight": torch.zeros(4, 1, 3, 3)}, "of another architecture"),
        ("list.pt", [1, 2], "is not a state dict"),
        ("text.pt", "text", "text.pt"),
    ],
)
def test_weights_to_start_from(
    toy: Path, capsys: pytest.CaptureFixture[str], name: str, content: Any, words: str
) -> None:
    if content == "text":
        text_instead(name)
    elif content is not None:
        torch.save(content, name)
    own_weights(name)
    assert words in refused("train_classifier", capsys)
