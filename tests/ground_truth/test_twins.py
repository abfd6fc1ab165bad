"""Twins differ in one factor of their training images and in nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from invariscope.checkpoint import Checkpoint
from invariscope.classifiers.initial import new_classifier
from invariscope.classifiers.model_file import Classifier
from invariscope.errors import UserError
from invariscope.ground_truth.config import ALL, held_by, twin_names
from invariscope.ground_truth.twins import draw_twin, load_twins, save_twins, train_twin
from tests.ground_truth.small import BLOCK, DATA, FACTORS, TWINS

CPU = torch.device("cpu")


def test_one_twin_varies_all_and_each_other_holds_one() -> None:
    assert twin_names(FACTORS) == [ALL, "rotation_fixed", "thickness_fixed", "intensity_fixed"]
    assert held_by(ALL, FACTORS) == {} and held_by("intensity_fixed", FACTORS) == {"intensity": 1.0}
    with pytest.raises(UserError, match="'slant_fixed' is no twin; there are all_varied, rotation_fixed"):
        held_by("slant_fixed", FACTORS)


def test_images_differ_in_the_held_factor_alone() -> None:
    every, held = (draw_twin(DATA, twin, TWINS, 0, 0) for twin in (ALL, "rotation_fixed"))
    assert np.ptp(every.factors["rotation"]) > 150 and np.all(held.factors["rotation"] == 0)
    for name in set(every.factors) - {"rotation"}:
        np.testing.assert_array_equal(every.factors[name], held.factors[name])
    np.testing.assert_array_equal(every.labels, held.labels)
    assert not np.array_equal(every.pixels, held.pixels)


def test_repetitions_have_other_images() -> None:
    first, second = (draw_twin(DATA, ALL, TWINS, number, 0) for number in (0, 1))
    assert not np.array_equal(first.factors["rotation"], second.factors["rotation"])


def test_a_source_without_factors_is_refused() -> None:
    with pytest.raises(UserError, match=r"data\.source: 'mnist' is not drawn from known factors"):
        draw_twin({"source": "mnist"}, ALL, TWINS, 0, 0)


def test_twins_begin_alike_and_come_back_from_their_file(tmp_path: Path, trained: dict[str, Classifier]) -> None:
    starts = [new_classifier(BLOCK, draw_twin(DATA, twin, TWINS, 0, 0), 5, CPU) for twin in (ALL, "rotation_fixed")]
    for one, other in zip(*(start.network.state_dict().values() for start in starts), strict=True):
        assert torch.equal(one, other)
    pair = list(trained.values())
    save_twins(pair, tmp_path / "models.safetensors")
    x = draw_twin(DATA, ALL, TWINS, 1, 0).tensors()[0][:20]
    found = load_twins(tmp_path / "models.safetensors", CPU)
    assert len(found) == 2
    for saved, loaded in zip(pair, found, strict=True):
        assert torch.equal(saved(x), loaded(x))  # each with its own normalisation
    assert not torch.equal(found[0](x), found[1](x))


def test_a_file_without_twins_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(UserError, match="holds no twins; train_twins writes them"):
        load_twins(tmp_path / "other.safetensors", CPU)


def test_a_twin_that_is_done_is_not_trained_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several repetitions, what a killed job has finished stays."""
    from invariscope.classifiers import training

    config = replace(TWINS, seeds=1)
    images = draw_twin(DATA, ALL, config, 0, 0).at(np.arange(200))
    block = BLOCK | {"training": BLOCK["training"] | {"epochs": 1}}
    first, last = train_twin(block, images, 0, CPU, Checkpoint((), {}, [], 1e9, tmp_path))

    def refuse(*_: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(training.Run, "advance", refuse)
    second, again = train_twin(block, images, 0, CPU, Checkpoint((), {}, [], 1e9, tmp_path))
    assert again == last
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)
