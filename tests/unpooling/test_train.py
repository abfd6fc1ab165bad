"""Training of both mirrors behind one frozen pass."""

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from invariscope.classifiers.model_file import Classifier
from invariscope.data.table import Images
from invariscope.errors import UserError
from invariscope.unpooling.config import UnpoolingTraining
from invariscope.unpooling.evaluate import Locator, evaluate
from invariscope.unpooling.mirror_file import load_mirrors, save_mirrors
from invariscope.unpooling.scenes import Source
from invariscope.unpooling.stages import enlarged, pictures
from invariscope.unpooling.train import UNITS, VARIANTS, Run, draw_pixels, in_turn, train

CONFIG = UnpoolingTraining(width=8, images=96, batch_size=8, pixels=32, log_every=6)
CPU = torch.device("cpu")


def weights(mirrors: torch.nn.Module) -> torch.Tensor:
    return torch.cat([value.flatten().float() for value in mirrors.state_dict().values()])


@pytest.fixture
def given(classifier: Classifier, source: Source, images: Images) -> tuple:
    return classifier, source, images, {"test": images.at(np.arange(20))}


def test_seeds_matter_and_files_keep_all(given: tuple, tmp_path: Path) -> None:
    short = replace(CONFIG, images=24)
    paths = [tmp_path / name for name in ("one", "two", "three")]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        save_mirrors(train(short, *given, seed, CPU)[0], path)
    first, again, other = (path.read_bytes() for path in paths)
    assert first == again and first != other
    trained, read = train(short, *given, 1, CPU)[0], load_mirrors(paths[0], CPU)
    assert torch.equal(weights(trained), weights(read)) and read.description == trained.description
    classifier, _, images, _ = given
    maps = [Locator(mirrors, classifier, CPU).label_maps(images.pixels[:4]) for mirrors in (trained, read)]
    assert all(np.array_equal(maps[0][use], maps[1][use]) for use in VARIANTS)


def test_another_file_is_refused(tmp_path: Path, classifier: Classifier) -> None:
    from invariscope.classifiers.model_file import save_classifier

    save_classifier(classifier, tmp_path / "classifier")
    with pytest.raises(UserError, match="holds no mirrors of a classifier; train_unpooling writes one"):
        load_mirrors(tmp_path / "classifier", CPU)


def test_the_classifier_is_left_as_it_was(given: tuple) -> None:
    classifier = given[0].train().requires_grad_(True)  # as a notebook might hand it over
    before = copy.deepcopy(classifier.state_dict())
    train(replace(CONFIG, images=24), *given, 0, CPU)
    assert all(torch.equal(value, before[name]) for name, value in classifier.state_dict().items())
    assert not any(part.training for part in classifier.modules())
    assert all(weight.grad is None for weight in classifier.parameters())


def test_the_history_follows_both_variants(given: tuple) -> None:
    _, rows = train(CONFIG, *given, 0, CPU)
    told = [(row["iteration"], row["split"], row["variant"]) for row in rows]
    assert told == [
        (iteration, split, variant)
        for iteration in (6, 12)
        for split in ("train", "test")
        for variant in ("with switches", "without switches")
    ]
    assert all(set(UNITS) <= set(row) and row["images_seen"] == 8 * row["iteration"] for row in rows)
    assert all((row["iou"] is None) == (row["split"] == "train") for row in rows)


@pytest.mark.parametrize(("pairs", "expected"), [(0.0, [1] * 8), (0.25, [1] * 6 + [2] * 2), (1.0, [2] * 8)])
def test_a_share_of_the_batch_is_scenes_of_two(given: tuple, pairs: float, expected: list[int]) -> None:
    run = Run(replace(CONFIG, pairs=pairs), *given, 0, CPU)
    x, truth = run.batch(3)
    assert x.shape == (8, 3, 24, 24) and truth.shape == (8, 24, 24)
    assert [len(labels.unique()) - 1 for labels in truth] == expected  # and the background
    assert (x.amax(1)[truth > 0] > 0.2).all()
    run.advance(0)
    assert run.iteration == 1


def test_both_variants_start_alike_and_learn_apart(given: tuple) -> None:
    run = Run(CONFIG, *given, 0, CPU)
    with_switches, without = (mirror.state_dict() for mirror in run.mirrors.variants().values())
    assert all(torch.equal(with_switches[name], without[name]) for name in with_switches)
    run.advance(0)
    assert all(weight.grad is not None and weight.grad.any() for weight in run.mirrors.parameters())
    assert any(not torch.equal(with_switches[name], without[name]) for name in with_switches)


def test_each_image_comes_once_in_turn() -> None:
    turns = np.concatenate([in_turn(start, 4, 10, seed=0) for start in range(0, 20, 4)]).reshape(2, 10)
    assert (np.sort(turns) == np.arange(10)).all() and not np.array_equal(*turns)


def test_pixels_lie_on_objects_as_often_as_asked() -> None:
    truth = torch.zeros(2, 10, 10, dtype=torch.long)
    truth[0, :2, :2], truth[1, 5:] = 3, 1
    drawn = draw_pixels(truth, 4000, 0.4, torch.Generator().manual_seed(0))
    found = truth.flatten(1).gather(1, drawn) > 0
    torch.testing.assert_close(found.float().mean(1), torch.tensor([0.4, 0.4]), atol=0.03, rtol=0)
    counts = drawn[0].bincount(minlength=100)
    assert counts[[0, 1, 10, 11]].min() > 300 and (counts > 0).all()


def test_a_training_that_diverges_says_so(given: tuple) -> None:
    with pytest.raises(UserError, match=r"unpooling.training: learning_rate: 1e\+30 made the loss infinite"):
        train(replace(CONFIG, learning_rate=1e30), *given, 0, CPU)


def test_switches_locate_better_even_behind_random_features(given: tuple) -> None:
    """Where an object is needs no trained classifier; which one it is would."""
    classifier, source, images, _ = given
    names = [images.class_names.index(f"red single {shape}") for shape in ("square", "circle")]
    few = images.at(np.flatnonzero(np.isin(images.labels, names)))
    config = replace(CONFIG, width=16, images=1200, pixels=64, object_share=0.5, log_every=150)
    trained, _ = train(config, classifier, source, few, {}, 0, CPU)
    rows, metrics = evaluate(Locator(trained, classifier, CPU), source, few, 0, scenes=20)
    found, without = (metrics["one"][f"iou_any_{kind}_switches"] for kind in ("with", "without"))
    assert found > 0.4 and found > without + 0.05
    assert {(row["scene"], row["switches"]) for row in rows} == {(s, u) for s in ("one", "two") for u in (True, False)}


def test_pictures_grow_with_the_maps(given: tuple) -> None:
    classifier, source, images, _ = given
    trained, _ = train(replace(CONFIG, images=8), *given, 0, CPU)
    shown = pictures(Locator(trained, classifier, CPU), source, images, 0)
    sizes = [row["size"] for row in shown if row["kind"] == "activation" and row["switches"]][:8]
    assert sizes == [3, 6, 6, 6, 12, 12, 24, 24]
    assert all(row["image"].shape == (3, 24, 24) and row["image"].dtype == np.uint8 for row in shown)
    truths = [row for row in shown if row["kind"] == "truth"]
    assert all(set(np.unique(row["image"])) == {0, row["label"]} | ({row["second_label"]} - {None}) for row in truths)


def test_small_maps_are_enlarged_by_repeating_pixels() -> None:
    small = np.arange(4).reshape(2, 2)
    np.testing.assert_array_equal(enlarged(small, 6), np.kron(small, np.ones((3, 3), int)))
    assert enlarged(small, 5).shape == (5, 5)
