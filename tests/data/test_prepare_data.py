"""The steps `prepare_data` and `plot_data`, from the command line."""

import re
from pathlib import Path

import numpy as np
import pytest

from invariscope.__main__ import main
from invariscope.data.sources import SOURCES
from invariscope.data.table import read_data
from invariscope.params import load_yaml
from tests.toy import write_params, write_toy


def prepare(study: str, path: str = "data.parquet") -> int:
    return main(["prepare_data", study, "--data", path])


@pytest.mark.parametrize("study", ["digits", "shapes", "handwriting"])
def test_embedded_studies(project: Path, study: str) -> None:
    write_toy(project)
    assert prepare(study, "one.parquet") == prepare(study, "two.parquet") == 0
    assert Path("one.parquet").read_bytes() == Path("two.parquet").read_bytes()
    train, test = read_data(Path("one.parquet"), "train"), read_data(Path("one.parquet"), "test")
    assert set(train.labels) == set(test.labels) == set(range(len(train.class_names)))
    assert set(train.ids).isdisjoint(test.ids)
    assert main(["plot_data", study, "--data", "one.parquet", "--samples", "samples.png"]) == 0
    assert Path("samples.png").stat().st_size > 5000


def test_a_factor_is_fixed_from_params(project: Path) -> None:
    params = write_toy(project)
    params["digits"]["data"]["factors"] = {"thickness": 2, "slant": [0, 5]}
    write_params(project, params)
    assert prepare("digits") == 0
    factors = read_data(Path("data.parquet"), "train").factors
    assert set(factors["thickness"]) == {2.0}
    assert 0 <= factors["slant"].min() < factors["slant"].max() <= 5


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"source": "mnist"}, "MNIST"),
        ({"source": "image_folder", "folder": "nowhere", "size": 16}, "nowhere: no such folder"),
        ({"source": "procedural_digits", "train": 0, "test": 1, "size": 28}, "digits.data.train"),
        ({"source": "procedural_digits", "train": 9, "test": 9, "size": 28, "factors": {"slent": 1}}, "slant"),
        ({"source": "procedural_digits", "train": 9, "test": 9, "size": 28, "factors": {"slant": [2, 1]}}, "slant"),
        ({"source": "procedural_digits", "train": 9, "test": 9, "size": 28, "factors": {"slant": [2]}}, "slant"),
        ({"source": "procedural_shapes", "images": 601, "size": 48}, "multiple of 600"),
    ],
)
def test_mistakes_leave_one_line_and_no_file(
    project: Path, data: dict, words: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no network in tests")

    monkeypatch.setattr("socket.getaddrinfo", refuse)
    monkeypatch.setitem(__import__("sys").modules, "torchvision", None)
    params = write_toy(project)
    params["digits"]["data"] = data
    del params["digits"]["unpooling"]  # which not every source can have
    write_params(project, params)
    assert prepare("digits") == 1
    errors = [line for line in capfd.readouterr().err.splitlines() if "error" in line]
    assert len(errors) == 1
    assert words in errors[0]
    assert not list(Path().glob("*.parquet*"))


def test_the_schema_knows_every_source_and_factor(root: Path) -> None:
    """What the schema allows is what the code knows."""
    from invariscope.data import glyphs, procedural_digits, procedural_shapes

    data = load_yaml(root / "workflow" / "schemas" / "params.schema.yaml")["$defs"]["data"]
    pattern = re.compile(data["properties"]["source"]["pattern"])
    assert all(pattern.match(name) for name in (*SOURCES, "mine:draw", "my.images:draw"))
    assert not any(pattern.match(name) for name in ("cifar100", "mine:", ":draw", "mine.draw", "mine:draw()"))
    blocks = {block["if"]["properties"]["source"].get("const"): block["then"]["properties"] for block in data["allOf"]}
    for module in (procedural_digits, procedural_shapes):
        allowed = blocks[module.__name__.rpartition(".")[2]]["factors"]["properties"]
        assert list(allowed) == list(module.FACTORS)
        for name, factor in module.FACTORS.items():
            assert allowed[name]["minimum"] <= factor.low <= factor.high <= allowed[name]["maximum"]
    fewest = min(glyphs.variants(digit) for digit in glyphs.GLYPHS)
    assert blocks["procedural_digits"]["factors"]["properties"]["variant"]["maximum"] == fewest - 1
    assert np.isfinite(fewest)
