"""Augmentation: sets that differ in their added images alone, what is added, and paired differences."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from invariscope.classifiers import evaluation, training
from invariscope.classifiers.initial import new_classifier
from invariscope.classifiers.model_file import Classifier, save_classifier
from invariscope.classifiers.surgery import convolve_banks, layer_input
from invariscope.data.table import Images, column_images, read_table, write_data
from invariscope.errors import UserError
from invariscope.filter_gan.added import (
    Added,
    Source,
    added_images,
    draw_affine,
    draw_codes,
    draw_subset,
    moved,
    noisy,
    traversal_images,
)
from invariscope.filter_gan.augmentation import OWN, Repetition, augment, check, exposures, summarise
from invariscope.filter_gan.config import Augmentation, FilterGanConfig, Traversal
from invariscope.filter_gan.evaluation import open_layer
from invariscope.filter_gan.generator_file import save_generator
from invariscope.filter_gan.networks import Generator
from invariscope.filter_gan.traversal import rms_change
from invariscope.steps import augment_training

CPU = torch.device("cpu")
BLOCK = {"architecture": "five_conv", "widths": (4, 6, 6, 6, 6), "pool_after": (1, 2), "training": {}}
CONFIG = Augmentation(per_class=(2, 5), seeds=2, copies=2, steps=5, iterations=6, batch_size=8, learning_rate=5e-3)
GAN = FilterGanConfig(latent_dimension=3, iterations=2, batch_size=8, generator_width=8, discriminator_width=8)
TRAVERSAL = Traversal()
SHARED = ("none", "noise", "affine", "traversal", "affine_and_traversal")


@pytest.fixture(scope="module")
def source(images: Images) -> Source:
    """A classifier that has learned the bars, and an untrained generator of conv2."""
    classifier = new_classifier(BLOCK, images, 0, CPU)
    training.train(classifier, training.Training(8, 50, 1e-2), images, {}, 0)
    assert evaluation.judge(classifier, images)["accuracy"] > 0.9
    torch.manual_seed(0)
    weight = classifier.network.conv2.weight
    return Source(classifier, "conv2", Generator(3, 8, weight.shape, float(weight.std())).requires_grad_(False))


@pytest.fixture(scope="module")
def subset(images: Images) -> Images:
    return draw_subset(images, 5, seed=3)


@pytest.fixture(scope="module")
def found(source: Source, subset: Images) -> Added:
    return traversal_images(source, subset, CONFIG, TRAVERSAL, 3, "images")


def run(source: Source, images: Images, held_out: Images, config: Augmentation) -> tuple[list[dict], list[dict]]:
    return augment(BLOCK, source, GAN, images, held_out, config, TRAVERSAL, seed=1)


def test_subsets_are_balanced_and_nested(images: Images) -> None:
    large = draw_subset(images, 5, seed=3)
    assert np.bincount(large.labels).tolist() == [5] * 4
    assert len(set(large.ids)) == 20
    small = draw_subset(images, 2, seed=3)
    assert small.ids.tolist() == large.ids[:8].tolist()
    assert set(draw_subset(images, 5, seed=4).ids) != set(large.ids)
    place = np.flatnonzero(images.ids == large.ids[0])[0]
    assert (images.pixels[place] == large.pixels[0]).all() and images.labels[place] == large.labels[0]


def test_a_class_with_too_few_images_is_refused(images: Images) -> None:
    with pytest.raises(UserError, match=r"per_class: 1000 .* of 'top'"):
        draw_subset(images, 1000, seed=0)
    with pytest.raises(UserError, match="own: 7 is not one of per_class"):
        check(replace(CONFIG, own=(2, 7)))


def test_training_sees_every_image_equally_often() -> None:
    shown = exposures(12, replace(CONFIG, iterations=9, batch_size=8), seed=0)  # six passes
    assert len(shown) == 72 and np.bincount(shown).tolist() == [6] * 12
    assert sorted(shown[:12]) == list(range(12)) and shown[:12].tolist() != shown[12:24].tolist()
    cut = exposures(50, CONFIG, seed=0)  # 48 places
    assert len(cut) == 48 and np.bincount(cut).max() == 1


def repetition(source: Source, subset: Images, held_out: Images) -> Repetition:
    return Repetition(BLOCK, source.classifier, subset, held_out, CONFIG, 7, "test")


def test_what_changes_nothing_trains_the_same_network_bit_for_bit(
    source: Source, subset: Images, held_out: Images
) -> None:
    runs = repetition(source, subset, held_out)
    still = replace(CONFIG, rotation=0.0, shift=0.0, scale=0.0)
    same = np.broadcast_to(subset.pixels, (2, *subset.pixels.shape))
    sets = added_images(subset, Added(same), still, 7)
    assert all((added.pixels == subset.pixels).all() for added in sets.values())
    weights = {name: runs.train(added.pixels, name).state_dict() for name, added in sets.items()}
    for state in weights.values():
        assert all(torch.equal(value, weights["none"][name]) for name, value in state.items())
    other = runs.train(added_images(subset, Added(same), CONFIG, 7)["affine"].pixels, "affine").state_dict()
    assert any(not torch.equal(value, weights["none"][name]) for name, value in other.items())


def test_all_conditions_start_alike_and_take_equal_steps(
    source: Source, subset: Images, found: Added, held_out: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = repetition(source, subset, held_out)
    starts, seen = [], []

    def train(classifier: Classifier, settings: training.Training, images: Images, *_: object, **__: object) -> None:
        starts.append(classifier.network.conv1.weight.clone())
        seen.append(images)
        assert settings.epochs == 1 and len(images) == CONFIG.iterations * settings.batch_size

    monkeypatch.setattr(training, "train", train)
    for added in added_images(subset, found, CONFIG, 7).values():
        runs.train(added.pixels, "")
    assert len(seen) == 5
    for start, images in zip(starts, seen, strict=True):
        assert torch.equal(start, starts[0])
        assert images.ids.tolist() == seen[0].ids.tolist() and images.labels.tolist() == seen[0].labels.tolist()
    by_id = dict(zip(subset.ids.tolist(), subset.pixels, strict=True))
    assert all((pixels == by_id[id]).all() for id, pixels in zip(seen[0].ids.tolist(), seen[0].pixels, strict=True))
    originals = [(one == other).all() for one, other in zip(seen[0].pixels, seen[1].pixels, strict=True)]
    assert 0.2 < np.mean(originals) < 0.5  # a third: two copies each


def test_weights_that_the_block_names_are_not_taken(source: Source, subset: Images, held_out: Images) -> None:
    runs = repetition(source, subset, held_out)
    named = replace(runs, block={**BLOCK, "weights": "nowhere.safetensors"})
    same = np.broadcast_to(subset.pixels, (2, *subset.pixels.shape))
    assert torch.equal(named.train(same, "").network.conv1.weight, runs.train(same, "").network.conv1.weight)


def test_traversal_images_come_nearer_to_their_activations(source: Source, subset: Images, found: Added) -> None:
    layer = open_layer(source.classifier, "conv2", subset, CPU)
    z, other = draw_codes(subset.ids, 3, CONFIG, 3).unbind(2)  # (copies, N, d) each
    start = subset.tensors()[0]
    for copy in range(2):
        target, before, after = (
            convolve_banks(
                layer_input(layer.classifier, layer.convolution, x), source.generator(code), layer.convolution
            )
            for x, code in (
                (start, z[copy]),
                (start, other[copy]),
                (torch.from_numpy(found.pixels[copy]).float() / 255, other[copy]),
            )
        )
        errors = [(activations - target).square().sum((1, 2, 3)) for activations in (before, after)]
        assert (errors[1] < errors[0]).all()
    assert found.converged is not None and found.converged.shape == (2, 20)


def test_added_images_go_with_the_image_not_with_its_place(subset: Images) -> None:
    order = np.arange(len(subset))[::-1]
    back = subset.at(order)
    assert torch.equal(draw_codes(back.ids, 3, CONFIG, 0), draw_codes(subset.ids, 3, CONFIG, 0)[:, order.copy()])
    assert torch.equal(draw_affine(back.ids, CONFIG, 0), draw_affine(subset.ids, CONFIG, 0)[:, order.copy()])


def test_codes_are_standard_normal_and_as_correlated_as_asked() -> None:
    ids = np.arange(500)
    for correlation in (0.0, 0.9):
        codes = draw_codes(ids, 8, replace(CONFIG, correlation=correlation), 0).flatten(0, 1)  # (1000, 2, 8)
        z, other = codes.unbind(1)
        assert other.std().item() == pytest.approx(1, abs=0.03)
        assert (z * other).mean().item() == pytest.approx(correlation, abs=0.05)


def test_affine_copies_move_as_their_parameters_say() -> None:
    ids = np.arange(3)
    picture = np.zeros((1, 3, 1, 9, 9), np.uint8)
    picture[..., 2:5, 3:5] = 200
    still = draw_affine(ids, replace(CONFIG, copies=1, rotation=0.0, shift=0.0, scale=0.0), 0)
    assert (moved(picture, still) == picture).all()
    shifted = still.clone()
    shifted[..., 0, 2] = -2 * 2 / 9  # read 2 px to the left
    assert (moved(picture, shifted) == np.roll(picture, 2, axis=-1)).all()
    turned = draw_affine(ids, replace(CONFIG, copies=1, rotation=40.0, shift=0.1, scale=0.5), 0)
    determinants = torch.linalg.det(turned[..., :2])  # area read for an area shown: 1 / factor²
    assert ((determinants > 1.5**-2 - 1e-9) & (determinants < 1.5**2 + 1e-9)).all() and determinants.std() > 0.01
    angles = torch.rad2deg(torch.atan2(turned[..., 0, 1], turned[..., 0, 0]))
    assert (angles.abs() <= 40).all() and angles.std() > 1
    places = torch.linalg.solve(turned[..., :2], -turned[..., 2:]) / 2  # where the centre goes, of the image's width
    assert (places.abs() <= 0.1 + 1e-9).all() and places.std() > 0.01


def test_noise_changes_each_image_as_much_as_the_traversal(subset: Images, found: Added) -> None:
    same = np.broadcast_to(subset.pixels, found.pixels.shape)
    for copy, noise in enumerate(noisy(same, found.pixels, subset.ids, 0)):
        wanted = rms_change(found.pixels[copy], subset.pixels)
        np.testing.assert_allclose(rms_change(noise, subset.pixels), wanted, rtol=0.01, atol=0.001)
        assert (noise != found.pixels[copy]).mean() > 0.5


def test_every_size_repetition_and_condition_has_a_row(source: Source, images: Images, held_out: Images) -> None:
    config = replace(CONFIG, own=(2,))
    rows, examples = run(source, images, held_out, config)
    expected = {(size, seed, name) for size in (2, 5) for seed in (0, 1) for name in SHARED}
    expected |= {(2, seed, OWN) for seed in (0, 1)}
    assert {(row["per_class"], row["seed"], row["condition"]) for row in rows} == expected and len(rows) == 22
    for row in rows:
        added = 0 if row["condition"] == "none" else 2 * row["n_train"]
        assert (row["n_train"], row["n_added"], row["iterations"]) == (4 * row["per_class"], added, 6)
        assert (row["rms_change"] == 0) == (row["condition"] == "none")
        assert (row["converged"] is None) == (row["condition"] in ("none", "noise", "affine"))
    assert {row["condition"] for row in examples} == {"original", *SHARED, OWN} - {"none"}
    assert len(examples) == 4 * 6
    for condition in {row["condition"] for row in examples}:
        changes = [row["rms_change"] for row in examples if row["condition"] == condition]
        assert (max(changes) == 0) == (condition == "original")
    assert (rows, [row["rms_change"] for row in examples]) == (
        (again := run(source, images, held_out, config))[0],
        [row["rms_change"] for row in again[1]],
    )


def test_own_images_do_not_depend_on_the_study_s_networks(source: Source, images: Images, held_out: Images) -> None:
    config = replace(CONFIG, per_class=(2,), own=(2,), seeds=1)
    torch.manual_seed(5)
    other = replace(source, generator=Generator(3, 8, source.generator.bank_shape, 0.3).requires_grad_(False))
    rows = [{row["condition"]: row for row in run(s, images, held_out, config)[0]} for s in (source, other)]
    assert rows[0][OWN] == rows[1][OWN]
    assert rows[0]["traversal"]["rms_change"] != rows[1]["traversal"]["rms_change"]


def test_differences_are_paired_by_repetition() -> None:
    rows = [
        {"condition": name, "per_class": 10, "seed": seed, "accuracy": value, "rms_change": 0.1, "converged": None}
        | {"teacher_accuracy": 0.5 + seed / 10}
        for name, values in {
            "none": (0.90, 0.80, 0.70),
            "noise": (0.90, 0.80, 0.70),
            "affine": (0.95, 0.85, 0.75),
            "traversal": (0.91, 0.82, 0.73),
        }.items()
        for seed, value in enumerate(values)
    ]
    summary = summarise(rows[::-1])["10_per_class"]
    half = 4.302653 * 0.01 / math.sqrt(3)  # Student's t with 2 degrees of freedom
    for reference, mean in (("none", 0.02), ("noise", 0.02), ("affine", -0.03)):
        assert summary["traversal"][f"minus_{reference}"] == {
            "mean": pytest.approx(mean),
            "ci_low": pytest.approx(mean - half),
            "ci_high": pytest.approx(mean + half),
        }
    assert summary["traversal"]["accuracy"]["mean"] == pytest.approx(0.82)
    assert summary["none"]["teacher_accuracy"] == pytest.approx(0.6)
    assert "minus_none" not in summary["none"] and "converged" not in summary["none"]
    alone = summarise([row for row in rows if row["seed"] == 0])["10_per_class"]["traversal"]["minus_affine"]
    assert alone == {"mean": pytest.approx(-0.04), "ci_low": None, "ci_high": None}


def test_the_step_writes_tables_and_metrics(source: Source, images: Images, held_out: Images, tmp_path: Path) -> None:
    paths = {name: tmp_path / f"{name}.parquet" for name in ("data", "accuracy", "examples")}
    paths |= {name: tmp_path / f"{name}.safetensors" for name in ("model", "generator")}
    metrics = tmp_path / "metrics.json"
    write_data(paths["data"], {"train": images, "test": held_out})
    save_classifier(source.classifier, paths["model"])
    save_generator(source.generator, "conv2", GAN, paths["generator"])
    params = {
        "seed": 0,
        "block": BLOCK,
        "training": {},
        "layer": {},
        "traversal": {"steps": 4},
        "augmentation": {"layers": ["conv2"], "per_class": [2], "seeds": 2, "iterations": 4, "batch_size": 8},
    }
    augment_training.run(params, "cpu", "bars", "cnn5", "conv2", **paths, metrics=metrics)
    table = read_table(paths["accuracy"])
    assert table.num_rows == 2 * len(SHARED)
    assert {"study", "classifier", "layer", "condition", "per_class", "seed", "accuracy"} < set(table.column_names)
    assert table["study"].unique().to_pylist() == ["bars"]
    examples = read_table(paths["examples"])
    pictures = column_images(examples["image"])
    assert pictures.shape == (4 * len(SHARED), 1, 8, 8)
    for row, picture in zip(examples.to_pylist(), pictures, strict=True):
        if row["condition"] == "original":
            assert (picture == images.pixels[images.ids == row["image_id"]]).all()
    assert set(json.loads(metrics.read_text())["2_per_class"]) == set(SHARED)
