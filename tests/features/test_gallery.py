"""The gallery: every objective by every method, on one scale, and what judges say."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from invariscope.checkpoint import Checkpoint
from invariscope.classifiers.model_file import Classifier
from invariscope.data.table import Images, StoredImages, open_data, write_data
from invariscope.features import gallery
from invariscope.features.config import Gallery, Method, Units, Variety
from invariscope.features.gallery import Decoded, draw_gallery, judge_transfer, summarise
from invariscope.features.robustness import Robustness

UNITS = Units({"0": 2, "1": 3}, (0, 1), ("0:0 - 2 * class:1",))
CONFIG = Gallery(
    methods={"pixels": Method(("none", "turned"), 0.05, ("none",)), "fourier": Method(("turned",), 0.05)},
    robustness={"none": Robustness(), "turned": Robustness(rotation=(0.0, 360.0))},
    images=200,
    examples=3,
    steps=30,
    leaky_steps=5,
    variety=Variety("pixels", "none", "1", copies=2, points=3),
)


@pytest.fixture(scope="session")
def stored(images: Images, tmp_path_factory: pytest.TempPathFactory) -> StoredImages:
    path = tmp_path_factory.mktemp("gallery") / "discs.parquet"
    write_data(path, {"train": images})
    return open_data(path, "train")


@pytest.fixture(scope="session")
def rows(classifier: Classifier, stored: StoredImages, images: Images) -> list[dict[str, Any]]:
    decoded = Decoded("decoder", {"class:1": images.pixels[0], "somewhere:9": images.pixels[1]})
    return draw_gallery(classifier, UNITS, CONFIG, stored, 0, [decoded])


def select(rows: list[dict[str, Any]], **wanted: object) -> list[dict[str, Any]]:
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def test_every_objective_is_drawn_by_every_method(rows: list[dict[str, Any]]) -> None:
    names = ["0:0", "0:1", "1:0", "1:1", "1:2", "class:0", "class:1", "0:0 - 2 * class:1"]
    for parameterization, regularization in (("pixels", "none"), ("pixels", "turned"), ("fourier", "turned")):
        made = select(rows, kind="optimised", parameterization=parameterization, regularization=regularization)
        assert [row["objective"] for row in made] == names


def test_all_values_are_of_the_image_that_is_stored(classifier: Classifier, rows: list[dict[str, Any]]) -> None:
    for number in (0, 1):
        for row in select(rows, objective=f"class:{number}"):
            if row["kind"] != "between":
                logits = classifier(torch.from_numpy(row["image"].copy())[None] / 255)[0]
                assert row["value"] == pytest.approx(logits[number].item(), rel=1e-3, abs=1e-3)
                assert row["predicted"] == classifier.class_names[int(logits.argmax())]


def test_examples_bound_the_data_set_and_methods_go_beyond(rows: list[dict[str, Any]]) -> None:
    for row in select(rows, kind="top", rank=1):
        assert row["value"] == pytest.approx(row["highest"])
    for row in select(rows, kind="bottom", rank=1):
        assert row["value"] == pytest.approx(row["lowest"])
    best = select(rows, kind="optimised", parameterization="pixels", regularization="none")
    assert all(row["value"] > row["highest"] for row in best if row["class_name"])


def test_a_decoders_image_is_judged_like_the_others(rows: list[dict[str, Any]], images: Images) -> None:
    (row,) = select(rows, parameterization="decoder")  # the other objective is none of this gallery
    assert row["objective"] == "class:1" and np.array_equal(row["image"], images.pixels[0])


def test_copies_and_images_in_between_are_there(rows: list[dict[str, Any]]) -> None:
    for kind in ("diverse", "undiverse"):
        assert [row["rank"] for row in select(rows, kind=kind, objective="class:0")] == [1, 2]
    between = select(rows, kind="between")
    assert [(row["objective"], row["second"], row["share"]) for row in between] == [
        ("class:0", "class:1", share) for share in (0.0, 0.5, 1.0)
    ]
    assert between[0]["predicted"] == "disc" and between[-1]["predicted"] == "ring"


def test_judges_read_images_of_all_classes_only(classifier: Classifier, rows: list[dict[str, Any]]) -> None:
    verdicts = judge_transfer(rows, {"own": classifier})
    assert {(row["parameterization"], row["regularization"]) for row in verdicts} >= {
        ("dataset", "none"),
        ("pixels", "none"),
    }
    assert "decoder" not in {row["parameterization"] for row in verdicts}  # one class of two
    assert all(row["ci_low"] <= row["share"] <= row["ci_high"] and row["n_images"] == 2 for row in verdicts)
    (data,) = select(verdicts, parameterization="dataset")
    assert data["share"] == 1
    assert summarise(rows, verdicts)["given_their_class"]["own"]["dataset, none"] == 1


def test_a_judge_that_sees_otherwise_says_so(classifier: Classifier, rows: list[dict[str, Any]]) -> None:
    class Contrary(Classifier):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return -super().forward(x)

    contrary = Contrary(classifier.network, {}, 1, 16, classifier.class_names, classifier.normalisation).eval()
    (verdict,) = select(judge_transfer(rows, {"contrary": contrary}), parameterization="dataset")
    assert verdict["share"] == 0


def test_dead_units_are_named_and_not_drawn(images: Images, stored: StoredImages) -> None:
    from tests.discs import small_classifier

    broken = small_classifier(images, 5)
    with torch.no_grad():
        broken.network[1].bias[2] = -1e3
    found = draw_gallery(broken, Units({"1": 3}, (0,)), CONFIG, stored, 0)
    dead = [row for row in found if row["objective"] == "1:2" and row["kind"] == "optimised"]
    assert len(dead) == 3 and all(row["dead"] and row["value"] is None and not row["image"].any() for row in dead)
    assert {row["objective"] for row in found if row["dead"]} == {"1:2"}
    assert summarise(found, [])["dead_objectives"] == ["1:2"]


def test_equal_seeds_give_equal_rows(classifier: Classifier, stored: StoredImages, rows: list[dict[str, Any]]) -> None:
    again = draw_gallery(classifier, UNITS, CONFIG, stored, 0)
    assert len(again) == len(rows) - 1  # without the decoder's
    first = [row for row in rows if row["parameterization"] != "decoder"]
    assert all(np.array_equal(one["image"], other["image"]) for one, other in zip(first, again, strict=True))
    assert gallery.UNITS.keys() <= set().union(*again)


def test_an_interrupted_gallery_goes_on(
    classifier: Classifier,
    stored: StoredImages,
    rows: list[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inputs = {"job": ("test",), "params": {}, "inputs": [], "seconds": 0.0, "folder": tmp_path}
    calls: list[tuple[str, str]] = []
    whole = gallery.method_rows

    def counted(scene: gallery.Scene, name: str, regularization: str) -> list[dict[str, Any]]:
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append((name, regularization))
        return whole(scene, name, regularization)

    monkeypatch.setattr(gallery, "method_rows", counted)
    with pytest.raises(KeyboardInterrupt):
        draw_gallery(classifier, UNITS, CONFIG, stored, 0, (), Checkpoint(**inputs))
    calls.clear()
    again = draw_gallery(classifier, UNITS, CONFIG, stored, 0, (), Checkpoint(**inputs))
    assert calls == [("fourier", "turned")]
    first = [row for row in rows if row["parameterization"] != "decoder"]
    assert all(np.array_equal(one["image"], other["image"]) for one, other in zip(first, again, strict=True))
    assert [row["value"] for row in first] == [row["value"] for row in again]
