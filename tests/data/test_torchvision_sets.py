"""Published data sets from torchvision's folder; downloads are played by a stand-in, so that no network is needed."""

import gzip
import pickle
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from invariscope.data.torchvision_sets import SETS, draw
from invariscope.errors import UserError
from tests.data.mnist import real_mnist


def write_idx(path: Path, array: np.ndarray, packed: bool = False) -> None:
    header = np.array([0x0800 + array.ndim, *array.shape], ">i4").tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    content = header + array.astype(np.uint8).tobytes()
    path.with_name(path.name + ".gz" * packed).write_bytes(gzip.compress(content) if packed else content)


def write_mnist(folder: Path, packed: bool = False) -> dict[str, np.ndarray]:
    images = np.random.default_rng(0).integers(0, 256, (30, 28, 28), np.uint8)
    for prefix, part in (("train", images[:20]), ("t10k", images[20:])):
        write_idx(folder / f"{prefix}-images-idx3-ubyte", part, packed)
        write_idx(folder / f"{prefix}-labels-idx1-ubyte", np.arange(len(part)) % 10, packed)
    return {"train": images[:20], "test": images[20:]}


def write_cifar(folder: Path) -> np.ndarray:
    folder.mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 256, (60, 3072), np.uint8)
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    for index, name in enumerate(names):
        batch = {b"data": images[index * 10 : index * 10 + 10], b"labels": list(range(10))}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    return images


@pytest.fixture
def torchvision(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A stand-in for torchvision that has no network, until a test changes its mind."""

    def refuse(root: str, download: bool) -> None:
        print("a hundred lines of noise")
        (Path(root) / "half").mkdir()
        raise RuntimeError("no network\nand a second line")

    datasets = SimpleNamespace(MNIST=refuse, FashionMNIST=refuse, KMNIST=refuse, CIFAR10=refuse)
    monkeypatch.setitem(sys.modules, "torchvision", SimpleNamespace(datasets=datasets))
    return datasets


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("source", ["mnist", "fashion_mnist", "kmnist"])
def test_reads_the_format_of_mnist(tmp_path: Path, source: str, packed: bool) -> None:
    expected = write_mnist(tmp_path / SETS[source].folder, packed)
    splits = draw({"source": source}, 0, tmp_path)
    for split, images in splits.items():
        np.testing.assert_array_equal(images.pixels[:, 0], expected[split])
        np.testing.assert_array_equal(images.labels, np.arange(len(images)) % 10)
        assert images.class_names == SETS[source].class_names
    assert len(np.unique(np.concatenate([images.ids for images in splits.values()]))) == 30
    assert {split: len(images) for split, images in draw({"source": source, "train": 5}, 0, tmp_path).items()} == {
        "train": 5,
        "test": 10,
    }


def test_reads_cifar(tmp_path: Path) -> None:
    expected = write_cifar(tmp_path / "cifar-10-batches-py")
    splits = draw({"source": "cifar10"}, 0, tmp_path)
    np.testing.assert_array_equal(splits["train"].pixels.reshape(50, -1), expected[:50])
    np.testing.assert_array_equal(splits["test"].pixels.reshape(10, -1), expected[50:])
    assert splits["test"].class_names[3] == "cat"


@pytest.mark.parametrize("source", sorted(SETS))
def test_what_cannot_be_had_is_one_line(
    tmp_path: Path, source: str, torchvision: SimpleNamespace, capfd: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "data"
    with pytest.raises(UserError) as caught:
        draw({"source": source}, 0, root)
    message = str(caught.value)
    assert "\n" not in message
    assert str(root / SETS[source].folder) in message
    assert "no network" in message
    assert "data_root" in message
    assert not root.exists()
    assert "noise" not in "".join(capfd.readouterr())


def test_downloads_what_is_missing(tmp_path: Path, torchvision: SimpleNamespace) -> None:
    torchvision.KMNIST = lambda root, download: write_mnist(Path(root) / "KMNIST/raw") and None
    assert len(draw({"source": "kmnist"}, 0, tmp_path)["train"]) == 20
    torchvision.KMNIST = None
    assert len(draw({"source": "kmnist"}, 0, tmp_path)["test"]) == 10


def test_damaged_files_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "MNIST" / "raw"
    write_mnist(folder)
    images = folder / "train-images-idx3-ubyte"
    content = images.read_bytes()
    for damaged in (content[:-1], content[:3], b"", b"x" * len(content)):
        images.write_bytes(damaged)
        with pytest.raises(UserError, match="train-images-idx3-ubyte: is damaged"):
            draw({"source": "mnist"}, 0, tmp_path)
    images.write_bytes(content)
    write_idx(folder / "train-labels-idx1-ubyte", np.zeros(7))
    with pytest.raises(UserError, match="do not belong together"):
        draw({"source": "mnist"}, 0, tmp_path)


class Harmful:
    def __reduce__(self):  # type: ignore[no-untyped-def]
        return (Path.mkdir, (Path("harmed"),))


def test_a_pickle_runs_no_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_cifar(tmp_path / "cifar-10-batches-py")
    for content in (pickle.dumps(Harmful()), b"", b"garbage"):
        (tmp_path / "cifar-10-batches-py" / "data_batch_2").write_bytes(content)
        with pytest.raises(UserError, match="data_batch_2: is damaged"):
            draw({"source": "cifar10"}, 0, tmp_path)
    assert not Path("harmed").exists()


def test_the_real_mnist() -> None:
    splits = real_mnist()
    assert {split: images.pixels.shape for split, images in splits.items()} == {
        "train": (60000, 1, 28, 28),
        "test": (10000, 1, 28, 28),
    }
    assert splits["train"].labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert splits["train"].pixels.mean() == pytest.approx(33.3, abs=0.1)
