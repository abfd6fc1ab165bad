"""What networks of known invariances, trained and untrained ones say when they are asked directly."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from invariscope.classifiers.architectures import build_network
from invariscope.classifiers.model_file import Classifier, Normalisation
from invariscope.data.procedural_digits import draw
from invariscope.features.objectives import CLASS
from invariscope.ground_truth import direct
from invariscope.ground_truth.config import ALL, HeldFactor, Twins
from invariscope.ground_truth.direct import GOODFELLOW, LIE, RENDERING, SCREENING, Question, direct_rows
from invariscope.runtime import seeded
from invariscope.screening.config import Rendering
from invariscope.screening.screen import screen
from invariscope.transformer.rendering import render
from invariscope.warp import Warp
from tests.ground_truth.small import BLOCK, DATA, GRIDS, PROBE
from tests.invariance.networks import QuarterTurns

CPU = torch.device("cpu")
CONFIG = {name: value for name, value in BLOCK.items() if name != "training"}
NAMES = tuple(map(str, range(10)))


class Constant(nn.Module):
    """The same logits for every image."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2 = nn.Conv2d(1, 3, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)
        self.conv4 = nn.Conv2d(3, 10, 3, padding=1)
        nn.init.zeros_(self.conv4.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv4(self.conv2(x)).mean((2, 3))


def classifier(network: nn.Module) -> Classifier:
    found = Classifier(network, CONFIG, 1, 12, NAMES, Normalisation((0.0,), (1.0,)))
    return found.eval().requires_grad_(False)


def untrained(seed: int) -> Classifier:
    with seeded(CPU, seed, "network"):
        return classifier(build_network(CONFIG, 1, 12, 10))


def scores(network: Classifier, question: Question) -> dict[tuple[str, str], float]:
    return {(row["method"], row["layer"]): row["value"] for row in direct_rows(network, question, GRIDS, PROBE, 0)}


@pytest.mark.parametrize("factor", ["rotation", "intensity", "thickness"])
def test_a_constant_network_ignores_everything(questions: dict[str, Question], factor: str) -> None:
    found = scores(classifier(Constant()), questions[factor])
    assert found[RENDERING, CLASS] == 1
    if factor != "thickness":
        assert found[SCREENING, CLASS] == {"rotation": 180, "contrast": 1, "intensity": 1}[factor]  # the grid's end
    for layer in ("conv2", "conv4", CLASS):
        assert found[LIE, layer] == 0
        assert found[GOODFELLOW, layer] == 1  # as by chance: stated in `invariance.goodfellow`


def test_a_factor_without_a_family_is_not_screened(questions: dict[str, Question]) -> None:
    assert (SCREENING, CLASS) not in scores(untrained(0), questions["thickness"])
    assert (LIE, CLASS) in scores(untrained(0), questions["thickness"])


def test_quarter_turns_built_in_are_found_by_every_direct_method() -> None:
    """Digits drawn again, and pictures turned, by 90, 180, 270 degrees: the answer is that to the picture itself."""
    data = DATA | {"factors": DATA["factors"] | {"rotation": [0, 270], "shift_x": 0, "shift_y": 0}}
    twins = Twins("net", {"rotation": HeldFactor(0.0, "rotation")})
    probe = replace(PROBE, layers=("average",), values=4)
    (question,) = direct.questions(data, draw(data, 0, Path())["test"], twins, probe)
    with seeded(CPU, 1, "network"):
        plain = build_network(CONFIG, 1, 12, 10).double().eval()
    blind = classifier(QuarterTurns(plain)).double()
    images = question.asked.images.tensors()[0].double()
    for turns, value in enumerate((0.0, 90.0, 180.0, 270.0)):  # the picture drawn again is the picture turned
        drawn = torch.from_numpy(question.swept[value]).double() / 255
        assert (drawn - images.rot90(turns, (2, 3))).abs().max() < 1.5 / 255
    # Exactly so from here on: the drawn pictures but for the renderer's rounding.
    exact = replace(
        question,
        swept={90.0 * turns: np.rot90(question.asked.images.pixels, turns, (2, 3)).copy() for turns in range(4)},
    )
    assert direct.tolerance(blind, exact)["value"] == 1
    found = {row["layer"]: row["value"] for row in direct.firing(blind, exact, probe, 0)}
    assert found["average"] == pytest.approx(1 / probe.rate) and found[CLASS] == pytest.approx(1 / probe.rate)
    turned = [("rotation", magnitude) for magnitude in (-90.0, 0.0, 90.0, 180.0)]
    answers = screen(
        classifier(QuarterTurns(deepcopy(plain).float())), question.asked.images, turned, Rendering(), 0, CPU
    )
    np.testing.assert_allclose(answers.probabilities, np.broadcast_to(answers.probabilities[1], (4, 60, 10)), atol=1e-4)
    errors = [
        direct.lie_errors(blind, images[:10].rot90(turns, (2, 3)), [], direct.Motion("rotation")).cumulative
        for turns in (0, 1)
    ]
    np.testing.assert_allclose(*errors, rtol=1e-6)  # turning by 90 degrees first changes nothing about turning further
    quarter = Warp(torch.tensor([[[0.0, -1, 0], [1, 0, 0]]], dtype=torch.float64).expand(len(images), 2, 3))
    moved = render(images, quarter, None, "zeros", "bicubic")  # as the invariant transformer would
    np.testing.assert_allclose(blind(moved), blind(images), atol=1e-5)
    assert (plain(images) - plain(images.rot90(1, (2, 3)))).abs().max() > 1e-3  # and the network inside does notice


def test_the_twin_that_saw_no_turns_notices_them(
    trained: dict[str, Classifier], questions: dict[str, Question]
) -> None:
    turns = {twin: scores(network, questions["rotation"]) for twin, network in trained.items()}
    assert turns[ALL][RENDERING, CLASS] > turns["rotation_fixed"][RENDERING, CLASS] + 0.15
    assert turns[ALL][SCREENING, CLASS] > turns["rotation_fixed"][SCREENING, CLASS] + 15  # degrees
    greys = {twin: scores(network, questions["intensity"])[RENDERING, CLASS] for twin, network in trained.items()}
    assert abs(greys[ALL] - greys["rotation_fixed"]) < 0.15  # both saw all intensities


def test_an_untrained_network_is_told_from_a_trained_one(
    trained: dict[str, Classifier], questions: dict[str, Question]
) -> None:
    """Whatever the seed: by accuracy, by the local error of its answer, by what its last layer still fires on."""
    question = questions["intensity"]
    labels = question.asked.images.labels
    known = scores(trained[ALL], question)
    for seed in range(3):
        network = untrained(seed)
        assert direct.accuracy(network, question.asked.images.pixels, labels) < 0.3
        assert direct.accuracy(trained[ALL], question.asked.images.pixels, labels) > 0.65
        found = scores(network, question)
        assert found[LIE, CLASS] > 1.5 * known[LIE, CLASS]


def test_screening_looks_where_the_factor_varies(questions: dict[str, Question]) -> None:
    grid = GRIDS["contrast"]
    assert direct.sided(questions["intensity"].asked, grid) == [("contrast", value) for value in (0, 0.25, 0.5, 1)]
    assert len(direct.sided(questions["rotation"].asked, GRIDS["rotation"])) == len(GRIDS["rotation"])


def test_images_may_be_drawn_at_any_size() -> None:
    data = DATA | {"size": 28, "test": 20}
    images = draw(data, 0, Path())["test"]
    (question,) = direct.questions(
        data, images, Twins("net", {"thickness": HeldFactor(3.0)}), replace(PROBE, images=10)
    )
    assert question.tangent.shape == (10, 1, 28, 28)
