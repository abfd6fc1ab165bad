"""A classifier's answers depend on the image and the condition, and on nothing else."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from invariscope.data.table import Images, balanced, column_images, read_table, write_table
from invariscope.errors import UserError
from invariscope.screening.config import Rendering, conditions, groups_of
from invariscope.screening.curves import curve_rows, top_class_rows
from invariscope.screening.families import FAMILIES
from invariscope.screening.responses import (
    STEP,
    Responses,
    by_class,
    example_columns,
    joined,
    open_responses,
    write_responses,
)
from invariscope.screening.screen import BestRecognised, sample_classes, screen, screen_blocks, transformed

CPU = torch.device("cpu")
RENDERING = Rendering()
ORIGIN = {"study": "toy", "classifier": "net", "seed": 0}
GRIDS = {
    **dict.fromkeys(("translation_x", "translation_y", "brightness"), (-0.2, 0, 0.13)),
    **dict.fromkeys(("scale_x", "scale_y", "zoom", "contrast", "contrast_mean"), (0.7, 1, 1.6)),
    **dict.fromkeys(("grayscale", "gaussian_blur", "gaussian_noise"), (0, 0.3, 0.9)),
    "rotation": (-90, -20, 0, 35),
}
SWEEP = conditions(GRIDS)


def pictures(number: int, channels: int = 3, size: int = 14, classes: int = 4) -> Images:
    random = np.random.default_rng(0)
    return Images(
        ids=random.permutation(10 * number)[:number].astype(np.int64),
        pixels=random.integers(0, 256, (number, channels, size, size), dtype=np.uint8),
        labels=np.sort(random.integers(classes, size=number)),
        class_names=tuple("abcdefgh"[:classes]),
        factors={},
    )


def convolutions(channels: int = 3, classes: int = 4) -> nn.Module:
    """A small network with what real ones have: strides, batch norm, pooling, dense layers."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(
            *(nn.Conv2d(channels, 13, 3, padding=1), nn.BatchNorm2d(13), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(13, 24, 5, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten()),
            *(nn.Linear(96, 33), nn.ReLU(), nn.Linear(33, classes), nn.BatchNorm1d(classes, momentum=None)),
        )
        network(pictures(100, channels).tensors()[0])  # in training mode: batch norm centres the logits
    return network.eval().requires_grad_(False)


class Brightness(nn.Module):
    """Two classes: over or under half bright, softly."""

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean((1, 2, 3)) - 0.5
        return 20 * torch.stack([-mean, mean], dim=1)


def answers(images: Images, batch_size: int = 64) -> Responses:
    return screen(convolutions(images.pixels.shape[1]), images, SWEEP, RENDERING, 0, CPU, batch_size)


@pytest.mark.parametrize("channels", [1, 3])
def test_answers_do_not_depend_on_the_batch(channels: int) -> None:
    images = pictures(150, channels)
    expected = answers(images, 64)
    assert len(np.unique(expected.predicted)) > 1
    for batch_size in (1, 7, 256):
        found = answers(images, batch_size)
        assert np.array_equal(found.probabilities, expected.probabilities)
        assert np.array_equal(found.predicted, expected.predicted)


def test_answers_do_not_depend_on_threads() -> None:
    images, network, threads = pictures(300), convolutions(), torch.get_num_threads()
    found = []
    try:
        for number in (1, 2, 3):
            torch.set_num_threads(number)
            found.append(screen(network, images, SWEEP, RENDERING, 0, CPU))
            assert torch.get_num_threads() == number
    finally:
        torch.set_num_threads(threads)
    for other in found[1:]:
        assert np.array_equal(other.image_ids, found[0].image_ids)
        assert np.array_equal(other.probabilities, found[0].probabilities)


def test_answers_do_not_depend_on_order_or_company() -> None:
    images = pictures(150)
    expected = answers(images)
    order = np.random.default_rng(1).permutation(150)
    found = answers(images.at(order))
    assert np.array_equal(found.image_ids, expected.image_ids)
    assert np.array_equal(found.probabilities, expected.probabilities)
    assert np.array_equal(found.predicted, expected.predicted)
    for chosen in (order[:70], order[:1]):  # other blocks: equal but for the last bits
        few = answers(images.at(chosen))
        same = np.isin(expected.image_ids, few.image_ids)
        np.testing.assert_allclose(few.probabilities, expected.probabilities[:, same], atol=STEP)


def test_images_come_class_by_class() -> None:
    found = answers(pictures(150).at(np.random.default_rng(1).permutation(150)))
    assert (np.diff(found.labels) >= 0).all()
    assert all((np.diff(part.image_ids) > 0).all() for part in found)
    assert [len(part.labels) for part in found] == list(found.sizes.values())


def test_memory_holds_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pixels are asked for block by block, and nothing else of the images is."""
    images, asked = pictures(150), []

    class Watched:
        ids, labels, class_names, shape, factors = images.ids, images.labels, images.class_names, images.shape, {}

        def __len__(self) -> int:
            return len(images)

        def at(self, places: np.ndarray) -> Images:
            asked.append(len(places))
            return images.at(places)

    blocks = screen_blocks(convolutions(), Watched(), SWEEP, RENDERING, 0, CPU)
    first = next(blocks)
    assert asked == [64] and len(first.labels) == 64
    everything = joined([first, *blocks])
    assert asked == [64, 64, 22] and np.array_equal(everything.probabilities, answers(images).probabilities)


def test_identity_is_plain_inference() -> None:
    images, network = pictures(100), convolutions()
    found = answers(images)
    logits = network(images.at(np.lexsort((images.ids, images.labels))).tensors()[0])
    clean = [place for place, (family, magnitude) in enumerate(SWEEP) if magnitude == FAMILIES[family].identity]
    assert len(clean) == len(FAMILIES)
    for place in clean:
        assert np.array_equal(found.predicted[place], logits.argmax(1).numpy())
        np.testing.assert_allclose(found.probabilities[place], logits.softmax(1), atol=STEP)


def test_the_classifier_is_left_as_it_was() -> None:
    network = convolutions()
    before = [parameter.stride() for parameter in network.parameters()]
    screen(network, pictures(5), SWEEP[:3], RENDERING, 0, CPU)
    assert [parameter.stride() for parameter in network.parameters()] == before


def test_probabilities_sum_exactly() -> None:
    """In any order: the bootstrap relies on it."""
    probabilities = answers(pictures(60)).probabilities
    assert np.array_equal(probabilities, np.round(probabilities / STEP) * STEP)
    assert abs(probabilities.sum(axis=2) - 1).max() < 4 * STEP


def test_balanced_takes_equally_many_of_each_class() -> None:
    images = pictures(200)
    chosen = balanced(images, 40)
    assert np.bincount(chosen.labels).tolist() == [10] * 4
    assert np.isin(chosen.ids, images.ids).all() and len(np.unique(chosen.ids)) == 40
    few = images.at(np.flatnonzero((images.labels != 2) | (np.arange(200) % 17 == 0)))
    assert len(balanced(few, 100)) == 100 and len(balanced(few, 10_000)) == len(few)


def test_responses_survive_the_file(tmp_path: Path) -> None:
    path, found = tmp_path / "responses.parquet", answers(pictures(90))
    write_responses(path, found, ORIGIN)
    stored = open_responses(path)
    assert (stored.conditions, stored.sizes, stored.rendering) == (found.conditions, found.sizes, found.rendering)
    again = joined(stored)
    assert again.class_names == found.class_names
    for name in ("image_ids", "labels", "predicted", "probabilities"):
        assert np.array_equal(getattr(again, name), getattr(found, name))
    table = read_table(path, ("family", "magnitude", "image_id", "label", "class_name", "true_class_probability"))
    assert table.num_rows == len(SWEEP) * 90
    row = table.slice(7 * len(SWEEP) + 5, 1).to_pylist()[0]
    assert (row["family"], row["magnitude"], row["image_id"]) == (*SWEEP[5], found.image_ids[7])
    assert row["true_class_probability"] == found.probabilities[5, 7, row["label"]]


def test_blocks_gathered_by_class_are_the_same(tmp_path: Path) -> None:
    images = pictures(150)
    whole = answers(images)
    parts = list(by_class(screen_blocks(convolutions(), images, SWEEP, RENDERING, 0, CPU)))
    assert [part.class_names for part in parts] == [{label: name} for label, name in whole.class_names.items()]
    assert np.array_equal(joined(parts).probabilities, whole.probabilities)
    for name, content in (("whole", whole), ("parts", parts)):
        write_responses(tmp_path / name, content, ORIGIN)
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "parts").read_bytes()


def test_incomplete_responses_are_refused(tmp_path: Path) -> None:
    path, found = tmp_path / "responses.parquet", answers(pictures(9, classes=1))
    write_responses(path, found, ORIGIN)
    table = read_table(path).slice(0, 5 * len(SWEEP) - 1)
    write_table(path, {name: table[name].combine_chunks() for name in table.column_names})
    with pytest.raises(UserError, match="every image under every condition"):
        open_responses(path)


def test_curves_are_means_of_the_answers() -> None:
    images = pictures(40, classes=2)
    sweep = conditions({"brightness": (-1, -0.1, 0, 0.1, 1)})
    found = screen(Brightness(), images, sweep, RENDERING, 0, CPU)
    rows = {(row["class_name"], row["magnitude"]): row for row in curve_rows(found, groups_of(found.sizes, {}), ORIGIN)}
    assert [rows["a", m]["accuracy"] for m in (-1, 1)] == [1, 0]  # all black is dark, all white is bright
    assert [rows["b", m]["accuracy"] for m in (-1, 1)] == [0, 1]
    dark = (images.labels == 0).sum()
    assert rows["all", -1]["accuracy"] == pytest.approx(dark / 40) and rows["a", -1]["n_images"] == dark
    assert rows["b", -1]["true_class_probability"] == pytest.approx(1 / (1 + np.exp(20)), abs=STEP)
    first = rows["all", 0]
    assert first["accuracy"] == pytest.approx(found.correct()[2].mean())
    assert (first["unit"], first["identity"], first["fill"]) == ("added intensity", 0, "none")


def test_top_classes_are_the_paper_s() -> None:
    images = pictures(50, classes=6)
    found = screen(convolutions(classes=6), images, SWEEP, RENDERING, 0, CPU)
    rows = top_class_rows(found, groups_of(found.sizes, {}), images.class_names, ORIGIN)
    chosen = [row for row in rows if row["class_name"] == "c" and row["family"] == "rotation"]
    places = [place for place, (family, _) in enumerate(SWEEP) if family == "rotation"]
    mean = found.probabilities[places][:, found.labels == 2].mean(axis=1, dtype=np.float64)  # (4, 6)
    order = np.argsort(-mean.mean(axis=0))
    names = [images.class_names[label] for label in order[:3]]
    assert list(dict.fromkeys(row["predicted_class"] for row in chosen)) == [*names, "others"]
    others = [row["probability"] for row in chosen if row["predicted_class"] == "others"]
    np.testing.assert_allclose(others, mean[:, order[3:]].max(axis=1))
    np.testing.assert_allclose([row["probability"] for row in chosen[:4]], mean[:, order[0]])
    two = screen(Brightness(), pictures(9, classes=2), SWEEP, RENDERING, 0, CPU)
    assert {row["predicted_class"] for row in top_class_rows(two, {}, ("a", "b"), ORIGIN)} == {"a", "b"}


def test_examples_are_what_was_classified(tmp_path: Path) -> None:
    images = pictures(150)
    watched = BestRecognised(sample_classes(images.labels))
    found = joined(watched.watched(screen_blocks(convolutions(), images, SWEEP, RENDERING, 0, CPU)))
    recognised = found.true_class_probability().sum(axis=0, dtype=np.float64)
    assert watched.labels.tolist() == [0, 2, 3]
    for label, id in zip(watched.labels, watched.ids, strict=True):
        assert id == found.image_ids[np.where(found.labels == label, recognised, -1).argmax()]
    samples = images.at(np.array([np.flatnonzero(images.ids == id)[0] for id in watched.ids]))
    results = transformed(samples, SWEEP, RENDERING, 0)
    assert results.shape == (len(SWEEP), 3, 3, 14, 14)
    write_table(tmp_path / "e.parquet", example_columns(samples, results, list(SWEEP), ORIGIN))
    table = read_table(tmp_path / "e.parquet")
    clean = SWEEP.index(("rotation", 0.0))
    assert np.array_equal(column_images(table["image"])[3 * clean : 3 * clean + 3], samples.pixels)
    turned = SWEEP.index(("rotation", -90.0))
    assert np.array_equal(results[turned], np.rot90(samples.pixels, -1, (2, 3)))
    noisy = SWEEP.index(("gaussian_noise", 0.3))
    assert not np.array_equal(results[noisy], samples.pixels)


def test_where_a_gpu_is_full_half_a_block_is_screened_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    images, network = pictures(150), convolutions()

    def crowded(x: Tensor) -> Tensor:
        if len(x) > 32:
            raise torch.OutOfMemoryError
        return network(x)

    found, expected = screen(crowded, images, SWEEP, RENDERING, 0, CPU), answers(images)
    assert "out of GPU memory with 64 images at once: going on with 32" in capsys.readouterr().err
    assert np.array_equal(found.image_ids, expected.image_ids)
    assert np.array_equal(found.predicted, expected.predicted)
    np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=2 * STEP)
