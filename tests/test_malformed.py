"""Malformed parameters, data and weights through the real command line: one line, exit code 1, nothing half-written."""

import gzip
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from ruamel.yaml import YAML
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from invariscope.__main__ import main
from invariscope.params import load_yaml

DATA = "data/toy.parquet"
MODEL = "results/toy/small/training/model.safetensors"
GENERATOR = "results/toy/small/filter_gan/conv4/generator.safetensors"
RESPONSES = "results/toy/small/screening/responses.parquet"
# What each step takes from the project; what it writes gets names of its own, to see that nothing is written.
INPUTS = {
    "prepare_data": (("toy",), {}),
    "train_classifier": (("toy", "small"), {"data": DATA}),
    "train_filter_gan": (("toy", "small", "conv4"), {"data": DATA, "model": MODEL}),
    "measure_filters": (("toy", "small", "conv4"), {"model": MODEL, "generator": GENERATOR}),
    "average_banks": (("toy", "small", "conv4"), {"data": DATA, "model": MODEL, "generator": GENERATOR}),
    "screen_transforms": (("toy", "small"), {"data": DATA, "model": MODEL}),
    "find_thresholds": (("toy", "small"), {"responses": RESPONSES}),
}
OUTPUTS = {
    "prepare_data": ("data",),
    "train_classifier": ("model", "history", "class-accuracy", "confusion", "metrics"),
    "train_filter_gan": ("generator", "history"),
    "measure_filters": ("mds", "filters", "metrics"),
    "average_banks": ("accuracy", "metrics"),
    "screen_transforms": ("responses", "curves", "top-classes", "examples"),
    "find_thresholds": ("thresholds", "metrics"),
}
SUFFIXES = {"model": "safetensors", "generator": "safetensors", "metrics": "json"}


def toy_params(root: Path) -> dict[str, Any]:
    """One study, as small as it can be."""
    params = load_yaml(root / "params.yaml")
    toy = params["digits"]
    toy["data"] |= {"train": 200, "test": 60}
    classifier = toy["classifiers"]["cnn5"] | {"widths": [4, 4, 4, 6, 6]}
    classifier["training"] = classifier["training"] | {"epochs": 1}
    toy["classifiers"] = {"small": classifier}
    gan = toy["filter_gan"]
    gan["training"] |= {
        "iterations": 2,
        "batch_size": 4,
        "generator_width": 8,
        "discriminator_width": 4,
        "log_every": 1,
    }
    del gan["augmentation"]
    gan["averaging"] |= {"banks": 2, "seeds": 1, "images": 40}
    gan |= {"layers": {"small": {"conv4": {}}}, "mds": {"samples": 2, "filters": 2}}
    toy["screening"] |= {"classifiers": ["small"], "images": 20, "batch_size": 20}
    for analysis in ("transformer", "generative", "unpooling", "features"):
        del toy[analysis]
    del toy["screening"]["sensitivity"]
    toy["screening"]["magnitudes"] = {family: [] for family in params["magnitudes"] if family != "brightness"}
    top = ("seed", "data_root", "magnitudes")
    return {"studies": ["toy"], "device": "cpu", **{name: params[name] for name in top}, "toy": toy}


def arguments(step: str, files: dict[str, str], outputs: dict[str, str]) -> list[str]:
    options = [text for name, path in {**files, **outputs}.items() for text in (f"--{name}", path)]
    return [step, *INPUTS[step][0], *options, "--log", "logs/step.log"]


@pytest.fixture(scope="session")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which every step has run, at toy sizes."""
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        shutil.copytree(root / "workflow" / "schemas", "workflow/schemas")
        YAML().dump(toy_params(root), Path("params.yaml"))
        made = {"data": DATA, "model": MODEL, "generator": GENERATOR, "responses": RESPONSES}
        for step in ("prepare_data", "train_classifier", "train_filter_gan", "screen_transforms"):
            outputs = {name: f"other/{step}.{name}" for name in OUTPUTS[step]} | {
                name: path for name, path in made.items() if name in OUTPUTS[step]
            }
            assert main(arguments(step, INPUTS[step][1], outputs)) == 0, step
    return folder


@pytest.fixture
def toy(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that project, to be damaged."""
    folder = tmp_path / "project"
    shutil.copytree(built, folder)
    monkeypatch.chdir(folder)
    for proxy in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")  # nothing is downloaded, and nothing waits
    return folder


def edit(key: str, value: Any) -> None:
    params = load_yaml(Path("params.yaml"))
    node = params
    *path, last = key.split(".")
    for part in path:
        node = node[part]
    node[last] = value
    YAML().dump(params, Path("params.yaml"))


def refused(step: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a step, which must fail with one line and leave nothing new. Returns the line."""
    outputs = {name: f"new/{name}.{SUFFIXES.get(name, 'parquet')}" for name in OUTPUTS[step]}
    before = {path for path in Path().rglob("*") if path.is_file()}
    capsys.readouterr()
    code = main(arguments(step, INPUTS[step][1], outputs))
    printed = capsys.readouterr()
    *progress, line = printed.err.splitlines()
    assert code == 1, printed
    assert "Traceback" not in printed.err, printed
    assert line.startswith(f"invariscope {step}: error: ")
    assert not any("error" in earlier for earlier in progress), printed
    after = {path for path in Path().rglob("*") if path.is_file()} - {Path("logs/step.log")}
    assert after - before == set(), "left behind"
    return line


# --- parameters -------------------------------------------------------------------------------------------------------

PARAMETERS: list[tuple[str, Any, str]] = [
    ("seed", "zero", "seed: 'zero' is not allowed"),
    ("studies", ["toys"], "studies[0]: 'toys' is no study"),
    ("device", "cuda:99", "device: 'cuda:99' is not on this machine"),
    ("toy.data.source", "magic", "toy.data.source: 'magic'"),
    ("toy.data.train", 0, "toy.data.train: 0 is not allowed; it must be an integer >= 1"),
    ("toy.classifiers.small.widths", [4], "toy.classifiers.small.widths"),
    ("toy.classifiers.small.training.epochs", 1.5, "epochs: 1.5 is not allowed"),
    ("toy.classifiers.small.training.momentum", 1.5, "training.momentum: is no known key"),
    ("toy.filter_gan.layers.small.conv4", {"module": "conv9"}, "conv9"),
    ("toy.filter_gan.layers.small.conv4", {"iterations": -1}, "iterations: -1 is not allowed"),
    ("toy.filter_gan.layers", {"small": {}}, "toy.filter_gan.layers.small.conv4: is not defined"),
    ("magnitudes.brightness", [0.5], "magnitudes.brightness: must contain 0"),
]


@pytest.mark.parametrize(("key", "value", "words"), PARAMETERS)
def test_parameters(toy: Path, capsys: pytest.CaptureFixture[str], key: str, value: Any, words: str) -> None:
    edit(key, value)
    assert words in refused("train_filter_gan", capsys)


def test_parameters_in_a_process_of_their_own(toy: Path) -> None:
    Path("params.yaml").write_text("seed: [0\n", encoding="utf-8")
    command = [sys.executable, "-m", "invariscope", "prepare_data", "toy", "--data", "new.parquet"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "params.yaml: line" in done.stderr
    assert not Path("new.parquet").exists()


# --- data -------------------------------------------------------------------------------------------------------------


def cut(path: str) -> None:
    content = Path(path).read_bytes()
    Path(path).write_bytes(content[: len(content) // 2])


def flip(path: str) -> None:
    content = bytearray(Path(path).read_bytes())
    content[len(content) // 3] ^= 0xFF
    Path(path).write_bytes(content)


def folder_instead(path: str) -> None:
    Path(path).unlink()
    Path(path).mkdir()


def text_instead(path: str) -> None:
    Path(path).write_text("not a table\n", encoding="utf-8")


def rewritten(change: Callable[[pa.Table], pa.Table]) -> Callable[[str], None]:
    def damage(path: str) -> None:
        pq.write_table(change(pq.read_table(path)), path)

    return damage


def only_split(name: str) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.filter(pa.compute.equal(table["split"], name))


def only_class(table: pa.Table) -> pa.Table:
    """Without the names of the others, which the schema's metadata tell."""
    return table.filter(pa.compute.equal(table["label"], 0)).replace_schema_metadata(None)


def other_labels(table: pa.Table) -> pa.Table:
    return table.set_column(
        table.column_names.index("label"), "label", pa.compute.multiply(table["label"], pa.scalar(2, pa.int64()))
    )


def smaller_images(table: pa.Table) -> pa.Table:
    images = table["image"].combine_chunks().to_numpy_ndarray()[:, :, 4:24, 4:24]
    column = pa.FixedShapeTensorArray.from_numpy_ndarray(np.ascontiguousarray(images))
    return table.set_column(table.column_names.index("image"), "image", column)


TABLES: list[tuple[str, Callable[[str], None], str]] = [
    ("train_classifier", lambda path: Path(path).unlink(), "data/toy.parquet: no such file"),
    ("train_classifier", cut, "data/toy.parquet: is not a readable Parquet file"),
    ("train_classifier", flip, "is not a readable Parquet file"),
    ("train_classifier", text_instead, "is not a readable Parquet file"),
    ("train_classifier", lambda path: Path(path).write_bytes(b""), "is not a readable Parquet file"),
    ("train_classifier", folder_instead, "data/toy.parquet: "),
    ("train_classifier", rewritten(lambda table: table.drop_columns("label")), "has no column 'label'"),
    ("train_classifier", rewritten(lambda table: table.drop_columns("image")), "'image'"),
    ("train_classifier", rewritten(only_split("train")), "has no images in split 'test'; it has train"),
    ("train_classifier", rewritten(only_split("none")), "has no images in split 'train'; it has no images"),
    ("train_classifier", rewritten(other_labels), "its labels are not 0, 1, 2"),
    ("train_classifier", rewritten(only_class), "has no class but '0'"),
    ("screen_transforms", rewritten(smaller_images), "(1, 20, 20) px"),
    ("average_banks", rewritten(smaller_images), "(1, 20, 20) px"),
    ("train_filter_gan", rewritten(smaller_images), "(1, 20, 20) px"),
    ("screen_transforms", rewritten(only_class), "classes"),
]


@pytest.mark.parametrize(("step", "damage", "words"), TABLES)
def test_tables_of_images(
    toy: Path, capsys: pytest.CaptureFixture[str], step: str, damage: Callable[[str], None], words: str
) -> None:
    damage(DATA)
    assert words in refused(step, capsys)


@pytest.mark.parametrize("damage", [cut, text_instead, rewritten(lambda table: table.select(["seed"]))])
def test_tables_of_answers(toy: Path, capsys: pytest.CaptureFixture[str], damage: Callable[[str], None]) -> None:
    damage(RESPONSES)
    assert RESPONSES in refused("find_thresholds", capsys)


def idx(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = np.array([0x0800 + values.ndim, *values.shape], ">i4").tobytes()
    path.write_bytes(gzip.compress(header + values.astype(np.uint8).tobytes()))


def test_data_root_that_is_not_there(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit("toy.data", {"source": "mnist"})
    line = refused("prepare_data", capsys)
    assert "data/raw/MNIST/raw" in line
    assert "data_root" in line


def test_mnist_damaged(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit("toy.data", {"source": "mnist"})
    raw = Path("data/raw/MNIST/raw")
    for split in ("train", "t10k"):
        idx(raw / f"{split}-images-idx3-ubyte.gz", np.zeros((20, 28, 28)))
        idx(raw / f"{split}-labels-idx1-ubyte.gz", np.arange(20) % 10)
    cut(str(raw / "train-images-idx3-ubyte.gz"))
    assert "train-images-idx3-ubyte.gz: is damaged" in refused("prepare_data", capsys)


def photographs(classes: dict[str, int]) -> Path:
    """A folder of images per class."""
    folder = Path("photographs")
    for name, count in classes.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            Image.new("L", (30, 20), number).save(folder / name / f"{number}.png")
    edit("toy.data", {"source": "image_folder", "folder": "photographs", "size": 28, "channels": 1})
    return folder


def test_image_folders(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = photographs({"cat": 5, "dog": 5})
    assert main(arguments("prepare_data", {}, {"data": "good.parquet"})) == 0
    cut("photographs/cat/3.png")
    assert "photographs/cat/3.png: is no readable image" in refused("prepare_data", capsys)
    (folder / "dog" / "4.png").write_text("a dog")
    assert "photographs: 2 files are no readable images: cat/3.png" in refused("prepare_data", capsys)
    shutil.rmtree(folder / "cat")
    (folder / "cat").mkdir()
    assert "photographs/cat: has no images" in refused("prepare_data", capsys)
    shutil.rmtree(folder)
    folder.mkdir()
    assert "photographs: has no folders" in refused("prepare_data", capsys)
    folder.rmdir()
    assert "photographs: no such folder" in refused("prepare_data", capsys)


def test_classes_of_image_folders(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photographs({"cat": 5, "dog": 5})
    edit("toy.data.classes", "classes.txt")
    assert "classes.txt: no such file" in refused("prepare_data", capsys)
    Path("classes.txt").write_text("n1 cat\nn2 cow\n")
    assert "photographs/dog: is none of the 2 classes" in refused("prepare_data", capsys)


def test_a_class_that_is_too_small_to_be_split(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photographs({"cat": 5, "dog": 1})
    assert "photographs: class 'dog' has 1 images" in refused("prepare_data", capsys)


# --- weights ----------------------------------------------------------------------------------------------------------


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
