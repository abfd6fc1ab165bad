"""Evaluation, the baseline of equal displacement, and what was learned."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from invariscope.classifiers import evaluation
from invariscope.classifiers.evaluation import judge
from invariscope.classifiers.model_file import Classifier
from invariscope.data.table import Images
from invariscope.transformer import evaluate as module
from invariscope.transformer.baseline import random_colours, random_warps
from invariscope.transformer.config import TransformerEvaluation
from invariscope.transformer.decomposition import decompose_colour, decompose_space
from invariscope.transformer.evaluate import UNITS, evaluate, examples, summarise, transformations
from invariscope.transformer.networks import InvariantTransformer
from invariscope.transformer.rendering import colour_displacement, render, spatial_displacement
from invariscope.warp import Warp

CONFIG = TransformerEvaluation(images=300, strengths=(0.5, 1.0), samples=60, grid=3, examples=2)


def random_transformer(scale: float = 0.1, spatial: str = "affine", channels: int = 1) -> InvariantTransformer:
    torch.manual_seed(1)
    net = InvariantTransformer(channels, controls=2, width=16, spatial=spatial, initial_scale=scale)
    return net.eval().requires_grad_(False)


def turning(degrees: float = 170.0) -> InvariantTransformer:
    """α₁ = ±1 turns by so much, and α does nothing else; β does nothing."""
    net = random_transformer(scale=0.0)
    hidden, second, last = net.spatial.readout.layers[::2]
    hidden.weight.zero_()
    hidden.weight[0, 0], hidden.weight[1, 0] = 1, -1  # the positive and the negative part of α₁
    second.weight.copy_(torch.eye(16))
    speed = math.pi * math.atanh(degrees / 180)  # before it is shortened
    last.weight[1, 0], last.weight[1, 1] = -speed, speed
    last.weight[3, 0], last.weight[3, 1] = speed, -speed
    return net


def picked(rows: list[dict], **wanted: object) -> dict:
    (row,) = (row for row in rows if all(row[name] == value for name, value in wanted.items()))
    return row


@pytest.mark.parametrize("columns", [3, 6])
def test_random_maps_displace_exactly_as_far(columns: int) -> None:
    random = torch.Generator().manual_seed(0)
    direction = torch.randn(50, 2, columns, generator=random, dtype=torch.float64)
    wanted = torch.linspace(0, 0.8, 50, dtype=torch.float64)
    warp = random_warps(direction, wanted, 12, 12)
    assert (spatial_displacement(warp, 12, 12) - wanted).abs().max() < 1e-12
    assert torch.equal(warp.matrix[0], torch.eye(2, 3, dtype=torch.float64))
    assert warp.matrix[1:].flatten(1).unique(dim=0).shape[0] == 49


@pytest.mark.parametrize("channels", [1, 3])
def test_random_colours_change_images_exactly_as_much(channels: int) -> None:
    """Black pictures of little ink among them, which a darker colour hardly changes."""
    random = torch.Generator().manual_seed(0)
    images = torch.rand(60, channels, 8, 8, generator=random, dtype=torch.float64)
    images[:30] *= images[:30] > 0.9
    images = (255 * images).round() / 255
    direction = torch.randn(60, channels, channels + 1, generator=random, dtype=torch.float64)
    wanted = torch.linspace(0, 0.3, 60, dtype=torch.float64)
    matrix = random_colours(direction, wanted, images)
    assert (colour_displacement(images, matrix) - wanted).abs().max() < 1e-12
    moved = matrix - torch.eye(channels, channels + 1)
    factor = (moved / direction)[1:]
    assert (factor - factor[:, :1, :1]).abs().max() < 1e-9  # along the direction
    assert (factor < 0).any() and (factor > 0).any()  # or against it


def test_evaluation_has_every_condition_and_matched_displacement(classifier: Classifier, held_out: Images) -> None:
    rows = evaluate(random_transformer(), classifier, held_out, CONFIG, seed=0)
    assert all(set(row) == {"kind", "control", *UNITS} for row in rows)
    assert len(rows) == 3 * (1 + 2 * 2)
    clean = picked(rows, kind="identity", control="both")
    assert clean["displacement"] == clean["accuracy_loss"] == 0
    for control in ("alpha", "beta", "both"):
        for strength in CONFIG.strengths:
            learned, random = (picked(rows, kind=k, control=control, strength=strength) for k in ("learned", "random"))
            assert learned["displacement"] > 0.005
            for name in ("displacement", "spatial_displacement", "colour_displacement"):
                assert random[name] == pytest.approx(learned[name], abs=1e-9), (control, name)
            assert learned["ci_low"] - 1e-9 <= learned["accuracy"] <= learned["ci_high"] + 1e-9
            assert learned["accuracy_loss"] == pytest.approx(clean["accuracy"] - learned["accuracy"])
    both, alpha, beta = (picked(rows, kind="learned", control=c, strength=1.0) for c in ("both", "alpha", "beta"))
    assert both["displacement"] == pytest.approx(alpha["displacement"] + beta["displacement"])
    assert alpha["colour_displacement"] == beta["spatial_displacement"] == 0


def test_identity_is_exactly_the_clean_accuracy(classifier: Classifier, held_out: Images) -> None:
    config = replace(CONFIG, images=len(held_out), strengths=(1.0,))
    rows = evaluate(random_transformer(), classifier, held_out, config, seed=0)
    assert picked(rows, kind="identity", control="alpha")["accuracy"] == judge(classifier, held_out)["accuracy"]


def test_displacement_grows_with_strength(classifier: Classifier, held_out: Images) -> None:
    config = replace(CONFIG, strengths=(0.2, 0.4, 0.6, 0.8, 1.0))
    rows = evaluate(random_transformer(0.02), classifier, held_out, config, seed=0)
    for control in ("alpha", "beta"):
        own = [row for row in rows if row["kind"] == "learned" and row["control"] == control]
        moved = [row["displacement"] for row in own]
        assert all(after > before for before, after in zip([0, *moved], moved, strict=False)), control
        assert all(row["growing"] == 1 for row in own if control == "alpha")
        assert all(row["growing"] > 0.9 for row in own)


def test_a_true_symmetry_keeps_accuracy_where_random_maps_lose_it(classifier: Classifier, held_out: Images) -> None:
    rows = evaluate(turning(), classifier, held_out, CONFIG, seed=0)
    learned, random = (picked(rows, kind=kind, control="alpha", strength=1.0) for kind in ("learned", "random"))
    assert learned["displacement"] > 0.3
    assert learned["accuracy_loss"] < 0.03 and random["loss_ci_low"] > 0.2
    metrics = summarise(rows, transformations(turning(), CONFIG, 0))
    assert metrics["alpha"]["learned_accuracy_loss"] == learned["accuracy_loss"]
    assert metrics["alpha"]["random_accuracy_loss"] == random["accuracy_loss"]
    assert metrics["alpha"]["monotone"] and not metrics["beta"]["monotone"]
    assert metrics["transformations"]["rotation"]["high"] > 150
    assert metrics["transformations"]["scale_x"]["low"] == pytest.approx(1, abs=1e-6)


def test_results_do_not_depend_on_how_images_are_cut_into_blocks(
    classifier: Classifier, held_out: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answers(images: Images, block: int) -> list[np.ndarray]:
        found = []
        monkeypatch.setattr(evaluation, "BLOCK", block)
        monkeypatch.setattr(module, "table_rows", lambda parts: found.extend(p.right for p in parts.values()) or [])
        evaluate(random_transformer(0.3), classifier, images, CONFIG, seed=0)
        return found

    images = held_out.at(np.arange(100))
    whole, parts = answers(images, 250), answers(images, 7)
    assert all((one == other).all() for one, other in zip(whole, parts, strict=True))


def test_a_quadratic_transformer_is_evaluated_too(classifier: Classifier, held_out: Images) -> None:
    rows = evaluate(random_transformer(0.1, "quadratic"), classifier, held_out, CONFIG, seed=0)
    learned, random = (picked(rows, kind=kind, control="alpha", strength=1.0) for kind in ("learned", "random"))
    assert learned["displacement"] == pytest.approx(random["displacement"], abs=1e-9) and learned["displacement"] > 0.01


# --- what was learned -------------------------------------------------------------------------------------------------


def content(rotation: float, scale: tuple[float, float], shear: float, shift: tuple[float, float]) -> Warp:
    """Positions are looked up by the inverse of what content does."""
    angle = -math.radians(rotation)  # y points down
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], dtype=torch.float64)
    shape = torch.tensor([[1, shear], [0, 1]], dtype=torch.float64) @ torch.diag(
        torch.tensor(scale, dtype=torch.float64)
    )
    linear = torch.linalg.inv(turn @ shape)
    offset = -linear @ (2 * torch.tensor(shift, dtype=torch.float64))
    return Warp(torch.cat([linear, offset[:, None]], dim=1)[None])


@pytest.mark.parametrize("rotation", [30.0, -100.0, 170.0])
def test_a_known_map_is_taken_apart(rotation: float) -> None:
    found = decompose_space(content(rotation, (1.3, 0.8), 0.25, (0.1, -0.2)))
    expected = {"rotation": rotation, "scale_x": 1.3, "scale_y": 0.8, "shear": 0.25}
    expected |= {"translation_x": 0.1, "translation_y": -0.2}
    assert {name: value.item() for name, value in found.items()} == pytest.approx(expected)


def test_signs_are_those_of_the_picture() -> None:
    """A dot at the right edge: turned counter-clockwise by 90 degrees it is at the top; shifted down it is lower."""
    images = torch.zeros(1, 1, 9, 9)
    images[0, 0, 4, 8] = 1
    turned = render(images, Warp(content(90, (1, 1), 0, (0, 0)).matrix.float()), None, "zeros", "bilinear")
    assert divmod(int(turned.argmax()), 9) == (0, 4)
    lower = render(images, Warp(content(0, (1, 1), 0, (0, 2 / 9)).matrix.float()), None, "zeros", "bilinear")
    assert divmod(int(lower.argmax()), 9) == (6, 8)


def test_a_known_colour_matrix_is_taken_apart() -> None:
    cycle = torch.tensor([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]], dtype=torch.float64)  # red to green to blue: 120 degrees
    grey = torch.full((3, 3), 1 / 3, dtype=torch.float64)
    linear = 1.5 * grey + 0.4 * (cycle - grey)
    matrix = torch.cat([linear, torch.full((3, 1), 0.1, dtype=torch.float64)], dim=1)[None]
    found = {name: value.item() for name, value in decompose_colour(matrix).items()}
    assert found == pytest.approx({"gain": 1.5, "offset": 0.1, "saturation": 0.4, "hue": 120.0})
    grey_only = decompose_colour(torch.tensor([[[2.0, -0.1]]]))
    assert {name: value.item() for name, value in grey_only.items()} == pytest.approx({"gain": 2.0, "offset": -0.1})


def test_transformations_have_a_row_a_control_and_quantity() -> None:
    rows = transformations(turning(), CONFIG, seed=0)
    assert len(rows) == 60 * (6 + 2)
    turns = [row["value"] for row in rows if row["quantity"] == "rotation"]
    assert min(turns) < -150 and max(turns) > 150
    assert {row["value"] for row in rows if row["quantity"] == "gain"} == {1.0}
    assert rows == transformations(turning(), CONFIG, seed=0) != transformations(turning(), CONFIG, seed=1)


def test_example_grids_hold_the_original_in_the_middle(classifier: Classifier, held_out: Images) -> None:
    rows = examples(turning(90), classifier, held_out, CONFIG)
    assert len(rows) == 2 * 2 * 9
    for control in ("alpha", "beta"):
        own = [row for row in rows if row["control"] == control and row["image_id"] == rows[0]["image_id"]]
        middle = own[4]
        original = held_out.pixels[held_out.ids == middle["image_id"]][0]
        assert (middle["first"], middle["second"]) == (0, 0) and (middle["row"], middle["column"]) == (1, 1)
        assert np.abs(middle["image"].astype(int) - original).max() <= 1
        assert (own[0]["first"], own[0]["second"]) == (-1, 1)  # the first axis runs right, the second up
    turned = next(row for row in rows if row["control"] == "alpha" and row["first"] == 1 and row["second"] == 0)
    original = held_out.pixels[held_out.ids == turned["image_id"]][0]
    assert np.abs(turned["image"].astype(int) - np.rot90(original, 1, (1, 2))).max() <= 1
    single = InvariantTransformer(1, controls=1)
    assert len(examples(single, classifier, held_out, CONFIG)) == 2 * 2 * 3
